//! Answers that are cut off, made up or meant to do harm: each is a typed error, and nothing follows.

use keepstone_core::{FederationError, LoginError, Party};

use crate::cast::{ANSWER, Cast, QUESTION, TRUSTED, typed};

const PAOS: &str = "application/vnd.paos+xml";

fn harm() -> Vec<String> {
    vec![
        String::new(),
        "{}".to_owned(),
        "<html>log in</html>".to_owned(),
        r#"<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>"#.to_owned(),
        r#"<!DOCTYPE a SYSTEM "http://evil/dtd"><a/>"#.to_owned(),
        "<a>".repeat(100_000),
        format!("<a>{}</a>", "<b/>".repeat(100_000)),
        "<a xmlns:b='c' b:d='e' b:d='f'/>".to_owned(),
    ]
}

fn is_garbled(error: &LoginError, by: Party) -> bool {
    matches!(error, LoginError::Federation(FederationError::Garbled { party, .. }) if *party == by)
}

#[test]
fn envelopes() {
    for (cast, place, kind, right, party) in [
        (Cast::saml as fn() -> Cast, "front", PAOS, QUESTION, Party::ServiceProvider),
        (Cast::saml, "idp", "text/xml", ANSWER, Party::IdentityProvider),
        (Cast::adfs, "adfs", "text/xml", TRUSTED, Party::IdentityProvider),
    ] {
        let cuts = (0..right.len()).step_by(7).map(|end| right[..end].to_owned());
        let doctype = format!("<!DOCTYPE a [<!ENTITY a 'b'>]>{right}");
        let twice = right.replace("<S:Header>", "<S:Header/><S:Header>");
        let twice = (twice != right).then_some(twice);
        for body in harm().into_iter().chain(cuts).chain([doctype]).chain(twice) {
            let mut cast = cast();
            cast.instead(place, Ok(typed(kind, &body)));
            let error = cast.call().unwrap_err();
            assert!(is_garbled(&error, party), "{place}: {error:?} for {body:.80}");
            let places = cast.places();
            assert!(places.ends_with(place), "{places}");
        }
    }
}

#[test]
fn consumers_that_are_no_addresses() {
    let right = "http://keystone:5000/Shibboleth.sso/SAML2/ECP";
    for wrong in ["", "javascript:1", "/ECP", "file:///etc/passwd", "ftp://keystone/"] {
        let mut cast = Cast::saml();
        cast.instead("front", Ok(typed(PAOS, &QUESTION.replace(right, wrong))));
        cast.instead("idp", Ok(typed("text/xml", &ANSWER.replace(right, wrong))));
        let error = cast.call().unwrap_err();
        assert!(is_garbled(&error, Party::ServiceProvider), "{wrong}: {error:?}");
        assert_eq!(cast.places(), "front idp");
    }
}

//! What goes wrong, whom it is laid to, and what is sent again.

use std::sync::Arc;

use http::{Request, Response, StatusCode};
use keepstone_core::identity::{Exchange, Fields, Grant, Method, Moment, Start, Step};
use keepstone_core::{FederationError, LoginError, Party, SecretBytes, Token, Trouble};

use crate::cast::{ANSWER, Cast, FEDERATED, QUESTION, TRUSTED, sent_on, typed};
use crate::common::answer;

fn refusal(error: &LoginError) -> Option<Party> {
    match error {
        LoginError::Federation(FederationError::Refused { party, .. }) => Some(*party),
        _ => None,
    }
}

#[test]
fn a_wrong_password_is_sent_once() {
    let failed = ANSWER.replace(
        "<Response  ID='signed' />",
        "<Response xmlns='urn:oasis:names:tc:SAML:2.0:protocol'><Status><StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Responder'><StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:AuthnFailed'/></StatusCode><StatusMessage>no s3cr&lt;t</StatusMessage></Status></Response>",
    );
    let fault = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="urn:a">a:FailedAuthentication</s:Value></s:Subcode></s:Code><s:Reason><s:Text>ID3242</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"#;
    for (mut cast, place, wrong, places) in [
        (Cast::saml(), "idp", answer(401, "<html/>"), "front idp"),
        (Cast::saml(), "idp", typed("text/xml", &failed), "front idp"),
        (Cast::adfs(), "adfs", answer(500, fault), "adfs"),
        (Cast::adfs(), "adfs", answer(401, ""), "adfs"),
    ] {
        cast.instead(place, Ok(wrong));
        let error = cast.call().unwrap_err();
        assert_eq!(refusal(&error), Some(Party::IdentityProvider), "{error:?}");
        assert!(!error.to_string().contains("s3cr"), "{error}");
        assert_eq!(cast.places(), places);
        cast.pass(100_000);
        assert_eq!(cast.call(), Err(error));
        assert_eq!(cast.places(), "", "refused is refused");
    }
    let mut cast = Cast::k2k(Cast::home());
    cast.instead("home", Ok(crate::common::refused()));
    assert!(matches!(cast.call(), Err(LoginError::Refused { .. })));
    cast.pass(100_000);
    assert!(cast.call().is_err());
    assert_eq!(cast.places(), "home");
}

#[test]
fn who_is_busy_is_asked_the_same_again() {
    for (mut cast, place, places) in [
        (Cast::saml(), "front", "front front idp consumer enter rescope"),
        (Cast::saml(), "idp", "front idp idp consumer enter rescope"),
        (Cast::saml(), "enter", "front idp consumer enter enter rescope"),
        (Cast::saml(), "rescope", "front idp consumer enter rescope rescope"),
        (Cast::adfs(), "adfs", "adfs adfs consumer enter rescope"),
        (Cast::adfs(), "enter", "adfs consumer enter enter rescope"),
        (Cast::k2k(Cast::home()), "home", "home home vouch abroad enter rescope"),
        (Cast::k2k(Cast::home()), "vouch", "home vouch vouch abroad enter rescope"),
        (Cast::k2k(Cast::home()), "enter", "home vouch abroad enter enter rescope"),
    ] {
        cast.instead(place, Ok(answer(503, "later")));
        cast.call().unwrap();
        assert_eq!(cast.places(), places, "{place}");
    }
}

#[test]
fn an_assertion_is_shown_once_and_then_another_is_fetched() {
    for (mut cast, place, places) in [
        (Cast::saml(), "consumer", "front idp consumer front idp consumer enter rescope"),
        (Cast::adfs(), "consumer", "adfs consumer adfs consumer enter rescope"),
        (Cast::k2k(Cast::home()), "abroad", "home vouch abroad vouch abroad enter rescope"),
    ] {
        cast.instead(place, Err(Trouble::Broken));
        cast.call().unwrap();
        assert_eq!(cast.places(), places);
    }
}

#[test]
fn a_login_that_lay_idle_begins_anew() {
    for (cast, places) in [
        (Cast::saml as fn() -> Cast, "front idp consumer enter rescope"),
        (Cast::adfs, "adfs consumer enter rescope"),
        (|| Cast::k2k(Cast::home()), "home vouch abroad enter rescope"),
    ] {
        let steps: Vec<&str> = places.split(' ').collect();
        for (index, place) in steps.iter().copied().enumerate().skip(1) {
            let mut cast = cast();
            // Longer than the caller's own patience.
            let mut late = answer(503, "later");
            late.headers_mut().insert("retry-after", "3000".parse().unwrap());
            cast.instead(place, Ok(late));
            assert!(cast.call().is_err(), "{place}");
            cast.pass(3600);
            cast.call().unwrap();
            assert_eq!(cast.places(), format!("{} {places}", steps[..=index].join(" ")), "{place}");
        }
    }
}

#[test]
fn the_two_must_mean_the_same_consumer() {
    let mismatch = |service_provider: &str, identity_provider: &str| {
        let (service_provider, identity_provider) =
            (service_provider.to_owned(), identity_provider.to_owned());
        Err(LoginError::Federation(FederationError::ConsumerMismatch { service_provider, identity_provider }))
    };
    let right = "http://keystone:5000/Shibboleth.sso/SAML2/ECP";
    let mut cast = Cast::saml();
    cast.instead("idp", Ok(typed("text/xml", &ANSWER.replace(right, "http://evil/ECP"))));
    assert_eq!(cast.call(), mismatch(right, "http://evil/ECP"));
    assert_eq!(cast.places(), "front idp objection");

    // Nobody is told who is not at Keystone's place.
    let mut cast = Cast::saml();
    cast.instead("front", Ok(typed("application/vnd.paos+xml", &QUESTION.replace(right, "http://evil/ECP"))));
    assert_eq!(cast.call(), mismatch("http://evil/ECP", right));
    assert_eq!(cast.places(), "front idp");

    // Whether it hears of it or not.
    let mut cast = Cast::saml();
    cast.instead("idp", Ok(typed("text/xml", &ANSWER.replace(right, "http://evil/ECP"))));
    cast.instead("objection", Err(Trouble::Broken));
    assert_eq!(cast.call(), mismatch(right, "http://evil/ECP"));
    assert_eq!(cast.places(), "front idp objection");
}

#[test]
fn nobody_is_sent_to_another_host() {
    for to in [
        "http://evil/v3",
        "https://keystone:5000/v3",
        "//evil/x",
        "http://keystone:5001/",
        "http://a@keystone:5000/",
    ] {
        let mut cast = Cast::saml();
        cast.instead("consumer", Ok(sent_on(to)));
        let error = cast.call().unwrap_err();
        assert!(
            matches!(error, LoginError::Federation(FederationError::Elsewhere { .. })),
            "{to}: {error:?}"
        );
        assert_eq!(cast.places(), "front idp consumer");
    }
}

#[test]
fn without_a_session_nobody_goes_on() {
    let bare = || answer(302, "");
    for (mut cast, place) in [(Cast::adfs(), "consumer"), (Cast::k2k(Cast::home()), "abroad")] {
        cast.instead(place, Ok(bare()));
        assert_eq!(cast.call(), Err(LoginError::Federation(FederationError::NoSession)));
        assert!(cast.places().ends_with(place));
    }
}

/// ADFS has cookies of its own.
#[test]
fn a_cookie_of_another_is_no_session() {
    let mut cast = Cast::adfs();
    let mut trusted = typed("application/soap+xml", TRUSTED);
    trusted.headers_mut().insert("set-cookie", "MSISAuth=x; path=/".parse().unwrap());
    cast.instead("adfs", Ok(trusted));
    cast.instead("consumer", Ok(answer(302, "")));
    assert_eq!(cast.call(), Err(LoginError::Federation(FederationError::NoSession)));
    assert_eq!(cast.places(), "adfs consumer");
}

#[test]
fn a_refused_token_says_nothing_of_the_password() {
    for cast in [Cast::saml as fn() -> Cast, Cast::adfs, || Cast::k2k(Cast::home())] {
        for place in ["enter", "rescope"] {
            let mut cast = cast();
            cast.instead(place, Ok(crate::common::refused()));
            assert!(matches!(cast.call(), Err(LoginError::Denied { status: StatusCode::UNAUTHORIZED, .. })));
            cast.pass(3600);
            cast.call().unwrap();
        }
    }
}

#[test]
fn who_will_not_is_named() {
    let saml = Cast::saml as fn() -> Cast;
    let k2k = || Cast::k2k(Cast::home());
    for (cast, place, party) in [
        (saml, "front", Party::ServiceProvider),
        (saml, "idp", Party::IdentityProvider),
        (saml, "consumer", Party::ServiceProvider),
        (Cast::adfs, "adfs", Party::IdentityProvider),
        (Cast::adfs, "consumer", Party::ServiceProvider),
        (k2k, "vouch", Party::BaseKeystone),
        (k2k, "abroad", Party::ServiceProvider),
    ] {
        let mut denied = cast();
        denied.instead(place, Ok(answer(403, "because")));
        let error =
            FederationError::Denied { party, status: StatusCode::FORBIDDEN, message: "because".into() };
        assert_eq!(denied.call(), Err(LoginError::Federation(error)), "{place}");
        let places = denied.places();
        assert!(places.ends_with(place), "{places}");
    }
}

#[test]
fn who_cannot_be_reached_is_named() {
    let mut cast = Cast::saml();
    for _ in 0..40 {
        cast.instead("idp", Err(Trouble::Connect));
    }
    let error = cast.call().unwrap_err();
    assert!(error.to_string().contains("`idp`"), "{error}");
}

/// A login shows each what it had from the others: they may repeat it.
#[test]
fn tokens_got_on_the_way_do_not_show() {
    let echo = |token: &str| {
        Ok(answer(
            403,
            &format!(r#"{{"error":{{"code":403,"message":"not with {token} or _shibsession=abcdef"}}}}"#),
        ))
    };
    let session = || {
        let mut answer = sent_on(FEDERATED);
        answer.headers_mut().insert("set-cookie", "_shibsession=abcdef; path=/".parse().unwrap());
        Ok(answer)
    };
    for (mut cast, place, token) in [
        (Cast::k2k(Cast::home()), "vouch", "t0ken-1"),
        (Cast::saml(), "enter", ""),
        (Cast::saml(), "rescope", "t0ken-1"),
    ] {
        cast.name = "t0ken-";
        cast.instead("consumer", session());
        cast.instead(place, echo(token));
        let error = cast.call().unwrap_err();
        assert!(error.to_string().contains("not with"), "{error}");
        assert!(!format!("{error} {error:?}").contains("t0ken-"), "{place}: {error}");
        assert!(place == "vouch" || !error.to_string().contains("abcdef"), "{place}: {error}");
    }
}

#[test]
fn the_words_of_others_have_a_length() {
    let long = "a".repeat(100_000);
    let right = "http://keystone:5000/Shibboleth.sso/SAML2/ECP";
    let mut mismatch = Cast::saml();
    mismatch.instead("idp", Ok(typed("text/xml", &ANSWER.replace(right, &format!("http://evil/{long}")))));
    let mut elsewhere = Cast::saml();
    elsewhere.instead("consumer", Ok(sent_on(&format!("http://evil/{}", &long[..60_000]))));
    let mut unknown = Cast::k2k(Cast::home());
    let providers: Vec<_> = (0..10_000).map(|id| serde_json::json!({"id": format!("sp{id}")})).collect();
    let mut token = crate::common::granted("t", unknown.now, 3600, &[]);
    let mut body: serde_json::Value = serde_json::from_slice(token.body()).unwrap();
    body["token"]["service_providers"] = providers.into();
    *token.body_mut() = body.to_string().into_bytes();
    unknown.instead("home", Ok(token));
    for mut cast in [mismatch, elsewhere, unknown] {
        let error = cast.call().unwrap_err();
        assert!(matches!(error, LoginError::Federation(_)), "{error}");
        assert!(format!("{error:?}").len() < 2000, "{}", error.to_string().len());
    }
}

#[test]
fn only_known_service_providers_are_gone_to() {
    let mut cast = Cast::k2k(Cast::home());
    let bare = crate::common::granted("t", cast.now, 3600, &[]);
    cast.instead("home", Ok(bare));
    let error = FederationError::NoSuchServiceProvider { wanted: "partner".into(), known: Vec::new() };
    assert_eq!(cast.call(), Err(LoginError::Federation(error)));
}

#[test]
fn where_nobody_stands_in_the_way_the_token_comes_at_once() {
    let mut cast = Cast::saml();
    let token = crate::common::granted("unscoped", cast.now, 3600, &[]);
    cast.instead("front", Ok(token));
    cast.call().unwrap();
    assert_eq!(cast.places(), "front rescope");
}

/// At home, what renews the login is replaced each time.
#[derive(Debug)]
struct Rotating;

#[derive(Debug)]
struct Rotation(Start);

impl Rotation {
    fn says(&self) -> String {
        self.0.kept.as_ref().map_or_else(|| "r".to_owned(), |kept| kept.reveal().to_owned())
    }
}

impl Method for Rotating {
    fn name(&self) -> &str {
        "rotating"
    }
    fn fields(&self, _: &mut Fields) {}
    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Box::new(Rotation(start))
    }
}

impl Exchange for Rotation {
    fn need(&mut self, _: &mut Moment<'_>) -> Result<Step, LoginError> {
        let body = SecretBytes::new(format!("by {}", self.says()).into_bytes());
        Ok(Step::Ask(Request::post(format!("{}/auth/tokens", self.0.v3_url())).body(body).unwrap()))
    }
    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        let description = serde_json::from_value(body["token"].clone()).unwrap();
        let next = format!("{}+", self.says());
        at.keep(Some(next.as_str().into()));
        Ok(Some(Grant::new(Token { id: "home".into(), description }).keeping(next)))
    }
}

#[test]
fn a_login_at_home_that_begins_anew_begins_with_what_it_kept_last() {
    let mut cast = Cast::k2k(Rotating);
    (0..12).for_each(|_| cast.instead("vouch", Err(Trouble::Connect)));
    let _ = cast.call();
    cast.pass(100);
    cast.call().unwrap();
    let requests = cast.requests();
    let said: Vec<&str> = requests.lines().filter(|line| line.starts_with("by ")).collect();
    let expected: Vec<String> = (0..said.len()).map(|times| format!("by r{}", "+".repeat(times))).collect();
    assert!(said.len() > 1 && said == expected, "{said:?}");
}

/// Keystone enters a user whom it has not seen before; two logins at once, and one of them gets this.
#[test]
fn a_login_that_meets_another_of_the_same_user_is_tried_again() {
    for (mut cast, places) in [
        (Cast::saml(), "front idp consumer enter enter rescope"),
        (Cast::adfs(), "adfs consumer enter enter rescope"),
        (Cast::k2k(Cast::home()), "home vouch abroad enter enter rescope"),
    ] {
        cast.instead("enter", Ok(answer(409, r#"{"error":{"message":"Duplicate entry"}}"#)));
        cast.call().unwrap();
        assert_eq!(cast.places(), places);
    }
}

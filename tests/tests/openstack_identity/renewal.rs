// Tokens of three to four seconds, for longer than that: who outlives them, and who says in time that
// somebody's help is needed. Many at once, since each takes its time. Compiled once for each transport.

use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use http::StatusCode;
use keepstone_core::identity::{MultiFactor, TokenMethod, Totp};
use keepstone_core::{Endpoint, Failure, Fixed, LoginError, Scope};

use super::world::{Trust, World, about_token_of, chain, get};
use super::{Credential, Session, headers_lent, send};
use crate::helper::{Somebody, passcode};
use crate::{alone_with_crowds, skipped, ways};

/// More than two whole lives of a token.
const SPAN: Duration = Duration::from_secs(8);
const PACE: Duration = Duration::from_millis(400);

/// A call that takes longer may have left with a token that was alive, and arrived with a dead one.
const SLOW: Duration = Duration::from_secs(1);

/// So many logins at once keep a small machine busy, and no call waits long for it.
const AT_ONCE: usize = 8;

/// Within this time, a token that cannot be renewed has to be over.
const LONGEST_LIFE: Duration = Duration::from_secs(6);

/// A login by its name, and how often somebody can be asked in it.
type Way = (&'static str, Credential, u32);

fn unattended(world: &World, trust: &Trust) -> Vec<Way> {
    let (stack, users) = (world.stack, &world.stack.users);
    let scoped = |user, scope| ways::by(stack, ways::password_of(user)).scope(scope);
    let domain = Scope::Domain(keepstone_core::DomainRef::Id(stack.domain.id.clone()));
    let alone = [
        ("password by id", ways::password(stack, &users.alice)),
        ("password by name", ways::password_by_name(stack, &users.alice)),
        ("password at any version", ways::any_version(stack, &users.alice)),
        ("password, default scope", scoped(&users.mtls, Scope::Default)),
        ("password, unscoped", scoped(&users.unscoped, Scope::Unscoped)),
        ("password, domain", scoped(&users.domadmin, domain)),
        ("password, system", scoped(&users.admin, Scope::System)),
        ("password, trust", trust.credential(world)),
        ("computed passcodes", ways::totp(stack)),
        ("both factors at once", ways::both_factors(stack)),
        ("second factor by receipt", ways::second_factor_if_asked(stack)),
        ("application credential", ways::application_credential(stack)),
        ("application credential by name", ways::application_credential_by_name(stack)),
        ("application credential with rules", ways::ruled(stack)),
        ("OAuth1", ways::oauth1(stack)),
        ("OAuth2", ways::oauth2(stack)),
        ("OAuth2 mTLS", ways::oauth2_mtls(stack, world.mtls)),
        ("OIDC client", ways::oidc_client(stack)),
        ("OIDC password, refreshed", ways::oidc_password(stack)),
        ("OIDC password, said again", ways::oidc_password_alone(stack)),
        ("OIDC code given, refreshed", ways::oidc_code_given(stack)),
        ("SAML2 ECP", ways::saml2(stack)),
    ];
    let once = [
        ("OIDC code, refreshed", ways::oidc_code(stack), 1),
        ("OIDC device, refreshed", ways::oidc_device(stack), 1),
    ];
    let mut all: Vec<Way> = alone.into_iter().map(|(name, credential)| (name, credential, 0)).collect();
    all.extend(once);
    match ways::keystone_to_keystone(stack) {
        Ok(credential) => all.push(("Keystone to Keystone", credential, 0)),
        Err(why) => skipped("the renewal of Keystone to Keystone", why),
    }
    all
}

/// A call that access rules allow, too.
fn call(session: &Session) -> Result<StatusCode, Failure> {
    get(session, "/allowed/renewal").map(|answer| answer.status)
}

/// A world of its own for each login, so that it is known whose notices are heard.
fn open(world: &World, way: &Way) -> Session {
    let (name, credential, questions) = way.clone();
    let users = &world.stack.users;
    let device = if name.contains("factor") { &users.mfa } else { &users.totp };
    let somebody = Somebody::who_answers(questions).with_device_of(device);
    let session = world.log_in_asking(credential, move |inquiry| somebody.answer(inquiry));
    session.at(Endpoint::fixed(format!("{}/volumev3", world.stack.echo_url)))
}

/// Calls for a while; what went wrong, if anything did.
fn outlives(way: &Way) -> Result<(), String> {
    let world = World::new();
    let session = open(&world, way);
    let (mut begun, mut calls, mut slowest) = (None, 0, Duration::ZERO);
    // It counts from the first token: under load, a login may take as long as a life.
    while begun.is_none_or(|begun: Instant| begun.elapsed() < SPAN) || calls < 2 {
        calls += 1;
        let sent = Instant::now();
        match call(&session) {
            Ok(StatusCode::OK) => {}
            Ok(status) => return Err(format!("call {calls} brought {status}")),
            Err(failure) => return Err(format!("call {calls}: {}", chain(&failure))),
        }
        begun.get_or_insert_with(Instant::now);
        slowest = slowest.max(sent.elapsed());
        sleep(PACE);
    }
    match world.issued_and_refused() {
        (issued @ 0..=2, _) => Err(format!("{issued} tokens in {calls} calls")),
        // A token may die on its way to a machine that is slow: then the call goes again with the next.
        (_, true) if slowest < SLOW => Err(format!("the service saw a bad token in {calls} quick calls")),
        _ => Ok(()),
    }
}

#[test]
fn what_needs_nobodys_help_outlives_its_tokens() {
    let _alone = alone_with_crowds();
    let world = World::new();
    let trust = Trust::new(&world);
    let ways = unattended(&world, &trust);
    let side_by_side = |ways: &[Way]| -> Vec<String> {
        thread::scope(|scope| {
            let threads: Vec<_> = ways.iter().map(|way| (way.0, scope.spawn(|| outlives(way)))).collect();
            let ended = threads.into_iter().map(|(name, thread)| (name, thread.join().unwrap()));
            ended.filter_map(|(name, ended)| Some(format!("{name}: {}", ended.err()?))).collect()
        })
    };
    let failed: Vec<String> = ways.chunks(AT_ONCE).flat_map(side_by_side).collect();
    assert_eq!(failed, Vec::<String>::new());
    trust.end();
}

#[test]
fn a_certificate_without_a_token_has_no_end() {
    let world = World::new();
    let alice = world.keystone(&world.alice());
    let scope = Scope::project_id(world.stack.users.nova.project.id.as_str());
    let nova = Fixed::tokenless(&world.stack.tls.auth_url, &scope, world.tokenless).unwrap();
    let nova = world.client.fixed(nova).unwrap().session();
    let begun = Instant::now();
    while begun.elapsed() < SPAN {
        let answer = send(&nova, about_token_of(&alice)).unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        sleep(PACE);
    }
}

/// How the end of a login is told.
type End = fn(&Failure) -> bool;

/// What is good for so many tokens, or needs somebody for the next.
fn limited(world: &World) -> Vec<(Way, usize, End)> {
    let (stack, users) = (world.stack, &world.stack.users);
    let given = ways::into_demo(stack, Totp::passcode(ways::by_id(&users.totp), passcode(&users.totp)));
    let factors =
        MultiFactor::new(ways::password_of(&users.mfa)).if_asked(Totp::asked(ways::by_id(&users.mfa)));
    let context = headers_lent(&world.keystone(&world.alice()))["x-auth-token"].to_str().unwrap().to_owned();
    vec![
        (("given passcode", given, 0), 1, spent),
        (("asked passcode", ways::totp_asked(stack), 1), 1, unanswered),
        (("asked second factor", ways::into_demo(stack, factors), 1), 1, unanswered),
        (("exchanged token", ways::into_demo(stack, TokenMethod::new(context)), 0), 1, expired),
        (("OIDC code given, no refresh", ways::oidc_code_given_alone(stack), 0), 1, spent),
        (("OIDC code, no refresh", ways::oidc_code_alone(stack), 1), 1, unanswered),
        (("OIDC device, no refresh", ways::oidc_device_alone(stack), 1), 1, unanswered),
        // It may live a moment longer than the first token that it brings.
        (("OIDC access token", ways::oidc_access_token(stack), 0), 2, over),
    ]
}

fn spent(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Login { source: LoginError::Spent, .. } | Failure::Ended { source: LoginError::Spent, .. }
    ) && chain(failure).contains("supply another, or use one that needs nobody's help")
}

fn unanswered(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Login { source: LoginError::Unanswered(_), .. }
            | Failure::Ended { source: LoginError::Unanswered(_), .. }
    ) && chain(failure).contains("nobody is there any more")
        && chain(failure).contains("answer the question, or use a method that needs nobody's help")
}

fn expired(failure: &Failure) -> bool {
    matches!(failure, Failure::UserExpired { .. }) && chain(failure).contains("hand in a new token")
}

fn over(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Login { source: LoginError::Refused { .. }, .. }
            | Failure::Ended { source: LoginError::Refused { .. }, .. }
    ) && chain(failure).contains("not tried again until others are supplied")
}

/// Calls until it is over; what was wrong with that, if anything was.
fn ends_well(way: &Way, tokens: usize, well: End) -> Result<(), String> {
    let world = World::new();
    let session = open(&world, way);
    let begun = Instant::now();
    let longest = LONGEST_LIFE * u32::try_from(tokens).unwrap();
    let mut calls = 0;
    let failure = loop {
        calls += 1;
        match call(&session) {
            Ok(StatusCode::OK) if begun.elapsed() > longest => return Err("it does not end".to_owned()),
            Ok(StatusCode::OK) => sleep(PACE / 4),
            Ok(status) => return Err(format!("call {calls} brought {status}")),
            Err(failure) => break failure,
        }
    };
    match world.issued_and_refused() {
        _ if calls < 5 || !well(&failure) => Err(format!("call {calls}: {}", chain(&failure))),
        (issued, false) if (1..=tokens).contains(&issued) => Ok(()),
        (issued, refused) => Err(format!("{issued} tokens, refused: {refused}")),
    }
}

#[test]
fn what_needs_somebody_says_so_before_anything_leaves() {
    let _alone = alone_with_crowds();
    let world = World::new();
    let ways = limited(&world);
    let failed: Vec<_> = thread::scope(|scope| {
        let begin = |(way, tokens, well): &'_ (Way, usize, End)| {
            let (way, tokens, well) = (way.clone(), *tokens, *well);
            (way.0, scope.spawn(move || ends_well(&way, tokens, well)))
        };
        let threads: Vec<_> = ways.iter().map(begin).collect();
        let ended = threads.into_iter().map(|(name, thread)| (name, thread.join().unwrap()));
        ended.filter_map(|(name, ended)| Some(format!("{name}: {}", ended.err()?))).collect()
    });
    assert_eq!(failed, Vec::<String>::new());
}

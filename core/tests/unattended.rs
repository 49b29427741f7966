//! Identities that cannot renew their tokens unattended: what they say, and when.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{AUTH_URL, End, HOUR, SECOND, Scripted, borrowed, get, granted, password, start};
use keepstone_core::identity::{Exchange, Fields, Method, MultiFactor, Password, Receipt, Start, Totp};
use keepstone_core::{
    Action, Credential, Endpoint, Event, Failure, Fixed, Keychain, KeyringId, LoginError, Need, Notice,
    Outlook, Question, Remedy, Renewal, Reply, Session, UserRef, Vouching, When, Who,
};

/// A password whose tokens can be renewed like this.
#[derive(Debug)]
struct Renewed(Renewal);

impl Method for Renewed {
    fn name(&self) -> &str {
        "renewed"
    }
    fn fields(&self, _: &mut Fields) {}
    fn renewal(&self) -> Renewal {
        self.0
    }
    fn remedy(&self) -> Remedy {
        Remedy::RefreshToken
    }
    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Arc::new(Password::new(UserRef::name("alice"), "s3cr3t")).begin(start)
    }
}

const ALL: [Renewal; 4] = [Renewal::Unattended, Renewal::Limited, Renewal::Attended, Renewal::Never];

fn renewed(renewal: Renewal) -> Credential {
    Credential::new(AUTH_URL, Renewed(renewal)).unwrap()
}

fn with(credential: Credential) -> (Scripted, KeyringId) {
    let mut keys = Keychain::new(7);
    let id = keys.add(credential).unwrap();
    (Scripted::new(keys), id)
}

fn sent(process: &mut Scripted, session: &Session) -> String {
    process.run(&mut get(session), &[]);
    process.story()
}

fn endings(process: &mut Scripted) -> Vec<Notice> {
    let notices = process.keys.take_notices().into_iter();
    notices.filter(|notice| matches!(notice, Notice::Ending { .. })).collect()
}

/// The life of a token in these tests, as we count it.
const LIFE: Duration = HOUR;

#[test]
fn what_ends_is_told_once_and_in_time() {
    for renewal in ALL {
        let (mut process, id) = with(renewed(renewal));
        let session = Session::of(id);
        sent(&mut process, &session);
        process.pass(LIFE - SECOND * 600);
        sent(&mut process, &session);
        assert_eq!(endings(&mut process), [], "{renewal:?}: it is fresh");
        process.pass(SECOND * 590);
        for _ in 0..3 {
            sent(&mut process, &session);
        }
        let left = SECOND * 10;
        let expected = Notice::Ending { keyring: id, left, renewal, remedy: Remedy::RefreshToken };
        let told = if renewal == Renewal::Unattended { vec![] } else { vec![expected] };
        assert_eq!(endings(&mut process), told, "{renewal:?}");
        assert_eq!(process.asked, if renewal == Renewal::Unattended { 2 } else { 1 }, "{renewal:?}");
    }
}

#[test]
fn each_token_is_told_of() {
    let (mut process, id) = with(password("alice").limited_to(2));
    for _ in 0..2 {
        sent(&mut process, &Session::of(id));
        process.pass(LIFE - SECOND);
        sent(&mut process, &Session::of(id));
        process.pass(SECOND);
    }
    let expected =
        Notice::Ending { keyring: id, left: SECOND, renewal: Renewal::Limited, remedy: Remedy::MoreUses };
    assert_eq!(endings(&mut process), [expected.clone(), expected]);
}

#[test]
fn the_warm_path_makes_way_for_the_notice_once() {
    for renewal in [Renewal::Limited, Renewal::Attended, Renewal::Never] {
        let (mut process, id) = with(renewed(renewal));
        let session = Session::of(id);
        sent(&mut process, &session);
        let published = process.keys.publish(&session);
        assert!(get(&session).warm(&published, process.now).is_some(), "{renewal:?}");
        process.pass(LIFE - SECOND * 10);
        assert!(get(&session).warm(&published, process.now).is_none(), "{renewal:?}: it is to be told");
        sent(&mut process, &session);
        assert_eq!(endings(&mut process).len(), 1);
        let published = process.keys.publish(&session);
        assert!(get(&session).warm(&published, process.now).is_some(), "{renewal:?}: it was told");
    }
}

/// A service identity is carried as well, and its end is nobody else's to see.
#[test]
fn a_service_identity_that_ends_is_told_of() {
    let (mut process, alice) = with(password("alice"));
    let nova = process.keys.add(password("nova").limited_to(9)).unwrap();
    let session = Session::of(alice).vouched(Vouching::by(nova));
    sent(&mut process, &session);
    process.pass(LIFE - SECOND * 30);
    sent(&mut process, &session);
    assert!(matches!(endings(&mut process)[..], [Notice::Ending { keyring, .. }] if keyring == nova));
}

#[test]
fn the_outlook_names_the_end_and_the_remedy() {
    let remedy = Remedy::RefreshToken;
    for renewal in ALL {
        let (mut process, id) = with(renewed(renewal));
        let session = Session::of(id);
        let unattended = renewal == Renewal::Unattended;
        let outlook = |process: &Scripted| process.keys.outlook(&session, process.now).unwrap();
        let first =
            if unattended { Outlook::Renewable { left: None } } else { Outlook::NotYet { renewal, remedy } };
        assert_eq!(outlook(&process), first, "before the first login");
        sent(&mut process, &session);
        process.pass(LIFE / 2);
        let left = LIFE / 2;
        let ends = Outlook::Ends { left, vouched: None, renewal, remedy };
        let second = if unattended { Outlook::Renewable { left: Some(left) } } else { ends };
        assert_eq!(outlook(&process), second, "half-way");
        process.pass(LIFE);
        let ended = Outlook::Ends { left: Duration::ZERO, vouched: None, renewal, remedy };
        let third = if renewal == Renewal::Never { ended } else { first };
        assert_eq!(outlook(&process), third, "after its end");
    }
    // The last use is spent.
    let (mut process, id) = with(password("alice").limited_to(1));
    sent(&mut process, &Session::of(id));
    process.pass(LIFE);
    let outlook = process.keys.outlook(&Session::of(id), process.now).unwrap();
    let (renewal, remedy) = (Renewal::Limited, Remedy::MoreUses);
    assert_eq!(outlook, Outlook::Ends { left: Duration::ZERO, vouched: None, renewal, remedy });
}

#[test]
fn an_operation_that_an_identity_cannot_carry_does_not_begin() {
    for renewal in ALL {
        for (age, span, left) in [
            (Duration::ZERO, LIFE, None),
            (Duration::ZERO, LIFE + SECOND, Some(LIFE)),
            (LIFE / 2, LIFE / 2, None),
            (LIFE / 2, LIFE / 2 + SECOND, Some(LIFE / 2)),
            (LIFE / 2, Duration::MAX, Some(LIFE / 2)),
        ] {
            let (mut process, id) = with(renewed(renewal));
            if !age.is_zero() {
                sent(&mut process, &Session::of(id));
                process.pass(age);
            }
            let session = Session::of(id).lasting(span, process.now);
            let end = process.run(&mut get(&session), &[]);
            let remedy = Remedy::RefreshToken;
            let expected = match left.filter(|_| renewal != Renewal::Unattended) {
                None => End::Delivered(200, None),
                Some(left) => End::Failed(Failure::WontLast { who: Who::User, left, wanted: span, remedy }),
            };
            assert_eq!(end, expected, "{renewal:?}, {age:?} old, to last {span:?}");
            // The warm path says the same.
            let published = process.keys.publish(&session);
            let goes = matches!(expected, End::Delivered(..));
            assert_eq!(
                get(&session).warm(&published, process.now).is_some(),
                goes,
                "{renewal:?}, {age:?}, {span:?}"
            );
        }
    }
}

#[test]
fn an_operation_that_has_begun_is_to_last_less_and_less() {
    let (mut process, id) = with(renewed(Renewal::Never));
    let session = Session::of(id).lasting(LIFE, process.now);
    for _ in 0..4 {
        assert_eq!(process.run(&mut get(&session), &[]), End::Delivered(200, None));
        process.pass(LIFE / 4);
    }
}

/// With "at least", one that is too short is replaced first, at the price of one of its uses.
#[test]
fn another_token_may_do() {
    let (mut process, id) = with(password("alice").limited_to(2));
    sent(&mut process, &Session::of(id));
    process.pass(LIFE / 2);
    let span = LIFE * 3 / 4;
    let session = Session::of(id).lasting(span, process.now).at_least(span);
    assert_eq!(sent(&mut process, &session), "ask for t2; send t2+-; deliver 200 None");
}

#[test]
fn a_token_that_was_handed_in_lasts_as_long_as_it_is_vouched_for() {
    let window = HOUR * 48;
    let nova = |keys: &mut Keychain, renewal| keys.add(renewed(renewal)).unwrap();
    let by = |id| Vouching::by(id).window(window);
    let second = SECOND;
    type Rules = fn(Vouching) -> Vouching;
    let as_it_is: Rules = |vouching| vouching;
    let never: Rules = |vouching| vouching.when(When::Never);
    let preferred: Rules = |vouching| vouching.need(Need::Preferred);
    // A server's clock is known to a second.
    let (whole, own) = (HOUR + window - second, HOUR - second);
    let cases = [
        (None, as_it_is, own, Who::User, Remedy::Voucher),
        (Some(Renewal::Unattended), as_it_is, whole, Who::User, Remedy::Voucher),
        (Some(Renewal::Unattended), never, own, Who::User, Remedy::Voucher),
        // The voucher's own token ends an hour from now, like the user's.
        (Some(Renewal::Attended), as_it_is, HOUR, Who::User, Remedy::Voucher),
        (Some(Renewal::Limited), preferred, HOUR, Who::User, Remedy::Voucher),
    ];
    for (voucher, rules, lasts, who, remedy) in cases {
        for (span, fits) in [(lasts, true), (lasts + second, false)] {
            let mut keys = Keychain::new(7);
            let user = keys.borrow(borrowed("b1").expires_at(start().wall + HOUR)).unwrap();
            let bob = keys.add(password("bob")).unwrap();
            let service = voucher.map(|renewal| nova(&mut keys, renewal));
            let mut process = Scripted::new(keys);
            // So that a server's clock is known.
            sent(&mut process, &Session::of(bob));
            let session = Session::of(user).lasting(span, process.now);
            let session = match service {
                Some(id) => session.vouched(rules(by(id))),
                None => session,
            };
            let expected = match fits {
                true => End::Delivered(200, None),
                false => End::Failed(Failure::WontLast { who, left: lasts, wanted: span, remedy }),
            };
            assert_eq!(process.run(&mut get(&session), &[]), expected, "{voucher:?}, {span:?}");
        }
    }
    // To Keystone's own API nobody vouches.
    let mut keys = Keychain::new(7);
    let user = keys.borrow(borrowed("b1").expires_at(start().wall + HOUR)).unwrap();
    let nova = nova(&mut keys, Renewal::Unattended);
    let mut process = Scripted::new(keys);
    sent(&mut process, &Session::of(nova));
    let session = Session::of(user).vouched(by(nova)).lasting(HOUR * 2, process.now);
    let keystone = session.at(Endpoint::of("identity"));
    let end = process.run(&mut get(&keystone), &[]);
    assert!(matches!(end, End::Failed(Failure::WontLast { left, .. }) if left == own), "{end:?}");
}

#[test]
fn a_required_service_identity_has_to_last_too() {
    for (renewal, need, fits) in [
        (Renewal::Unattended, Need::Required, true),
        (Renewal::Attended, Need::Required, false),
        (Renewal::Attended, Need::Preferred, true),
    ] {
        let (mut process, alice) = with(password("alice"));
        let nova = process.keys.add(renewed(renewal)).unwrap();
        let session =
            Session::of(alice).vouched(Vouching::by(nova).need(need)).lasting(LIFE * 2, process.now);
        let end = process.run(&mut get(&session), &[]);
        let (left, wanted, remedy) = (LIFE, LIFE * 2, Remedy::RefreshToken);
        let expected = match fits {
            true => End::Delivered(200, None),
            false => End::Failed(Failure::WontLast { who: Who::Service, left, wanted, remedy }),
        };
        assert_eq!(end, expected, "{renewal:?} {need:?}");
    }
}

#[test]
fn what_has_no_end_or_none_that_is_known_lasts() {
    let mut keys = Keychain::new(7);
    let fixed = keys.fixed(Fixed::basic("u", "p").endpoint("http://volume:8776").unwrap()).unwrap();
    let unknown = keys.borrow(borrowed("b1")).unwrap();
    let mut process = Scripted::new(keys);
    for session in [Session::of(fixed), Session::of(unknown), Session::anonymous()] {
        let session = session.lasting(Duration::MAX, process.now);
        assert_eq!(process.run(&mut get(&session), &[]), End::Delivered(200, None));
    }
}

/// A call whose login asks somebody, who answers this.
fn asked(process: &mut Scripted, session: &Session, answer: Result<&str, &str>) -> Result<(), Failure> {
    let mut call = get(session);
    let mut event = Event::Begin;
    loop {
        event = match call.next(&mut process.keys, event, process.now) {
            Action::Consult { question: Question::Inquiry { .. }, .. } => {
                Event::Told(Reply::Answer(answer.map(Into::into).map_err(str::to_owned)))
            }
            Action::Ask(_) => Event::Answered(granted("t", process.now, 3601, &["member"])),
            Action::Pause { .. } => Event::Woke,
            Action::Send(_) => return Ok(()),
            Action::Fail(failure) => return Err(failure),
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn when_its_token_has_ended_somebody_is_asked_or_the_remedy_is_named() {
    let totp = || Credential::new(AUTH_URL, Totp::asked(UserRef::name("alice"))).unwrap();
    let (mut process, id) = with(totp());
    let session = Session::of(id);
    let nobody = Err("nobody answers for this identity");
    let first = asked(&mut process, &session, nobody);
    let source = LoginError::Unanswered("nobody answers for this identity".to_owned());
    assert_eq!(first, Err(Failure::Login { who: Who::User, source: source.clone() }), "it had no token yet");
    process.pass(HOUR);
    assert_eq!(asked(&mut process, &session, Ok("123456")), Ok(()));
    process.pass(LIFE - SECOND);
    assert_eq!(asked(&mut process, &session, nobody), Ok(()), "nobody is asked before its end");
    process.pass(SECOND);
    let remedy = Remedy::ComputedPasscode;
    let ended = asked(&mut process, &session, nobody).unwrap_err();
    assert_eq!(ended, Failure::Ended { who: Who::User, source, remedy });
    insta::assert_snapshot!(ended, @"the token of the user's identity has ended, and the next was not to be had without help: answer when asked, or give the shared secret of the passcodes (`Totp::computed`), or log in with an application credential");
    process.pass(HOUR);
    assert_eq!(asked(&mut process, &session, Ok("654321")), Ok(()), "asked again, it answers");
}

#[test]
fn each_method_names_its_remedy() {
    let alice = || UserRef::name("alice");
    let of = |method: MultiFactor| Credential::new(AUTH_URL, method).unwrap();
    let password = || MultiFactor::new(Password::new(alice(), "s3cr3t"));
    let receipt: Receipt = Receipt::of_id("r");
    for (credential, expected) in [
        (common::password("alice").limited_to(1), Remedy::MoreUses),
        (Credential::new(AUTH_URL, Totp::passcode(alice(), "1")).unwrap(), Remedy::ComputedPasscode),
        (of(password().and(Totp::passcode(alice(), "1"))), Remedy::ComputedPasscode),
        (of(password().if_asked(Totp::asked(alice()))), Remedy::ComputedPasscode),
        (of(password().with_receipt(&receipt)), Remedy::AllFactors),
    ] {
        assert_eq!(credential.remedy(), expected);
        if credential.renewal() == Renewal::Limited {
            let (mut process, id) = with(credential);
            sent(&mut process, &Session::of(id));
            process.pass(LIFE);
            let end = process.run(&mut get(&Session::of(id)), &[]);
            let source = LoginError::Spent;
            assert_eq!(end, End::Failed(Failure::Ended { who: Who::User, source, remedy: expected }));
        }
    }
}

#[test]
fn an_outage_is_no_matter_of_the_method() {
    let (mut process, id) = with(renewed(Renewal::Attended));
    sent(&mut process, &Session::of(id));
    process.pass(LIFE);
    let mut call = get(&Session::of(id).deadline(SECOND));
    assert!(matches!(call.next(&mut process.keys, Event::Begin, process.now), Action::Ask(_)));
    let next = call.next(&mut process.keys, Event::Answered(common::answer(503, "")), process.now);
    let Action::Pause { .. } = next else { panic!("{next:?}") };
    process.pass(SECOND);
    let end = call.next(&mut process.keys, Event::Woke, process.now);
    assert!(matches!(end, Action::Fail(Failure::Late { .. } | Failure::Login { .. })), "{end:?}");
}

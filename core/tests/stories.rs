//! Whole stories in virtual time: herds, outages, two days of work, hostile clocks and numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod common;
mod sim;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{HOUR, MILLI, SECOND, borrowed, get, password, refused};
use keepstone_core::{
    Credential, Failure, Keychain, KeyringId, LoginError, Notice, Outlook, Session, UserRef, Vouching,
};
use sim::{Outcome, Sim, unavailable};

const WINDOW: Duration = Duration::from_secs(172_800);

fn one_user() -> (Sim, Session, KeyringId) {
    let mut keys = Keychain::new(42);
    let user = keys.add(password("alice")).unwrap();
    (Sim::new(keys), Session::of(user), user)
}

/// A borrowed token that lives an hour, with a service identity that vouches for it.
fn carried() -> (Sim, Session) {
    let mut keys = Keychain::new(42);
    let nova = keys.add(password("nova")).unwrap();
    let end = common::start().wall + HOUR;
    let alice = keys.borrow(borrowed("b1").expires_at(end)).unwrap();
    let mut sim = Sim::new(keys);
    sim.hand_in("b1", HOUR);
    (sim, Session::of(alice).vouched(Vouching::by(nova)))
}

#[test]
fn a_herd_that_finds_no_token_makes_one_request() {
    let (mut sim, session, _) = one_user();
    for _ in 0..64 {
        sim.call_in(Duration::ZERO, get(&session));
    }
    sim.run();
    assert_eq!((sim.results.len(), sim.failed().len(), sim.keystone.requests.len()), (64, 0, 1));
}

#[test]
fn a_herd_that_finds_the_token_dead_makes_one_request() {
    let (mut sim, session, _) = one_user();
    sim.call_in(Duration::ZERO, get(&session));
    for _ in 0..64 {
        sim.call_in(HOUR * 3, get(&session));
    }
    sim.run();
    assert_eq!((sim.failed().len(), sim.keystone.requests.len()), (0, 2));
}

#[test]
fn a_revoked_token_costs_a_herd_one_request() {
    let (mut sim, session, _) = one_user();
    sim.call_in(Duration::ZERO, get(&session));
    sim.run();
    sim.revoke("t1");
    for caller in 0..64u32 {
        // Some of their 401s come before, some after the renewal: late ones do no harm.
        sim.call_in(SECOND * 10 + MILLI * caller * 2, get(&session));
    }
    sim.run();
    assert_eq!((sim.failed().len(), sim.keystone.requests.len()), (0, 2));
}

#[test]
fn an_outage_shorter_than_the_deadlines_fails_nobody() {
    let (mut sim, session, _) = one_user();
    let session = session.deadline(SECOND * 30);
    sim.keystone.down = Some((Duration::ZERO, SECOND * 2));
    for caller in 0..64u32 {
        sim.call_in(MILLI * caller * 30, get(&session));
    }
    sim.run();
    assert_eq!(sim.failed(), Vec::<&Outcome>::new());
    assert_eq!(sim.keystone.most_at_once, 1);
    assert!(sim.keystone.requests.len() <= 5, "{:?}", sim.keystone.requests);
}

#[test]
fn an_outage_that_outlasts_the_deadline_says_so_and_no_one_waits_in_vain() {
    let (mut sim, session, _) = one_user();
    sim.keystone.down = Some((Duration::ZERO, HOUR));
    sim.call_in(Duration::ZERO, get(&session.clone().deadline(SECOND * 5)));
    sim.call_in(SECOND, get(&session.deadline(SECOND * 10)));
    sim.run();
    assert_eq!(sim.results.len(), 2);
    for (_, at, outcome) in &sim.results {
        assert!(*at <= SECOND * 11, "{at:?}");
        let Outcome::Failed(failure) = outcome else { unreachable!("{outcome:?}") };
        let told = matches!(
            failure,
            Failure::Late { last: Some(LoginError::Unreachable(_)), .. }
                | Failure::Login { source: LoginError::Unreachable(_), .. }
        );
        assert!(told, "{failure:?}");
    }
}

#[test]
fn a_live_token_carries_its_callers_over_an_outage() {
    let (mut sim, session, _) = one_user();
    sim.call_in(Duration::ZERO, get(&session));
    // The token is stale, Keystone is away for 30 s, and 200 calls a second go on.
    let stale = SECOND * 3400;
    sim.keystone.down = Some((stale, stale + SECOND * 30));
    let calls: Vec<(usize, Duration)> = (0..6000u32)
        .map(|n| (sim.call_in(stale + MILLI * n * 5, get(&session)), stale + MILLI * n * 5))
        .collect();
    sim.run();
    assert_eq!(sim.failed(), Vec::<&Outcome>::new());
    let during =
        sim.keystone.requests.iter().filter(|at| **at >= stale && **at < stale + SECOND * 30).count();
    assert!((1..=5).contains(&during), "{:?}", sim.keystone.requests);
    // And nobody took longer than the service did.
    let ended: BTreeMap<usize, Duration> = sim.results.iter().map(|(id, at, _)| (*id, *at)).collect();
    assert!(calls.iter().all(|(id, begun)| ended[id] == *begun + sim.latency));
}

#[test]
fn a_client_made_once_lasts_for_the_window_and_not_a_second_longer() {
    let (mut sim, session) = carried();
    let minute = SECOND * 60;
    let minutes = u32::try_from((HOUR + WINDOW).as_secs() / 60).unwrap();
    for call in 0..minutes {
        sim.call_in(minute * call, get(&session));
    }
    // The window's last instants, then its end: the clock is known to a second.
    sim.call_in(HOUR + WINDOW - sim.latency - MILLI, get(&session));
    sim.run_for(HOUR + WINDOW);
    assert_eq!(sim.failed(), Vec::<&Outcome>::new());
    assert_eq!(sim.results.len(), minutes as usize + 1);
    // One service token for each 54 minutes or so, each renewed before it died.
    let tokens = sim.keystone.requests.len();
    assert!((49..=57).contains(&tokens), "{tokens} service tokens in 49 hours");

    sim.call_in(SECOND + MILLI, get(&session));
    sim.run();
    let (_, _, last) = sim.results.last().unwrap();
    assert!(matches!(last, Outcome::Failed(Failure::WindowOver { .. })), "{last:?}");
}

#[test]
fn without_a_service_identity_an_expired_token_does_not_leave() {
    let (mut sim, session) = carried();
    let alone = {
        let end = common::start().wall + HOUR;
        Session::of(sim.keys.borrow(borrowed("b1").expires_at(end)).unwrap())
    };
    sim.call_in(Duration::ZERO, get(&alone));
    sim.call_in(HOUR - SECOND, get(&session));
    sim.call_in(HOUR + SECOND, get(&alone));
    sim.run();
    let (_, at, outcome) = sim.results.last().unwrap();
    assert_eq!(*at, HOUR + SECOND, "nothing was sent");
    assert!(matches!(outcome, Outcome::Failed(Failure::UserExpired { .. })), "{outcome:?}");
}

#[test]
fn a_thousand_sessions_share_one_service_token() {
    let mut keys = Keychain::new(1);
    let nova = keys.add(password("nova")).unwrap();
    let sessions: Vec<Session> = (0..1000)
        .map(|n| Session::of(keys.borrow(borrowed(&format!("b{n}"))).unwrap()).vouched(Vouching::by(nova)))
        .collect();
    let mut sim = Sim::new(keys);
    for (n, session) in sessions.iter().enumerate() {
        sim.hand_in(&format!("b{n}"), HOUR);
        sim.call_in(Duration::ZERO, get(session));
    }
    sim.run();
    assert_eq!((sim.failed().len(), sim.keystone.requests.len()), (0, 1));

    // One user's token is revoked, and he calls in a loop for a minute; the others go on.
    sim.revoke("b0");
    let began = sim.elapsed();
    let loops: Vec<usize> = (0..600u32).map(|n| sim.call_in(MILLI * n * 100, get(&sessions[0]))).collect();
    let others: Vec<(usize, Duration)> = (1..1000u32)
        .map(|n| (sim.call_in(MILLI * n * 60, get(&sessions[n as usize])), began + MILLI * n * 60))
        .collect();
    sim.run();
    let requests = sim.keystone.requests.len() - 1;
    assert!((1..=13).contains(&requests), "{requests} in a minute, at a distance of 5 s");
    for (id, begun) in others {
        let (_, at, outcome) = sim.results.iter().find(|(done, _, _)| *done == id).unwrap();
        assert_eq!((*at, outcome), (begun + sim.latency, &Outcome::Status(200)), "others do not wait");
    }
    let delivered =
        sim.results.iter().filter(|(id, _, outcome)| loops.contains(id) && *outcome == Outcome::Status(401));
    assert_eq!(delivered.count(), 600);
}

#[test]
fn refused_credentials_are_sent_once_until_others_are_supplied() {
    let (mut sim, session, user) = one_user();
    sim.keystone.broken = Some(refused);
    for call in 0..50u32 {
        sim.call_in(SECOND * 60 * call, get(&session));
    }
    sim.run();
    assert_eq!((sim.failed().len(), sim.keystone.requests.len()), (50, 1));
    sim.keystone.broken = None;
    // The same again are no others: they would lock the account.
    sim.keys.supply(user, password("alice")).unwrap();
    sim.call_in(SECOND, get(&session));
    sim.run();
    assert_eq!((sim.failed().len(), sim.keystone.requests.len()), (51, 1));
    let others = Credential::password(common::AUTH_URL, UserRef::name("alice"), "n3w").unwrap();
    sim.keys.supply(user, others).unwrap();
    sim.call_in(SECOND, get(&session));
    sim.run();
    assert_eq!((sim.failed().len(), sim.keystone.requests.len()), (51, 2));
}

#[test]
fn a_leader_that_vanishes_strands_nobody() {
    let (mut sim, session, _) = one_user();
    let leader = sim.call_in(Duration::ZERO, get(&session));
    for _ in 0..10 {
        sim.call_in(MILLI, get(&session));
    }
    sim.drop_in(MILLI * 20, leader);
    sim.run();
    assert_eq!((sim.results.len(), sim.failed().len()), (10, 0));
    assert_eq!(sim.keystone.requests.len(), 2);
}

#[test]
fn impatient_leaders_in_a_row_are_no_herd() {
    let (mut sim, session, _) = one_user();
    sim.keystone.latency = SECOND * 60;
    for call in 0..100u32 {
        sim.call_in(MILLI * 50 * call, get(&session.clone().deadline(MILLI * 40)));
    }
    sim.run();
    assert_eq!(sim.failed().len(), 100);
    assert!(sim.keystone.requests.len() <= 10, "{:?}", sim.keystone.requests);
}

#[test]
fn a_leader_with_little_time_hands_on_to_those_with_more() {
    let (mut sim, session, _) = one_user();
    sim.keystone.down = Some((Duration::ZERO, SECOND * 4));
    let short = sim.call_in(Duration::ZERO, get(&session.clone().deadline(SECOND)));
    for _ in 0..10 {
        sim.call_in(MILLI, get(&session));
    }
    sim.run();
    let failed: Vec<usize> =
        sim.results.iter().filter(|(_, _, o)| *o != Outcome::Status(200)).map(|(id, _, _)| *id).collect();
    assert_eq!(failed, [short]);
}

#[test]
fn a_margin_longer_than_the_life_and_a_short_life_do_not_log_in_for_ever() {
    for life in [2, 3, 5, 60, 299] {
        let (mut sim, session, _) = one_user();
        sim.keystone.life = life;
        for call in 0..2000u32 {
            sim.call_in(MILLI * 5 * call, get(&session));
        }
        sim.run();
        assert_eq!(sim.failed(), Vec::<&Outcome>::new(), "{life}");
        // Each token serves for at least two thirds of its usable life.
        let least = (SECOND * (life as u32 - 1)).mul_f64(0.66);
        let most = 2 + (SECOND * 10).div_duration_f64(least) as usize;
        assert!(sim.keystone.requests.len() <= most, "{life}: {:?}", sim.keystone.requests);
    }
}

#[test]
fn tokens_that_are_dead_on_arrival_are_not_asked_for_for_ever() {
    let (mut sim, session, _) = one_user();
    sim.keystone.life = 1;
    for call in 0..100u32 {
        sim.call_in(MILLI * 100 * call, get(&session));
    }
    sim.run();
    assert_eq!((sim.failed().len(), sim.keystone.requests.len()), (100, 1));
}

#[test]
fn a_wall_clock_set_back_in_a_cool_down_makes_nobody_wait_longer() {
    let (mut sim, session, _) = one_user();
    sim.keystone.broken = Some(|| common::answer(404, "<html>"));
    sim.call_in(Duration::ZERO, get(&session));
    sim.run_for(SECOND);
    sim.keystone.broken = None;
    sim.set_wall_back(HOUR * 24);
    sim.call_in(SECOND * 30, get(&session));
    sim.run();
    let (_, at, outcome) = sim.results.last().unwrap();
    assert_eq!(*outcome, Outcome::Status(200));
    assert!(*at < SECOND * 32, "{at:?}");
    // The token's age is counted by the clock that was not set.
    sim.call_in(HOUR * 2, get(&session));
    sim.run();
    assert_eq!(sim.failed().len(), 1);
    assert_eq!(sim.keystone.requests.len(), 3);
}

#[test]
fn a_hostile_retry_after_is_harmless() {
    let (mut sim, session, _) = one_user();
    sim.keystone.broken = Some(unavailable);
    sim.call_in(Duration::ZERO, get(&session));
    sim.run();
    assert!(sim.elapsed() <= SECOND * 300, "the caller's own deadline holds: {:?}", sim.elapsed());
    sim.keystone.broken = None;
    sim.call_in(SECOND * 600, get(&session));
    sim.run();
    assert_eq!(sim.results.last().unwrap().2, Outcome::Status(200), "ten minutes later all is well");
}

#[test]
fn a_renewal_is_early_and_nobody_waits_for_it() {
    let (mut sim, session, user) = one_user();
    for call in 0..130u32 {
        sim.call_in(SECOND * 60 * call, get(&session));
    }
    sim.run();
    let issued: Vec<bool> = sim
        .notices
        .iter()
        .filter_map(|(_, notice)| match notice {
            Notice::Issued { keyring, early, .. } if *keyring == user => Some(*early),
            _ => None,
        })
        .collect();
    assert_eq!(issued, [false, true, true], "the first is waited for, the others are not");
    assert_eq!(sim.failed(), Vec::<&Outcome>::new());
}

#[test]
fn how_long_can_this_operation_live() {
    let (mut sim, session) = carried();
    let outlook = |sim: &Sim, session: &Session| sim.keys.outlook(session, sim.now()).unwrap();
    assert_eq!(outlook(&sim, &session), Outlook::Unknown, "no clock has been compared yet");
    sim.call_in(Duration::ZERO, get(&session));
    sim.run_for(HOUR / 2);
    let Outlook::Ends { left, vouched: Some(vouched), .. } = outlook(&sim, &session) else { unreachable!() };
    assert!(left > HOUR / 2 - SECOND * 2 && left <= HOUR / 2, "{left:?}");
    assert_eq!(vouched, left + WINDOW);
    assert_eq!(outlook(&sim, &Session::anonymous()), Outlook::Unauthenticated);

    let (mut sim, session, _) = one_user();
    assert_eq!(outlook(&sim, &session), Outlook::Renewable { left: None });
    sim.call_in(Duration::ZERO, get(&session));
    sim.run_for(HOUR / 2);
    assert_eq!(outlook(&sim, &session), Outlook::Renewable { left: Some(HOUR / 2) });
}

#[test]
fn a_token_with_enough_life_is_had_before_long_work_begins() {
    let (mut sim, session, _) = one_user();
    let long = session.clone().at_least(SECOND * 3000);
    sim.call_in(Duration::ZERO, get(&session));
    sim.call_in(SECOND * 600, get(&long));
    sim.call_in(SECOND * 601, get(&long));
    sim.run();
    assert_eq!(sim.failed().len(), 0);
    assert_eq!(sim.keystone.requests.len(), 2, "half an hour is enough for the first token only");

    let asked = sim.keystone.requests.len();
    sim.call_in(SECOND, get(&session.at_least(HOUR)));
    sim.run();
    let (_, _, outcome) = sim.results.last().unwrap();
    assert!(matches!(outcome, Outcome::Failed(Failure::TooShort { .. })), "{outcome:?}");
    assert_eq!(sim.keystone.requests.len(), asked, "what no token can give is not asked for");
}

#[test]
fn a_comparison_is_repeated_when_it_is_old() {
    let (mut sim, session) = carried();
    let alone = {
        let end = common::start().wall + HOUR;
        drop(session);
        Session::of(sim.keys.borrow(borrowed("b1").expires_at(end)).unwrap())
    };
    sim.call_in(Duration::ZERO, get(&alone));
    sim.run_for(SECOND);
    sim.set_wall_back(HOUR * 2);
    for at in [1200u32, 1230, 3570] {
        sim.call_in(SECOND * (at - 1), get(&alone));
    }
    sim.call_in(SECOND * 3601, get(&alone));
    sim.run();
    let (_, _, last) = sim.results.last().unwrap();
    assert!(matches!(last, Outcome::Failed(Failure::UserExpired { .. })), "{last:?} {:?}", sim.keys);
}

use super::*;
use crate::call::{Action, Call, Event};
use crate::service::{Endpoint, Search};
use crate::session::Session;

fn now() -> Now {
    Now { wall: "2026-03-01T12:00:00Z".parse().unwrap(), tick: Duration::from_secs(1) }
}

/// Asks for the version document at a host of its own, and says whether it had to be asked for.
fn look_up(keys: &mut Keychain, host: usize) -> (Call, bool) {
    let session = Session::anonymous().at(Endpoint::fixed(format!("http://h{host}/")));
    let mut call = Call::search(&session, Search::Details);
    let asks = matches!(call.next(keys, Event::Begin, now()), Action::Ask(_));
    (call, asks)
}

#[test]
fn documents_that_nobody_fetches_any_more_take_no_room() {
    let mut keys = Keychain::new(7);
    for host in 0..MOST_DOCUMENTS * 2 {
        let (mut call, asks) = look_up(&mut keys, host);
        assert!(asks);
        call.abandon(&mut keys);
    }
    assert_eq!(keys.documents.0.len(), MOST_DOCUMENTS);
    // Those that somebody is at are not taken away from him.
    let (mut busy, _) = look_up(&mut keys, MOST_DOCUMENTS * 2);
    for host in 0..MOST_DOCUMENTS * 2 {
        look_up(&mut keys, host).0.abandon(&mut keys);
    }
    let versions = br#"{"versions":[{"id":"v2","status":"CURRENT","links":[{"rel":"self","href":"/v2"}]}]}"#;
    let answer = Event::Answered(Response::new(versions.to_vec()));
    assert!(matches!(busy.next(&mut keys, answer, now()), Action::Send(_)));
}

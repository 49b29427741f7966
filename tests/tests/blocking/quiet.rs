//! Rule 14: no secret in any log at DEBUG and above, any error, any `Debug`.

use std::sync::Mutex;

use keepstone_blocking::{Credential, Notice, UserRef};
use log::{LevelFilter, Log, Metadata, Record};

use crate::world::{HOUR, SECOND, World, get, status};

/// Listens to all that this process logs.
struct Ear(Mutex<String>);

static EAR: Ear = Ear(Mutex::new(String::new()));

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        use std::fmt::Write;
        writeln!(self.0.lock().unwrap(), "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

#[test]
fn no_secret_is_heard() {
    log::set_logger(&EAR).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let world = World::still();
    let alice = world.identity("alice");
    let (borrowed, token) = world.borrowed(HOUR);
    let nova = world.identity("nova");
    let session = world.volumes_of(&borrowed).vouched_by(&nova);
    assert_eq!(status(&session), 200);
    assert_eq!(status(&world.volumes_of(&alice)), 200);
    world.pass(SECOND * 60);
    world.cloud.revoke_all_of("alice").unwrap();
    get(&session, "/volumes/detail").unwrap();
    let wrong =
        Credential::password(&world.cloud.auth_url(), UserRef::name("alice"), "wr0ng-s3cr3t").unwrap();
    let error = get(&world.volumes_of(&world.client.identity(wrong.clone()).unwrap()), "/").unwrap_err();
    let notices: Vec<Notice> = world.notices.lock().unwrap().clone();
    let shown = format!("{:?} {error} {error:?} {wrong:?} {session:?} {notices:?} {:?}", world.client, nova);

    let heard = EAR.0.lock().unwrap();
    assert!(heard.contains("ureq"), "the ear works");
    assert!(heard.contains("keepstone::exchange GET http://"), "exchanges are logged");
    let tokens: Vec<String> =
        world.cloud.arrivals().into_iter().flat_map(|a| [a.user_token, a.service_token]).flatten().collect();
    assert!(tokens.len() > 3);
    for secret in tokens.iter().map(String::as_str).chain([token.as_str(), "alice-password", "wr0ng-s3cr3t"])
    {
        assert!(!heard.contains(secret), "heard in a log");
        assert!(!shown.contains(secret), "shown by Debug or an error");
    }
}

//! Rule 14: no secret in any log at DEBUG and above, any error, any `Debug`.

use std::error::Error as _;
use std::sync::Mutex;

use keepstone_async::{Client, Credential, Notice, Proxy, UserRef};
use log::{LevelFilter, Log, Metadata, Record};

use crate::world::{HOUR, SECOND, World, everywhere, get, status};

/// Listens to all that this process logs, by `log` or by `tracing`.
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
    tracing::debug!("a word by way of tracing");
    everywhere(|| async {
        let world = World::still();
        let alice = world.identity("alice");
        let (borrowed, token) = world.borrowed(HOUR);
        let nova = world.identity("nova");
        let session = world.volumes_of(&borrowed).vouched_by(&nova);
        assert_eq!(status(&session).await, 200);
        assert_eq!(status(&world.volumes_of(&alice)).await, 200);
        world.pass(SECOND * 60);
        world.cloud.revoke_all_of("alice").unwrap();
        get(&session, "/volumes/detail").await.unwrap();
        let wrong =
            Credential::password(&world.cloud.auth_url(), UserRef::name("alice"), "wr0ng-s3cr3t").unwrap();
        let wrong_session = world.volumes_of(&world.client.identity(wrong.clone()).unwrap());
        let error = get(&wrong_session, "/").await.unwrap_err();
        let proxy = Proxy::Through("http://me:pr0xy-s3cr3t@127.0.0.1:9".to_owned());
        let proxied = Client::builder().proxy(proxy.clone()).build().unwrap();
        let through = proxied.anonymous().retries(0).at(world.volumes());
        let unproxied = get(&through, "/").await.unwrap_err();
        let not_one = Proxy::Through("http://me:pr0xy-s3cr3t@no proxy".to_owned());
        let unbuilt = Client::builder().proxy(not_one).build().unwrap_err();
        let notices: Vec<Notice> = world.notices.lock().unwrap().clone();
        let shown = format!(
            "{:?} {error} {error:?} {wrong:?} {session:?} {notices:?} {nova:?} {proxy:?} {unproxied:?} {:?} \
             {unbuilt} {unbuilt:?} {proxied:?}",
            world.client,
            unproxied.source().map(ToString::to_string),
        );

        let heard = EAR.0.lock().unwrap();
        assert!(heard.contains("reqwest") && heard.contains("by way of tracing"), "the ear works");
        assert!(heard.contains("keepstone::exchange GET http://"), "exchanges are logged");
        let tokens: Vec<String> = world
            .cloud
            .arrivals()
            .into_iter()
            .flat_map(|a| [a.user_token, a.service_token])
            .flatten()
            .collect();
        assert!(tokens.len() > 3);
        let secrets = [token.as_str(), "alice-password", "wr0ng-s3cr3t", "pr0xy-s3cr3t"];
        for secret in tokens.iter().map(String::as_str).chain(secrets) {
            assert!(!heard.contains(secret), "heard in a log");
            assert!(!shown.contains(secret), "shown by Debug or an error: {shown}");
        }
    });
}

//! Traps that this transport has fallen into once: each is a test so that it stays out of them.

use http::Request;
use keepstone_blocking::{
    Body, Builder, Canned, Client, Clock, Credential, Error, Need, Now, Proxy, Session, UserRef,
};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const MS: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Cloud {
    hang: AtomicBool,
    logins: AtomicUsize,
}

fn read_head(s: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut buf, mut b) = (Vec::new(), [0u8; 4096]);
    loop {
        if let Some(p) = buf.windows(4).position(|w| w == b"\r\n\r\n") {
            let rest = buf.split_off(p + 4);
            return Some((String::from_utf8_lossy(&buf).to_lowercase(), rest));
        }
        match s.read(&mut b) {
            Ok(n) if n > 0 => buf.extend(&b[..n]),
            _ => return None,
        }
    }
}
/// Keystone at /v3, anything else answers 200. Tokens live `life` whole seconds, no role.
fn cloud(life: i64) -> (String, Arc<Cloud>) {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = format!("http://{}", l.local_addr().unwrap());
    let c = Arc::new(Cloud::default());
    let cc = Arc::clone(&c);
    thread::spawn(move || {
        for s in l.incoming() {
            let (mut s, c) = (s.unwrap(), Arc::clone(&cc));
            thread::spawn(move || {
                let Some((head, mut rest)) = read_head(&mut s) else { return };
                if let Some(n) = head.lines().find_map(|l| l.strip_prefix("content-length:")) {
                    let n: usize = n.trim().parse().unwrap();
                    let mut b = [0; 4096];
                    while rest.len() < n {
                        let k = s.read(&mut b).unwrap();
                        rest.extend(&b[..k]);
                    }
                }
                if head.starts_with("post /v3/auth/tokens") {
                    c.logins.fetch_add(1, Ordering::SeqCst);
                    if c.hang.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_secs(40));
                        return;
                    }
                    let body = format!(
                        r#"{{"token":{{"methods":[],"issued_at":"2026-01-01T00:00:00Z","expires_at":"2026-01-01T00:00:{:02}Z"}}}}"#,
                        life
                    );
                    let _ = write!(
                        s,
                        "HTTP/1.1 201 Created\r\nX-Subject-Token: t{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        c.logins.load(Ordering::SeqCst),
                        body.len()
                    );
                } else {
                    let _ = write!(s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
                }
            });
        }
    });
    (addr, c)
}
fn cred(a: &str, u: &str) -> Credential {
    Credential::password(a, UserRef::name(u), "s3cr3t").unwrap()
}
fn get(s: &Session, a: &str) -> Result<u16, Error> {
    s.send(Request::get(format!("{a}/x/y")).body(()).unwrap()).map(|r| r.status().as_u16())
}
fn builder() -> Builder {
    Client::builder().proxy(Proxy::None).on_notice(|_| {})
}

#[test]
fn a_consumed_one_shot_is_not_replaced_by_nothing() {
    let l = TcpListener::bind("127.0.0.1:0").unwrap();
    let a = format!("http://{}/o", l.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let s2 = Arc::clone(&seen);
    thread::spawn(move || {
        for (n, s) in l.incoming().enumerate() {
            let mut s = s.unwrap();
            let Some((_, mut rest)) = read_head(&mut s) else { continue };
            let mut b = [0; 4096];
            while !rest.ends_with(b"0\r\n\r\n") {
                let k = s.read(&mut b).unwrap();
                if k == 0 {
                    break;
                }
                rest.extend(&b[..k]);
            }
            s2.lock().unwrap().push(rest.len());
            if n > 0 {
                let _ = write!(s, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        }
    });
    let client = builder().build().unwrap();
    let body = Body::once(std::io::Cursor::new(vec![7u8; 1000]), None);
    let r = client.anonymous().send(Request::put(a).body(body).unwrap()).map(|r| r.status().as_u16());
    assert!(r.is_err(), "{r:?}; chunked bytes received per attempt: {:?}", seen.lock().unwrap());
}

#[test]
fn a_renewal_that_hangs_does_not_hold_a_call_with_a_live_token() {
    let (a, c) = cloud(13); // 12 s usable; stale from 8.25..9 s
    let client = builder().build().unwrap();
    let s = client.identity(cred(&a, "alice")).unwrap().session().deadline(MS * 500);
    assert_eq!(get(&s, &a).unwrap(), 200);
    thread::sleep(MS * 9200);
    c.hang.store(true, Ordering::SeqCst);
    let t = Instant::now();
    let r = get(&s, &a);
    assert!(
        r.is_ok() && t.elapsed() < MS * 1000,
        "{r:?} after {:?}, deadline 500 ms, token alive at the start",
        t.elapsed()
    );
}

#[test]
fn errands_queued_behind_a_panic_are_not_stranded() {
    let (a, _c) = cloud(9); // 8 s usable, stale from 5.5..6 s
    let client = builder().helper_thread().build().unwrap();
    let calls = AtomicUsize::new(0);
    let a2 = a.clone();
    let ia = client.identity_from(move |_| -> Result<Credential, String> {
        if calls.fetch_add(1, Ordering::SeqCst) == 1 {
            thread::sleep(MS * 300);
            panic!("the vault's file is not there")
        }
        Ok(cred(&a2, "a"))
    });
    let ib = client.identity(cred(&a, "b")).unwrap();
    let (sa, sb) = (ia.session(), ib.session().deadline(MS * 2000));
    assert_eq!((get(&sa, &a).unwrap(), get(&sb, &a).unwrap()), (200, 200));
    thread::sleep(MS * 6200);
    assert_eq!(get(&sa, &a).unwrap(), 200); // its errand goes to the helper, which panics 300 ms later
    thread::sleep(MS * 50);
    assert_eq!(get(&sb, &a).unwrap(), 200); // queued behind it
    thread::sleep(MS * 2500);
    let r = get(&sb, &a); // the token is dead now
    assert!(r.is_ok(), "{r:?}: nobody leads, Keystone is well");
}

#[test]
fn a_listener_that_panics_strands_nobody() {
    let (a, _c) = cloud(9);
    let armed = Arc::new(AtomicBool::new(false));
    let arm = Arc::clone(&armed);
    let client = Client::builder()
        .proxy(Proxy::None)
        .on_notice(move |_| {
            if arm.swap(false, Ordering::SeqCst) {
                panic!("listener")
            }
        })
        .build()
        .unwrap();
    let (user, nova) = (client.identity(cred(&a, "u")).unwrap(), client.identity(cred(&a, "nova")).unwrap());
    let plain = user.session().deadline(MS * 2000);
    let s = plain.clone().vouched_with(&nova, |v| v.need(Need::Preferred));
    assert_eq!(get(&s, &a).unwrap(), 200);
    thread::sleep(MS * 6200);
    armed.store(true, Ordering::SeqCst);
    let p = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| get(&s, &a)));
    assert_eq!(p.unwrap().unwrap(), 200, "a listener's panic takes no call with it");
    thread::sleep(MS * 2500);
    let r = get(&plain, &a);
    assert!(r.is_ok(), "{r:?}");
}

#[test]
fn a_supplier_that_holds_an_identity_can_be_dropped() {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        let client = builder().build().unwrap();
        let vault = client.identity(cred("http://h", "vault")).unwrap();
        let id = client.identity_from(move |_| -> Result<Credential, String> {
            let _s = vault.session();
            Err("x".into())
        });
        drop(id);
        done.send(()).unwrap();
    });
    assert!(wait.recv_timeout(Duration::from_secs(3)).is_ok(), "deadlock in Shared::forget");
}

#[test]
fn a_single_caller_with_one_identity_on_both_sides() {
    // Role `service` needed, so a cloud of its own: canned tokens live a day.
    #[derive(Clone)]
    struct Fake(Arc<Mutex<Duration>>);
    impl Clock for Fake {
        fn now(&self) -> Now {
            let t = *self.0.lock().unwrap();
            Now { wall: chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap() + t, tick: t }
        }
    }
    let at = Arc::new(Mutex::new(Duration::from_secs(1)));
    let canned = Arc::new(Mutex::new(Canned::new((0..9).map(|_| http::Response::new(Vec::new())))));
    let client = builder().clock(Fake(Arc::clone(&at))).canned(canned).build().unwrap();
    let nova = client.identity(cred("http://k", "nova")).unwrap();
    let s = nova.session().vouched_by(&nova).deadline(Duration::from_secs(20));
    assert_eq!(get(&s, "http://h").unwrap(), 200);
    *at.lock().unwrap() += Duration::from_secs(86_399 - 5); // 5 s left of its life
    let (done, wait) = mpsc::channel();
    thread::spawn(move || done.send(get(&s, "http://h").is_ok()));
    assert_eq!(wait.recv_timeout(Duration::from_secs(4)), Ok(true), "a single caller waits for nobody");
}

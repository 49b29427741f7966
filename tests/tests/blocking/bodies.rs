//! Bodies that meet a 401: whole, or a loud failure; never 0 bytes with a 201.

use std::io::{Cursor, Seek, Write};
use std::time::Duration;

use keepstone_blocking::{Body, Client, Endpoint, Error, Failure, Limits, Proxy, Session};
use keepstone_tests::cloud::{BodyRefusal, Service};

use crate::world::{SECOND, World, put};

const SIZE: usize = 3 << 20;

fn payload() -> Vec<u8> {
    (0..SIZE).map(|n| (n % 251) as u8).collect()
}

/// A session whose token has just been revoked, at an object store with a container.
fn revoked(refusal: BodyRefusal) -> (World, Session) {
    let world = World::still();
    let store = Endpoint::fixed(world.cloud.endpoint(Service::ObjectStore, "demo").unwrap());
    let session = world.identity("alice").session().at(store);
    assert!(put(&session, "/box", ()).unwrap().status().is_success());
    world.pass(SECOND * 60);
    world.cloud.revoke_all_of("alice").unwrap();
    world.cloud.set_body_refusal(Service::ObjectStore, refusal);
    (world, session)
}

fn stored(session: &Session) -> Vec<u8> {
    let mut answer = crate::world::get(session, "/box/object").unwrap();
    if answer.status() != 200 {
        return Vec::new();
    }
    answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap()
}

const REFUSALS: [BodyRefusal; 3] =
    [BodyRefusal::AnswerThenDrain, BodyRefusal::DrainThenAnswer, BodyRefusal::AnswerAndClose];

#[test]
fn bytes_arrive_whole() {
    for refusal in REFUSALS {
        let (_world, session) = revoked(refusal);
        let answer = put(&session, "/box/object", payload()).unwrap();
        assert_eq!(answer.status(), 201, "{refusal:?}");
        assert!(stored(&session) == payload(), "{refusal:?}");
    }
}

#[test]
fn files_arrive_whole_from_where_they_stood() {
    for refusal in REFUSALS {
        let (_world, session) = revoked(refusal);
        let mut file = std::fs::File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(std::env::temp_dir().join(format!("keepstone-body-{}-{refusal:?}", std::process::id())))
            .unwrap();
        file.write_all(b"a head that the caller has read").unwrap();
        file.write_all(&payload()).unwrap();
        file.seek(std::io::SeekFrom::Start(31)).unwrap();
        let answer = put(&session, "/box/object", Body::file(file).unwrap()).unwrap();
        assert_eq!(answer.status(), 201, "{refusal:?}");
        assert!(stored(&session) == payload(), "{refusal:?}");
    }
}

#[test]
fn what_can_be_read_once_arrives_whole_or_fails_loudly() {
    for refusal in REFUSALS {
        let (_world, session) = revoked(refusal);
        let body = Body::once(Cursor::new(payload()), Some(SIZE as u64));
        match put(&session, "/box/object", body) {
            Ok(answer) => {
                assert_eq!(answer.status(), 201, "{refusal:?}");
                assert!(stored(&session) == payload(), "{refusal:?}");
            }
            Err(Error::Failure(Failure::Consumed | Failure::Interrupted(_))) => {
                assert!(stored(&session).is_empty(), "{refusal:?}");
                let again = Body::once(Cursor::new(payload()), Some(SIZE as u64));
                assert_eq!(put(&session, "/box/object", again).unwrap().status(), 201, "{refusal:?}");
            }
            Err(error) => panic!("{refusal:?}: {error:?}"),
        }
    }
}

#[test]
fn a_server_that_can_be_asked_first_costs_a_one_shot_body_nothing() {
    // It answers the 401 to `Expect: 100-continue` before a byte of the body is read.
    let (_world, session) = revoked(BodyRefusal::AnswerThenDrain);
    let body = Body::once(Cursor::new(payload()), Some(SIZE as u64));
    assert_eq!(put(&session, "/box/object", body).unwrap().status(), 201);
    assert!(stored(&session) == payload());
}

#[test]
fn a_body_of_another_length_than_announced_is_an_error_of_the_body() {
    let (_world, session) = revoked(BodyRefusal::AnswerThenDrain);
    let short = Body::once(Cursor::new(b"abc"), Some(4));
    assert!(matches!(put(&session, "/box/object", short), Err(Error::Body(_))));
    assert!(stored(&session).is_empty());
    let unknown = Body::once(Cursor::new(payload()), None);
    assert_eq!(put(&session, "/box/object", unknown).unwrap().status(), 201);
    assert!(stored(&session) == payload());
}

/// Gives eight kibibytes each tenth of a second.
struct Slowly(usize);

impl std::io::Read for Slowly {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = buffer.len().min(8192).min(self.0);
        std::thread::sleep(Duration::from_millis(100));
        buffer[..read].fill(7);
        self.0 -= read;
        Ok(read)
    }
}

#[test]
fn a_steady_upload_longer_than_every_limit_arrives() {
    let world = World::running(crate::world::HOUR);
    let short = Duration::from_millis(300);
    let limits = Limits { connect: short, send: short, answer: short };
    let client = Client::builder().limits(limits).proxy(Proxy::None).build().unwrap();
    let store = Endpoint::fixed(world.cloud.endpoint(Service::ObjectStore, "demo").unwrap());
    let session = client.identity(world.credential("alice")).unwrap().session().at(store);
    assert!(put(&session, "/box", ()).unwrap().status().is_success());
    const SIZE: usize = 15 * 8192;
    for length in [None, Some(SIZE as u64)] {
        let once = Body::once(Slowly(SIZE), length);
        let again = Body::rewindable(length, || Ok(Slowly(SIZE)));
        for body in [once, again] {
            assert_eq!(put(&session, "/box/object", body).unwrap().status(), 201);
        }
        assert_eq!(stored(&session).len(), SIZE);
    }
}

#[test]
fn an_empty_body_is_announced_as_such() {
    use std::io::{BufRead as _, BufReader};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let written = std::thread::spawn(move || {
        let lines = BufReader::new(listener.accept().unwrap().0).lines().map(Result::unwrap);
        lines.take_while(|line| !line.is_empty()).map(|line| line.to_ascii_lowercase()).collect::<Vec<_>>()
    });
    let world = World::still();
    // It hangs up without an answer. Servers that want a length answer 411 to chunks.
    world.client.anonymous().send(http::Request::post(url).body(()).unwrap()).unwrap_err();
    let written = written.join().unwrap();
    assert!(written.contains(&"content-length: 0".to_owned()), "{written:?}");
    assert!(!written.iter().any(|line| line.starts_with("transfer-encoding")), "{written:?}");
}

//! How long the steps of an exchange may take: each has a limit, and a body none as long as it moves.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use futures_util::stream;
use keepstone_async::{Body, Bytes, Client, Endpoint, Error, Failure, Limits, Proxy, Session, Trouble, Wait};
use keepstone_tests::cloud::Service;

use crate::world::{SECOND, World, everywhere, get, put};

const MILLI: Duration = Duration::from_millis(1);

fn client() -> Client {
    let limits = Limits { connect: MILLI * 300, send: MILLI * 300, answer: MILLI * 300 };
    Client::builder().limits(limits).proxy(Proxy::None).build().unwrap()
}

/// A server that does as it is told with each connection.
fn serve(conduct: impl Fn(TcpStream) + Send + 'static) -> Session {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            conduct(stream.try_clone().unwrap());
            held.push(stream);
        }
    });
    client().anonymous().at(Endpoint::fixed(url)).retries(0)
}

fn slowly(pieces: usize, every: Duration) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(pieces, move |left| async move {
        tokio::time::sleep(every).await;
        (left > 0).then(|| (Ok(Bytes::from(vec![7; 8192])), left - 1))
    })
}

fn trouble(result: Result<keepstone_async::Response, Error>) -> (bool, Trouble) {
    match result {
        Err(Error::Failure(Failure::Interrupted(cause))) => (true, cause.kind),
        Err(Error::Failure(Failure::Unreachable(cause))) => (false, cause.kind),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_steady_upload_longer_than_every_limit_arrives() {
    everywhere(|| async {
        let world = World::running(crate::world::HOUR);
        let store = Endpoint::fixed(world.cloud.endpoint(Service::ObjectStore, "demo").unwrap());
        let session = client().identity(world.credential("alice")).unwrap().session().at(store);
        assert!(put(&session, "/box", ()).await.unwrap().status().is_success());
        for length in [None, Some(15 * 8192)] {
            let began = Instant::now();
            for body in [
                Body::once(slowly(15, MILLI * 100), length),
                Body::rewindable(length, || slowly(15, MILLI * 100)),
            ] {
                assert_eq!(put(&session, "/box/object", body).await.unwrap().status(), 201);
            }
            assert!(began.elapsed() > SECOND * 3);
            assert_eq!(get(&session, "/box/object").await.unwrap().bytes().await.unwrap().len(), 15 * 8192);
        }
    });
}

#[test]
fn a_peer_that_takes_nothing_is_left() {
    everywhere(|| async {
        let session = serve(|_| ());
        let began = Instant::now();
        let big = put(&session, "/", vec![7; 64 << 20]).await;
        assert_eq!(trouble(big), (true, Trouble::Timeout));
        assert!(began.elapsed() < SECOND * 3, "{:?}", began.elapsed());
    });
}

#[test]
fn a_source_that_gives_nothing_is_left() {
    everywhere(|| async {
        let session = serve(|_| ());
        let stuck = Body::rewindable(None, || slowly(5, SECOND * 30));
        assert_eq!(trouble(put(&session, "/", stuck).await), (true, Trouble::Timeout));
    });
}

#[test]
fn a_peer_that_does_not_answer_is_left() {
    everywhere(|| async {
        let session = serve(|_| ());
        assert_eq!(trouble(get(&session, "/").await), (true, Trouble::Timeout));
        assert_eq!(trouble(put(&session, "/", "little").await), (true, Trouble::Timeout));
    });
}

#[test]
fn a_deadline_comes_before_the_limits() {
    everywhere(|| async {
        let session = serve(|_| ()).deadline(MILLI * 100);
        match get(&session, "/").await {
            Err(Error::Failure(Failure::Late { waiting_for: Wait::Answer, .. })) => {}
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn the_body_of_an_answer_is_waited_for_piece_by_piece() {
    let head = |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").unwrap();
        stream
    };
    everywhere(|| async move {
        let steady = serve(move |stream| {
            let mut stream = head(stream);
            for _ in 0..6 {
                std::thread::sleep(MILLI * 100);
                stream.write_all(b"ab").unwrap();
            }
        });
        assert_eq!(get(&steady, "/").await.unwrap().text().await.unwrap(), "abababababab");
        let stuck = serve(move |stream| drop(head(stream).write_all(b"ab")));
        let answer = get(&stuck, "/").await.unwrap();
        assert_eq!((answer.content_length(), answer.url().path()), (Some(12), "/"));
        // A reader in no hurry is no reason to give up; a peer that gives nothing is.
        tokio::time::sleep(MILLI * 400).await;
        assert!(answer.text().await.unwrap_err().is_timeout());
    });
}

#[test]
fn how_it_broke_is_told() {
    everywhere(|| async {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let at = |url: &str| client().anonymous().at(Endpoint::fixed(url)).retries(0);
        assert_eq!(trouble(get(&at(&format!("http://{nobody}")), "/").await), (false, Trouble::Connect));
        assert_eq!(trouble(get(&at("http://no-such-host.invalid"), "/").await), (false, Trouble::Resolve));
        let garbled = serve(|mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n");
        });
        assert_eq!(trouble(get(&garbled, "/").await), (true, Trouble::Unreadable));
        let closing = serve(|mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.shutdown(std::net::Shutdown::Both);
        });
        assert_eq!(trouble(get(&closing, "/").await), (true, Trouble::Broken));
        let error = get(&at(&format!("http://{nobody}")), "/path?signature=s3cr3t").await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    });
}

#[tokio::test]
async fn a_request_with_an_empty_body_says_so() {
    let (heads, head) = std::sync::mpsc::channel();
    let session = serve(move |mut stream| {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).unwrap_or_default();
        heads.send(String::from_utf8_lossy(&buffer[..read]).into_owned()).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    });
    assert_eq!(put(&session, "/", ()).await.unwrap().status(), 204);
    assert!(head.recv().unwrap().contains("content-length: 0\r\n"), "Swift answers 411 without");
    assert_eq!(get(&session, "/").await.unwrap().status(), 204);
    assert!(!head.recv().unwrap().contains("content-length"));
}

//! Bodies that meet a 401: whole, or a loud failure; never 0 bytes with a 201.

use std::io;

use futures_util::{Stream, stream};
use keepstone_async::{Body, Bytes, Endpoint, Error, Failure, InputError, Session};
use keepstone_tests::cloud::{BodyRefusal, Service};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::world::{SECOND, World, everywhere, get, put};

const SIZE: usize = 3 << 20;

fn payload() -> Vec<u8> {
    (0..SIZE).map(|n| (n % 251) as u8).collect()
}

/// The same in pieces of odd sizes.
fn pieces(payload: Vec<u8>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut payload = Bytes::from(payload);
    let mut size = 1;
    stream::iter(std::iter::from_fn(move || {
        size = (size * 7) % 100_003;
        let piece = payload.split_to(size.min(payload.len()));
        (!piece.is_empty()).then_some(Ok(piece))
    }))
}

/// A session whose token has just been revoked, at an object store with a container.
async fn revoked(refusal: BodyRefusal) -> (World, Session) {
    let world = World::still();
    let store = Endpoint::fixed(world.cloud.endpoint(Service::ObjectStore, "demo").unwrap());
    let session = world.identity("alice").session().at(store);
    assert!(put(&session, "/box", ()).await.unwrap().status().is_success());
    world.pass(SECOND * 60);
    world.cloud.revoke_all_of("alice").unwrap();
    world.cloud.set_body_refusal(Service::ObjectStore, refusal);
    (world, session)
}

async fn stored(session: &Session) -> Vec<u8> {
    let answer = get(session, "/box/object").await.unwrap();
    if answer.status() != 200 {
        return Vec::new();
    }
    answer.bytes().await.unwrap().to_vec()
}

const REFUSALS: [BodyRefusal; 3] =
    [BodyRefusal::AnswerThenDrain, BodyRefusal::DrainThenAnswer, BodyRefusal::AnswerAndClose];

#[test]
fn bytes_arrive_whole() {
    for refusal in REFUSALS {
        everywhere(|| async {
            let (_world, session) = revoked(refusal).await;
            let answer = put(&session, "/box/object", payload()).await.unwrap();
            assert_eq!(answer.status(), 201, "{refusal:?}");
            assert!(stored(&session).await == payload(), "{refusal:?}");
        });
    }
}

#[test]
fn files_arrive_whole_from_where_they_stood() {
    for refusal in REFUSALS {
        everywhere(|| async {
            let (_world, session) = revoked(refusal).await;
            let name = format!("keepstone-async-body-{}-{refusal:?}", std::process::id());
            let mut options = tokio::fs::File::options();
            let options = options.create(true).truncate(true).read(true).write(true);
            let mut file = options.open(std::env::temp_dir().join(name)).await.unwrap();
            file.write_all(b"a head that the caller has read").await.unwrap();
            file.write_all(&payload()).await.unwrap();
            file.seek(io::SeekFrom::Start(31)).await.unwrap();
            let answer = put(&session, "/box/object", Body::file(file).await.unwrap()).await.unwrap();
            assert_eq!(answer.status(), 201, "{refusal:?}");
            assert!(stored(&session).await == payload(), "{refusal:?}");
        });
    }
}

#[test]
fn factories_are_called_for_each_attempt() {
    for (refusal, length) in REFUSALS.into_iter().flat_map(|it| [(it, Some(SIZE as u64)), (it, None)]) {
        everywhere(|| async {
            let (_world, session) = revoked(refusal).await;
            let body = Body::rewindable(length, || pieces(payload()));
            assert_eq!(put(&session, "/box/object", body).await.unwrap().status(), 201, "{refusal:?}");
            assert!(stored(&session).await == payload(), "{refusal:?}");
        });
    }
}

#[test]
fn what_can_be_read_once_arrives_whole() {
    // A question goes first, so the revoked token is found out before a byte of the body is taken.
    for (refusal, length) in REFUSALS.into_iter().flat_map(|it| [(it, Some(SIZE as u64)), (it, None)]) {
        everywhere(|| async {
            let (world, session) = revoked(refusal).await;
            world.cloud.reset_counters();
            let body = Body::once(pieces(payload()), length);
            assert_eq!(put(&session, "/box/object", body).await.unwrap().status(), 201, "{refusal:?}");
            assert!(stored(&session).await == payload(), "{refusal:?}");
            let received: u64 = world.cloud.counters().objects.values().map(|object| object.received).sum();
            assert_eq!(received, SIZE as u64, "{refusal:?}: it was sent once");
        });
    }
}

#[test]
fn what_is_refused_after_the_question_fails_loudly() {
    for refusal in REFUSALS {
        everywhere(|| async {
            let (world, session) = revoked(refusal).await;
            // The token is good when the question is asked, and revoked by the time the body leaves.
            assert_eq!(get(&session, "/box").await.unwrap().status(), 204);
            world.pass(SECOND * 60);
            let cloud = std::sync::Arc::new(world);
            let revoker = std::sync::Arc::clone(&cloud);
            let first = stream::once(async move {
                revoker.cloud.revoke_all_of("alice").unwrap();
                Ok(Bytes::from_static(b"x"))
            });
            let late = futures_util::StreamExt::chain(first, pieces(payload()));
            // Its head has left by the time its first piece is asked for; the check may be faster.
            match put(&session, "/box/object", Body::once(late, None)).await {
                Ok(answer) => {
                    assert_eq!(answer.status(), 201, "{refusal:?}");
                    assert!(stored(&session).await.len() == SIZE + 1, "{refusal:?}");
                }
                Err(Error::Failure(Failure::Consumed | Failure::Interrupted(_))) => {
                    assert!(stored(&session).await.is_empty(), "{refusal:?}");
                    let again = Body::once(pieces(payload()), Some(SIZE as u64));
                    assert_eq!(
                        put(&session, "/box/object", again).await.unwrap().status(),
                        201,
                        "{refusal:?}"
                    );
                }
                Err(error) => panic!("{refusal:?}: {error:?}"),
            }
        });
    }
}

#[test]
fn a_body_of_another_length_than_announced_is_an_error_of_the_body() {
    everywhere(|| async {
        let (_world, session) = revoked(BodyRefusal::AnswerThenDrain).await;
        let short = Body::once(pieces(b"abc".to_vec()), Some(4));
        assert!(matches!(put(&session, "/box/object", short).await, Err(Error::Body(_))));
        assert!(stored(&session).await.is_empty());
        let long = Body::once(pieces(b"abcdef".to_vec()), Some(3));
        assert_eq!(put(&session, "/box/object", long).await.unwrap().status(), 201);
        assert_eq!(stored(&session).await, b"abc");
    });
}

#[test]
fn a_body_that_cannot_be_read_says_why() {
    everywhere(|| async {
        let (_world, session) = revoked(BodyRefusal::AnswerThenDrain).await;
        let bad =
            || stream::iter([Ok(Bytes::from_static(b"abc")), Err(io::Error::other("the tape is torn"))]);
        for body in [Body::once(bad(), Some(10)), Body::once(bad(), None), Body::rewindable(Some(10), bad)] {
            match put(&session, "/box/object", body).await {
                Err(Error::Body(error)) => assert_eq!(error.to_string(), "the tape is torn"),
                other => panic!("{other:?}"),
            }
        }
        assert!(stored(&session).await.is_empty());
    });
}

#[tokio::test]
async fn a_path_that_would_become_another_does_not_leave() {
    let (world, session) = revoked(BodyRefusal::AnswerThenDrain).await;
    let before = world.cloud.counters().service(Service::ObjectStore).requests;
    for path in ["/box/../other", "/box/%2e%2e/other", "/box/./object"] {
        match put(&session, path, "x").await {
            Err(Error::Failure(Failure::Unreachable(cause))) => {
                assert_eq!(cause.kind, keepstone_async::Trouble::Unusable, "{path}");
            }
            Err(Error::Failure(Failure::Input(InputError::NoEndpoint(_)))) | Err(_) | Ok(_) => {
                panic!("{path} left")
            }
        }
    }
    assert_eq!(world.cloud.counters().service(Service::ObjectStore).requests, before);
}

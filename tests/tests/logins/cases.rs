// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use keepstone_core::{Borrowed, Endpoint, Notice, Saving};
use keepstone_store::Store;

use super::{Client, Identity, address, client, log_out, status, user_is_known};
use crate::ear::{heard, listen};
use crate::world::{HOUR, SECOND, World};

/// An identity of a process that has just begun, and keeps its logins.
fn alice(world: &World) -> (Client, Identity) {
    let client = client(world, Some(&world.dir()), |_| {});
    let identity = client.identity(world.credential("alice")).unwrap();
    (client, identity)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn two_clients_one_after_another_log_in_once() {
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    world.cloud.advance(HOUR / 2);
    let notices = Arc::<Mutex<Vec<Notice>>>::default();
    let sink = Arc::clone(&notices);
    let second = client(&world, Some(&world.dir()), move |notice| sink.lock().unwrap().push(notice.clone()));
    let second = second.identity(world.credential("alice")).unwrap();
    assert_eq!((status(&world, &second), status(&world, &second)), (200, 200));
    assert_eq!(world.token_requests(), 1);
    // A second was taken off the token's life for the rounding of its stamps.
    let left = HOUR / 2 - SECOND;
    assert_eq!(notices.lock().unwrap()[..], [Notice::Restored { keyring: second.id(), left }]);
    // Another credential has no part in it; and it is off unless it is asked for.
    let other = alice(&world).0.identity(world.credential("alice").without_catalog()).unwrap();
    assert_eq!(status(&world, &other), 200);
    let off = client(&world, None, |_| {}).identity(world.credential("alice")).unwrap();
    assert_eq!((status(&world, &off), world.token_requests()), (200, 3));
    // When the token has ended, its file is no obstacle, and the next one takes its place.
    world.cloud.advance(HOUR / 2);
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 4));
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 4));
}

/// A process may ask who it is, or where its service is, before it sends anything.
#[test]
fn a_login_is_kept_and_taken_up_whatever_it_is_for() {
    let world = World::new();
    assert!(user_is_known(&alice(&world).1));
    let _ = world.login();
    assert!(user_is_known(&alice(&world).1));
    let volumes = Endpoint::of("block-storage");
    let _ = address(&alice(&world).1.session().at(volumes));
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 1));
}

#[test]
fn a_token_that_was_revoked_meanwhile_costs_one_renewal() {
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    world.cloud.advance(SECOND * 60);
    world.cloud.revoke_all_of("alice").unwrap();
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 2));
    // And the new one is kept in its place.
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 2));
    let _ = world.login();
}

#[test]
fn a_renewed_token_takes_the_place_of_the_first() {
    let world = World::new();
    let (_client, long) = alice(&world);
    assert_eq!(status(&world, &long), 200);
    let first = fs::read(world.login()).unwrap();
    // Stale: a renewal is due, beside this call or before it.
    world.cloud.advance(HOUR - SECOND * 20);
    let patience = std::time::Instant::now() + SECOND * 20;
    while fs::read(world.login()).unwrap() == first {
        assert_eq!(status(&world, &long), 200);
        assert!(std::time::Instant::now() < patience, "the renewed token is not kept");
    }
    assert_eq!(world.token_requests(), 2);
    world.cloud.advance(SECOND * 60);
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 2));
}

#[test]
fn logging_out_removes_what_was_kept() {
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    // By a process that has not even used it.
    log_out(&alice(&world).1);
    assert_eq!(world.kept(), Vec::<std::path::PathBuf>::new());
    let token = world.cloud.arrivals().into_iter().find_map(|arrival| arrival.user_token).unwrap();
    let revoked = client(&world, None, |_| {}).borrow(Borrowed::new(token.as_str())).unwrap();
    assert_eq!(status(&world, &revoked), 401);
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 2));
}

#[test]
fn refused_credentials_remove_what_was_kept() {
    let world = World::new();
    let before = world.credential("alice");
    assert_eq!(status(&world, &alice(&world).1), 200);
    world.cloud.change_password("alice", "another").unwrap();
    let stale = client(&world, Some(&world.dir()), |_| {}).identity(before).unwrap();
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| status(&world, &stale)));
    assert!(refused.is_err(), "the password is wrong now");
    assert_eq!(world.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn nobody_else_can_look() {
    listen();
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    assert_eq!(mode(&world.dir()), 0o700);
    for file in [world.login(), world.dir().join("key"), world.dir().join("lock")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    // A file that others could read or write is not believed, and is replaced by one that is private.
    fs::set_permissions(world.login(), Permissions::from_mode(0o640)).unwrap();
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 2));
    assert_eq!(mode(&world.login()), 0o600);
    // A directory is not used at all.
    fs::set_permissions(world.dir(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 3));
    assert!(heard().contains("logins is not private"), "{}", heard());
    assert!(matches!(
        Store::open(world.dir(), |_| true),
        Err(keepstone_store::StoreError::NotPrivate { .. })
    ));
}

#[test]
fn a_file_that_is_spoilt_is_a_login_anew() {
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    let whole = fs::read(world.login()).unwrap();
    let mut tipped = whole.clone();
    tipped[whole.len() / 2] ^= 1;
    let spoilt = [&[][..], b"\n", b"{}", &[0xff; 5000][..], &whole[..whole.len() / 2], &tipped[..]];
    for (before, bytes) in spoilt.iter().enumerate() {
        fs::write(world.login(), bytes).unwrap();
        let requests = before as u64 + 2;
        assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, requests));
        assert_eq!(
            (status(&world, &alice(&world).1), world.token_requests()),
            (200, requests),
            "it is mended"
        );
    }
    // So is a key; what was sealed with the old one is swept away.
    fs::write(world.dir().join("key"), b"short").unwrap();
    assert_eq!(status(&world, &alice(&world).1), 200);
    let _ = world.login();
}

#[test]
fn what_others_left_unfinished_is_swept_away() {
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    let ended = world.login();
    fs::write(world.dir().join("ab12.unfinished"), b"half").unwrap();
    world.cloud.advance(HOUR * 2);
    let (client, _) = alice(&world);
    assert_eq!(status(&world, &client.identity(world.credential("alice").without_catalog()).unwrap()), 200);
    assert_ne!(world.login(), ended, "the login that has ended went too");
}

#[test]
fn a_directory_that_cannot_be_written_fails_no_call() {
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    world.cloud.advance(SECOND * 60);
    world.cloud.revoke_all_of("alice").unwrap();
    // Root may write anywhere: a directory in the lock's place keeps it out as well.
    fs::remove_file(world.dir().join("lock")).unwrap();
    fs::create_dir(world.dir().join("lock")).unwrap();
    fs::set_permissions(world.dir(), Permissions::from_mode(0o500)).unwrap();
    assert_eq!(
        (status(&world, &alice(&world).1), world.token_requests()),
        (200, 2),
        "it is read, and refused"
    );
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 3), "and not replaced");
    fs::set_permissions(world.dir(), Permissions::from_mode(0o700)).unwrap();
    // Nor does one that is no directory, or cannot be made.
    for place in ["file", "file/below"] {
        let file = world.dir().with_file_name("file");
        fs::write(&file, b"").unwrap();
        let client = client(&world, Some(&world.dir().with_file_name(place)), |_| {});
        assert_eq!(status(&world, &client.identity(world.credential("alice")).unwrap()), 200);
    }
}

#[test]
fn a_process_that_holds_the_lock_holds_nobody_up() {
    let world = World::new();
    assert_eq!(status(&world, &alice(&world).1), 200);
    fs::remove_file(world.login()).unwrap();
    let lock = fs::File::open(world.dir().join("lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 2));
    assert_eq!(world.kept(), Vec::<std::path::PathBuf>::new(), "it is not kept");
    drop(lock);
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 3));
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, 3));
}

/// A login that cannot be kept, say on a full disk, is no reason to leave one there that must go.
#[test]
fn what_must_go_goes_though_something_else_cannot_be_kept() {
    let world = World::new();
    let (client, identity) = alice(&world);
    assert_eq!(status(&world, &identity), 200);
    let kept = world.login();
    let store = Store::open(world.dir(), |_| false).unwrap();
    let saved = store.load(kept.file_stem().unwrap().to_str().unwrap()).unwrap();
    let other = client.identity(world.credential("alice").without_catalog()).unwrap();
    assert_eq!(status(&world, &other), 200);
    let goes = world.kept().into_iter().find(|path| *path != kept).unwrap();
    fs::create_dir(kept.with_extension("unfinished")).unwrap();
    let name = goes.file_stem().unwrap().to_str().unwrap().to_owned();
    let remove = Saving::Remove { name, up_to: world.cloud.now() + HOUR };
    store.note([Saving::Keep(Box::new(saved)), remove]);
    store.settle(world.cloud.now());
    assert!(!goes.exists());
}

#[test]
fn eight_threads_at_once_spoil_nothing() {
    let world = World::new();
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..5 {
                    let (client, alice) = alice(&world);
                    assert_eq!(status(&world, &alice), 200);
                    assert_eq!(
                        status(
                            &world,
                            &client.identity(world.credential("alice").without_catalog()).unwrap()
                        ),
                        200
                    );
                }
            });
        }
    });
    let requests = world.token_requests();
    assert!((2..=16).contains(&requests), "{requests}");
    assert_eq!(world.kept().len(), 2, "one for each");
    assert_eq!((status(&world, &alice(&world).1), world.token_requests()), (200, requests));
}

#[test]
fn no_secret_is_heard() {
    listen();
    let world = World::new();
    let (client, first) = alice(&world);
    assert_eq!(status(&world, &first), 200);
    let second = alice(&world).1;
    assert_eq!(status(&world, &second), 200);
    let token = world.cloud.arrivals().into_iter().find_map(|arrival| arrival.user_token).unwrap();
    let kept = String::from_utf8(fs::read(world.login()).unwrap()).unwrap();
    fs::write(world.login(), kept.split_at(kept.len() - 1).0).unwrap();
    let third = alice(&world).1;
    assert_eq!(status(&world, &third), 200);
    let store = Store::open(world.dir(), |_| false).unwrap();
    let shown = format!("{} {client:?} {first:?} {store:?}", heard());
    assert!(shown.contains("not a saved login"), "the ear works");
    let key = fs::read(world.dir().join("key")).unwrap();
    assert!(kept.contains(&token), "it is in there");
    for secret in [token.as_str(), "alice-password", &format!("{key:?}")] {
        assert!(!shown.contains(secret), "shown");
    }
    assert!(!kept.contains("alice-password"));
}

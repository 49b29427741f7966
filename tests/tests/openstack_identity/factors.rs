// One-time passcodes, and logins of two factors. Compiled once for each transport.

use keepstone_core::LoginError;
use keepstone_core::identity::{MultiFactor, Totp};
use keepstone_tests::openstack::User;

use super::world::{Expected, Scoped, World, login_error};
use crate::helper::{Somebody, passcode};
use crate::ways;

const TOTP: Expected<'_> = Expected {
    user: "totp",
    methods: &["totp"],
    scope: Scoped::Project("demo"),
    roles: &["member", "reader"],
};

const MFA: Expected<'_> = Expected { user: "mfa", methods: &["password", "totp"], ..TOTP };

fn somebody(user: &User) -> Somebody {
    Somebody::who_answers(1).with_device_of(user)
}

#[test]
fn a_passcode_computed_given_and_asked_for() {
    let world = World::new();
    let user = &world.stack.users.totp;
    world.proves(&world.log_in(ways::totp(world.stack)), &TOTP);
    let given = ways::into_demo(world.stack, Totp::passcode(ways::by_id(user), passcode(user)));
    world.proves(&world.log_in(given), &TOTP);
    let somebody = somebody(user);
    let asked = world.log_in_asking(ways::totp_asked(world.stack), move |inquiry| somebody.answer(inquiry));
    world.proves(&asked, &TOTP);
}

#[test]
fn both_factors_in_one_request_and_one_after_the_other() {
    let world = World::new();
    world.proves(&world.log_in(ways::both_factors(world.stack)), &MFA);
    world.proves(&world.log_in(ways::second_factor_if_asked(world.stack)), &MFA);
}

#[test]
fn a_passcode_is_asked_for_once_keystone_wants_it() {
    let world = World::new();
    let mfa = &world.stack.users.mfa;
    let method = MultiFactor::new(ways::password_of(mfa)).if_asked(Totp::asked(ways::by_id(mfa)));
    let somebody = somebody(mfa);
    let session =
        world.log_in_asking(ways::into_demo(world.stack, method), move |inquiry| somebody.answer(inquiry));
    world.proves(&session, &MFA);
}

#[test]
fn without_a_second_factor_at_hand_the_receipt_is_handed_over() {
    let world = World::new();
    let mfa = &world.stack.users.mfa;
    let half = world.log_in(ways::password(world.stack, mfa));
    let LoginError::MoreNeeded { receipt, .. } = login_error(&world.echo(&half)) else {
        panic!("it is half a login")
    };
    assert_eq!(
        (receipt.methods.as_slice(), receipt.missing()),
        (&["password".to_owned()][..], vec![vec!["totp"]])
    );
    assert_eq!(receipt.user.as_ref().unwrap().id, mfa.id);
    assert!(receipt.expires_at > receipt.issued_at);

    let rest = MultiFactor::new(ways::computed(mfa)).with_receipt(&receipt);
    world.proves(&world.log_in(ways::into_demo(world.stack, rest)), &MFA);
}

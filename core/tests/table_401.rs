//! Rule 8: every row of the 401 table, each at most once for a call.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod common;

use std::time::Duration;

use common::{End, HOUR, SECOND, Scripted, borrowed, get, password};
use http::{HeaderMap, Method};
use keepstone_core::{
    BodyKind, Call, Endpoint, Failure, Keychain, KeyringId, Need, Refusal, Session, Vouching, When,
};

struct Row {
    driver: Scripted,
    user: KeyringId,
    service: KeyringId,
}

impl Row {
    /// A user that can renew, or whose token was handed in; a service identity besides.
    fn new(renewable: bool) -> Self {
        let mut keys = Keychain::new(1);
        let user = if renewable { keys.add(password("alice")) } else { keys.borrow(borrowed("b1")) };
        let service = keys.add(password("nova")).unwrap();
        Self { user: user.unwrap(), service, driver: Scripted::new(keys) }
    }

    fn alone(&self) -> Session {
        Session::of(self.user)
    }

    fn vouched(&self) -> Session {
        self.alone().vouched(Vouching::by(self.service))
    }

    /// A first call that succeeds, then `span` passes.
    fn warmed(mut self, session: &Session, span: Duration) -> Self {
        assert_eq!(self.driver.run(&mut get(session), &[]), End::Delivered(200, None));
        self.driver.story();
        self.driver.pass(span);
        self
    }

    fn story(mut self, session: &Session, statuses: &[u16]) -> String {
        self.driver.run(&mut get(session), statuses);
        self.driver.story()
    }
}

#[test]
fn no_token_is_delivered() {
    let row = Row::new(true);
    insta::assert_snapshot!(row.story(&Session::anonymous(), &[401]), @"send -+-; deliver 401 Some(NoToken)");
}

#[test]
fn renewal_that_is_forbidden_is_delivered() {
    let row = Row::new(true);
    let session = row.alone().renewal(false);
    insta::assert_snapshot!(row.story(&session, &[401]), @"ask for t1; send t1+-; deliver 401 Some(RenewalForbidden)");
}

#[test]
fn a_renewable_user_is_renewed_once() {
    let row = Row::new(true);
    let session = row.alone();
    insta::assert_snapshot!(row.warmed(&session, SECOND * 60).story(&session, &[401, 401]), @"send t1+-; 401, again; ask for t2; send t2+-; deliver 401 Some(EvenRenewed)");
}

#[test]
fn one_keyring_on_both_sides_is_renewed_once() {
    let row = Row::new(true);
    let session = Session::of(row.user).vouched(Vouching::by(row.user));
    insta::assert_snapshot!(row.warmed(&session, SECOND * 60).story(&session, &[401, 401]), @"send t1+t1; 401, again; ask for t2; send t2+t2; deliver 401 Some(EvenRenewed)");
}

#[test]
fn a_token_renewed_a_moment_ago_is_not_renewed_at_once() {
    let row = Row::new(true);
    let session = row.alone();
    insta::assert_snapshot!(row.warmed(&session, SECOND).story(&session, &[401]), @"send t1+-; 401, again; pause 4s; ask for t2; send t2+-; deliver 200 None");
}

#[test]
fn a_borrowed_user_alone_is_delivered() {
    let row = Row::new(false);
    let session = row.alone();
    insta::assert_snapshot!(row.story(&session, &[401]), @"send b1+-; deliver 401 Some(Borrowed)");
}

#[test]
fn a_service_identity_that_stood_by_is_attached() {
    let row = Row::new(false);
    let near = Vouching::by(row.service).when(When::NearExpiry(SECOND));
    let expires = common::after(HOUR).wall;
    let mut row = row;
    row.user = row.driver.keys.borrow(borrowed("b2").expires_at(expires)).unwrap();
    let session = row.alone().vouched(near);
    // The first answer shows what time it is in the cloud; until then the token's end is not
    // known and the service identity goes along.
    row.driver.keys.take_notices();
    row.driver.run(&mut get(&session), &[]);
    row.driver.story();
    insta::assert_snapshot!(row.story(&session, &[401, 401]), @"send b2+-; 401, again; send b2+t1; deliver 401 Some(BorrowedBesideService)");
}

#[test]
fn an_identity_that_is_never_to_vouch_is_left_alone() {
    let row = Row::new(false);
    let session = row.alone().vouched(Vouching::by(row.service).when(When::Never));
    insta::assert_snapshot!(row.story(&session, &[401]), @"send b1+-; deliver 401 Some(Borrowed)");
}

#[test]
fn an_older_service_token_is_suspected_then_the_user_is_named() {
    let row = Row::new(false);
    let session = row.vouched();
    insta::assert_snapshot!(row.warmed(&session, SECOND * 5).story(&session, &[401, 401]), @"send b1+t1; 401, again; ask for t2; send b1+t2; deliver 401 Some(BorrowedBesideService)");
}

#[test]
fn a_young_service_token_is_beyond_suspicion() {
    let row = Row::new(false);
    let session = row.vouched();
    let almost = SECOND * 5 - Duration::from_nanos(1);
    insta::assert_snapshot!(row.warmed(&session, almost).story(&session, &[401]), @"send b1+t1; deliver 401 Some(BorrowedBesideService)");
}

#[test]
fn the_service_is_renewed_first_and_then_the_user() {
    let row = Row::new(true);
    let session = row.vouched();
    insta::assert_snapshot!(row.warmed(&session, SECOND * 60).story(&session, &[401, 401, 401]), @"send t1+t2; 401, again; ask for t3; send t1+t3; 401, again; ask for t4; send t4+t3; deliver 401 Some(EvenRenewed)");
}

#[test]
fn a_young_service_token_sends_the_blame_to_the_user() {
    let mut row = Row::new(true);
    let session = row.vouched();
    // The user's token is an hour old when the service's is issued.
    let alone = row.alone();
    row = row.warmed(&alone, SECOND * 60).warmed(&session, SECOND);
    insta::assert_snapshot!(row.story(&session, &[401, 401]), @"send t1+t2; 401, again; ask for t3; send t3+t2; deliver 401 Some(EvenRenewed)");
}

#[test]
fn a_piece_of_a_transfer_waits_for_the_401_to_pass() {
    let row = Row::new(true);
    let session = row.alone().piece(true).deadline(SECOND * 8);
    insta::assert_snapshot!(row.warmed(&session, SECOND * 60).story(&session, &[401, 401, 401]), @"send t1+-; 401, again; ask for t2; send t2+-; 401, again; pause 719.337172ms; send t2+-; 401, again; pause 1.26153359s; send t2+-; deliver 200 None");
}

#[test]
fn a_piece_is_delivered_when_its_time_is_up() {
    let row = Row::new(true);
    let session = row.alone().piece(true).deadline(SECOND * 8);
    insta::assert_snapshot!(row.warmed(&session, SECOND * 60).story(&session, &[401; 20]), @"send t1+-; 401, again; ask for t2; send t2+-; 401, again; pause 719.337172ms; send t2+-; 401, again; pause 1.26153359s; send t2+-; 401, again; pause 2.285508684s; send t2+-; deliver 401 Some(EvenRenewed)");
}

#[test]
fn a_consumed_body_fails_and_the_next_call_has_a_new_token() {
    let row = Row::new(true);
    let session = row.alone().at(Endpoint::of("volumev3"));
    let mut row = row.warmed(&session, SECOND * 60);
    let put = |body| Call::new(&session, Method::PUT, "/x".parse().unwrap(), HeaderMap::new(), body);
    let end = row.driver.run(&mut put(BodyKind::OneShot), &[401]);
    assert_eq!(end, End::Failed(Failure::Consumed));
    assert_eq!(row.driver.run(&mut put(BodyKind::Rewindable), &[]), End::Delivered(200, None));
    insta::assert_snapshot!(row.driver.story(), @"PUT t1+- with its body; 401, again; fail: Consumed; ask for t2; PUT t2+- with its body; deliver 200 None");
}

#[test]
fn preferring_a_service_token_is_not_needing_it() {
    let mut row = Row::new(true);
    row.driver.roles = vec!["member"];
    let preferred = row.alone().vouched(Vouching::by(row.service).need(Need::Preferred));
    assert_eq!(row.driver.run(&mut get(&preferred), &[]), End::Delivered(200, None));
    let required = row.vouched();
    let end = row.driver.run(&mut get(&required), &[]);
    let wanted = vec!["service".to_owned()];
    assert_eq!(end, End::Failed(Failure::ServiceRoleMissing { wanted, has: vec!["member".to_owned()] }));
    insta::assert_snapshot!(row.driver.story(), @r#"ask for t1; ask for t2; send t1+-; deliver 200 None; fail: ServiceRoleMissing { wanted: ["service"], has: ["member"] }"#);
    assert_eq!(Refusal::NoToken.to_string().split(',').next(), Some("the service wants a token"));
}

#[test]
fn a_question_is_asked_before_a_body_that_can_be_read_once() {
    let row = Row::new(true);
    let session = row.alone().at(Endpoint::of("volumev3"));
    let mut row = row.warmed(&session, SECOND * 60);
    let put = || {
        Call::new(&session, Method::PUT, "/x".parse().unwrap(), HeaderMap::new(), BodyKind::OneShot)
            .asking_first()
    };
    // The 401 meets the question; the body leaves with a token that was just accepted.
    assert_eq!(row.driver.run(&mut put(), &[401, 404, 201]), End::Delivered(201, None));
    insta::assert_snapshot!(row.driver.story(), @"HEAD t1+-; 401, again; ask for t2; HEAD t2+-; 404, again; PUT t2+- with its body; deliver 201 None");
    // A body that can be sent again asks nothing.
    let mut again =
        Call::new(&session, Method::PUT, "/x".parse().unwrap(), HeaderMap::new(), BodyKind::Bytes)
            .asking_first();
    assert_eq!(row.driver.run(&mut again, &[201]), End::Delivered(201, None));
    insta::assert_snapshot!(row.driver.story(), @"PUT t2+- with its body; deliver 201 None");
}

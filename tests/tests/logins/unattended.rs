// Identities that cannot renew unattended. Each case is compiled once for each transport; `super` is
// the transport, under one set of names.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use http::Response;
use keepstone_core::identity::{Exchange, Fields, Grant, Inquiry, Method, Moment, Password, Start, Step};
use keepstone_core::{
    Borrowed, Credential, Failure, LoginError, Notice, Outlook, Remedy, Renewal, Scope, Secret, UserRef, Who,
    token,
};

use super::{asking, client, send, status};
use crate::world::{HOUR, SECOND, World};

/// A password that somebody types at each login.
#[derive(Debug)]
struct Typed(UserRef);

#[derive(Debug)]
struct Typing {
    user: UserRef,
    start: Start,
    login: Option<Box<dyn Exchange>>,
}

impl Method for Typed {
    fn name(&self) -> &str {
        "typed"
    }
    fn fields(&self, fields: &mut Fields) {
        fields.text("user", &format!("{:?}", self.0));
    }
    fn renewal(&self) -> Renewal {
        Renewal::Attended
    }
    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        Box::new(Typing { user: self.0.clone(), start, login: None })
    }
}

impl Exchange for Typing {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        match &mut self.login {
            None => Ok(Step::Consult(Inquiry::Passcode { kind: "password".to_owned() })),
            Some(login) => login.need(at),
        }
    }
    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        self.login.as_mut().unwrap().hear(answer, at)
    }
    fn told(&mut self, reply: Secret, _: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        self.login = Some(Arc::new(Password::new(self.user.clone(), reply)).begin(self.start.clone()));
        Ok(None)
    }
}

fn typed(world: &World) -> Credential {
    let account = world.cloud.credentials("alice").unwrap();
    let credential = Credential::new(&account.auth_url, Typed(UserRef::id(account.user_id))).unwrap();
    credential.scope(Scope::project_id(account.project_id.unwrap()))
}

const REMEDY: Remedy = Remedy::ApplicationCredential;

#[test]
fn its_end_is_told_before_and_its_remedy_after() {
    let world = World::new();
    let told = Arc::<Mutex<Vec<Notice>>>::default();
    let sink = Arc::clone(&told);
    let client = client(&world, Some(&world.dir()), move |notice| {
        if matches!(notice, Notice::Ending { .. }) {
            sink.lock().unwrap().push(notice.clone());
        }
    });
    // Somebody is here for the first login and the second, and not for the third.
    let asked = Arc::new(AtomicU32::new(0));
    let password = world.cloud.credentials("alice").unwrap().password.clone();
    let count = Arc::clone(&asked);
    let alice = asking(&client, typed(&world), move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Ok(password.clone()),
        _ => Err("nobody is here".to_owned()),
    });
    let session = alice.session().at(world.volumes());
    let not_yet = Outlook::NotYet { renewal: Renewal::Attended, remedy: REMEDY };
    assert_eq!(session.outlook().unwrap(), not_yet);
    assert_eq!((status(&world, &alice), status(&world, &alice)), (200, 200));
    world.cloud.advance(HOUR - SECOND * 11);
    assert!(told.lock().unwrap().is_empty());
    for _ in 0..3 {
        assert_eq!(send(&session), Ok(200));
    }
    let left = SECOND * 10;
    let ending = Notice::Ending { keyring: alice.id(), left, renewal: Renewal::Attended, remedy: REMEDY };
    assert_eq!(told.lock().unwrap()[..], [ending]);
    let ends = Outlook::Ends { left, vouched: None, renewal: Renewal::Attended, remedy: REMEDY };
    assert_eq!((session.outlook().unwrap(), asked.load(Ordering::SeqCst)), (ends, 1));
    world.cloud.advance(HOUR);
    assert_eq!((send(&session), asked.load(Ordering::SeqCst)), (Ok(200), 2));
    world.cloud.advance(HOUR);
    let source = LoginError::Unanswered("nobody is here".to_owned());
    assert_eq!(send(&session), Err(Failure::Ended { who: Who::User, source, remedy: REMEDY }));
}

/// What somebody typed is not asked for again by the next process.
#[test]
fn a_login_with_somebodys_help_is_kept() {
    let world = World::new();
    let password = world.cloud.credentials("alice").unwrap().password.clone();
    let first = client(&world, Some(&world.dir()), |_| {});
    assert_eq!(status(&world, &asking(&first, typed(&world), move |_| Ok(password.clone()))), 200);
    let second = client(&world, Some(&world.dir()), |_| {});
    let nobody = asking(&second, typed(&world), |_| Err("nobody is here".to_owned()));
    assert_eq!((status(&world, &nobody), world.token_requests()), (200, 1));
}

#[test]
fn an_operation_that_would_outlast_its_token_does_not_begin() {
    let world = World::new();
    let client = client(&world, None, |_| {});
    let password = world.cloud.credentials("alice").unwrap().password.clone();
    let typed = asking(&client, typed(&world), move |_| Ok(password.clone()));
    let token = world.cloud.issue_token("alice", "demo", HOUR).unwrap();
    let end =
        token::Description { expires_at: Some(world.cloud.now() + HOUR), ..token::Description::default() };
    let handed_in = client.borrow(Borrowed::new(token.as_str()).described(end)).unwrap();
    let unattended = client.identity(world.credential("alice")).unwrap();
    let of = |identity: &super::Identity| identity.session().at(world.volumes());
    let left = HOUR - SECOND;
    let short = |wanted, remedy| Err(Failure::WontLast { who: Who::User, left, wanted, remedy });
    assert_eq!(send(&of(&unattended).lasting(HOUR * 1000)), Ok(200));
    for (identity, remedy) in [(&typed, REMEDY), (&handed_in, Remedy::Voucher)] {
        // So that it has a token, and a server's clock is known.
        assert_eq!(send(&of(identity)), Ok(200));
        let before = world.cloud.arrivals().len();
        assert_eq!(send(&of(identity).lasting(HOUR)), short(HOUR, remedy));
        assert_eq!(world.cloud.arrivals().len(), before, "nothing was sent");
        assert_eq!(send(&of(identity).lasting(left)), Ok(200));
    }
    let nova = client.identity(world.credential("nova")).unwrap();
    let vouched = of(&handed_in).vouched_by(&nova);
    assert_eq!(send(&vouched.clone().lasting(HOUR * 48)), Ok(200));
    let end = send(&vouched.lasting(HOUR * 49));
    assert!(matches!(end, Err(Failure::WontLast { wanted, .. }) if wanted == HOUR * 49), "{end:?}");
}

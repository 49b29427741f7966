//! Who takes part: an identity provider, a service provider, ADFS, two Keystones; and a driver that
//! writes down what each of them is asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use http::{Request, Response};
use keepstone_core::identity::{AdfsPassword, Keystone2Keystone, Method, Password, Saml2Password};
use keepstone_core::{
    Action, Broke, Call, Cause, Credential, Event, Failure, Keychain, LoginError, Now, Question, Reply,
    Scope, Secret, Session, Trouble, UserRef,
};

use crate::common::{SECOND, answer, get, granted, start};

pub(crate) const FEDERATED: &str = "/v3/OS-FEDERATION/identity_providers/uni/protocols/saml2/auth";

pub(crate) const QUESTION: &str = r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header><paos:Request xmlns:paos="urn:liberty:paos:2003-08" responseConsumerURL="http://keystone:5000/Shibboleth.sso/SAML2/ECP"/><ecp:RelayState xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" S:mustUnderstand="1">ss:mem:1</ecp:RelayState></S:Header><S:Body><AuthnRequest/></S:Body></S:Envelope>"#;

pub(crate) const ANSWER: &str = r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header><ecp:Response xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" AssertionConsumerServiceURL="http://keystone:5000/Shibboleth.sso/SAML2/ECP"/></S:Header><S:Body><Response  ID='signed' /></S:Body></S:Envelope>"#;

pub(crate) const TRUSTED: &str = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><t:RequestSecurityTokenResponseCollection xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><t:RequestSecurityTokenResponse><t:RequestedSecurityToken><Assertion  ID='signed'/></t:RequestedSecurityToken></t:RequestSecurityTokenResponse></t:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"#;

/// Why an answer is none, or which one it is.
pub(crate) type Heard = Result<Response<Vec<u8>>, Trouble>;

pub(crate) struct Cast {
    pub(crate) keys: Keychain,
    pub(crate) now: Now,
    session: Session,
    /// What is answered in place of the right thing, by the place that is asked.
    instead: BTreeMap<&'static str, VecDeque<Heard>>,
    /// The requests so far: to whom, and how they look.
    pub(crate) asked: Vec<(&'static str, String)>,
    issued: u32,
    /// How the names of tokens begin.
    pub(crate) name: &'static str,
}

impl Cast {
    pub(crate) fn new(credential: Credential) -> Self {
        let mut keys = Keychain::new(7);
        let session = Session::of(keys.add(credential).unwrap());
        Self {
            keys,
            now: start(),
            session,
            instead: BTreeMap::new(),
            asked: Vec::new(),
            issued: 0,
            name: "t",
        }
    }

    pub(crate) fn saml() -> Self {
        Self::of(Saml2Password {
            identity_provider: "uni".into(),
            protocol: "saml2".into(),
            identity_provider_url: "https://idp/ECP".into(),
            username: "alice".into(),
            password: "s3cr<t".into(),
        })
    }

    pub(crate) fn adfs() -> Self {
        Self::of(AdfsPassword {
            identity_provider: "uni".into(),
            protocol: "saml2".into(),
            identity_provider_url: "https://adfs/usernamemixed".into(),
            service_provider_endpoint: "http://keystone:5000/Shibboleth.sso/ADFS".into(),
            service_provider_entity_id: Some("urn:keystone".into()),
            username: "alice".into(),
            password: "s3cr<t".into(),
        })
    }

    pub(crate) fn k2k(home: impl Method) -> Self {
        Self::of(Keystone2Keystone::new(Arc::new(home), "partner").home_scope(Scope::project("work")))
    }

    pub(crate) fn home() -> Password {
        Password::new(UserRef::name("alice"), "s3cr<t")
    }

    fn of(method: impl Method) -> Self {
        let credential = Credential::new("http://keystone:5000", method).unwrap();
        Self::new(credential.scope(Scope::project("demo")))
    }

    /// The next time that `place` is asked, it answers this.
    pub(crate) fn instead(&mut self, place: &'static str, heard: Heard) {
        self.instead.entry(place).or_default().push_back(heard);
    }

    /// One call: `Ok` once it has a token.
    pub(crate) fn call(&mut self) -> Result<(), LoginError> {
        let mut call = get(&self.session);
        let mut event = Event::Begin;
        for _ in 0..60 {
            event = match call.next(&mut self.keys, event, self.now) {
                Action::Ask(ask) => {
                    let (head, body) = ask.request.into_parts();
                    match self.answer(&Request::from_parts(head, body.reveal())) {
                        Ok(answer) => Event::Answered(answer),
                        Err(kind) => Event::Broke(Broke::Waiting(Cause { kind, text: "cut".to_owned() })),
                    }
                }
                Action::Consult { question: Question::Inquiry { .. }, .. } => {
                    Event::Told(Reply::Answer(Ok(Secret::new("123456"))))
                }
                Action::Pause { until } => {
                    let span = until.saturating_sub(self.now.tick);
                    self.pass(span.as_secs() + 1);
                    Event::Woke
                }
                Action::Send(_) => return self.done(&mut call, Ok(())),
                Action::Fail(Failure::Login { source, .. } | Failure::Late { last: Some(source), .. }) => {
                    return self.done(&mut call, Err(source));
                }
                other => panic!("{other:?}"),
            };
        }
        panic!("no end: {:#?}", self.asked);
    }

    fn done(&mut self, call: &mut Call, end: Result<(), LoginError>) -> Result<(), LoginError> {
        call.abandon(&mut self.keys);
        end
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        let span = SECOND * u32::try_from(seconds).unwrap();
        self.now = Now { wall: self.now.wall + span, tick: self.now.tick + span };
    }

    /// The places that were asked since the last time, in order.
    pub(crate) fn places(&mut self) -> String {
        self.asked.drain(..).map(|(place, _)| place).collect::<Vec<_>>().join(" ")
    }

    /// The requests so far, as they look.
    pub(crate) fn requests(&mut self) -> String {
        self.asked.drain(..).map(|(place, request)| format!("-- {place}\n{request}\n")).collect()
    }

    fn answer(&mut self, request: &Request<&[u8]>) -> Heard {
        let place = place(request);
        self.asked.push((place, shown(request)));
        if let Some(heard) = self.instead.get_mut(place).and_then(VecDeque::pop_front) {
            return heard;
        }
        let mut right = match place {
            "front" => typed("application/vnd.paos+xml", QUESTION),
            "idp" => typed("text/xml", ANSWER),
            "adfs" => typed("application/soap+xml", TRUSTED),
            "vouch" => typed("text/xml", ANSWER),
            "consumer" | "abroad" => sent_on(FEDERATED),
            _ => self.granted(),
        };
        if place == "home" {
            let body = String::from_utf8(right.body().clone()).unwrap();
            let providers = r#"{"token":{"service_providers":[{"id":"other"},{"id":"partner","auth_url":"https://abroad:5000/v3/OS-FEDERATION/identity_providers/uni/protocols/saml2/auth","sp_url":"https://abroad/Shibboleth.sso/SAML2/ECP"}],"#;
            *right.body_mut() = body.replacen(r#"{"token":{"#, providers, 1).into_bytes();
        }
        Ok(right)
    }

    fn granted(&mut self) -> Response<Vec<u8>> {
        self.issued += 1;
        granted(&format!("{}{}", self.name, self.issued), self.now, 3600, &["member"])
    }
}

/// Which part of the login a request belongs to.
fn place(request: &Request<&[u8]>) -> &'static str {
    let (host, path) = (request.uri().host().unwrap(), request.uri().path());
    let body = String::from_utf8_lossy(request.body());
    match (host, path) {
        ("idp", _) => "idp",
        ("adfs", _) => "adfs",
        ("abroad", "/Shibboleth.sso/SAML2/ECP") => "abroad",
        ("keystone", FEDERATED) if !request.headers().contains_key("cookie") => "front",
        ("keystone" | "abroad", FEDERATED) => "enter",
        ("keystone", "/Shibboleth.sso/SAML2/ECP" | "/Shibboleth.sso/ADFS") if body.contains("Fault>") => {
            "objection"
        }
        ("keystone", "/Shibboleth.sso/SAML2/ECP" | "/Shibboleth.sso/ADFS") => "consumer",
        ("keystone", "/v3/auth/OS-FEDERATION/saml2/ecp") => "vouch",
        ("keystone", "/v3/auth/tokens") if !body.contains(r#""token":{"id""#) => "home",
        ("keystone" | "abroad", "/v3/auth/tokens") => "rescope",
        _ => "elsewhere",
    }
}

fn shown(request: &Request<&[u8]>) -> String {
    let mut shown = format!("{} {}\n", request.method(), request.uri());
    let headers: BTreeMap<_, _> =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    for (name, value) in headers {
        shown.push_str(&format!("{name}: {value}\n"));
    }
    shown + &String::from_utf8_lossy(request.body())
}

pub(crate) fn typed(kind: &str, body: &str) -> Response<Vec<u8>> {
    let mut answer = answer(200, body);
    answer.headers_mut().insert("content-type", kind.parse().unwrap());
    answer
}

/// A redirect with a cookie.
pub(crate) fn sent_on(to: &str) -> Response<Vec<u8>> {
    Response::builder()
        .status(302)
        .header("location", to)
        .header("set-cookie", "_shibsession=abc; path=/; HttpOnly")
        .body(Vec::new())
        .unwrap()
}

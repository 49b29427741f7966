//! The methods, their users, and what all of it leaves behind.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use keepstone_core::identity::{
    CodeChallenge, Method, OidcAccessToken, OidcAuthorizationCode, OidcClientCredentials, OidcDevice,
    OidcPassword, OidcProvider, OidcTokenType,
};
use keepstone_core::{Credential, Inquiry, ProjectRef, Scope, Secret};
use keepstone_tests::cloud::identity_provider::{PROTOCOL, PROVIDER, Provider};
use keepstone_tests::cloud::{Cloud, Service};

/// Where the page leads in the end; nobody listens there.
const BACK: &str = "http://localhost:8080/back";

/// What is at the provider's door: a login, and how often somebody is asked for help in it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) credential: Credential,
    pub(crate) questions: u32,
}

/// Somebody who helps with logins, as alice, and counts how often.
#[derive(Clone)]
pub(crate) struct Helper {
    provider: Provider,
    asked: Arc<AtomicU32>,
}

impl Helper {
    pub(crate) fn new(cloud: &Cloud) -> Self {
        Self { provider: cloud.provider(), asked: Arc::default() }
    }

    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn answer(&self, inquiry: &Inquiry) -> Result<Secret, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match inquiry {
            Inquiry::Page(page) if page.wants_code => {
                self.provider.visit(&page.url, "alice").map(Secret::new).ok_or("no such page".to_owned())
            }
            Inquiry::Page(page) => {
                let code = page.user_code.as_deref().unwrap_or_default();
                let found = self.provider.approve_device(code, "alice", 2);
                found.then(|| Secret::new("")).ok_or("no such device".to_owned())
            }
            other => Err(format!("nobody knows {other:?}")),
        }
    }
}

pub(crate) fn demo(cloud: &Cloud, method: impl Method) -> Credential {
    let project = ProjectRef::Id { id: cloud.project_id("demo").unwrap() };
    Credential::new(&cloud.auth_url(), method).unwrap().scope(Scope::Project(project))
}

/// A client with a secret, which discovers the rest.
fn batch(cloud: &Cloud) -> OidcProvider {
    OidcProvider::new(PROVIDER, PROTOCOL, "batch")
        .client_secret("batch-secret")
        .discovery_endpoint(cloud.provider().discovery_endpoint())
}

/// A public client, which knows where the token endpoint is.
pub(crate) fn cli(cloud: &Cloud) -> OidcProvider {
    OidcProvider::new(PROVIDER, PROTOCOL, "cli").access_token_endpoint(cloud.provider().url("/token"))
}

pub(crate) fn password(cloud: &Cloud, password: &str) -> Credential {
    demo(cloud, OidcPassword::new(cli(cloud), "alice", password))
}

pub(crate) fn device(cloud: &Cloud) -> OidcDevice {
    OidcDevice::new(cli(cloud)).device_authorization_endpoint(cloud.provider().url("/device"))
}

/// What renews unattended: from the start, or after somebody has helped once.
pub(crate) fn renewable(cloud: &Cloud) -> Vec<Case> {
    let case = |name, questions, credential| Case { name, credential, questions };
    let page = OidcAuthorizationCode::asked(batch(cloud), BACK);
    vec![
        case("client_credentials", 0, demo(cloud, OidcClientCredentials::new(batch(cloud)))),
        case("password", 0, password(cloud, "alice-password")),
        case("authorization_code", 1, demo(cloud, page)),
        case("urn:ietf:params:oauth:grant-type:device_code", 1, demo(cloud, device(cloud))),
    ]
}

/// All of them.
pub(crate) fn all(cloud: &Cloud) -> Vec<Case> {
    let provider = cloud.provider();
    let case = |name, questions, credential| Case { name, credential, questions };
    let bound = |method| demo(cloud, OidcDevice::new(batch(cloud)).code_challenge_method(method));
    let page =
        format!("{}response_type=code&client_id=batch&redirect_uri={BACK}", provider.url("/authorize?"));
    let back = provider.visit(&page, "alice").unwrap();
    let code = back.split_once("code=").unwrap().1;
    let given = OidcAuthorizationCode::given(batch(cloud), code).redirect_uri(BACK);
    let id_token = batch(cloud).access_token_type(OidcTokenType::IdToken);
    let token = OidcAccessToken::new(PROVIDER, PROTOCOL, provider.access_token("alice"));
    let mut cases = renewable(cloud);
    cases.extend([
        case("a code that is given", 0, demo(cloud, given)),
        case("a device with a hashed verifier", 1, bound(CodeChallenge::S256)),
        case("a device with a plain verifier", 1, bound(CodeChallenge::Plain)),
        case("an id token", 0, demo(cloud, OidcClientCredentials::new(id_token))),
        case("a token that is given", 0, demo(cloud, token)),
    ]);
    cases
}

/// A Keystone that writes down one question and hangs up: its address, and the question.
pub(crate) fn scribe() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let written = std::thread::spawn(move || {
        let lines = BufReader::new(listener.accept().unwrap().0).lines().map(Result::unwrap);
        lines.take_while(|line| !line.is_empty()).map(|line| line.to_ascii_lowercase() + "\n").collect()
    });
    (url, written)
}

/// An empty body is announced, or servers that want a length answer 411.
pub(crate) fn assert_announced(question: &str) {
    assert!(question.contains("content-length: 0\n"), "{question}");
    assert!(question.contains("authorization: bearer at1\n"), "{question}");
    assert!(!question.contains("content-type"), "{question}");
}

pub(crate) fn given_token(auth_url: &str) -> Credential {
    Credential::new(auth_url, OidcAccessToken::new(PROVIDER, PROTOCOL, "at1")).unwrap()
}

/// How often Keystone was shown a token of the provider's.
pub(crate) fn federated(cloud: &Cloud) -> usize {
    let arrivals = cloud.arrivals();
    let shown = |path: &str| path.starts_with("/v3/OS-FEDERATION/");
    arrivals.iter().filter(|it| it.service == Service::Identity && shown(&it.path)).count()
}

/// Seven seconds of three-second tokens are at least three logins, of which all but the first came by
/// a refresh token, each of them used once.
pub(crate) fn assert_renewed(cloud: &Cloud, case: &Case, helper: &Helper) {
    let counts = cloud.provider().counts();
    assert!(federated(cloud) >= 3, "{}: {}", case.name, federated(cloud));
    assert_eq!(counts.granted(case.name), 1, "{}: {counts:?}", case.name);
    assert!(counts.granted("refresh_token") >= 2, "{}: {counts:?}", case.name);
    assert_eq!((counts.reused, helper.asked()), (0, case.questions), "{}", case.name);
}

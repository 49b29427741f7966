//! The credentials of the rig's people, by all ways to log in.

use std::sync::Arc;

use keepstone_core::identity::{
    AnyVersion, ApplicationCredential, Keystone2Keystone, Method, MultiFactor, OAuth1,
    OAuth2ClientCredential, OAuth2Mtls, OidcAccessToken, OidcAuthorizationCode, OidcClientCredentials,
    OidcDevice, OidcPassword, OidcProvider, Password, Saml2Password, Totp,
};
use keepstone_core::{Credential, DomainRef, Scope, TlsId, UserRef};
use keepstone_tests::openstack::{OidcClient, Stack, User};

use crate::helper::{BACK, access_token, code};

/// A login by this method, in Keystone's own scope.
pub(crate) fn by(stack: &Stack, method: impl Method) -> Credential {
    Credential::new(&stack.auth_url, method).unwrap()
}

/// A login by this method, for the project `demo`.
pub(crate) fn into_demo(stack: &Stack, method: impl Method) -> Credential {
    by(stack, method).scope(demo(stack))
}

pub(crate) fn demo(stack: &Stack) -> Scope {
    Scope::project_id(stack.projects["demo"].as_str())
}

pub(crate) fn by_id(user: &User) -> UserRef {
    UserRef::id(user.id.as_str())
}

pub(crate) fn by_name(stack: &Stack, user: &User) -> UserRef {
    UserRef::named(user.name.as_str(), DomainRef::Name(stack.domain.name.clone()))
}

pub(crate) fn password_of(user: &User) -> Password {
    Password::new(by_id(user), user.password.as_str())
}

/// By id.
pub(crate) fn password(stack: &Stack, user: &User) -> Credential {
    by(stack, password_of(user)).scope(Scope::project_id(user.project.id.as_str()))
}

/// By name and domain, user and project.
pub(crate) fn password_by_name(stack: &Stack, user: &User) -> Credential {
    let project = Scope::project_in(user.project.name.as_str(), DomainRef::Id(stack.domain.id.clone()));
    by(stack, Password::new(by_name(stack, user), user.password.as_str())).scope(project)
}

/// At whatever version there is, found by Keystone's version documents.
pub(crate) fn any_version(stack: &Stack, user: &User) -> Credential {
    let root = stack.auth_url.strip_suffix("/v3").expect("the address of v3");
    let method = AnyVersion::password(by_name(stack, user), user.password.as_str());
    Credential::new(root, method).unwrap().scope(Scope::project_id(user.project.id.as_str()))
}

pub(crate) fn computed(user: &User) -> Totp {
    Totp::computed(by_id(user), user.totp_secret.as_deref().expect("a secret"))
}

pub(crate) fn totp(stack: &Stack) -> Credential {
    into_demo(stack, computed(&stack.users.totp))
}

pub(crate) fn totp_asked(stack: &Stack) -> Credential {
    into_demo(stack, Totp::asked(by_id(&stack.users.totp)))
}

/// Password and passcode in one request.
pub(crate) fn both_factors(stack: &Stack) -> Credential {
    let mfa = &stack.users.mfa;
    into_demo(stack, MultiFactor::new(password_of(mfa)).and(computed(mfa)))
}

/// The passcode once Keystone has asked for it, by a receipt.
pub(crate) fn second_factor_if_asked(stack: &Stack) -> Credential {
    let mfa = &stack.users.mfa;
    into_demo(stack, MultiFactor::new(password_of(mfa)).if_asked(computed(mfa)))
}

pub(crate) fn application_credential(stack: &Stack) -> Credential {
    let plain = &stack.application_credentials.plain;
    by(stack, ApplicationCredential::new(plain.id.as_str(), plain.secret.as_str()))
}

pub(crate) fn application_credential_by_name(stack: &Stack) -> Credential {
    let plain = &stack.application_credentials.plain;
    let alice = by_name(stack, &stack.users.alice);
    by(stack, ApplicationCredential::named(plain.name.as_str(), alice, plain.secret.as_str()))
}

/// The one with access rules.
pub(crate) fn ruled(stack: &Stack) -> Credential {
    let ruled = &stack.application_credentials.ruled;
    by(stack, ApplicationCredential::new(ruled.id.as_str(), ruled.secret.as_str()))
}

pub(crate) fn oauth1(stack: &Stack) -> Credential {
    let it = &stack.oauth1;
    let [consumer, access] = [(&it.consumer_key, &it.consumer_secret), (&it.access_key, &it.access_secret)];
    by(stack, OAuth1::new(consumer.0, consumer.1.as_str(), access.0, access.1.as_str()))
}

pub(crate) fn oauth2(stack: &Stack) -> Credential {
    let plain = &stack.application_credentials.plain;
    let client =
        OAuth2ClientCredential::new(stack.oauth2_url.as_str(), plain.id.as_str(), plain.secret.as_str());
    by(stack, client)
}

/// On the connections that show the certificate of `mtls`.
pub(crate) fn oauth2_mtls(stack: &Stack, connections: TlsId) -> Credential {
    let endpoint = format!("{}/OS-OAUTH2/token", stack.tls.auth_url);
    let method = OAuth2Mtls::new(endpoint, stack.users.mtls.id.as_str());
    Credential::new(&stack.tls.auth_url, method).unwrap().tls(connections)
}

/// The provider, to its client with a secret: that gets refresh tokens.
fn confidential(stack: &Stack) -> OidcProvider {
    provider(stack, &stack.federation.oidc.client)
}

/// The provider, to its client without a secret: that gets none.
fn public(stack: &Stack) -> OidcProvider {
    provider(stack, &stack.federation.oidc.public_client)
}

fn provider(stack: &Stack, client: &OidcClient) -> OidcProvider {
    let federation = &stack.federation;
    let provider = OidcProvider::new(federation.identity_provider.as_str(), "openid", client.id.as_str())
        .discovery_endpoint(federation.oidc.discovery_url.as_str());
    match &client.secret {
        Some(secret) => provider.client_secret(secret.as_str()),
        None => provider,
    }
}

pub(crate) fn oidc_client(stack: &Stack) -> Credential {
    into_demo(stack, OidcClientCredentials::new(confidential(stack)))
}

pub(crate) fn oidc_password(stack: &Stack) -> Credential {
    let fred = &stack.federation.people.fred;
    into_demo(stack, OidcPassword::new(confidential(stack), fred.name.as_str(), fred.password.as_str()))
}

/// Without refresh tokens: each login says the password again.
pub(crate) fn oidc_password_alone(stack: &Stack) -> Credential {
    let fred = &stack.federation.people.fred;
    into_demo(stack, OidcPassword::new(public(stack), fred.name.as_str(), fred.password.as_str()))
}

pub(crate) fn oidc_device(stack: &Stack) -> Credential {
    into_demo(stack, OidcDevice::new(confidential(stack)))
}

pub(crate) fn oidc_device_alone(stack: &Stack) -> Credential {
    into_demo(stack, OidcDevice::new(public(stack)))
}

pub(crate) fn oidc_code(stack: &Stack) -> Credential {
    into_demo(stack, OidcAuthorizationCode::asked(confidential(stack), BACK))
}

pub(crate) fn oidc_code_alone(stack: &Stack) -> Credential {
    into_demo(stack, OidcAuthorizationCode::asked(public(stack), BACK))
}

pub(crate) fn oidc_code_given(stack: &Stack) -> Credential {
    let code = code(stack, &stack.federation.oidc.client.id);
    into_demo(stack, OidcAuthorizationCode::given(confidential(stack), code).redirect_uri(BACK))
}

pub(crate) fn oidc_code_given_alone(stack: &Stack) -> Credential {
    let code = code(stack, &stack.federation.oidc.public_client.id);
    into_demo(stack, OidcAuthorizationCode::given(public(stack), code).redirect_uri(BACK))
}

pub(crate) fn oidc_access_token(stack: &Stack) -> Credential {
    let provider = stack.federation.identity_provider.as_str();
    into_demo(stack, OidcAccessToken::new(provider, "openid", access_token(stack)))
}

pub(crate) fn saml2(stack: &Stack) -> Credential {
    let (federation, fred) = (&stack.federation, &stack.federation.people.fred);
    into_demo(
        stack,
        Saml2Password {
            identity_provider: federation.identity_provider.clone(),
            protocol: "saml2".into(),
            identity_provider_url: federation.saml.ecp_url.clone(),
            username: fred.name.clone(),
            password: fred.password.as_str().into(),
        },
    )
}

/// Alice's, unless the rig says that Keystone cannot sign here.
pub(crate) fn keystone_to_keystone(stack: &Stack) -> Result<Credential, &str> {
    if let Some(why) = &stack.federation.k2k.missing {
        return Err(why);
    }
    let home: Arc<dyn Method> = Arc::new(password_of(&stack.users.alice));
    let abroad = Keystone2Keystone::new(home, stack.federation.k2k.service_provider.as_str());
    Ok(into_demo(stack, abroad.home_scope(demo(stack))))
}

//! The methods of OpenID Connect, by their options.

use std::sync::Arc;

use keepstone_blocking::identity::{
    CodeChallenge, Method, OidcAccessToken, OidcAuthorizationCode, OidcClientCredentials, OidcDevice,
    OidcPassword, OidcProvider, OidcTokenType,
};

use crate::command::Login;
use crate::options::Options;
use crate::outcome::Problem;

pub(crate) fn method(login: &Login) -> Result<Arc<dyn Method>, Problem> {
    let options = &login.options;
    Ok(match login.auth_type.as_str() {
        "v3oidcaccesstoken" => Arc::new(OidcAccessToken::new(
            options.need("identity-provider")?,
            options.need("protocol")?,
            options.need("access-token")?,
        )),
        "v3oidcclientcredentials" => Arc::new(OidcClientCredentials::new(provider(options)?)),
        "v3oidcpassword" => Arc::new(password(options)?),
        "v3oidcauthcode" => Arc::new(code(options)?),
        "v3oidcdeviceauthz" => Arc::new(device(options)?),
        other => return Err(format!("the method `{other}` is not known").into()),
    })
}

fn provider(options: &Options) -> Result<OidcProvider, Problem> {
    let need = |name| options.need(name);
    let mut provider = OidcProvider::new(need("identity-provider")?, need("protocol")?, need("client-id")?);
    if let Some(secret) = options.get("client-secret") {
        provider = provider.client_secret(secret);
    }
    if let Some(name) = options.get("access-token-type") {
        provider = provider.access_token_type(OidcTokenType::named(name).ok_or("no such token type")?);
    }
    if let Some(scope) = options.any(&["openid-scope", "scope"]) {
        provider = provider.scope(scope);
    }
    if let Some(url) = options.get("access-token-endpoint") {
        provider = provider.access_token_endpoint(url);
    }
    Ok(match options.get("discovery-endpoint") {
        Some(url) => provider.discovery_endpoint(url),
        None => provider,
    })
}

fn password(options: &Options) -> Result<OidcPassword, Problem> {
    let method = OidcPassword::new(provider(options)?, options.need("username")?, options.need("password")?);
    Ok(match options.get("idp-otp-key") {
        Some(key) => method.otp_asked(key),
        None => method,
    })
}

fn code(options: &Options) -> Result<OidcAuthorizationCode, Problem> {
    let code = options.any(&["code", "authorization-code"]).ok_or("there is no code")?;
    let method = OidcAuthorizationCode::given(provider(options)?, code);
    Ok(match options.get("redirect-uri") {
        Some(uri) => method.redirect_uri(uri),
        None => method,
    })
}

fn device(options: &Options) -> Result<OidcDevice, Problem> {
    let mut method = OidcDevice::new(provider(options)?);
    if let Some(url) = options.get("device-authorization-endpoint") {
        method = method.device_authorization_endpoint(url);
    }
    Ok(match options.get("code-challenge-method") {
        Some(name) => method.code_challenge_method(CodeChallenge::named(name).ok_or("no such challenge")?),
        None => method,
    })
}

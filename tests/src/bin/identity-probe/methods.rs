//! The methods, by their options.

use std::sync::Arc;

use keepstone_blocking::identity::{
    AnyVersion, ApplicationCredential, Keystone2Keystone, Method, MultiFactor, OAuth1,
    OAuth2ClientCredential, OAuth2Mtls, Part, Password, Receipt, TokenMethod, Totp, V2,
};
use keepstone_blocking::{Credential, DomainRef, Fixed, InputError, Scope, TlsId};

use crate::command::Login;
use crate::federation;
use crate::options::Options;
use crate::outcome::Problem;

/// An identity, ready to be added to a client.
pub(crate) enum Made {
    Login(Box<Credential>),
    Fixed(Fixed),
}

pub(crate) fn make(login: &Login) -> Result<Made, Problem> {
    let options = &login.options;
    match login.auth_type.as_str() {
        "none" => placed(Fixed::none(), options),
        "http_basic" => {
            let user = options.raw("username").unwrap_or_default();
            placed(Fixed::basic(user, options.raw("password").ok_or("there is no password")?), options)
        }
        "admin_token" => placed(Fixed::admin_token(options.need("token")?), options),
        "v3tokenlessauth" => {
            let scope = options.scope(false)?;
            Ok(Made::Fixed(Fixed::tokenless(options.need("auth-url")?, &scope, TlsId::default())?))
        }
        "v2password" | "v2token" => v2(login),
        "password" | "token" => any_version(login),
        _ => v3(login),
    }
}

fn placed(fixed: Fixed, options: &Options) -> Result<Made, Problem> {
    Ok(Made::Fixed(match options.any(&["endpoint", "url"]) {
        Some(endpoint) => fixed.endpoint(endpoint)?,
        None => fixed,
    }))
}

fn v2(login: &Login) -> Result<Made, Problem> {
    let options = &login.options;
    let method =
        if login.auth_type == "v2token" { V2::token(options.need("token")?) } else { v2_password(options)? };
    let domain = || DomainRef::Id("default".to_owned());
    let tenant = options
        .get("tenant-id")
        .map(Scope::project_id)
        .or_else(|| options.get("tenant-name").map(|name| Scope::project_in(name, domain())));
    let method = match options.get("trust-id") {
        Some(trust) => method.trust(trust),
        None => method,
    };
    let credential = Credential::new(options.need("auth-url")?, method)?;
    Ok(Made::Login(Box::new(credential.scope(tenant.unwrap_or_default()))))
}

fn v2_password(options: &Options) -> Result<V2, Problem> {
    let password = options.need("password")?;
    match (options.any(&["username", "user-name"]), options.get("user-id")) {
        (Some(name), _) => Ok(V2::password(name, password)),
        (None, Some(id)) => Ok(V2::password_of_id(id, password)),
        (None, None) => Err("there is no user".into()),
    }
}

fn any_version(login: &Login) -> Result<Made, Problem> {
    let options = &login.options;
    let mut method = if login.auth_type == "token" {
        AnyVersion::token(options.need("token")?)
    } else {
        let password = options.need("password")?;
        let named = options.any(&["username", "user-name"]);
        match (options.get("user-id"), named, options.domain("user-")) {
            (None, Some(name), None) => AnyVersion::password_of(name, password),
            (_, _, None) => AnyVersion::password(options.user()?, password),
            (_, _, Some(_)) => AnyVersion::password(options.user()?, password).v3_only(),
        }
    };
    let default = options.domain("default-");
    if let Some(default) = &default {
        method = method.default_domain(default.clone());
    }
    let scope = match options.scope(login.extra.unscoped) {
        Err(InputError::ProjectWithoutDomain(name)) => {
            method = method.project(name);
            options.get("trust-id").map_or(Scope::Default, |id| Scope::Trust(id.to_owned()))
        }
        scope => scope?,
    };
    finished(login, method, scope)
}

fn v3(login: &Login) -> Result<Made, Problem> {
    let scope = login.options.scope(login.extra.unscoped)?;
    if let (Some(partner), Some(base)) = (&login.extra.service_provider, &login.extra.base) {
        let home = Keystone2Keystone::new(v3_method(base)?, partner.as_str());
        let auth_url = base.options.need("auth-url")?;
        let credential = Credential::new(auth_url, home.home_scope(base.options.scope(false)?))?;
        return Ok(Made::Login(Box::new(credential.scope(scope))));
    }
    made(login, v3_method(login)?, scope)
}

fn v3_method(login: &Login) -> Result<Arc<dyn Method>, Problem> {
    let options = &login.options;
    if let Some(receipt) = &login.extra.receipt {
        let parts = multi_factor(&[login.auth_type.as_str()], options)?;
        return Ok(Arc::new(parts.with_receipt(&Receipt::of_id(receipt.as_str()))));
    }
    Ok(match login.auth_type.as_str() {
        "v3password" => Arc::new(password(options)?),
        "v3token" => Arc::new(token(options)?),
        "v3totp" => Arc::new(totp(options)?),
        "v3applicationcredential" => Arc::new(application_credential(options)?),
        "v3multifactor" => {
            let names: Vec<&str> = options.need("auth-methods")?.split(',').collect();
            Arc::new(multi_factor(&names, options)?)
        }
        "v3oauth1" => Arc::new(OAuth1::new(
            options.need("consumer-key")?,
            options.need("consumer-secret")?,
            options.need("access-key")?,
            options.need("access-secret")?,
        )),
        "v3oauth2clientcredential" => Arc::new(OAuth2ClientCredential::new(
            options.need("oauth2-endpoint")?,
            options.need("oauth2-client-id")?,
            options.need("oauth2-client-secret")?,
        )),
        "v3oauth2mtlsclientcredential" => {
            Arc::new(OAuth2Mtls::new(options.need("oauth2-endpoint")?, options.need("oauth2-client-id")?))
        }
        _ => federation::method(login)?,
    })
}

fn finished(login: &Login, method: impl Method, scope: Scope) -> Result<Made, Problem> {
    made(login, Arc::new(method), scope)
}

fn made(login: &Login, method: Arc<dyn Method>, scope: Scope) -> Result<Made, Problem> {
    let credential = Credential::with(login.options.need("auth-url")?, method)?.scope(scope);
    let catalog = login.extra.include_catalog.unwrap_or(true);
    Ok(Made::Login(Box::new(if catalog { credential } else { credential.without_catalog() })))
}

fn password(options: &Options) -> Result<Password, Problem> {
    Ok(Password::new(options.user()?, options.need("password")?))
}

fn token(options: &Options) -> Result<TokenMethod, Problem> {
    Ok(TokenMethod::new(options.need("token")?))
}

fn totp(options: &Options) -> Result<Totp, Problem> {
    Ok(Totp::passcode(options.user()?, options.need("passcode")?))
}

fn application_credential(options: &Options) -> Result<ApplicationCredential, Problem> {
    let secret = options.need("application-credential-secret")?;
    if let Some(id) = options.get("application-credential-id") {
        return Ok(ApplicationCredential::new(id, secret));
    }
    let name = options.need("application-credential-name")?;
    Ok(ApplicationCredential::named(name, options.user()?, secret))
}

/// Several methods in one request, in this order.
fn multi_factor(names: &[&str], options: &Options) -> Result<MultiFactor, Problem> {
    let mut all: Option<MultiFactor> = None;
    for name in names {
        all = Some(match *name {
            "v3password" => joined(all, password(options)?),
            "v3token" => joined(all, token(options)?),
            "v3totp" => joined(all, totp(options)?),
            "v3applicationcredential" => joined(all, application_credential(options)?),
            other => return Err(format!("the method `{other}` is not known").into()),
        });
    }
    all.ok_or_else(|| "there is no method".into())
}

fn joined(all: Option<MultiFactor>, part: impl Part) -> MultiFactor {
    match all {
        Some(all) => all.and(part),
        None => MultiFactor::new(part),
    }
}

//! The methods of federation, by their options.

use std::sync::Arc;

use keepstone_blocking::identity::{AdfsPassword, Method, Saml2Password, WebSso};

use crate::command::Login;
use crate::fedkerb::FedKerberos;
use crate::kerberos::{Kerberos, Mutual};
use crate::oidc;
use crate::options::Options;
use crate::outcome::Problem;

pub(crate) fn method(login: &Login) -> Result<Arc<dyn Method>, Problem> {
    let options = &login.options;
    let text = |name: &str| options.need(name).map(str::to_owned);
    Ok(match login.auth_type.as_str() {
        "v3samlpassword" => Arc::new(Saml2Password {
            identity_provider: text("identity-provider")?,
            protocol: text("protocol")?,
            identity_provider_url: text("identity-provider-url")?,
            username: text("username")?,
            password: options.need("password")?.into(),
        }),
        "v3adfspassword" => Arc::new(AdfsPassword {
            identity_provider: text("identity-provider")?,
            protocol: text("protocol")?,
            identity_provider_url: text("identity-provider-url")?,
            service_provider_endpoint: text("service-provider-endpoint")?,
            service_provider_entity_id: options.get("service-provider-entity-id").map(str::to_owned),
            username: text("username")?,
            password: options.need("password")?.into(),
        }),
        "v3websso" => {
            let port = options.get("redirect-port").unwrap_or("9990");
            let host = options.get("redirect-host").unwrap_or("localhost");
            let method = WebSso::new(text("identity-provider")?, text("protocol")?);
            Arc::new(method.callback(format!("http://{host}:{port}/auth/websso/")))
        }
        "v3kerberos" => Arc::new(Kerberos { mutual: mutual(options)? }),
        "v3fedkerb" => Arc::new(FedKerberos {
            identity_provider: text("identity-provider")?,
            protocol: text("protocol")?,
            mutual: mutual(options)?,
        }),
        _ if login.auth_type.starts_with("v3oidc") => return oidc::method(login),
        other => return Err(format!("the method `{other}` is not known").into()),
    })
}

fn mutual(options: &Options) -> Result<Mutual, Problem> {
    match options.get("mutual-auth").unwrap_or("optional") {
        "required" => Ok(Mutual::Required),
        "optional" => Ok(Mutual::Optional),
        "disabled" => Ok(Mutual::Disabled),
        other => Err(format!("`{other}` says nothing of mutual authentication").into()),
    }
}

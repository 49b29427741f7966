//! The methods of federation, by their options.

use std::sync::Arc;

use keepstone_blocking::identity::{AdfsPassword, Method, Saml2Password, WebSso};

use crate::command::Login;
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
        other => return Err(format!("the method `{other}` is not known").into()),
    })
}

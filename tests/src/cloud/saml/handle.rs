//! What a test sees and turns of all this.

use serde_json::json;

use super::{PROTOCOL, PROVIDER};
use crate::cloud::{Answer, Cloud, service::Service, shared::Shared};

/// Where a request of a SAML login goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SamlPlace {
    /// The identity provider's address for clients without a browser.
    IdentityProvider,
    /// Where ADFS takes names and passwords.
    Adfs,
    /// The service provider in front of Keystone, for those without a session.
    Front,
    /// The same address, for those with one.
    Entrance,
    /// Where the service provider takes assertions.
    Consumer,
    /// The same, told that there is none.
    Objection,
    /// Where it takes what ADFS says.
    AdfsConsumer,
    /// Where Keystone vouches for its users.
    Vouching,
}

impl SamlPlace {
    pub(super) fn path(self) -> String {
        match self {
            Self::IdentityProvider => "/idp/profile/SAML2/SOAP/ECP".into(),
            Self::Adfs => "/adfs/services/trust/13/usernamemixed".into(),
            Self::Front | Self::Entrance => {
                format!("/v3/OS-FEDERATION/identity_providers/{PROVIDER}/protocols/{PROTOCOL}/auth")
            }
            Self::Consumer | Self::Objection => "/Shibboleth.sso/SAML2/ECP".into(),
            Self::AdfsConsumer => "/Shibboleth.sso/ADFS".into(),
            Self::Vouching => "/v3/auth/OS-FEDERATION/saml2/ecp".into(),
        }
    }
}

impl Shared {
    pub(super) fn saml_url(&self, place: SamlPlace) -> String {
        format!("{}{}", self.keystone().origin(Service::Identity), place.path())
    }
}

/// SAML. The identity provider (`uni`, protocol `saml2`) and ADFS (where Keystone is called
/// `urn:keepstone:keystone`) know the cloud's users.
impl Cloud {
    /// The address of a place.
    #[must_use]
    pub fn saml_url(&self, place: SamlPlace) -> String {
        self.shared.saml_url(place)
    }

    /// How many requests came to a place.
    #[must_use]
    pub fn saml_requests(&self, place: SamlPlace) -> u64 {
        self.shared.saml().requests.get(&place).copied().unwrap_or_default()
    }

    /// Answers the next request to a place with this.
    pub fn answer_saml(&self, place: SamlPlace, answer: Answer) {
        self.shared.saml().answers.entry(place).or_default().push_back(answer);
    }

    /// Lets the identity provider name another consumer than the service provider's.
    pub fn mislead_saml(&self, consumer: &str) {
        self.shared.saml().misled = Some(consumer.to_owned());
    }

    /// Makes another cloud known as a service provider: this Keystone vouches for its users there.
    /// They are mapped to the users of the same names.
    pub fn add_service_provider(&self, id: &str, other: &Self) {
        let provider = json!({
            "id": id,
            "auth_url": other.saml_url(SamlPlace::Front),
            "sp_url": other.saml_url(SamlPlace::Consumer),
        });
        self.shared.keystone().service_providers.push(provider);
    }
}

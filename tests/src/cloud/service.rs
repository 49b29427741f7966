//! The services of the cloud, by name.

/// A service of the cloud. Each has an origin (a port) of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Keystone.
    Identity,
    /// Cinder.
    Volume,
    /// Neutron.
    Network,
    /// Glance.
    Image,
    /// Swift.
    ObjectStore,
    /// An OpenID Connect provider, which is none of OpenStack's services and not in the catalog.
    IdentityProvider,
}

impl Service {
    /// All of them, in the order of their ports.
    pub const ALL: [Self; 6] =
        [Self::Identity, Self::Volume, Self::Network, Self::Image, Self::ObjectStore, Self::IdentityProvider];

    /// The type in the catalog.
    #[must_use]
    pub const fn service_type(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Volume => "volumev3",
            Self::Network => "network",
            Self::Image => "image",
            Self::ObjectStore => "object-store",
            Self::IdentityProvider => "identity-provider",
        }
    }

    /// The name in the catalog.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "keystone",
            Self::Volume => "cinderv3",
            Self::Network => "neutron",
            Self::Image => "glance",
            Self::ObjectStore => "swift",
            Self::IdentityProvider => "sso",
        }
    }

    /// The path of the catalog's URL; `None` where it names a project and the token has none.
    pub(crate) fn catalog_path(self, project_id: Option<&str>) -> Option<String> {
        Some(match self {
            Self::Identity => "/v3".into(),
            Self::Volume => format!("/v3/{}", project_id?),
            Self::Network | Self::Image | Self::IdentityProvider => String::new(),
            Self::ObjectStore => format!("/v1/AUTH_{}", project_id?),
        })
    }
}

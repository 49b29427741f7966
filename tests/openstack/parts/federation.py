"""Identity providers Keystone believes, what it makes of their words, and Keystone as a provider for itself."""

from __future__ import annotations

from parts import places
from parts.identity import Identity
from parts.x509 import mapping

PROVIDER = "keepidp"
GROUP = "federated"
# Keystone vouches for its own users to itself, in the other role: that is "Keystone to Keystone".
OWN_PROVIDER = "keystone"
SERVICE_PROVIDER = "itself"

# Where the guards of apps/ put what they were told.
OPENID_ISSUER = "HTTP_OIDC_ISS"
SAML_ISSUER = "Shib-Identity-Provider"

# The people the stand-in provider knows, with their groups there. Keystone lets in those of the group `federated`.
PEOPLE = {"fred": [GROUP], "stranger": []}
CLIENT = {"id": "keepclient", "secret": "keepclient-secret"}
PUBLIC_CLIENT = {"id": "keeppublic"}


def own_entity(identity: str) -> str:
    """The name by which Keystone signs what it says of its users."""
    return f"{identity}/v3/OS-FEDERATION/saml2/idp"


def auth_path(provider: str, protocol: str) -> str:
    return f"/v3/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth"


def seed(identity: Identity, project: str, roles: list[str]) -> None:
    group = identity.create("group", name=GROUP)
    for role in roles:
        identity.put(f"/projects/{project}/groups/{group['id']}/roles/{role}")
    for protocol in ("openid", "mapped"):
        map_to_group(identity, protocol, group, "HTTP_OIDC_PREFERRED_USERNAME", ("HTTP_OIDC_GROUPS", GROUP))
    map_to_group(identity, "saml2", group, "uid", ("groups", GROUP))
    map_to_group(identity, "keystone", group, "openstack_user", ("openstack_project", "demo"))
    provider(identity, PROVIDER, [places.PROVIDER, f"{places.PROVIDER}/saml"], {
        "openid": ("openid", OPENID_ISSUER), "mapped": ("mapped", OPENID_ISSUER), "saml2": ("saml2", SAML_ISSUER),
    })
    provider(identity, OWN_PROVIDER, [own_entity(places.IDENTITY)], {"saml2": ("keystone", SAML_ISSUER)})
    identity.put(f"/OS-FEDERATION/service_providers/{SERVICE_PROVIDER}", service_provider={
        "enabled": True,
        "auth_url": places.IDENTITY + auth_path(OWN_PROVIDER, "saml2"),
        "sp_url": f"{places.IDENTITY}/Shibboleth.sso/SAML2/ECP",
    })


def map_to_group(identity: Identity, name: str, group: dict, attribute: str, condition: tuple[str, str]) -> None:
    """Whoever meets the condition is a member of the group, under this name.

    The id has the mapping's name in it: Keystone refuses one id by two protocols of the same provider."""
    kind, value = condition
    user = {"name": "{0}", "id": f"{name}-{{0}}"}
    mapping(
        identity, name, [{"user": user, "group": {"id": group["id"]}}],
        [{"type": attribute}, {"type": kind, "any_one_of": [value]}],
    )


def provider(identity: Identity, name: str, remote_ids: list[str], protocols: dict[str, tuple[str, str]]) -> None:
    path = f"/OS-FEDERATION/identity_providers/{name}"
    identity.put(path, identity_provider={"enabled": True, "remote_ids": remote_ids})
    for protocol, (rules, issuer) in protocols.items():
        identity.put(f"{path}/protocols/{protocol}", protocol={"mapping_id": rules, "remote_id_attribute": issuer})


def password(person: str) -> str:
    return f"{person}-password"


def facts() -> dict:
    """What a client needs to know, for the template."""
    url = places.PROVIDER
    return {
        "identity_provider": PROVIDER,
        "people": {name: {"name": name, "password": password(name)} for name in PEOPLE},
        "oidc": {
            "discovery_url": f"{url}/.well-known/openid-configuration",
            "token_url": f"{url}/token",
            "authorization_url": f"{url}/authorize",
            "device_url": f"{url}/device",
            "device_answer_url": f"{url}/device/answer",
            "client": CLIENT,
            "public_client": PUBLIC_CLIENT,
        },
        "saml": {"ecp_url": f"{url}/saml/ecp"},
        "k2k": {"service_provider": SERVICE_PROVIDER, "identity_provider": OWN_PROVIDER},
    }

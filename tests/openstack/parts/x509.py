"""What Keystone makes of client certificates: OAuth2 by mutual TLS, and requests without any token."""

from __future__ import annotations

import hashlib

from parts import certificates
from parts.identity import Identity

OAUTH2_MAPPING = "oauth2_mapping"
PROTOCOL = "x509"


def seed(identity: Identity) -> None:
    """Keystone compares the mapped properties with the OAuth2 client, and finds the tokenless user by them."""
    client = {"name": "{0}", "id": "{1}", "domain": {"id": "{2}", "name": "{3}"}}
    subject = [{"type": f"SSL_CLIENT_SUBJECT_DN_{name}"} for name in ("CN", "UID", "DC", "O")]
    issuer = {"type": "SSL_CLIENT_ISSUER_DN_CN", "any_one_of": [certificates.AUTHORITY]}
    mapping(identity, OAUTH2_MAPPING, [{"user": client}], [*subject, issuer])

    user = {"type": "local", "id": "{0}"}
    mapping(identity, "tokenless", [{"user": user}], [{"type": "SSL_CLIENT_S_DN_UID"}])
    # Keystone looks for the identity provider by the hash of the issuer's name.
    provider = hashlib.sha256(certificates.TOKENLESS_ISSUER.encode()).hexdigest()
    path = f"/OS-FEDERATION/identity_providers/{provider}"
    identity.put(path, identity_provider={"enabled": True})
    identity.put(f"{path}/protocols/{PROTOCOL}", protocol={"mapping_id": "tokenless"})


def mapping(identity: Identity, name: str, local: list, remote: list) -> None:
    """A mapping of one rule."""
    identity.put(f"/OS-FEDERATION/mappings/{name}", mapping={"rules": [{"local": local, "remote": remote}]})

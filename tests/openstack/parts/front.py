"""What stands before Keystone: guards in its own process, and a server that speaks TLS for it.

The guards do what modules of Apache do elsewhere. The TLS server passes requests on to the one Keystone, so that
there is still one process with one cache; a secret of the run tells Keystone whom to believe about certificates.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from parts import certificates, federation, folders, places
from parts.places import Places
from parts.ports import Port
from parts.server import Server, Tls


def guard(keystone: Server, folder: Path, here: Places, life: int) -> str:
    """Puts the guards before this Keystone; returns the secret of the TLS server."""
    secret = secrets.token_urlsafe()
    configuration = folder / "guards.json"
    configuration.touch(mode=0o600)
    configuration.write_text(json.dumps({
        "front_secret": secret,
        "openid": {
            "paths": [federation.auth_path(federation.PROVIDER, protocol) for protocol in ("openid", "mapped")],
            "issuer": here.provider,
            "certificate": str(certificates.certificate(here.data, "provider")),
        },
        "saml": {
            "entity": f"{here.identity}/shibboleth",
            "identity": here.identity,
            "life": life,
            "paths": {
                federation.auth_path(federation.PROVIDER, "saml2"): f"{here.provider}/saml",
                federation.auth_path(federation.OWN_PROVIDER, "saml2"): federation.own_entity(here.identity),
            },
            "issuers": {
                f"{here.provider}/saml": str(certificates.certificate(here.data, "provider")),
                federation.own_entity(here.identity):
                    str(certificates.certificate(here.data, "keystone-signer")),
            },
        },
    }))
    keystone.application = "guarded_app:application"
    keystone.environment["GUARDS_CONFIGURATION"] = str(configuration)
    return secret


def server(folder: Path, port: Port, keystone: Port, data: Path, secret: str) -> Server:
    """Speaks TLS; a client may show a certificate, and need not."""
    folder.mkdir()
    return Server(
        name="tls",
        application="tls_app:application",
        port=port,
        health=("/v3", 200),
        log=folder / "log",
        environment=folders.clean_environment(KEYSTONE_PORT=keystone.number, FRONT_SECRET=secret),
        tls=Tls(
            certificate=certificates.certificate(data, "server"),
            key=certificates.key(data, "server"),
            authority=certificates.certificate(data, "authority"),
            clients=certificates.certificate(data, "clients"),
        ),
    )


def facts() -> dict:
    """What a client needs to know of it, for the template."""

    def pair(name: str) -> dict:
        return {
            "certificate": str(certificates.certificate(places.DATA, name)),
            "key": str(certificates.key(places.DATA, name)),
        }

    return {
        "auth_url": f"{places.SECURE_IDENTITY}/v3",
        "authority": str(certificates.certificate(places.DATA, "authority")),
        "mtls": pair("mtls"),
        "tokenless": pair("tokenless"),
    }

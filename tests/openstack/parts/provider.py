"""The stand-in identity provider: OpenID Connect and SAML2 for people Keystone does not know."""

from __future__ import annotations

import json
from pathlib import Path

from parts import certificates, federation, folders
from parts.places import Places
from parts.ports import Port
from parts.server import Server


def server(folder: Path, port: Port, places: Places, life: int) -> Server:
    """What it issues lives for `life` seconds."""
    folder.mkdir()
    configuration = folder / "provider.json"
    configuration.write_text(json.dumps({
        "issuer": places.provider,
        "saml_issuer": f"{places.provider}/saml",
        "life": life,
        "certificate": str(certificates.certificate(places.data, "provider")),
        "key": str(certificates.key(places.data, "provider")),
        "people": {
            name: {"password": federation.password(name), "groups": groups}
            for name, groups in federation.PEOPLE.items()
        },
        "clients": {
            federation.CLIENT["id"]: {"secret": federation.CLIENT["secret"], "groups": [federation.GROUP]},
            federation.PUBLIC_CLIENT["id"]: {"secret": None},
        },
        "consumers": {f"{places.identity}/shibboleth": f"{places.identity}/Shibboleth.sso/SAML2/ECP"},
    }))
    return Server(
        name="provider",
        application="provider_app:application",
        port=port,
        health=("/.well-known/openid-configuration", 200),
        log=folder / "log",
        environment=folders.clean_environment(PROVIDER_CONFIGURATION=configuration),
    )

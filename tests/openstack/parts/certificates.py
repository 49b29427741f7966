"""Who is certified by whom.

Two authorities, since Keystone takes any certificate of a trusted issuer for a tokenless login,
and would want a scope of it even where an OAuth2 client only asks for its token.
"""

from __future__ import annotations

from pathlib import Path

from parts import tools

FOLDER = "certificates"
# What Keystone's configuration and mappings say of issuers: names as RFC 4514 writes them.
AUTHORITY = "keepstone-authority"
TOKENLESS_AUTHORITY = "keepstone-tokenless-authority"
TOKENLESS_ISSUER = f"CN={TOKENLESS_AUTHORITY}"


def make(data: Path, mtls: dict, tokenless: dict) -> None:
    """Certifies the server, the two signers of SAML assertions, and these two users."""
    subjects = tools.run("make_certificates", {"folder": str(data / FOLDER), "certificates": {
        "authority": {"subject": {"CN": AUTHORITY}, "authority": True},
        "tokenless-authority": {"subject": {"CN": TOKENLESS_AUTHORITY}, "authority": True},
        "server": {"subject": {"CN": "127.0.0.1"}, "issuer": "authority", "server": True},
        "mtls": {"subject": person(mtls), "issuer": "authority"},
        "tokenless": {"subject": person(tokenless), "issuer": "tokenless-authority"},
        "keystone-signer": {"subject": {"CN": "keystone-signer"}, "signer": True},
        "provider": {"subject": {"CN": "keepidp"}, "signer": True},
    }})
    assert subjects["tokenless-authority"] == TOKENLESS_ISSUER
    both = [certificate(data, name).read_text() for name in ("authority", "tokenless-authority")]
    (data / FOLDER / "clients.pem").write_text("".join(both))


def person(user: dict) -> dict:
    """A certificate's subject: id, name and domain of a user."""
    return {"DC": "default", "O": "Default", "UID": user["id"], "CN": user["name"]}


def certificate(data: Path | str, name: str) -> Path:
    return Path(data) / FOLDER / f"{name}.pem"


def key(data: Path | str, name: str) -> Path:
    return Path(data) / FOLDER / f"{name}.key"

"""What cannot be compared because it is fresh each time is checked by itself: OAuth 1 signatures, and PKCE."""

from __future__ import annotations

import base64
import hashlib

from oauthlib.oauth1.rfc5849 import Client, signature, utils

from judge.canonical import Canonical
from play.message import Request

# The secrets that the cases of `v3oauth1` use, by key.
SECRETS = {"consumer-1": "consumer secret & more", "access-1": "access+secret"}
LENGTHS = range(43, 129)  # RFC 7636, section 4.1


def prove(requests: list[Request], hosts: dict[str, str], found: list[Canonical]) -> None:
    """Puts the finding of a check in the place of what was checked."""
    for request, canonical in zip(requests, found, strict=True):
        if request.headers.get("authorization", "").startswith("OAuth "):
            canonical.parts["header authorization"] = oauth1(request, hosts)
    pkce([canonical.parts for canonical in found])


def oauth1(request: Request, hosts: dict[str, str]) -> str:
    """The parameters by name, and whether the signature is one of this request."""
    given = dict(utils.parse_authorization_header(request.headers["authorization"]))
    made = given.get("oauth_signature", "")
    uri = hosts[request.role] + request.target
    base = signature.signature_base_string(
        request.method, signature.base_string_uri(uri),
        signature.normalize_parameters(signature.collect_parameters(
            uri_query=request.target.partition("?")[2], headers={"Authorization": request.headers["authorization"]},
        )),
    )
    client = Client(
        given.get("oauth_consumer_key", ""), client_secret=SECRETS.get(given.get("oauth_consumer_key", "")),
        resource_owner_secret=SECRETS.get(given.get("oauth_token", "")),
    )
    right = signature.sign_hmac_sha1_with_client(base, client) == utils.unescape(made)
    kept = {name: value for name, value in given.items() if name not in FRESH}
    here = sorted(FRESH & set(given))
    return f"OAuth {sorted(kept.items())} with {here}, signature {'right' if right else 'WRONG'}"


FRESH = {"oauth_nonce", "oauth_timestamp", "oauth_signature"}


def pkce(parts: list[dict[str, object]]) -> None:
    """Each verifier is checked against the challenge that went before."""
    challenge = method = None
    for part in parts:
        if "body.form.code_challenge" in part:
            challenge = part["body.form.code_challenge"]
            method = part.get("body.form.code_challenge_method", "plain")
            part["body.form.code_challenge"] = "(fresh)"
        if "body.form.code_verifier" in part:
            verifier = str(part["body.form.code_verifier"])
            right = challenge == challenge_of(verifier, str(method)) and len(verifier) in LENGTHS
            part["body.form.code_verifier"] = f"({'right' if right else 'WRONG'} for its challenge)"


def challenge_of(verifier: str, method: str) -> str:
    if method == "plain":
        return verifier
    hashed = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")

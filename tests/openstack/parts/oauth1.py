"""OAuth 1.0a: a consumer, and the access token alice has authorised for it."""

from __future__ import annotations

import time
from urllib.parse import parse_qs

from parts import tools
from parts.failure import RigFailure
from parts.http import ask
from parts.identity import Identity


# Keystone counts revocations in whole seconds: what is issued in the same second is revoked too.
SECOND = 1.0


def seed(admin: Identity, alice: dict, roles: dict) -> dict:
    """Goes the way a consumer and its user go: request token, authorisation, access token.

    Keystone lets only an `admin` authorise, so alice is one meanwhile. That ends her application credentials:
    none must be made before this."""
    url, project = admin.url, alice["project"]
    consumer = admin.create("consumer", "/OS-OAUTH1", description="a consumer that alice trusts")
    key = {"consumer_key": consumer["id"], "consumer_secret": consumer["secret"]}

    request_token, request_secret = signed(
        f"{url}/OS-OAUTH1/request_token", {**key, "callback_uri": "oob"}, {"Requested-Project-Id": project["id"]},
    )
    admin.assign(alice["id"], project["id"], roles["admin"])
    herself = Identity(url)
    herself.login(alice["name"], alice["password"], project["name"])
    granted = herself.put(f"/OS-OAUTH1/authorize/{request_token}", roles=[{"id": roles["member"]}])
    admin.take_back(alice["id"], project["id"], roles["admin"])
    time.sleep(SECOND)
    access_token, access_secret = signed(f"{url}/OS-OAUTH1/access_token", {
        **key, "token": request_token, "token_secret": request_secret,
        "verifier": granted["token"]["oauth_verifier"],
    })
    return {**key, "access_key": access_token, "access_secret": access_secret}


def signed(url: str, terms: dict, headers: dict[str, str] | None = None) -> tuple[str, str]:
    """The token and its secret that Keystone gives for a request signed like this."""
    authorization = tools.run("sign_oauth1", {"url": url, **terms})
    status, _, body = ask("POST", url, {**authorization, **(headers or {})})
    if status != 201:
        raise RigFailure(f"POST {url}: {status} {body.decode(errors='replace')}")
    answer = parse_qs(body.decode())
    return answer["oauth_token"][0], answer["oauth_token_secret"][0]

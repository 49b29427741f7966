#!/usr/bin/env python3
"""keystoneauth1 with one thing done wrong (or done differently but right): does the bench see it?

`broken.py HOW`, with HOW one of the functions below; run by `oracle.py --self-check`.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from urllib.parse import parse_qsl, urlencode

import reference
import requests.adapters
from requests import PreparedRequest

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def harmless(request: PreparedRequest, _: dict) -> None:
    """Another order, other white space, other capitals: the same request."""
    body = text(request)
    if kind(request) == JSON and body:
        rewrite(request, json.dumps(reordered(json.loads(body)), indent=3))
    elif kind(request) == FORM and body:
        rewrite(request, urlencode(parse_qsl(body, keep_blank_values=True)[::-1]))
    elif body.startswith("<"):
        rewrite(request, body.replace("><", ">\n  <"))
    for name in list(request.headers):
        value = request.headers.pop(name)
        request.headers[name.upper()] = value


def token(request: PreparedRequest, _: dict) -> None:
    """Another token at the service."""
    if "X-Auth-Token" in request.headers and "/auth/" not in request.url:
        request.headers["X-Auth-Token"] += "x"


def service_token(request: PreparedRequest, _: dict) -> None:
    """No service token."""
    request.headers.pop("X-Service-Token", None)


def scope(request: PreparedRequest, _: dict) -> None:
    """No scope."""
    if kind(request) == JSON and '"scope"' in text(request):
        body = json.loads(text(request))
        del body["auth"]["scope"]
        rewrite(request, json.dumps(body))


def number(request: PreparedRequest, _: dict) -> None:
    """A passcode as a number: 012345 is 12345 then."""
    rewrite(request, text(request).replace('"012345"', "12345"))


def signature(request: PreparedRequest, _: dict) -> None:
    """An OAuth 1 signature over something else."""
    given = request.headers.get("Authorization", "")
    if given.startswith("OAuth "):
        request.headers["Authorization"] = given.replace('oauth_signature="', 'oauth_signature="A')


def verifier(request: PreparedRequest, _: dict) -> None:
    """A PKCE verifier that is not the challenge's."""
    rewrite(request, text(request).replace("code_verifier=", "code_verifier=x"))


def cookie(request: PreparedRequest, _: dict) -> None:
    """Cookies forgotten."""
    request.headers.pop("Cookie", None)


def paos(request: PreparedRequest, _: dict) -> None:
    """A PAOS header of another version."""
    if "PAOS" in request.headers:
        request.headers["PAOS"] = request.headers["PAOS"].replace("2003-08", "2006-08")


def encoding(request: PreparedRequest, _: dict) -> None:
    """An XML password that is encoded twice."""
    rewrite(request, text(request).replace("&lt;secret", "&amp;lt;secret"))


def receipt(request: PreparedRequest, _: dict) -> None:
    """No receipt."""
    request.headers.pop("Openstack-Auth-Receipt", None)


def certificate(_: PreparedRequest, options: dict) -> None:
    """No client certificate."""
    options["cert"] = None


def catalog(request: PreparedRequest, _: dict) -> None:
    """The catalog is asked for although it is not wanted."""
    request.url = request.url.replace("?nocatalog", "")


def twice(request: PreparedRequest, _: dict) -> None:
    """One request too many."""
    if request.method == "POST" and request.url.endswith("/oidc/token"):
        requests.get(request.url.replace("/oidc/token", "/oidc/.well-known/openid-configuration"), timeout=10)


def kind(request: PreparedRequest) -> str:
    return request.headers.get("Content-Type", "").split(";")[0]


def text(request: PreparedRequest) -> str:
    body = request.body or b""
    return body.decode() if isinstance(body, bytes) else body


def rewrite(request: PreparedRequest, body: str) -> None:
    if request.body:
        request.body = body.encode()
        request.headers["Content-Length"] = str(len(request.body))


def reordered(value: object) -> object:
    if isinstance(value, dict):
        return {key: reordered(item) for key, item in reversed(value.items())}
    return value


def answers(how: str) -> None:
    """What is wrong is not in a request, but in what is said at the end."""
    obey = reference.obey

    def obey_wrongly(command: dict) -> dict:
        result = obey(command)
        match how:
            case "endpoint" if result.get("endpoint"):
                return {"endpoint": result["endpoint"] + "/"}
            case "success":
                raise RuntimeError("it did not work, I say")
            case "silent":
                sys.exit(3)
            case "nonsense":
                return {"status": "200"}
            case "unsupported":
                return {"unsupported": "not known here"}
        return result

    reference.obey = obey_wrongly


def requests_by(how: str) -> None:
    damage = globals()[how]
    send = requests.adapters.HTTPAdapter.send

    def send_wrongly(self, request: PreparedRequest, *arguments: object, **options: object):
        damage(request, options)
        return send(self, request, *arguments, **options)

    requests.adapters.HTTPAdapter.send = send_wrongly


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    (requests_by if callable(globals().get(sys.argv[1])) else answers)(sys.argv[1])
    reference.main(sys.stdin, sys.stdout)

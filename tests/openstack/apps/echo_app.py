"""A service behind keystonemiddleware that tells what it was told: never a token, only whether there was one."""

import hashlib
import json
import os

from keystonemiddleware.auth_token import AuthProtocol
from keystonemiddleware.oauth2_token import OAuth2Protocol

TOKENS = ("X-Auth-Token", "X-Service-Token", "X-Storage-Token")
IDENTITY = (
    "X-Identity-Status", "X-User", "X-Project", "X-Domain", "X-Role", "X-Tenant", "X-Is-Admin-Project",
    "X-Service", "OpenStack-System-Scope",
)
BLOCK = 1 << 16


def echo(environ, start_response):
    length, digest = consume(environ["wsgi.input"])
    report = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "query": environ["QUERY_STRING"],
        "body_length": length,
        "body_md5": digest,
        "tokens": [name for name in TOKENS if variable(name) in environ],
        "identity": identity(environ),
    }
    body = json.dumps(report).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def consume(stream):
    length, digest = 0, hashlib.md5()
    while block := stream.read(BLOCK):
        length += len(block)
        digest.update(block)
    return length, digest.hexdigest()


def identity(environ):
    """The headers by which the filter says who calls, as `lower-case-name: value`."""
    prefixes = tuple(variable(name) for name in IDENTITY)
    hidden = {variable(name) for name in (*TOKENS, "X-Service-Catalog")}
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in sorted(environ.items())
        if name.startswith(prefixes) and name not in hidden and value is not None
    }


def variable(header):
    return "HTTP_" + header.upper().replace("-", "_")


_configuration = {"oslo_config_project": "echo", "oslo_config_file": os.environ["ECHO_CONFIGURATION"]}
# A filter takes out of its configuration what it has read.
_by_token = AuthProtocol(echo, dict(_configuration))
_by_bearer = OAuth2Protocol(echo, dict(_configuration))


def application(environ, start_response):
    """Below `/bearer`, what counts is the access token of OAuth2 in `Authorization`."""
    way = _by_bearer if environ["PATH_INFO"].startswith("/bearer") else _by_token
    return way(environ, start_response)

"""What mod_auth_openidc does as a resource server: it takes a bearer token of one provider and tells who bears it."""

from pathlib import Path

import jwt
from cryptography import x509

PREFIX = "HTTP_OIDC_"


class OpenidGuard:
    """Only these paths are protected; what a client itself says about its identity is dropped everywhere."""

    def __init__(self, application, paths, issuer, certificate):
        self._application = application
        self._paths = frozenset(paths)
        self._issuer = issuer
        self._key = x509.load_pem_x509_certificate(Path(certificate).read_bytes()).public_key()

    def __call__(self, environ, start_response):
        for name in [name for name in environ if name.startswith(PREFIX)]:
            del environ[name]
        if environ["PATH_INFO"] not in self._paths:
            return self._application(environ, start_response)
        kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "bearer":
            return refuse(start_response, "")
        try:
            # Like the module, unless told otherwise, it asks for no audience.
            claims = jwt.decode(
                token, self._key, algorithms=["RS256"], issuer=self._issuer,
                options={"verify_aud": False, "require": ["exp", "iss", "sub"]},
            )
        except jwt.InvalidTokenError as wrong:
            return refuse(start_response, f', error="invalid_token", error_description="{wrong}"')
        environ.update({f"{PREFIX}{name.upper()}": text(value) for name, value in claims.items()})
        environ["AUTH_TYPE"] = "oauth20"
        environ["REMOTE_USER"] = f"{claims['sub']}@{claims['iss']}"
        return self._application(environ, start_response)


def text(value):
    """Several values are divided as Keystone expects them."""
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def refuse(start_response, why):
    start_response("401 Unauthorized", [
        ("WWW-Authenticate", f'Bearer realm="keystone"{why}'), ("Content-Length", "0"),
    ])
    return []

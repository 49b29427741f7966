"""What mod_shib does: it asks clients for an assertion, checks it, and remembers the session in a cookie."""

import secrets
import threading
import time
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urljoin

import saml

CONSUMER = "/Shibboleth.sso/SAML2/ECP"
COOKIE = "_shibsession_keepstone"
ISSUER = "Shib-Identity-Provider"


class SamlGuard:
    """Each protected path has one identity provider whose people may pass."""

    def __init__(self, application, entity, identity, life, paths, issuers):
        self._application = application
        self._entity, self._consumer, self._home = entity, identity + CONSUMER, identity + "/"
        self._life, self._paths = life, paths
        self._certificates = {name: Path(file).read_text() for name, file in issuers.items()}
        self._lock = threading.Lock()
        self._requests: dict[str, tuple[str, str]] = {}  # by relay state: the request, and where it was to lead
        self._sessions: dict[str, tuple[float, saml.Assertion]] = {}
        self._used: set[str] = set()

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == CONSUMER and environ["REQUEST_METHOD"] == "POST":
            return self._consume(environ, start_response)
        if path not in self._paths:
            return self._application(environ, start_response)
        session = self._session(environ)
        if session and session.issuer == self._paths[path]:
            environ[ISSUER] = session.issuer
            environ["REMOTE_USER"] = next(iter(session.attributes.values()))[0]
            environ.update({name: ";".join(values) for name, values in session.attributes.items()})
            return self._application(environ, start_response)
        if saml.PAOS in environ.get("HTTP_ACCEPT", "") and "HTTP_PAOS" in environ:
            return self._ask(path, start_response)
        return answer(start_response, "401 Unauthorized", b"an enhanced client may ask for a session\n", "text/plain")

    def _ask(self, path, start_response):
        relay_state = f"ss:mem:{secrets.token_hex(16)}"
        identifier, envelope = saml.request(self._entity, self._consumer, relay_state)
        with self._lock:
            self._requests[relay_state] = identifier, urljoin(self._home, path)
        return answer(start_response, "200 OK", envelope, saml.PAOS)

    def _consume(self, environ, start_response):
        try:
            assertion, relay_state = saml.read_response(environ["wsgi.input"].read(), self._certificates)
            target = self._accept(assertion, relay_state)
        except saml.NotBelieved as why:
            return answer(start_response, "403 Forbidden", f"{why}\n".encode(), "text/plain")
        cookie = secrets.token_hex(16)
        with self._lock:
            self._sessions[cookie] = time.monotonic() + self._life, assertion
        return answer(start_response, "302 Found", b"", "text/html", [
            ("Location", target), ("Set-Cookie", f"{COOKIE}={cookie}; Path=/; HttpOnly"),
        ])

    def _accept(self, assertion, relay_state):
        """Where the client was going. Keystone's assertions answer no request; those of a provider must."""
        if assertion.recipient != self._consumer:
            raise saml.NotBelieved(f"the assertion is for {assertion.recipient}")
        with self._lock:
            if assertion.id in self._used:
                raise saml.NotBelieved("the assertion was used before")
            identifier, target = self._requests.pop(relay_state, (None, self._home))
            if assertion.in_response_to != identifier:
                raise saml.NotBelieved("the assertion answers no request of ours")
            self._used.add(assertion.id)
        return target

    def _session(self, environ):
        try:
            cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(COOKIE)
        except CookieError:
            return None
        with self._lock:
            until, assertion = self._sessions.get(cookie.value if cookie else "", (0.0, None))
        return assertion if time.monotonic() < until else None


def answer(start_response, status, body, kind, headers=()):
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *headers])
    return [body]

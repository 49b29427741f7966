"""The ways to a token of the stand-in provider, as RFC 6749, 7636 and 8628 have them."""

import base64
import hashlib
import secrets
import threading
import time
from urllib.parse import urlencode

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE_LIFE = 30
DEVICE_INTERVAL = 1
CODE_LIFE = 30


class Refused(Exception):
    """An error as OAuth names them."""

    def __init__(self, error, status=400, description=""):
        super().__init__(error)
        self.error, self.status, self.description = error, status, description


class Grants:
    SUPPORTED = ["authorization_code", "client_credentials", "password", "refresh_token", DEVICE]

    def __init__(self, tokens, people, clients):
        self._tokens, self._people, self._clients = tokens, people, clients
        self._lock = threading.Lock()
        self._codes: dict[str, dict] = {}
        self._devices: dict[str, dict] = {}

    def knows(self, person, password):
        return person in self._people and self._people[person]["password"] == password

    def token(self, client, form):
        ways = dict(zip(self.SUPPORTED, (self._code, self._client, self._password, self._refresh, self._device)))
        way = ways.get(form.get("grant_type"))
        if way is None:
            raise Refused("unsupported_grant_type")
        return way(client, form)

    def authorize(self, person, query):
        """Where to send the browser, with a code for the client."""
        if query.get("client_id") not in self._clients or not query.get("redirect_uri"):
            raise Refused("invalid_request")
        if query.get("response_type") != "code":
            raise Refused("unsupported_response_type")
        code = secrets.token_urlsafe()
        with self._lock:
            self._codes[code] = {
                "client": query["client_id"], "person": person, "redirect_uri": query["redirect_uri"],
                "scope": query.get("scope", ""), "until": time.monotonic() + CODE_LIFE, **challenge(query),
            }
        told = {"code": code, **({"state": query["state"]} if "state" in query else {})}
        return f"{query['redirect_uri']}{'&' if '?' in query['redirect_uri'] else '?'}{urlencode(told)}"

    def device(self, client, form, address):
        """Begins a login elsewhere."""
        device, letters = secrets.token_urlsafe(), secrets.token_hex(4).upper()
        user = f"{letters[:4]}-{letters[4:]}"
        with self._lock:
            self._devices[device] = {
                "client": client, "user_code": user, "scope": form.get("scope", ""), "answer": None, "asked": None,
                "interval": DEVICE_INTERVAL, "until": time.monotonic() + DEVICE_LIFE, **challenge(form),
            }
        return {
            "device_code": device, "user_code": user, "verification_uri": address,
            "verification_uri_complete": f"{address}?user_code={user}",
            "expires_in": DEVICE_LIFE, "interval": DEVICE_INTERVAL,
        }

    def answer_device(self, person, user_code, allowed):
        with self._lock:
            for device in self._devices.values():
                if device["user_code"] == user_code and device["answer"] is None:
                    device["answer"] = person if allowed else False
                    return
        raise Refused("invalid_request", 400, "there is no such code")

    def _client(self, client, form):
        if not self._clients[client]["secret"]:
            raise Refused("unauthorized_client")
        return self._tokens.for_client(client, self._clients[client]["groups"], form.get("scope", ""))

    def _password(self, client, form):
        if not self.knows(form.get("username"), form.get("password")):
            raise Refused("invalid_grant")
        return self._tokens.for_person(client, form["username"], form.get("scope", ""))

    def _refresh(self, client, form):
        answer = self._tokens.refresh(client, form.get("refresh_token"))
        if answer is None:
            raise Refused("invalid_grant")
        return answer

    def _code(self, client, form):
        with self._lock:
            found = self._codes.pop(form.get("code"), None)
        if (
            not found or found["client"] != client or found["redirect_uri"] != form.get("redirect_uri")
            or time.monotonic() >= found["until"] or not proved(found, form)
        ):
            raise Refused("invalid_grant")
        return self._tokens.for_person(client, found["person"], found["scope"])

    def _device(self, client, form):
        with self._lock:
            found = self._devices.get(form.get("device_code"))
            if not found or found["client"] != client or not proved(found, form):
                raise Refused("invalid_grant")
            now = time.monotonic()
            early = found["asked"] is not None and now - found["asked"] < found["interval"]
            found["asked"] = now
            if now >= found["until"]:
                raise Refused("expired_token")
            if early:
                raise Refused("slow_down")
            if found["answer"] is None:
                raise Refused("authorization_pending")
            del self._devices[form["device_code"]]
        if found["answer"] is False:
            raise Refused("access_denied")
        return self._tokens.for_person(client, found["answer"], found["scope"])


def challenge(terms):
    """What the client must prove later (PKCE), if it chose to."""
    return {"challenge": terms.get("code_challenge"), "method": terms.get("code_challenge_method", "plain")}


def proved(found, form):
    if not found["challenge"]:
        return True
    verifier = form.get("code_verifier", "")
    if found["method"] == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return secrets.compare_digest(verifier, found["challenge"])

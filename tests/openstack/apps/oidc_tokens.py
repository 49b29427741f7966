"""Tokens of the stand-in provider: signed ones that speak for themselves, and refresh tokens it must remember."""

import secrets
import threading
import time

import jwt
from jwt.algorithms import RSAAlgorithm

KEY_ID = "provider"


class Tokens:
    """Refresh tokens rotate: each serves once, and one that is used again ends all that came of its login."""

    def __init__(self, issuer, key, life, people, clients):
        self._issuer, self._key, self._life = issuer, key, life
        self._people, self._clients = people, clients
        self._lock = threading.Lock()
        self._refresh: dict[str, tuple[str, str, str, str]] = {}  # family, client, person, scope
        self._spent: dict[str, str] = {}  # to the family

    def public_key(self):
        described = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {**described, "kid": KEY_ID, "use": "sig", "alg": "RS256"}

    def for_client(self, client, groups, scope):
        """For a client that speaks for itself: nothing to refresh, since it can come again."""
        return self._issue(client, f"service-account-{client}", groups, scope)

    def for_person(self, client, person, scope, family=None):
        answer = self._issue(client, person, self._people[person]["groups"], scope)
        if not self._clients[client]["secret"]:
            return answer  # Whoever finds it could use it: many providers give a public client none.
        answer["refresh_token"] = secrets.token_urlsafe()
        with self._lock:
            self._refresh[answer["refresh_token"]] = family or secrets.token_hex(8), client, person, scope
        return answer

    def refresh(self, client, token):
        """A new set for an old one; None if there is none to be had."""
        with self._lock:
            known = self._refresh.get(token)
            if known is None or known[1] != client:
                self._end(self._spent.get(token))
                return None
            del self._refresh[token]
            family, _, person, scope = known
            self._spent[token] = family
        return self.for_person(client, person, scope, family)

    def _end(self, family):
        self._refresh = {token: known for token, known in self._refresh.items() if known[0] != family}

    def _issue(self, client, subject, groups, scope):
        now = int(time.time())
        claims = {
            "iss": self._issuer, "sub": subject, "aud": client, "azp": client, "iat": now, "exp": now + self._life,
            "jti": secrets.token_hex(8), "preferred_username": subject, "email": f"{subject}@keepstone.invalid",
            "groups": groups, "scope": scope,
        }
        signed = jwt.encode(claims, self._key, "RS256", {"kid": KEY_ID})
        answer = {"access_token": signed, "token_type": "Bearer", "expires_in": self._life, "scope": scope}
        if "openid" in scope.split():
            again = {**claims, "jti": secrets.token_hex(8)}
            answer["id_token"] = jwt.encode(again, self._key, "RS256", {"kid": KEY_ID})
        return answer

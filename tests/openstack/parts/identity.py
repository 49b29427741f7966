"""As much of Keystone's API as it takes to fill one, and to see that it works."""

from __future__ import annotations

import json

from parts.failure import RigFailure
from parts.http import ask

DOMAIN = {"id": "default", "name": "Default"}


class Identity:
    """A Keystone, and the token of whoever logged in last."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token: str | None = None

    def login(self, name: str, password: str, project: str) -> None:
        user = {"name": name, "password": password, "domain": {"id": DOMAIN["id"]}}
        scope = {"project": {"name": project, "domain": {"id": DOMAIN["id"]}}}
        identity = {"methods": ["password"], "password": {"user": user}}
        headers, _ = self._ask("POST", "/auth/tokens", {"auth": {"identity": identity, "scope": scope}})
        self.token = headers["X-Subject-Token"]

    def find(self, kind: str, name: str) -> dict:
        """The only `kind` (in the plural) of this name."""
        _, found = self._ask("GET", f"/{kind}?name={name}")
        (one,) = found[kind]
        return one

    def create(self, kind: str, under: str = "", **content: object) -> dict:
        """A new thing of this kind (in the singular); `under` is the path of what it belongs to."""
        _, made = self._ask("POST", f"{under}/{kind}s", {kind: content})
        return made[kind]

    def put(self, path: str, **content: object) -> dict:
        """Something whose address we choose."""
        _, made = self._ask("PUT", path, content or None)
        return made

    def assign(self, user: str, project: str, role: str) -> None:
        self.put(f"/projects/{project}/users/{user}/roles/{role}")

    def take_back(self, user: str, project: str, role: str) -> None:
        self._ask("DELETE", f"/projects/{project}/users/{user}/roles/{role}")

    def _ask(self, method: str, path: str, body: object = None):
        headers = {"X-Auth-Token": self.token} if self.token else {}
        status, headers, text = ask(method, self.url + path, headers, body)
        if status >= 300:
            raise RigFailure(f"{method} {path}: {status} {text.decode(errors='replace')}")
        return headers, json.loads(text) if text else {}

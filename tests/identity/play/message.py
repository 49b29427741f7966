"""What goes over the wire, as data: a request that was recorded, and an answer to give."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """One request, as it came in."""

    role: str  # who was asked: keystone, service, ...
    method: str
    target: str  # path and query
    headers: dict[str, str]  # names in lower case
    body: bytes
    certificate: str | None  # the common name in the client's certificate, if it showed one

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> dict:
        """The body as a JSON object; an empty one if it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def form(self) -> dict[str, str]:
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in fields.items()}


@dataclass(frozen=True)
class Answer:
    """What a role says."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def in_json(status: int, body: object, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "application/json", **named}, json.dumps(body).encode())


def refusal(status: int, message: str, **headers: str) -> Answer:
    """An error as Keystone words it."""
    return in_json(status, {"error": {"code": status, "title": "refused", "message": message}}, **headers)

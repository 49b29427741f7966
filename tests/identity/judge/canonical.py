"""A recorded request, without what may differ from run to run or from client to client."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from play.message import Request

COMPARED = {
    "x-auth-token", "x-service-token", "x-subject-token", "authorization", "openstack-auth-receipt",
    "content-type", "accept", "paos", "cookie",
}
COMPARED_FAMILIES = ("x-project-", "x-domain-")

# WS-Trust: what is new in each message. Times are compared by whether they are there.
FRESH_XML = [
    (re.compile(r"urn:uuid:[0-9a-f-]{32,36}"), "urn:uuid:(fresh)"),
    (re.compile(r"uuid-[0-9a-f-]{32,36}-\d+"), "uuid-(fresh)"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "(time)"),
]


@dataclass(frozen=True)
class Canonical:
    """What is compared of one request."""

    name: str  # method and address: what tells which requests correspond
    parts: dict[str, object]  # everything else, by where it stands


def canonical(request: Request, cookies_of: set[str]) -> Canonical:
    """`cookies_of`: the roles that set a cookie in this case.

    All roles share one host, and cookies know no ports; so a cookie also goes to roles that never set one, which
    would not happen in a real cloud.
    """
    target = urlsplit(request.target)
    name = f"{request.method} {{{request.role}}}{target.path}"
    parts: dict[str, object] = {}
    for key, value in parse_qsl(target.query, keep_blank_values=True):
        parts[f"query {key}"] = value
    for header, value in sorted(request.headers.items()):
        if header in COMPARED or header.startswith(COMPARED_FAMILIES):
            if header == "cookie" and request.role not in cookies_of:
                continue
            if (kept := header_value(header, value)) is not None:
                parts[f"header {header}"] = kept
    if request.certificate:
        parts["certificate"] = request.certificate
    if request.body:
        flatten("body", body(request), parts)
    return Canonical(name, parts)


def header_value(name: str, value: str) -> str | None:
    match name:
        case "accept":
            # Only PAOS asks for something by it; JSON comes anyhow.
            kinds = sorted(kind.strip() for kind in value.split(",") if "paos" in kind)
            return ", ".join(kinds) or None
        case "content-type":
            return value.split(";")[0].strip().lower()
        case "cookie":
            return "; ".join(sorted(part.strip() for part in value.split(";")))
        case "authorization" if value.lower().startswith("basic "):
            return f"Basic {plain(value[6:])}"
        case "paos":
            return re.sub(r"\s*([;,])\s*", r"\1", value)
    return value


def plain(encoded: str) -> str:
    """Basic's name and password, as bytes are written, so that the encoding is compared too."""
    try:
        return repr(base64.b64decode(encoded, validate=True))
    except ValueError:
        return f"(not base64: {encoded})"


def body(request: Request) -> object:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    text = request.body.decode("utf-8", "replace")
    if kind == "application/x-www-form-urlencoded":
        return {"form": fields(text)}
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith("<"):
        return xml(stripped)
    try:
        return {"json": json.loads(text)}
    except ValueError:
        return text


def fields(text: str) -> dict[str, object]:
    """A form's fields; the order does not matter, a repeated name does."""
    found: dict[str, object] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        kept = xml(value) if value.startswith("<") else value
        found[name] = kept if name not in found else [found[name], kept]
    return found


def xml(text: str) -> object:
    """Canonical XML: prefixes, order of attributes and white space between elements do not matter."""
    try:
        canon = ElementTree.canonicalize(text, strip_text=True, rewrite_prefixes=True)
    except ElementTree.ParseError as error:
        return f"(not XML: {error}) {text}"
    for pattern, name in FRESH_XML:
        canon = pattern.sub(name, canon)
    return canon


def flatten(where: str, value: object, parts: dict[str, object]) -> None:
    """A tree as its leaves, each under its path, so that a difference names its place."""
    match value:
        case dict() if value:
            for key, item in value.items():
                flatten(f"{where}.{key}", item, parts)
        case list() if value:
            for index, item in enumerate(value):
                flatten(f"{where}[{index}]", item, parts)
        case _:
            parts[where] = value

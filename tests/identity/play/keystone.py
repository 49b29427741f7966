"""Keystone: versions, v2.0 and v3 tokens, receipts, K2K assertions, OAuth 2.0, and anything else with a token."""

from __future__ import annotations

import re
from urllib.parse import quote

from play import tokens
from play.message import Answer, Request, in_json, refusal
from play.stage import Stage

RECEIPT = "receipt-of-the-first-factor"
ASSERTION = (
    '<?xml version="1.0" encoding="UTF-8"?><ns0:Envelope xmlns:ns0="http://schemas.xmlsoap.org/soap/envelope/">'
    '<ns0:Header><ns1:RelayState xmlns:ns1="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" ns0:mustUnderstand="1"'
    ' ns0:actor="http://schemas.xmlsoap.org/soap/actor/next">ss:mem:1</ns1:RelayState></ns0:Header>'
    "<ns0:Body>assertion for the partner</ns0:Body></ns0:Envelope>"
)


def answer(request: Request, stage: Stage) -> Answer | None:
    mount, path = split_mount(request.path)
    match request.method, path.rstrip("/"):
        case "GET", "":
            return versions(request, stage, mount)
        case "GET", "/v3" | "/v2.0" as version:
            return one_version(request, stage, mount, version)
        case "POST", "/v2.0/tokens":
            return v2_tokens(request, stage)
        case "POST", "/v3/auth/tokens":
            return v3_tokens(request, stage)
        case "GET", "/v3/auth/tokens":
            if not request.headers.get("x-subject-token"):
                return refusal(400, "no X-Subject-Token")
            return in_json(200, tokens.v3_body(stage, ["mapped"], stage.world.get("validated_scope"), True))
        case "POST", "/v3/auth/OS-FEDERATION/saml2/ecp":
            return Answer(200, {"Content-Type": "text/xml"}, ASSERTION.encode())
        case "POST", "/v3/OS-OAUTH2/token":
            return oauth2(request, stage)
        case _, path if path.startswith("/v3/"):
            return in_json(200, {"seen": True})
    return None


def split_mount(path: str) -> tuple[str, str]:
    """Keystone may live at the root of its host or below `/identity`."""
    found = re.match(r"/identity(?=/|$)", path)
    return (found.group(), path[found.end():]) if found else ("", path)


def known_versions(request: Request, stage: Stage) -> list[str]:
    return stage.world.get("versions", ["v3"])


def version_entry(request: Request, stage: Stage, mount: str, version: str) -> dict:
    link = f"{stage.hosts[request.role]}{mount}/{version}/"
    number, status = {"v3": ("v3.14", "stable"), "v2.0": ("v2.0", "deprecated")}[version]
    media = [{"base": "application/json", "type": f"application/vnd.openstack.identity-{version}+json"}]
    links = [{"rel": "self", "href": link}]
    return {"id": number, "status": status, "updated": "2020-04-07T00:00:00Z", "links": links, "media-types": media}


def versions(request: Request, stage: Stage, mount: str) -> Answer:
    listed = [version_entry(request, stage, mount, version) for version in known_versions(request, stage)]
    return in_json(300, {"versions": {"values": listed}})


def one_version(request: Request, stage: Stage, mount: str, path: str) -> Answer | None:
    version = path.strip("/")
    if version not in known_versions(request, stage):
        return None
    return in_json(200, {"version": version_entry(request, stage, mount, version)})


def v2_tokens(request: Request, stage: Stage) -> Answer:
    asked = request.json().get("auth")
    if not isinstance(asked, dict):
        return refusal(400, "no auth")
    kind = "v2-password" if "passwordCredentials" in asked else "v2-token"
    return tokens.v2_answer(stage, kind, "tenantId" in asked or "tenantName" in asked)


def v3_tokens(request: Request, stage: Stage) -> Answer:
    asked = request.json().get("auth", {})
    methods = asked.get("identity", {}).get("methods", [])
    if "kerberos" in methods and not request.headers.get("authorization", "").startswith("Negotiate "):
        return refusal(401, "a ticket, please", WWW_Authenticate="Negotiate")
    if needed := stage.world.get("factors"):
        had = set(methods) | (set(stage.world.get("factors_in_receipt", [])) if receipt(request) else set())
        if not set(needed) <= had:
            return partial(methods, needed)
    who = person(asked.get("identity", {}), methods)
    if who in stage.world.get("refused", []):
        return refusal(401, f"{who} is not let in")
    kind = "+".join([*methods, *([quote(who)] if who else [])])
    return tokens.v3_answer(stage, kind, methods, asked.get("scope"), "nocatalog" not in request.query)


def person(identity: dict, methods: list[str]) -> str:
    """The first id or name that a login gives of a user or an application credential; nothing if it gives none."""
    for method in methods:
        given = identity.get(method, {})
        for holder in (given.get("user", {}), given if method == "application_credential" else {}):
            if who := holder.get("id") or holder.get("name"):
                return str(who)
    return ""


def receipt(request: Request) -> bool:
    return request.headers.get("openstack-auth-receipt") == RECEIPT


def partial(methods: list[str], needed: list[str]) -> Answer:
    """One factor was right, another is missing."""
    told = {"methods": methods, "user": {"id": "u-alice", "name": "alice", "domain": tokens.USER_DOMAIN}}
    stamps = {"issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2099-01-01T00:00:00.000000Z"}
    body = {"receipt": {**told, **stamps}, "required_auth_methods": [needed]}
    return in_json(401, body, **{"Openstack-Auth-Receipt": RECEIPT})


def oauth2(request: Request, stage: Stage) -> Answer:
    if request.form().get("grant_type") != "client_credentials":
        return in_json(400, {"error": "unsupported_grant_type", "error_description": "only client_credentials"})
    if not request.headers.get("authorization") and not request.certificate:
        return in_json(401, {"error": "invalid_client", "error_description": "who are you?"})
    token = stage.token("oauth2")
    return in_json(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

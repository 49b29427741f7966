"""Keystone's documents about tokens, as far as clients read them."""

from __future__ import annotations

import datetime

from play.message import Answer, in_json
from play.stage import DAY, Stage, stamp

PROOF = "Negotiate cHJvb2Ygb2YgdGhlIGJlbmNo"
USER_DOMAIN = {"id": "default", "name": "Default"}


def v3_answer(stage: Stage, kind: str, methods: list[str], scope: object, catalog: bool, status: int = 201) -> Answer:
    """A new v3 token; `kind` is the first part of its id."""
    # Whoever came by Kerberos may have the server's proof back.
    proof = {"WWW-Authenticate": PROOF} if stage.world.get("kerberos_proof") else {}
    return in_json(status, v3_body(stage, methods, scope, catalog), X_Subject_Token=stage.token(kind), **proof)


def v3_body(stage: Stage, methods: list[str], scope: object, catalog: bool) -> dict:
    token: dict = {
        "methods": methods,
        "user": {"id": "u-alice", "name": "alice", "domain": USER_DOMAIN, "password_expires_at": None},
        "audit_ids": ["Zt1vQvZ4QeWm3j0cBqkYqA"],
        "issued_at": stamp(-datetime.timedelta(seconds=1)),
        "expires_at": stamp(DAY),
        **scoped(scope),
    }
    if scope in (None, "unscoped"):
        catalog = catalog and scope is None and bool(stage.world.get("default_project", True))
    if catalog:
        token["catalog"] = stage.catalog
    if providers := stage.world.get("service_providers"):
        token["service_providers"] = stage.fill(providers)
    return {"token": token}


def scoped(scope: object) -> dict:
    """The parts of a token that depend on its scope. Without any, the user's default project is taken."""
    roles = {"roles": [{"id": "r-member", "name": "member"}]}
    match scope:
        case "unscoped":
            return {}
        case {"domain": domain}:
            return {**roles, "domain": {"id": "d-one", "name": "one", **domain}}
        case {"system": system}:
            return {**roles, "system": system}
        case {"OS-TRUST:trust": trust}:
            people = {"trustor_user": {"id": "u-trustor"}, "trustee_user": {"id": "u-alice"}, "impersonation": False}
            return {**roles, "project": project(), "OS-TRUST:trust": {**trust, **people}}
    return {**roles, "project": project()}


def project() -> dict:
    return {"id": "p1234567890abcdef1234567890abcdef", "name": "demo", "domain": USER_DOMAIN}


def v2_answer(stage: Stage, kind: str, scoped_to_tenant: bool) -> Answer:
    token: dict = {"id": stage.token(kind), "expires": stamp(DAY)[:-8] + "Z", "issued_at": stamp(-DAY)}
    if scoped_to_tenant:
        token["tenant"] = {"id": project()["id"], "name": "demo", "enabled": True, "description": ""}
    user = {"id": "u-alice", "name": "alice", "username": "alice", "roles": [{"name": "member"}], "roles_links": []}
    access = {"token": token, "user": user, "serviceCatalog": [], "metadata": {"is_admin": 0, "roles": []}}
    return in_json(200, {"access": access})

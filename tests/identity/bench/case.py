"""Cases, from the files of `cases/` and `discovery/`: each is one line for a side and one stage to play on."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path

from bench import folders


@dataclass(frozen=True)
class Case:
    """What both sides are told, and what is true meanwhile. Addresses are still `{keystone}` and the like."""

    id: str
    entry: str  # the row of the table
    auth_type: str
    options: dict
    extra: dict = field(default_factory=dict)
    get: str | None = None
    endpoint: dict | None = None
    world: dict = field(default_factory=dict)
    catalog: list = field(default_factory=list)
    documents: dict = field(default_factory=dict)

    def command(self) -> dict:
        return {
            "id": self.id, "auth_type": self.auth_type, "options": self.options, "extra": self.extra,
            "get": self.get, "endpoint": self.endpoint,
        }


def logins() -> list[Case]:
    """Every way to log in: option sets times scopes."""
    scopes = read(folders.CASES / "scopes.json")
    catalog = read(folders.CASES / "catalog.json")
    apart = {folders.CASES / "scopes.json", folders.CASES / "catalog.json"}
    families = [family for file in sorted(set(folders.CASES.glob("*.json")) - apart) for family in read(file)]
    return [case for family in families for case in members(family, scopes, catalog)]


def members(family: dict, scopes: dict, catalog: list) -> list[Case]:
    """A family names option sets and scopes; each pair is a case."""
    named = family.get("scopes", ["none"])
    chosen = scopes["lists"][named] if isinstance(named, str) else named
    return [
        member(family, name, scope, scopes["scopes"][scope], catalog)
        for name, scope in itertools.product(family["sets"], chosen)
    ]


def member(family: dict, name: str, scope: str, scope_options: dict, catalog: list) -> Case:
    special = family.get("special", {}).get(name, {})
    return Case(
        id=f"{family['entry']}: {name}" + ("" if scope == "none" else f" / {scope}"),
        entry=family["entry"],
        auth_type=special.get("auth_type", family.get("auth_type", family["entry"])),
        options={**family.get("options", {}), **family["sets"][name], **scope_options},
        extra={**family.get("extra", {}), **special.get("extra", {})},
        get=special.get("get", family.get("get", "{service}/v2.1/servers")),
        endpoint=special.get("endpoint", family.get("endpoint")),
        world={**family.get("world", {}), **special.get("world", {})},
        catalog=catalog,
    )


def discoveries() -> list[Case]:
    """Every question about an endpoint: fixtures times queries."""
    return [case for file in sorted(folders.DISCOVERY.glob("*.json")) for case in questions(file)]


def questions(file: Path) -> list[Case]:
    fixture = read(file)
    cases = []
    for query in fixture["queries"]:
        # A list is asked for with each of its items: null for not at all, a list for one `interface` of several.
        axes = [(name, value if isinstance(value, list) else [value]) for name, value in query.items()]
        for chosen in itertools.product(*(values for _, values in axes)):
            pairs = zip((name for name, _ in axes), chosen, strict=True)
            wanted = {name: value for name, value in pairs if value is not None}
            cases.append(Case(
                id=f"discovery: {file.stem}: " + " ".join(f"{name}={said(value)}" for name, value in wanted.items()),
                entry=f"discovery: {file.stem}",
                auth_type="v3password",
                options=fixture.get("options", LOGIN),
                extra=fixture.get("extra", {}),
                endpoint=wanted,
                world=fixture.get("world", {}),
                catalog=fixture["catalog"],
                documents=fixture["documents"],
            ))
    return cases


LOGIN = {"auth-url": "{keystone}/v3", "user-id": "u-alice", "password": "secret", "project-id": "p1"}


def said(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def read(file: Path):
    return json.loads(file.read_text())

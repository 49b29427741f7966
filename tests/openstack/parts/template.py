"""A Keystone that has been created, bootstrapped and seeded: made once, copied for each run."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from parts import folders, keystone, places, seed, tools
from parts.places import Places
from parts.ports import Port
from parts.server import running

METADATA = "saml-metadata.xml"
# The files of `parts` that decide what the template looks like, and the tools that help to make it.
PARTS = [
    "application_credentials", "certificates", "factors", "federation", "front", "keystone", "oauth1", "places",
    "seed", "template", "x509",
]
TOOLS = ["make_certificates", "sign_oauth1"]


def made_of() -> list[Path]:
    """The files that decide what the template looks like."""
    parts = [Path(__file__).parent / f"{name}.py" for name in PARTS]
    return [*parts, *(tools.program(name) for name in TOOLS), folders.APPS / "keystone_app.py"]


def make() -> None:
    print("rig: creating and seeding a Keystone (half a minute, once)", file=sys.stderr)
    data, configuration = folders.TEMPLATE, folders.TEMPLATE / "keystone"
    data.mkdir()
    keystone.configure(configuration, data, places.IDENTITY, expiration=3600, window=0)
    create(configuration, data)
    with Port() as port, running([keystone.server("keystone", configuration, port)]):
        facts = seed.seed(f"{port.url}/v3", data)
    (data / METADATA).write_text(keystone.manage(configuration, "saml_idp_metadata"))
    shutil.rmtree(configuration)
    (data / "facts.json").write_text(json.dumps(facts))


def create(configuration: Path, data: Path) -> None:
    keystone.manage(configuration, "db_sync")
    with closing(sqlite3.connect(data / "keystone.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
    keystone.manage(configuration, "fernet_setup", *keystone.owner())
    keystone.manage(configuration, "credential_setup", *keystone.owner())
    interfaces = [
        word for name in ("public", "internal", "admin")
        for word in (f"--bootstrap-{name}-url", f"{places.IDENTITY}/v3")
    ]
    keystone.manage(
        configuration, "bootstrap",
        "--bootstrap-password", seed.ADMIN_PASSWORD, "--bootstrap-region-id", seed.REGION, *interfaces,
    )


def copy(here: Places) -> dict:
    """A copy in `here.data` that names the addresses of a run; returns what a client needs to know."""
    shutil.copytree(folders.TEMPLATE, here.data)
    here.fill_in_database()
    metadata = here.data / METADATA
    metadata.write_text(here.fill_in(metadata.read_text()))
    return json.loads(here.fill_in((here.data / "facts.json").read_text()))

"""A Keystone that has been created, bootstrapped and seeded: made once, copied for each run."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from parts import folders, keystone, seed
from parts.identity import Identity
from parts.ports import Port
from parts.server import running

# Hosts the catalog names until the ports of a run are known.
IDENTITY_HOST = "http://identity.invalid"
ECHO_HOST = "http://echo.invalid"


def made_of() -> list[Path]:
    """The files that decide what the template looks like."""
    parts = Path(__file__).parent
    return [Path(__file__), parts / "keystone.py", parts / "seed.py", folders.APPS / "keystone_app.py"]


def make() -> None:
    print("rig: creating and seeding a Keystone (half a minute, once)", file=sys.stderr)
    data, configuration = folders.TEMPLATE, folders.TEMPLATE / "keystone"
    data.mkdir()
    with Port() as port:
        keystone.configure(configuration, data, port.number, expiration=3600, window=0)
        create(configuration, data)
        with running([keystone.server("keystone", configuration, port)]):
            facts = seed.seed(Identity(f"{port.url}/v3"), ECHO_HOST)
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
        for word in (f"--bootstrap-{name}-url", f"{IDENTITY_HOST}/v3")
    ]
    keystone.manage(
        configuration, "bootstrap",
        "--bootstrap-password", seed.ADMIN_PASSWORD, "--bootstrap-region-id", seed.REGION, *interfaces,
    )


def copy(data: Path, identity: Port, echo: Port) -> dict:
    """A copy in `data` whose catalog names these ports; returns the ids and passwords in it."""
    shutil.copytree(folders.TEMPLATE, data)
    with closing(sqlite3.connect(data / "keystone.db")) as database, database:
        for host, port in ((IDENTITY_HOST, identity), (ECHO_HOST, echo)):
            database.execute("UPDATE endpoint SET url = replace(url, ?, ?)", (host, port.url))
    return json.loads((data / "facts.json").read_text())

"""Addresses that are known only when a run begins, and what stands for them in the template."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

# What the template says where a run has an address or a folder.
IDENTITY = "http://identity.invalid"
SECURE_IDENTITY = "https://identity.invalid"
ECHO = "http://echo.invalid"
PROVIDER = "http://provider.invalid"
DATA = "/data.invalid"

# The columns of Keystone's database that hold addresses.
COLUMNS = [
    ("endpoint", "url"), ("idp_remote_ids", "remote_id"),
    ("service_provider", "auth_url"), ("service_provider", "sp_url"),
]


@dataclass(frozen=True)
class Places:
    """Where everything is in one run."""

    data: Path
    identity: str
    secure_identity: str
    echo: str
    provider: str

    def fill_in(self, text: str) -> str:
        for placeholder, place in self._all():
            text = text.replace(placeholder, place)
        return text

    def fill_in_database(self) -> None:
        with closing(sqlite3.connect(self.data / "keystone.db")) as database, database:
            for table, column in COLUMNS:
                for placeholder, place in self._all():
                    database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (placeholder, place))

    def _all(self) -> list[tuple[str, str]]:
        return [
            (IDENTITY, self.identity), (SECURE_IDENTITY, self.secure_identity), (ECHO, self.echo),
            (PROVIDER, self.provider), (DATA, str(self.data)),
        ]

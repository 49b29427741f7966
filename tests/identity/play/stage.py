"""What is true while one case is played by one side: who answers how, and what was asked so far."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass, field
from typing import Any

from play.message import Request

DAY = datetime.timedelta(days=1)


@dataclass
class Stage:
    """Fresh for each case and each side, so that nothing of one reaches another."""

    hosts: dict[str, str]  # role: its address, e.g. "http://127.0.0.1:4711"
    world: dict = field(default_factory=dict)  # what is special in this case; README lists the words
    catalog: list = field(default_factory=list)
    documents: dict = field(default_factory=dict)  # discovery: path at the service: answer
    recorded: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    counters: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> int:
        """How often `what` happened before, and once more from now on."""
        with self.lock:
            before = self.counters.get(what, 0)
            self.counters[what] = before + 1
            return before

    def token(self, kind: str) -> str:
        """A token that tells where it comes from. The same on both sides, if both do the same."""
        return f"{kind}-{self.count(f'token {kind}') + 1}"

    def fill(self, value: Any) -> Any:
        """A copy of JSON-like data in which `{keystone}` and the like are addresses."""
        match value:
            case str():
                for role, address in self.hosts.items():
                    value = value.replace("{" + role + "}", address)
                return value
            case list():
                return [self.fill(item) for item in value]
            case dict():
                return {self.fill(key): self.fill(item) for key, item in value.items()}
        return value


def stamp(offset: datetime.timedelta) -> str:
    moment = datetime.datetime.now(datetime.UTC) + offset
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")

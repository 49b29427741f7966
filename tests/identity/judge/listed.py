"""Differences that are meant: each with a reason, and each still there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from judge.compare import Difference


@dataclass
class Listed:
    """One entry of differences.json. `*` stands for anything, in `case` and in `place`."""

    case: str
    places: list[str]
    reason: str
    hits: set[tuple[str, str]] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)

    def covers(self, case: str, difference: Difference) -> bool:
        """Whether this difference is meant; and remembers that it was met."""
        if not matches(self.case, case):
            return False
        met = [place for place in self.places if matches(place, difference.place)]
        self.hits.update((case, place) for place in met)
        return bool(met)

    def stale(self) -> list[str]:
        """Where a difference is listed and does not occur: every place, in every case that the entry names."""
        if not self.cases:
            return [f"listed for {self.case!r}, and no such case was played"]
        expected = ((case, place) for case in sorted(self.cases) for place in self.places)
        missing = [pair for pair in expected if pair not in self.hits]
        return [f"listed, and does not occur: {case}: {place}" for case, place in missing]


def load(file: Path) -> list[Listed]:
    entries = json.loads(file.read_text())
    for entry in entries:
        if set(entry) != {"case", "differs", "reason"} or not entry["differs"] or not entry["reason"].strip():
            raise ValueError(f"{file.name}: an entry has `case`, `differs` and `reason`, and these are filled: {entry}")
    return [Listed(entry["case"], entry["differs"], entry["reason"]) for entry in entries]


def matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def reasons(listed: list[Listed], case: str, differences: list[Difference]) -> tuple[list[str], list[Difference]]:
    """Why the listed differences of a case are meant, and those that nobody listed."""
    told, left = [], []
    for entry in listed:
        if matches(entry.case, case):
            entry.cases.add(case)
    for difference in differences:
        covering = [entry for entry in listed if entry.covers(case, difference)]
        told += [entry.reason for entry in covering if entry.reason not in told]
        if not covering:
            left.append(difference)
    return told, left

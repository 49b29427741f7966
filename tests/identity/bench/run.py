"""A run: every case by both sides, compared, and told as a table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path

from bench import case as cases
from bench import folders
from bench.case import Case
from bench.rig import Port
from bench.side import Side
from judge import compare, listed, table
from play.servers import House

GROUP = "keystoneauth1.plugin"
# Plugins that no loader makes.
BY_HAND = ("Keystone2Keystone", "ReceiptMethod", "ServiceTokenAuthWrapper", "AccessInfoPlugin")
REFERENCE = [str(folders.PYTHON), str(folders.PROBES / "reference.py")]


@dataclass
class Result:
    """How a run came out."""

    rows: dict[str, table.Row] = field(default_factory=dict)
    wrong: dict[str, list[compare.Difference]] = field(default_factory=dict)  # by case
    complaints: list[str] = field(default_factory=list)  # what is wrong with the run as a whole

    @property
    def failed(self) -> int:
        return len(self.wrong) + len(self.complaints)

    @property
    def passed(self) -> int:
        return sum(row.cases for row in self.rows.values()) - len(self.wrong)


def all_cases(pattern: str) -> list[Case]:
    every = [*cases.logins(), *cases.discoveries()]
    twice = {one.id for one in every if sum(other.id == one.id for other in every) > 1}
    if twice:
        raise ValueError(f"cases with one name: {sorted(twice)}")
    return [one for one in every if listed.matches(pattern, one.id)]


def run(probe: Sequence[str], differences: Path | None, pattern: str = "*", verbose: bool = False) -> Result:
    """Plays all cases whose name matches `pattern`."""
    chosen, meant = all_cases(pattern), listed.load(differences) if differences else []
    fails, result = cases.read(folders.FAILING), Result()
    if pattern == "*":
        result.rows = {name: table.Row(name) for name in every_entry()}
        covered = {case.entry for case in chosen}
        result.complaints += [f"no case for {name}" for name in every_entry() if name not in covered]
    # A port for a side's own listener: one for all cases, so that it is the same in what is recorded.
    with House(folders.CERTIFICATES).open() as house, Port() as port:
        sides = [Side("keystoneauth1", REFERENCE), Side("the probe", probe)]
        try:
            for case in chosen:
                began = time.monotonic()
                left, right = (play(house, case, side, port.number) for side in sides)
                result.complaints += unexpected(case, left.answer, fails)
                judge(case, compare.compare(left, right), meant, result)
                if verbose:
                    tell(case, left, right, time.monotonic() - began)
        finally:
            for side in sides:
                side.close()
    # In a run of some cases, an entry for others says nothing.
    result.complaints += [stale for entry in meant if pattern == "*" or entry.cases for stale in entry.stale()]
    return result


def play(house: House, case: Case, side: Side, free_port: int) -> compare.Played:
    stage = house.set(world=case.world, catalog=case.catalog, documents=case.documents)
    # What is no role, but is filled in the same way.
    stage.hosts = {**house.hosts, "certificates": str(folders.CERTIFICATES), "free_port": str(free_port)}
    command = stage.fill(case.command())
    stage.hosts = dict(house.hosts)
    answer = side.ask({**command, "id": case.id})
    with stage.lock:
        recorded = list(stage.recorded)
    return compare.played(answer, stage, recorded, two_logins="service" in case.extra)


def judge(case: Case, differences: list[compare.Difference], meant: list[listed.Listed], result: Result) -> None:
    reasons, wrong = listed.reasons(meant, case.id, differences)
    result.rows.setdefault(case.entry, table.Row(case.entry)).add(reasons, wrong, bool(differences))
    if wrong:
        result.wrong[case.id] = wrong


def every_entry() -> list[str]:
    """The entry points of the keystoneauth1 that is installed, and the plugins without one."""
    installed = {found.name for found in entry_points(group=GROUP) if found.dist and found.dist.name == "keystoneauth1"}
    if not installed:
        raise ValueError("keystoneauth1 is installed without entry points: is this check still right?")
    return [*sorted(installed), *BY_HAND]


def unexpected(case: Case, answer: dict, fails: list[str]) -> list[str]:
    """keystoneauth1 fails where it is meant to, and nowhere else: a broken server would make two failures equal."""
    if case.get is None:
        return []
    failed = answer.get("status", 599) >= 400
    if failed == any(listed.matches(pattern, case.id) for pattern in fails):
        return []
    return [f"keystoneauth1 {'fails' if failed else 'succeeds'} unexpectedly: {case.id}: {answer}"]


def tell(case: Case, left: compare.Played, right: compare.Played, span: float) -> None:
    print(f"\n{case.id}  ({span:.2f} s)\n  keystoneauth1: {left.answer}\n  the probe:     {right.answer}")
    for request in left.requests:
        print(f"    {request.name}")
        for part, value in request.parts.items():
            print(f"        {part} = {value!r}")


def report(result: Result) -> int:
    """Prints everything; 0 if nothing is wrong."""
    for line in table.lines(list(result.rows.values())):
        print(line)
    for case, differences in result.wrong.items():
        print(f"\nWRONG  {case}")
        for difference in differences:
            print(f"    {difference.place}\n        {difference.how}")
    for complaint in result.complaints:
        print(f"\nWRONG  {complaint}")
    print(f"\n{result.passed} passed, {result.failed} failed", flush=True)
    return 1 if result.failed or not result.passed else 0

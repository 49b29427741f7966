"""Two recordings of one case, and what is different between them."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from dataclasses import dataclass

from judge.canonical import Canonical, canonical
from judge.proofs import prove
from play.message import Request
from play.stage import Stage

ABSENT = "(absent)"


@dataclass(frozen=True)
class Difference:
    """Where two sides differ, in words that stay the same from run to run, and how."""

    place: str
    how: str


@dataclass(frozen=True)
class Played:
    """What one side did with one case."""

    answer: dict
    requests: list[Canonical]


def played(answer: dict, stage: Stage, recorded: list[Request], two_logins: bool) -> Played:
    """`two_logins`: a user's and a service's, of which either may go first."""
    cookies_of = {role for role in stage.hosts if stage.counters.get(f"cookie {role}")}
    found = [canonical(request, cookies_of) for request in recorded]
    prove(recorded, stage.hosts, found)
    return Played(answer, in_any_order(found) if two_logins else found)


def in_any_order(found: list[Canonical]) -> list[Canonical]:
    """Requests to one address that follow each other, in an order that does not depend on who was first."""
    groups = itertools.groupby(found, key=lambda request: request.name)
    return [request for _, group in groups for request in sorted(group, key=written)]


def written(request: Canonical) -> str:
    return repr(sorted(request.parts.items()))


def compare(reference: Played, probe: Played) -> list[Difference]:
    """All differences. A side that cannot do a case at all is one difference, whatever it sent."""
    if "broken" in probe.answer:
        return [Difference("protocol", probe.answer["broken"])]
    if "unsupported" in probe.answer:
        return [Difference("unsupported", str(probe.answer["unsupported"]))]
    if "endpoint" in reference.answer or "endpoint" in probe.answer:
        return endpoints(reference.answer, probe.answer)
    return [*outcomes(reference.answer, probe.answer), *requests(reference.requests, probe.requests)]


def endpoints(reference: dict, probe: dict) -> list[Difference]:
    """The endpoint alone counts. No endpoint is no endpoint, by an error or without."""
    left, right = reference.get("endpoint"), probe.get("endpoint")
    if left == right:
        return []
    return [Difference("endpoint", f"keystoneauth1 {told(reference, left)}, the probe {told(probe, right)}")]


def told(answer: dict, endpoint: str | None) -> str:
    return endpoint or f"none ({answer.get('error', 'without an error')})"


def outcomes(reference: dict, probe: dict) -> list[Difference]:
    """Success and status count; how an error is worded does not."""
    left, right = (answer.get("status", "an error") for answer in (reference, probe))
    if left == right:
        return []
    words = [f"{status} ({answer['error']})" if "error" in answer else str(status)
             for status, answer in ((left, reference), (right, probe))]
    return [Difference("outcome", f"keystoneauth1 {words[0]}, the probe {words[1]}")]


def requests(left: list[Canonical], right: list[Canonical]) -> list[Difference]:
    """Requests that correspond are compared; those of one side only are told."""
    differences: list[Difference] = []
    seen: Counter[str] = Counter()
    names = [request.name for request in left], [request.name for request in right]
    for change, i, j, k, m in difflib.SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if change == "equal":
            for mine, theirs in zip(left[i:j], right[k:m], strict=True):
                differences += one(numbered(mine.name, seen), mine.parts, theirs.parts)
            continue
        for side, requests_of_side in (("keystoneauth1", left[i:j]), ("the probe", right[k:m])):
            for request in requests_of_side:
                differences.append(Difference(f"only {side}: {numbered(request.name, seen)}", brief(request)))
    return differences


def numbered(name: str, seen: Counter) -> str:
    """The second request to one address is its `#2`."""
    seen[name] += 1
    return name if seen[name] == 1 else f"{name} #{seen[name]}"


def one(name: str, left: dict[str, object], right: dict[str, object]) -> list[Difference]:
    return [
        Difference(f"{name}: {part}", f"keystoneauth1 {shown(left, part)}, the probe {shown(right, part)}")
        for part in sorted(set(left) | set(right))
        if left.get(part, ABSENT) != right.get(part, ABSENT) or type(left.get(part)) is not type(right.get(part))
    ]


def shown(parts: dict[str, object], part: str) -> str:
    return repr(parts[part]) if part in parts else ABSENT


def brief(request: Canonical) -> str:
    text = ", ".join(f"{part}={value!r}" for part, value in request.parts.items())
    return text if len(text) <= 300 else text[:300] + "…"

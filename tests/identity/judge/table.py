"""What is printed: a table with a row for each entry point, and below it whatever is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from judge.compare import Difference


@dataclass
class Row:
    """One entry point: how its cases came out."""

    entry: str
    cases: int = 0
    equal: int = 0
    meant: int = 0
    wrong: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, reasons: list[str], wrong: list[Difference], differs: bool) -> None:
        self.cases += 1
        self.equal += not differs
        self.wrong += bool(wrong)
        self.meant += differs and not wrong
        self.reasons += [reason for reason in reasons if reason not in self.reasons]


def lines(rows: Sequence[Row]) -> list[str]:
    wide = max(len(row.entry) for row in rows)
    head = f"{'entry point':<{wide}}  cases  equal  meant  wrong  why it is meant to differ"
    total = Row("together")
    for row in rows:
        for name in ("cases", "equal", "meant", "wrong"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    told = [head, "-" * len(head)]
    for row in [*rows, total]:
        counts = f"{row.cases:>5}  {row.equal:>5}  {row.meant:>5}  {row.wrong:>5}"
        first, *others = row.reasons or [""]
        told.append(f"{row.entry:<{wide}}  {counts}  {first}".rstrip())
        told += [" " * (wide + 30) + other for other in others]
    return told

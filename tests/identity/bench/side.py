"""One side: a program that logs in as it is told, one line of JSON for each case."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from bench import folders

PATIENCE = 60.0  # seconds for one line
FAREWELL = 5.0  # seconds to end by itself
LIVES = 4  # how often a side may break down in a run, and is started again, before the run ends


class SideFailure(Exception):
    """A side does not keep to the protocol; the message says how."""


class Side:
    """A process that is started once and asked many times. Lives as long as its standard input is open."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self.command = name, list(command)
        self.lives = LIVES
        self._start()

    def ask(self, command: dict) -> dict:
        """What the side answers to one line. One that ends, is silent or talks nonsense has a few lives.

        What it did instead is the answer then, under `broken`: that differs from whatever the other side says.
        """
        try:
            return self._ask(command)
        except SideFailure as failure:
            self.lives -= 1
            if not self.lives:
                raise
            self.close()
            self._start()
            return {"id": command["id"], "broken": str(failure)}

    def close(self) -> None:
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _start(self) -> None:
        self._rest = b""
        try:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=folders.clean_environment(),
            )
        except OSError as failed:
            raise SideFailure(f"cannot start {self.name} ({' '.join(self.command)}): {failed}") from failed
        os.set_blocking(self._process.stdout.fileno(), False)

    def _ask(self, command: dict) -> dict:
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as failed:
            raise SideFailure(f"{self.name} went away before {command['id']!r}") from failed
        line = self._line(command["id"])
        try:
            answer = json.loads(line)
        except ValueError as failed:
            raise SideFailure(f"{self.name} answered no JSON: {line[:200]!r}") from failed
        if not isinstance(answer, dict) or answer.get("id") != command["id"]:
            raise SideFailure(f"{self.name} was asked {command['id']!r} and answered {line[:200]!r}")
        if not well_formed(answer, command):
            raise SideFailure(f"{self.name} gave an answer that the protocol does not have: {line[:200]!r}")
        return answer

    def _line(self, case: str) -> bytes:
        deadline = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise SideFailure(f"{self.name} did not answer {case!r} within {PATIENCE:.0f} s")
                part = self._process.stdout.read()
                if not part:
                    raise SideFailure(f"{self.name} ended at {case!r} with {self._process.wait()}")
                self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def well_formed(answer: dict, command: dict) -> bool:
    """One of the answers that README lists, and one that fits the question."""
    match {name: value for name, value in answer.items() if name != "id"}:
        case {"error": str(), **rest} | {"unsupported": str(), **rest}:
            return not rest
        case {"status": int(), **rest}:
            return not rest and command["get"] is not None
        case {"endpoint": str() | None, **rest}:
            return not rest and command["get"] is None
    return False

"""One side: a program that logs in as it is told, one line of JSON for each case."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Sequence

from bench import folders

PATIENCE = 60.0  # seconds for one line


class SideFailure(Exception):
    """A side does not keep to the protocol; the message says how."""


class Side:
    """A process that is started once and asked many times. Lives as long as its standard input is open."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self.command = name, list(command)
        try:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=folders.clean_environment(),
            )
        except OSError as failed:
            raise SideFailure(f"cannot start {name} ({' '.join(self.command)}): {failed}") from failed
        os.set_blocking(self._process.stdout.fileno(), False)
        self._rest = b""

    def ask(self, command: dict) -> dict:
        """What the side answers to one line."""
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

    def close(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

"""One server process: gunicorn around one WSGI application."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from parts import folders
from parts.failure import RigFailure
from parts.http import ask
from parts.ports import Port

PATIENCE = 60.0  # seconds for a server to become healthy
FAREWELL = 10.0  # seconds for a server to end by itself


@dataclass(frozen=True)
class Tls:
    """The files of a server that speaks TLS."""

    certificate: Path
    key: Path
    authority: Path  # which certified the server
    clients: Path  # the authorities whose clients are known


@dataclass
class Server:
    """Lives as long as its standard input stays open, so it cannot outlive us. Its session is its own:
    no signal meant for the rig reaches it, and none meant for it reaches the rig."""

    name: str
    application: str
    port: Port
    health: tuple[str, int]
    log: Path
    environment: dict[str, str]
    tls: Tls | None = None
    _process: subprocess.Popen | None = field(default=None, init=False)

    def start(self) -> None:
        if self._process:
            return
        command = [
            folders.tool("gunicorn"), "--config", folders.APPS / "gunicorn.conf.py",
            "--pythonpath", folders.APPS, "--bind", f"127.0.0.1:{self.port.number}", *self._tls_options(),
            self.application,
        ]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.PIPE, stdout=log, stderr=log,
                env=self.environment, start_new_session=True,
            )

    def wait_until_healthy(self) -> None:
        path, expected = self.health
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                status, _, _ = ask("GET", self.url + path, authority=self.tls.authority if self.tls else None)
                if status == expected:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RigFailure(f"{self.name} was not healthy after {PATIENCE:.0f} s; its log ends:\n{self.log_end()}")

    def check_alive(self) -> None:
        """Fails if the server ended although nobody stopped it."""
        if self._process and self._process.poll() is not None:
            code, self._process = self._process.returncode, None
            raise RigFailure(f"{self.name} ended with {code}; its log ends:\n{self.log_end()}")

    def dismiss(self) -> None:
        """Tells the server to end, without waiting for it."""
        if self._process:
            self._process.stdin.close()

    def stop(self) -> None:
        """Ends the server; its address refuses connections afterwards."""
        self.dismiss()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            # Not waited for yet, so the number is still this process's, and its session's.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def url(self) -> str:
        return self.port.secure_url if self.tls else self.port.url

    def _tls_options(self) -> list[object]:
        if not self.tls:
            return []
        return [
            "--certfile", self.tls.certificate, "--keyfile", self.tls.key,
            "--ca-certs", self.tls.clients, "--cert-reqs", ssl.CERT_OPTIONAL.value,
        ]

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def log_end(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def running(servers: Iterable[Server]) -> Iterator[None]:
    """Healthy servers; all stopped at the end, however it comes."""
    servers = list(servers)
    try:
        for server in servers:
            server.start()
        for server in servers:
            server.wait_until_healthy()
        yield
    finally:
        on_request = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for server in servers:
            server.dismiss()
        for server in servers:
            server.stop()
        signal.signal(signal.SIGTERM, on_request)

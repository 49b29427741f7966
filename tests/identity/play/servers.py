"""The sockets: one server for each role, all on 127.0.0.1. Whoever is on stage answers."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from play import cast
from play.message import Answer, Request
from play.stage import Stage

# Role: whether it speaks TLS. Two Keystones are two roles; `service_tls` is the service, over TLS.
ROLES = {
    "keystone": False, "keystone_tls": True, "partner": False, "provider": False, "service": False, "service_tls": True,
}


class House:
    """All servers, and the stage that is set at present."""

    def __init__(self, certificates: Path) -> None:
        self.stage = Stage({})
        self.hosts: dict[str, str] = {}
        self._certificates = certificates

    def set(self, world: dict, catalog: list, documents: dict) -> Stage:
        """A new stage; what comes in from now on belongs to it."""
        stage = Stage(dict(self.hosts), world)
        stage.catalog, stage.documents = stage.fill(catalog), stage.fill(documents)
        self.stage = stage
        return stage

    @contextmanager
    def open(self) -> Iterator[House]:
        with ExitStack() as stack:
            for role, tls in ROLES.items():
                stack.enter_context(self._serve(role, tls))
            yield self

    @contextmanager
    def _serve(self, role: str, tls: bool) -> Iterator[None]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(role, self.answer))
        server.daemon_threads = True
        if tls:
            server.socket = self._tls().wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.hosts[role] = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificates / "server.pem", self._certificates / "server.key")
        context.load_verify_locations(self._certificates / "ca.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def answer(self, request: Request) -> Answer:
        stage = self.stage
        with stage.lock:
            stage.recorded.append(request)
        given = cast.answer(request, stage)
        if "Set-Cookie" in given.headers:
            stage.count(f"cookie {request.role}")
        return given


def handler(role: str, answer: Callable[[Request], Answer]) -> type[http.server.BaseHTTPRequestHandler]:
    """A handler class for one role."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # a body behind its head would wait 40 ms for an acknowledgement
        timeout = 30

        def do_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                body = self._chunks()
            headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
            given = answer(Request(role, self.command, self.path, headers, body, self._certificate()))
            self.send_response_only(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body)

        do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_any

        def _chunks(self) -> bytes:
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _certificate(self) -> str | None:
            shown = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
            return dict(item for rdn in shown["subject"] for item in rdn)["commonName"] if shown else None

        def handle(self) -> None:
            try:
                super().handle()
            except (ssl.SSLError, ConnectionError):
                pass  # a client that does not trust us, or went away: that is its result, not ours

        def log_message(self, *_: object) -> None:
            pass

    return Handler

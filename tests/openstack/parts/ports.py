"""A port of the loopback interface that stays ours, whether or not a server listens on it."""

from __future__ import annotations

import socket


class Port:
    """Bound but never listened on: nobody else is given it, a connection is refused while its server is down,
    and the server can still bind it, since both sides set `SO_REUSEADDR`."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.number}"
        self.secure_url = f"https://127.0.0.1:{self.number}"

    def __enter__(self) -> Port:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

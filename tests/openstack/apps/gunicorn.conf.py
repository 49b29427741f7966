"""How gunicorn runs every application of the rig."""

import os
import signal
import threading

worker_class = "gthread"
workers = 1
threads = 16
preload_app = True
keepalive = 60
graceful_timeout = 3
control_socket_disable = True


def when_ready(_server: object) -> None:
    """The server lives as long as its standard input is open: whoever started it may die in any way."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()


def _end_with_standard_input() -> None:
    os.read(0, 1)
    # Quit at once: idle connections would hold up a graceful end. To the main thread: else it sleeps on.
    signal.pthread_kill(threading.main_thread().ident, signal.SIGQUIT)

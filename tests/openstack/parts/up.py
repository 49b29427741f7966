"""One run: a fresh copy, three servers, and commands on standard input until it ends."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from parts import echo, folders, keystone, setup, template
from parts.failure import RigFailure
from parts.http import ask
from parts.identity import Identity
from parts.ports import Port
from parts.server import Server, running

# keystoneauth renews any token with less than 120 s to live: the filter's own must live long.
FILTER_EXPIRATION = 3600


def run(options: argparse.Namespace) -> None:
    setup.run()
    with ExitStack() as stack:
        folder = stack.enter_context(run_folder())
        public, login, service = (stack.enter_context(Port()) for _ in range(3))
        facts = template.copy(folder / "data", public, service)
        servers = configure(folder, options, public, login, service)
        stack.enter_context(running(servers.values()))
        prove(facts["users"]["alice"], public, login, service)
        say({
            **facts,
            "auth_url": f"{public.url}/v3",
            "echo_url": service.url,
            "expiration": options.expiration,
            "window": options.window,
            "pids": {name: server.pid for name, server in servers.items()},
        })
        obey(sys.stdin, servers)


@contextmanager
def run_folder() -> Iterator[Path]:
    """A folder of this run's own, gone at its end."""
    folders.RUNS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=folders.RUNS))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def configure(folder: Path, options: argparse.Namespace, public: Port, login: Port, service: Port) -> dict[str, Server]:
    data, window = folder / "data", options.window
    keystone.configure(folder / "keystone", data, public.number, options.expiration, window)
    keystone.configure(folder / "filter-keystone", data, login.number, FILTER_EXPIRATION, window)
    servers = [
        keystone.server("keystone", folder / "keystone", public),
        keystone.server("filter-keystone", folder / "filter-keystone", login),
        echo.server(
            folder / "echo", service, public, login, options.service_roles, options.service_roles_required,
        ),
    ]
    return {server.name: server for server in servers}


def prove(user: dict, public: Port, login: Port, service: Port) -> None:
    """Goes the whole way once: what is slow the first time is done before a test's token begins to age."""
    who = user["name"], user["password"], user["project"]["name"]
    Identity(f"{public.url}/v3").login(*who)
    identity = Identity(f"{login.url}/v3")
    identity.login(*who)
    status, _, body = ask("GET", service.url, {"X-Auth-Token": identity.token or ""})
    if status != 200:
        raise RigFailure(f"the echo service answers {status} to a good token: {body.decode(errors='replace')}")


def obey(commands: Iterable[str], servers: dict[str, Server]) -> None:
    """Commands are `NAME stop` and `NAME start`, one a line; each is answered by one line."""
    for line in commands:
        match line.split():
            case [name, "stop"] if name in servers:
                servers[name].check_alive()
                servers[name].stop()
                say({name: "stopped"})
            case [name, "start"] if name in servers:
                servers[name].start()
                servers[name].wait_until_healthy()
                say({name: "running"})
            case _:
                say({"error": f"not a command: {line.strip()}"})
    for server in servers.values():
        server.check_alive()


def say(message: dict) -> None:
    print(json.dumps(message), flush=True)

"""One run: a fresh copy, the servers, and commands on standard input until it ends."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from parts import echo, folders, front, keystone, provider, setup, template, xmlsec
from parts.failure import RigFailure
from parts.http import ask
from parts.identity import Identity
from parts.places import Places
from parts.ports import Port
from parts.server import Server, running

# keystoneauth renews any token with less than 120 s to live: the filter's own must live long.
FILTER_EXPIRATION = 3600


@dataclass(frozen=True)
class Ports:
    """Where each server of a run listens."""

    public: Port
    login: Port
    service: Port
    secure: Port
    provider: Port


def run(options: argparse.Namespace) -> None:
    setup.run()
    with ExitStack() as stack:
        folder = stack.enter_context(run_folder())
        ports = Ports(*(stack.enter_context(Port()) for _ in range(5)))
        here = Places(
            data=folder / "data", identity=ports.public.url, secure_identity=ports.secure.secure_url,
            echo=ports.service.url, provider=ports.provider.url,
        )
        facts = template.copy(here)
        servers = configure(folder, options, ports, here)
        stack.enter_context(running(servers.values()))
        prove(facts["users"]["alice"], ports.public, ports.login, ports.service)
        facts["federation"]["k2k"]["missing"] = xmlsec.missing()
        say({
            **facts,
            "auth_url": f"{ports.public.url}/v3",
            "echo_url": ports.service.url,
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


def configure(folder: Path, options: argparse.Namespace, ports: Ports, here: Places) -> dict[str, Server]:
    life, window = options.expiration, options.window
    keystone.configure(folder / "keystone", here.data, here.identity, life, window)
    keystone.configure(folder / "filter-keystone", here.data, here.identity, FILTER_EXPIRATION, window)
    public = keystone.server("keystone", folder / "keystone", ports.public)
    secret = front.guard(public, folder / "keystone", here, life)
    servers = [
        public,
        keystone.server("filter-keystone", folder / "filter-keystone", ports.login),
        echo.server(
            folder / "echo", ports.service, ports.public, ports.login,
            options.service_roles, options.service_roles_required,
        ),
        provider.server(folder / "provider", ports.provider, here, life),
        front.server(folder / "tls", ports.secure, ports.public, here.data, secret),
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

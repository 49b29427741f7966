"""A folder with everything one Keystone needs, and the server that runs on it."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from pathlib import Path

from parts import folders
from parts.failure import RigFailure
from parts.ports import Port
from parts.server import Server

# The cache is the process's own. That is right only because every change and every validation
# goes through one process: see README.md, "Two Keystones".
CONFIGURATION = """\
[DEFAULT]
public_endpoint = http://127.0.0.1:{port}
[cache]
enabled = true
backend = dogpile.cache.memory_pickle
[credential]
key_repository = {data}/credential-keys
[database]
connection = sqlite:///{data}/keystone.db?timeout=30
sqlite_synchronous = false
[fernet_receipts]
key_repository = {data}/fernet-keys
[fernet_tokens]
key_repository = {data}/fernet-keys
[identity]
max_password_length = 72
password_hash_rounds = 4
[token]
provider = fernet
expiration = {expiration}
allow_expired_window = {window}
"""


def configure(folder: Path, data: Path, port: int, expiration: int, window: int) -> None:
    """Writes the configuration of one Keystone on the database and keys in `data`."""
    folder.mkdir()
    text = CONFIGURATION.format(data=data, port=port, expiration=expiration, window=window)
    (folder / "keystone.conf").write_text(text)


def server(name: str, folder: Path, port: Port) -> Server:
    """The Keystone whose configuration lies in `folder`."""
    return Server(
        name=name,
        application="keystone_app:application",
        port=port,
        health=("/v3", 200),
        log=folder / "log",
        environment=folders.clean_environment(OS_KEYSTONE_CONFIG_DIR=folder),
    )


def manage(folder: Path, command: str, *arguments: str) -> None:
    """Runs `keystone-manage`."""
    done = subprocess.run(
        [folders.tool("keystone-manage"), "--config-dir", folder, command, *arguments],
        env=folders.clean_environment(), capture_output=True, text=True, check=False,
    )
    if done.returncode != 0:
        raise RigFailure(f"keystone-manage {command} failed:\n{done.stdout}{done.stderr}")


def owner() -> list[str]:
    """Who the key files belong to: whoever runs this."""
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    return ["--keystone-user", user, "--keystone-group", group]

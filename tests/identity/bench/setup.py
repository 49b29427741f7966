"""Once for all runs: keystoneauth1 in a virtual environment, and certificates for the servers."""

from __future__ import annotations

import fcntl
import subprocess
import sys

from bench import folders
from bench.rig import digest, make_once


def run() -> None:
    """Makes what is missing or out of date. Whoever comes at the same time waits."""
    folders.WORK.mkdir(parents=True, exist_ok=True)
    with open(folders.WORK / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        venv = digest([folders.REQUIREMENTS], str(folders.VENV), sys.version)
        make_once(folders.VENV, venv, install)
        maker = folders.SOURCE / "play" / "certificates.py"
        make_once(folders.CERTIFICATES, digest([maker], venv), make_certificates)


def install() -> None:
    print("identity: installing keystoneauth1 (half a minute, once)", file=sys.stderr, flush=True)
    pip = [str(folders.PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([sys.executable, "-m", "venv", folders.VENV], check=True, stdout=sys.stderr)
    subprocess.run([*pip, "--requirement", folders.REQUIREMENTS], check=True, stdout=sys.stderr)


def make_certificates() -> None:
    # By the environment's Python: ours may not have `cryptography`.
    folders.CERTIFICATES.mkdir()
    maker = folders.SOURCE / "play" / "certificates.py"
    subprocess.run([folders.PYTHON, maker, folders.CERTIFICATES], check=True, stdout=sys.stderr)

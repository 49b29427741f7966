"""Once for all runs: the virtual environment, and a seeded Keystone to copy."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from parts import folders, template, xmlsec
from parts.failure import RigFailure
from parts.stamp import digest, make_once


def run() -> None:
    """Makes what is missing or out of date. Whoever comes at the same time waits."""
    folders.WORK.mkdir(parents=True, exist_ok=True)
    with open(folders.WORK / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        venv = digest([folders.REQUIREMENTS], str(folders.VENV), sys.version)
        make_once(folders.VENV, venv, install)
        make_once(folders.XMLSEC, digest([Path(xmlsec.__file__)], str(folders.XMLSEC)), xmlsec.make)
        make_once(folders.TEMPLATE, digest(template.made_of(), venv), template.make)


def install() -> None:
    print("rig: installing OpenStack (a minute or two, once)", file=sys.stderr)
    pip = [folders.tool("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    try:
        subprocess.run([sys.executable, "-m", "venv", folders.VENV], check=True, stdout=sys.stderr)
        subprocess.run([*pip, "--requirement", folders.REQUIREMENTS], check=True, stdout=sys.stderr)
    except subprocess.CalledProcessError as failed:
        raise RigFailure(f"installing failed: {failed}") from failed

"""Small programs that need the packages of the environment: JSON in, JSON out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from parts import folders
from parts.failure import RigFailure


def run(name: str, what: dict) -> dict:
    """Runs a program of the folder `tools`."""
    done = subprocess.run(
        [folders.tool("python"), program(name)], input=json.dumps(what),
        env=folders.clean_environment(), capture_output=True, text=True, check=False,
    )
    if done.returncode != 0:
        raise RigFailure(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def program(name: str) -> Path:
    return folders.SOURCE / "tools" / f"{name}.py"

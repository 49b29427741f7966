"""Where things lie: what is written by hand, and what the rig makes of it."""

from __future__ import annotations

import os
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
APPS = SOURCE / "apps"
REQUIREMENTS = SOURCE / "requirements.txt"

WORK = Path(os.environ.get("KEEPSTONE_RIG_DIR") or SOURCE.parents[1] / "target" / "openstack").absolute()
VENV = WORK / "venv"
TEMPLATE = WORK / "template"
XMLSEC = WORK / "xmlsec1"
RUNS = WORK / "run"


def tool(name: str) -> Path:
    """A program of the virtual environment."""
    return VENV / "bin" / name


def clean_environment(**more: object) -> dict[str, str]:
    """What a service gets to see: no `OS_*`, no proxies, nothing of who runs the tests."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **{name: str(value) for name, value in more.items()}}

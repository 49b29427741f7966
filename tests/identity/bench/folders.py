"""Where things lie: what is written by hand, and what a run makes of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
ROOT = SOURCE.parents[1]
REQUIREMENTS = SOURCE / "requirements.txt"
CASES = SOURCE / "cases"
DISCOVERY = SOURCE / "discovery"
DIFFERENCES = SOURCE / "differences.json"
FAILING = SOURCE / "failing.json"
PROBES = SOURCE / "probes"

TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute()
WORK = TARGET / "identity"
VENV = WORK / "venv"
CERTIFICATES = WORK / "certificates"
PYTHON = VENV / "bin" / "python"

RIG = ROOT / "tests" / "openstack"


def clean_environment() -> dict[str, str]:
    """What a side gets to see: no `OS_*`, no proxies, nothing of who runs the tests."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def inside_venv() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()

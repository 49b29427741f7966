"""What the OpenStack rig has, and we use too."""

from __future__ import annotations

import sys

from bench import folders

sys.path.append(str(folders.RIG))

from parts.ports import Port  # noqa: E402 (it lies beside the rig)
from parts.stamp import digest, make_once  # noqa: E402

__all__ = ["Port", "digest", "make_once"]

"""Something made once, and again only when what it is made of changes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path


def digest(files: list[Path], *texts: str) -> str:
    """One hash over the contents of files and over texts."""
    total = hashlib.sha256()
    for data in [*(file.read_bytes() for file in files), *(text.encode() for text in texts)]:
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()


def make_once(folder: Path, stamp: str, make: Callable[[], None]) -> None:
    """Calls `make` to fill `folder`, unless it is there and bears this stamp."""
    mark = folder / "stamp"
    if mark.is_file() and mark.read_text() == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    make()
    mark.write_text(stamp)

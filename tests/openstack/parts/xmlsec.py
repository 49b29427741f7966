"""The program `xmlsec1`, by which Keystone signs assertions. Without it there is no Keystone to Keystone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from parts import folders

PACKAGE = "xmlsec1"
# What it needs and a small system may lack. More than these would mean a system too different from the package's.
LIBRARIES = re.compile(r"^lib(xmlsec1|xslt1|ltdl)")
PATIENCE = 60


def make() -> None:
    """Unpacks Debian's package without installing it, where there is such a thing; else leaves a note why not."""
    folder = folders.XMLSEC
    folder.mkdir()
    try:
        if not shutil.which(PACKAGE):
            unpack(folder)
    except (OSError, subprocess.SubprocessError) as failed:
        (folder / "missing").write_text(f"there is no {PACKAGE}, and Debian's package cannot be unpacked: {failed}")


def unpack(folder: Path) -> None:
    listing = command(folder, "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", PACKAGE)
    needed = sorted({line for line in listing.splitlines() if LIBRARIES.match(line)})
    command(folder, "apt-get", "download", PACKAGE, *needed)
    for package in folder.glob("*.deb"):
        command(folder, "dpkg", "-x", str(package), "root")
        package.unlink()
    libraries = ":".join(sorted({str(file.parent) for file in (folder / "root").rglob("lib*.so*")}))
    launcher = folder / PACKAGE
    launcher.write_text(
        f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" exec "{folder}/root/usr/bin/{PACKAGE}" "$@"\n',
    )
    launcher.chmod(0o755)
    command(folder, str(launcher), "--version")


def command(folder: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True, timeout=PATIENCE)
    return done.stdout


def program() -> str | None:
    """Where it is, if it is anywhere."""
    own = folders.XMLSEC / PACKAGE
    return str(own) if own.is_file() else shutil.which(PACKAGE)


def missing() -> str | None:
    """Why it is nowhere."""
    if program():
        return None
    note = folders.XMLSEC / "missing"
    return note.read_text() if note.is_file() else f"there is no {PACKAGE}"

#!/usr/bin/env python3
"""keystoneauth1 and a probe, case by case, against a recording server. See README.md beside this file.

oracle.py                         the probe that cargo built, against keystoneauth1
oracle.py --probe 'COMMAND ...'   another one
oracle.py --self-check            keystoneauth1 against itself, and against itself with something broken
oracle.py --setup                 install what is needed, and run nothing
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys

from bench import folders, setup


def main() -> int:
    options = command_line().parse_args()
    if not folders.inside_venv():
        setup.run()
        if options.setup:
            return 0
        # The bench itself needs packages of the environment: everything else happens inside.
        os.execv(folders.PYTHON, [str(folders.PYTHON), *sys.argv])
    from bench import run, selfcheck, side  # their imports exist inside only

    if options.list:
        print("\n".join(case.id for case in run.all_cases(options.only)))
        return 0
    if options.self_check:
        return selfcheck.check()
    probe = shlex.split(options.probe) if options.probe else built()
    differences = None if options.strict else folders.DIFFERENCES
    try:
        return run.report(run.run(probe, differences, options.only, options.verbose))
    except side.SideFailure as failure:
        sys.exit(f"oracle: {failure}")


def built() -> list[str]:
    """The probe of the workspace, built now."""
    cargo = ["cargo", "build", "--locked", "--quiet", "-p", "keepstone-tests", "--bin", "identity-probe"]
    environment = {**os.environ, "CARGO_TARGET_DIR": str(folders.TARGET)}
    if subprocess.run(cargo, cwd=folders.ROOT, env=environment, stdin=subprocess.DEVNULL).returncode:
        sys.exit("oracle: no probe: building `identity-probe` failed; --probe names another one")
    return [str(folders.TARGET / "debug" / "identity-probe")]


def command_line() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="oracle.py", description=__doc__, formatter_class=form)
    parser.add_argument("--probe", metavar="COMMAND", help="the program to compare; default: cargo's identity-probe")
    parser.add_argument("--only", metavar="PATTERN", default="*", help="cases with such a name; * stands for anything")
    parser.add_argument("--strict", action="store_true", help="no difference is meant: differences.json is not read")
    parser.add_argument("--verbose", action="store_true", help="what keystoneauth1 sent, case by case")
    parser.add_argument("--list", action="store_true", help="names of all cases, and run none")
    parser.add_argument("--self-check", action="store_true", help="does the comparison see what it should?")
    parser.add_argument("--setup", action="store_true", help="install, and run nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())

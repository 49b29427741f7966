#!/usr/bin/env python3
"""Real OpenStack services on loopback, for tests. See README.md beside this file."""

from __future__ import annotations

import argparse
import signal
import sys

from parts import setup, up
from parts.failure import RigFailure


def main() -> int:
    options = command_line().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if options.command == "setup":
            setup.run()
        else:
            up.run(options)
    except RigFailure as failure:
        print(f"rig: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rig.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup", help="install and seed once; quick when nothing changed")
    command = commands.add_parser("up", help="run until standard input ends")
    command.add_argument(
        "--expiration", type=at_least(2), default=3600, metavar="SECONDS",
        help="how long a token lives (2 or more: Keystone cuts off fractions of a second)",
    )
    command.add_argument(
        "--window", type=at_least(0), default=172800, metavar="SECONDS",
        help="how long an expired token is still vouched for beside a service token",
    )
    command.add_argument(
        "--service-roles", default="service", metavar="ROLE[,ROLE]",
        help="the roles that make a token a service token for the echo service",
    )
    command.add_argument(
        "--service-roles-required", default=True, action=argparse.BooleanOptionalAction,
        help="whether the echo service refuses a service token without such a role",
    )
    return parser


def at_least(least: int):
    def seconds(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return seconds


if __name__ == "__main__":
    sys.exit(main())

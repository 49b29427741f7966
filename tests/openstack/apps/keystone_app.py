"""Keystone as a WSGI application; its configuration is found through OS_KEYSTONE_CONFIG_DIR."""

import sys

from sqlalchemy import Engine, event

# Keystone parses the command line when it is imported, and this one is gunicorn's.
sys.argv = ["keystone"]


@event.listens_for(Engine, "before_cursor_execute", retval=True)
def _lock_at_the_start(_connection, _cursor, statement, parameters, _context, _executemany):
    """SQLite refuses a transaction that reads first and writes later if another one came between."""
    return ("BEGIN IMMEDIATE" if statement == "BEGIN" else statement), parameters


from keystone.common.rbac_enforcer.enforcer import RBACEnforcer  # noqa: E402
from keystone.wsgi.api import application  # noqa: E402

# Else simultaneous first requests load the rules in each other's way, and some are refused.
RBACEnforcer()._enforcer.load_rules()

__all__ = ["application"]

"""Application credentials of alice: one with all her roles, one that may do very little."""

from __future__ import annotations

from parts.identity import Identity

# The echo service takes itself for this type when it looks at access rules: see echo.py.
RULED_TYPE = "volumev3"
ALLOWED = {"service": RULED_TYPE, "method": "GET", "path": f"/{RULED_TYPE}/allowed/**"}


def seed(alice: Identity, user: str) -> dict:
    """Made by alice herself: nobody else may."""
    under = f"/users/{user}"
    terms = {
        "plain": {"name": "alice-plain"},
        "ruled": {"name": "alice-ruled", "roles": [{"name": "reader"}], "access_rules": [ALLOWED]},
    }
    made = {name: alice.create("application_credential", under, **term) for name, term in terms.items()}
    return {name: {key: one[key] for key in ("id", "name", "secret")} for name, one in made.items()}

"""More than a password: one-time passcodes, and a user who needs both."""

from __future__ import annotations

from parts.identity import Identity

# Base32, as Keystone wants it and as authenticator programs take it. One for each user.
TOTP_SECRETS = {"totp": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "mfa": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}
# Two groups would be alternatives; this is one, so both are needed.
MFA_RULES = [["password", "totp"]]


def options(user: str) -> dict:
    """What to set on a user when it is created."""
    if user != "mfa":
        return {}
    return {"options": {"multi_factor_auth_enabled": True, "multi_factor_auth_rules": MFA_RULES}}


def seed(identity: Identity, users: dict) -> None:
    """Gives users their secrets, and says so in what is told about them."""
    for name, secret in TOTP_SECRETS.items():
        identity.create("credential", type="totp", user_id=users[name]["id"], blob=secret)
        users[name]["totp_secret"] = secret

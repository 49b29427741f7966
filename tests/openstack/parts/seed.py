"""Who and what exists in the rig's cloud."""

from __future__ import annotations

from parts.identity import DOMAIN, Identity

REGION = "RegionOne"
ADMIN_PASSWORD = "admin-password"

# Name: (project, roles in it). `echo` is the account of the echo service's own filter.
USERS = {
    "alice": ("demo", ["member", "reader"]),
    "nova": ("service", ["service"]),
    "norole": ("service", ["member"]),
    "echo": ("service", ["service"]),
}
# Type and name of the services that are all played by the echo service.
ECHOED = {"volumev3": "cinder", "network": "neutron", "image": "glance"}


def password(user: str) -> str:
    return ADMIN_PASSWORD if user == "admin" else f"{user}-password"


def seed(identity: Identity, echo_url: str) -> dict:
    """Fills a bootstrapped Keystone and returns the ids and passwords a client needs."""
    identity.login("admin", ADMIN_PASSWORD, "admin")
    admin = identity.find("projects", "admin")
    projects = {name: identity.create("project", name=name) for name in ("demo", "service")}
    roles = {name: identity.find("roles", name)["id"] for name in ("admin", "member", "reader", "service")}
    users = {"admin": person(identity.find("users", "admin"), admin)}
    for name, (project, granted) in USERS.items():
        user = identity.create("user", name=name, password=password(name))
        for role in granted:
            identity.assign(user["id"], projects[project]["id"], roles[role])
        users[name] = person(user, projects[project])
    for kind, name in ECHOED.items():
        service = identity.create("service", type=kind, name=name)
        for interface in ("public", "internal", "admin"):
            identity.create(
                "endpoint", service_id=service["id"], interface=interface, region_id=REGION, url=f"{echo_url}/{kind}",
            )
    return {"region": REGION, "domain": DOMAIN, "roles": roles, "users": users}


def person(user: dict, project: dict) -> dict:
    return {
        "id": user["id"], "name": user["name"], "password": password(user["name"]),
        "project": {"id": project["id"], "name": project["name"]},
    }

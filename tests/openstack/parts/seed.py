"""Who and what exists in the rig's cloud."""

from __future__ import annotations

from pathlib import Path

from parts import application_credentials, certificates, factors, federation, front, oauth1, places, x509
from parts.identity import DOMAIN, Identity

REGION = "RegionOne"
ADMIN_PASSWORD = "admin-password"

# Name: (project, roles in it). `echo` is the account of the echo service's own filter.
USERS = {
    "alice": ("demo", ["member", "reader"]),
    "nova": ("service", ["service"]),
    "norole": ("service", ["member"]),
    "echo": ("service", ["service"]),
    "totp": ("demo", ["member"]),
    "mfa": ("demo", ["member"]),
    "mtls": ("demo", ["member"]),
    "domadmin": ("demo", ["reader"]),
    "unscoped": ("demo", ["member"]),
}
# Who has the project as a default: Keystone scopes an OAuth2 client with a certificate by it.
AT_HOME = {"mtls"}
# Type and name of the services that are all played by the echo service.
ECHOED = {"volumev3": "cinder", "network": "neutron", "image": "glance"}


def password(user: str) -> str:
    return ADMIN_PASSWORD if user == "admin" else f"{user}-password"


def seed(url: str, data: Path) -> dict:
    """Fills the bootstrapped Keystone at `url` and returns what a client needs to know."""
    admin = Identity(url)
    admin.login("admin", ADMIN_PASSWORD, "admin")
    projects = {name: admin.create("project", name=name) for name in ("demo", "service")}
    projects["admin"] = admin.find("projects", "admin")
    roles = {name: admin.find("roles", name)["id"] for name in ("admin", "member", "reader", "service")}
    users = people(admin, projects, roles)
    services(admin)
    admin.put(f"/domains/{DOMAIN['id']}/users/{users['domadmin']['id']}/roles/{roles['admin']}")
    factors.seed(admin, users)
    x509.seed(admin)
    federation.seed(admin, projects["demo"]["id"], [roles["member"], roles["reader"]])
    certificates.make(data, mtls=users["mtls"], tokenless=users["nova"])
    consumer = oauth1.seed(admin, users["alice"], roles)
    alice = Identity(url)
    alice.login("alice", password("alice"), "demo")
    return {
        "region": REGION, "domain": DOMAIN, "roles": roles, "users": users,
        "projects": {name: project["id"] for name, project in projects.items()},
        "application_credentials": application_credentials.seed(alice, users["alice"]["id"]),
        "oauth1": consumer,
        "oauth2_url": f"{places.IDENTITY}/v3/OS-OAUTH2/token",
        "tls": front.facts(),
        "federation": federation.facts(),
    }


def people(admin: Identity, projects: dict, roles: dict) -> dict:
    users = {"admin": person(admin.find("users", "admin"), projects["admin"])}
    for name, (project, granted) in USERS.items():
        home = {"default_project_id": projects[project]["id"]} if name in AT_HOME else {}
        user = admin.create("user", name=name, password=password(name), **home, **factors.options(name))
        for role in granted:
            admin.assign(user["id"], projects[project]["id"], roles[role])
        users[name] = person(user, projects[project])
    return users


def services(admin: Identity) -> None:
    for kind, name in ECHOED.items():
        service = admin.create("service", type=kind, name=name)
        for interface in ("public", "internal", "admin"):
            admin.create(
                "endpoint", service_id=service["id"], interface=interface, region_id=REGION,
                url=f"{places.ECHO}/{kind}",
            )


def person(user: dict, project: dict) -> dict:
    return {
        "id": user["id"], "name": user["name"], "password": password(user["name"]),
        "project": {"id": project["id"], "name": project["name"]},
    }

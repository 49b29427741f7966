"""The protected service: configuration of keystonemiddleware, and the server behind it."""

from __future__ import annotations

from pathlib import Path

from parts import folders, seed
from parts.application_credentials import RULED_TYPE
from parts.ports import Port
from parts.server import Server

# No memcached: the filter reads a cache even where `token_cache_time` forbids it to write one.
CONFIGURATION = """\
[keystone_authtoken]
auth_type = password
auth_url = {login_url}/v3
www_authenticate_uri = {public_url}/v3
username = echo
password = {password}
project_name = service
user_domain_id = default
project_domain_id = default
region_name = {region}
interface = public
service_token_roles = {roles}
service_token_roles_required = {required}
token_cache_time = -1
service_type = {ruled_type}
"""


def server(folder: Path, port: Port, public: Port, login: Port, roles: str, required: bool) -> Server:
    """Clients know the Keystone at `public`, and tokens are validated there; the filter itself logs in at `login`."""
    folder.mkdir()
    configuration = folder / "echo.conf"
    configuration.write_text(CONFIGURATION.format(
        login_url=login.url, public_url=public.url, password=seed.password("echo"), region=seed.REGION,
        roles=roles, required=str(required).lower(), ruled_type=RULED_TYPE,
    ))
    return Server(
        name="echo",
        application="echo_app:application",
        port=port,
        health=("/", 401),
        log=folder / "log",
        environment=folders.clean_environment(ECHO_CONFIGURATION=configuration),
    )

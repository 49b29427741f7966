"""A folder with everything one Keystone needs, and the server that runs on it."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from pathlib import Path

from parts import certificates, federation, folders, x509, xmlsec
from parts.failure import RigFailure
from parts.ports import Port
from parts.server import Server

# The cache is the process's own. That is right only because every change and every validation
# goes through one process: see README.md, "Two Keystones".
CONFIGURATION = """\
[auth]
methods = password,token,application_credential,totp,oauth1,mapped,openid,saml2
[cache]
enabled = true
backend = dogpile.cache.memory_pickle
[credential]
key_repository = {data}/credential-keys
[database]
connection = sqlite:///{data}/keystone.db?timeout=30
sqlite_synchronous = false
[fernet_receipts]
key_repository = {data}/fernet-keys
[fernet_tokens]
key_repository = {data}/fernet-keys
[identity]
max_password_length = 72
password_hash_rounds = 4
[oauth1]
access_token_duration = 0
[oauth2]
oauth2_authn_methods = tls_client_auth,client_secret_basic
oauth2_cert_dn_mapping_id = {oauth2_mapping}
[saml]
xmlsec1_binary = {xmlsec}
certfile = {saml_certificate}
keyfile = {saml_key}
idp_entity_id = {saml_entity}
idp_sso_endpoint = {identity}/v3/OS-FEDERATION/saml2/sso
idp_metadata_path = {data}/saml-metadata.xml
[token]
provider = fernet
expiration = {expiration}
allow_expired_window = {window}
[tokenless_auth]
trusted_issuer = {tokenless_issuer}
protocol = {tokenless_protocol}
[totp]
included_previous_windows = 1
"""


def configure(folder: Path, data: Path, identity: str, expiration: int, window: int) -> None:
    """Writes the configuration of one Keystone on the database and keys in `data`. Clients know it as `identity`;
    its answers name the address they really used, which may be that of the TLS server."""
    folder.mkdir()
    (folder / "keystone.conf").write_text(CONFIGURATION.format(
        data=data, identity=identity, expiration=expiration, window=window,
        oauth2_mapping=x509.OAUTH2_MAPPING,
        tokenless_issuer=certificates.TOKENLESS_ISSUER, tokenless_protocol=x509.PROTOCOL,
        xmlsec=xmlsec.program() or xmlsec.PACKAGE,
        saml_certificate=certificates.certificate(data, "keystone-signer"),
        saml_key=certificates.key(data, "keystone-signer"),
        saml_entity=federation.own_entity(identity),
    ))


def server(name: str, folder: Path, port: Port) -> Server:
    """The Keystone whose configuration lies in `folder`."""
    return Server(
        name=name,
        application="keystone_app:application",
        port=port,
        health=("/v3", 200),
        log=folder / "log",
        environment=folders.clean_environment(OS_KEYSTONE_CONFIG_DIR=folder),
    )


def manage(folder: Path, command: str, *arguments: str) -> str:
    """Runs `keystone-manage`; returns what it says."""
    done = subprocess.run(
        [folders.tool("keystone-manage"), "--config-dir", folder, command, *arguments],
        env=folders.clean_environment(), capture_output=True, text=True, check=False,
    )
    if done.returncode != 0:
        raise RigFailure(f"keystone-manage {command} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def owner() -> list[str]:
    """Who the key files belong to: whoever runs this."""
    user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
    return ["--keystone-user", user, "--keystone-group", group]

"""Keystone behind what modules of Apache do elsewhere: mod_ssl, mod_auth_openidc, mod_shib."""

import json
import os
from pathlib import Path

from certificate_guard import CertificateGuard
from keystone_app import application as keystone
from openid_guard import OpenidGuard
from saml_guard import SamlGuard

_guards = json.loads(Path(os.environ["GUARDS_CONFIGURATION"]).read_text())

application = CertificateGuard(
    OpenidGuard(SamlGuard(keystone, **_guards["saml"]), **_guards["openid"]), _guards["front_secret"],
)

#!/usr/bin/env python3
"""keystoneauth1 itself, behind the probe's protocol: the side that is right by definition. See README.md.

Run by the bench, in its virtual environment. Nothing of keystoneauth1 is changed but what a test must stand in
for: the Kerberos library that makes a ticket, the browser, and the person at the keyboard.
"""

from __future__ import annotations

import base64
import inspect
import json
import logging
import sys
import urllib.request
import warnings
import webbrowser
from collections.abc import Iterable
from types import SimpleNamespace
from typing import TextIO

import spnego
from keystoneauth1 import access, adapter, discover, loading, plugin, service_token, session
from keystoneauth1.identity import access as access_plugin
from keystoneauth1.identity.v3 import k2k, oidc, receipt


def main(commands: Iterable[str], answers: TextIO) -> None:
    """Answers each line with a line, and keeps nothing from one for the next."""
    for line in commands:
        command = json.loads(line)
        try:
            result = obey(command)
        except Exception as error:  # whatever keystoneauth1 raises is what this side found
            result = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": command["id"], **result}), file=answers, flush=True)


def obey(command: dict) -> dict:
    extra = command.get("extra") or {}
    stand_in(extra)
    own = open_session(extra.get("tls") or {}, make(command["auth_type"], command["options"], extra))
    if command.get("get") is None:
        return find(own, command["endpoint"])
    answer = None
    for _ in range(extra.get("times", 1)):
        wanted = command.get("endpoint") and filters(command["endpoint"])
        answer = own.get(command["get"], endpoint_filter=wanted, raise_exc=False)
    return {"status": answer.status_code}


def open_session(tls: dict, auth: plugin.BaseAuthPlugin) -> session.Session:
    certificate = (tls["cert"], tls["key"]) if tls.get("cert") else None
    return session.Session(auth=auth, verify=tls.get("ca", True), cert=certificate, timeout=20)


def find(own: session.Session, wanted: dict) -> dict:
    """Which endpoint an adapter with these settings would use.

    `Adapter.get_endpoint_data` forgets two of its settings, so they are handed over as `get_endpoint` and a request
    hand them over: `version` as a range, and `allow` by way of the session.
    """
    settings = filters(wanted)
    allow = settings.pop("allow", None)
    if not wanted.get("discover", True):
        return {"endpoint": adapter.Adapter(own, **settings).get_endpoint(allow=allow)}
    settings = with_range(settings)
    if allow:
        data = own.get_endpoint_data(allow=allow, **settings)
    else:
        data = adapter.Adapter(own, **settings).get_endpoint_data()
    return {"endpoint": data.url if data else None}


def with_range(wanted: dict) -> dict:
    """`version` as the range that `get_endpoint` makes of it."""
    version = wanted.pop("version", None)
    if version is None:
        return wanted
    least, most = discover._normalize_version_args(
        version, wanted.get("min_version"), wanted.get("max_version"), wanted.get("service_type"),
    )
    return {
        **wanted, "min_version": discover.version_to_string(least), "max_version": discover.version_to_string(most),
    }


def filters(wanted: dict) -> dict:
    return {name: value for name, value in wanted.items() if name != "discover" and value is not None}


def make(auth_type: str, options: dict, extra: dict) -> plugin.BaseAuthPlugin:
    """The plugin, with what no loader option can say."""
    if auth_type == "AccessInfoPlugin":
        known = extra["access"]
        auth_ref = access.create(body=known["body"], auth_token=known["token"])
        made: plugin.BaseAuthPlugin = access_plugin.AccessInfoPlugin(auth_ref, known.get("auth_url"))
    elif auth_type == "Keystone2Keystone":
        base = make(extra["base"]["auth_type"], extra["base"]["options"], {})
        made = k2k.Keystone2Keystone(base, extra["service_provider"], **keywords({}, options))
    else:
        made = load(auth_type, options)
    for name in ("include_catalog", "unscoped"):
        if name in extra:
            setattr(made, name, extra[name])
    if "receipt" in extra:
        made.add_method(receipt.ReceiptMethod(receipt=extra["receipt"]))
    if "service" in extra:
        made = service_token.ServiceTokenAuthWrapper(made, load(**extra["service"]))
    return made


def load(auth_type: str, options: dict) -> plugin.BaseAuthPlugin:
    loader = loading.get_plugin_loader(auth_type)
    given = keywords({option.name: option.dest for option in loader.get_options()}, options)
    if "auth_methods" in given:
        given["auth_methods"] = given["auth_methods"].split(",")  # as openstacksdk does; the loader itself does not
    for option in loader.get_options():
        if option.default is not None:
            given.setdefault(option.dest, option.default)
        elif needs(loader.plugin_class, option.dest) and not option.required:
            given.setdefault(option.dest, None)  # as oslo.config does with what is not set
    return loader.load_from_options(**given)


def needs(plugin_class: type, name: str) -> bool:
    """Whether the constructor cannot do without this argument."""
    parameter = inspect.signature(plugin_class.__init__).parameters.get(name)
    return parameter is not None and parameter.default is parameter.empty


def keywords(destinations: dict[str, str], options: dict) -> dict:
    return {destinations.get(name, name.replace("-", "_")): value for name, value in options.items()}


def stand_in(extra: dict) -> None:
    """The ticket, the browser and the person that a machine without them has."""
    ticket = base64.b64decode(extra.get("spnego", {}).get("token", ""))
    spnego.client = lambda **_: SimpleNamespace(step=lambda in_token=None, **_: None if in_token else ticket)
    oidc.input = lambda _prompt: extra["answers"]["otp"]
    webbrowser.open = lambda url, **_: bool(urllib.request.urlopen(url, timeout=10).read())


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    main(sys.stdin, sys.stdout)

"""Does the bench see what it should? keystoneauth1 against itself, and against itself with something broken."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keystoneauth1 import loading

from bench import folders, run
from judge.listed import matches


@dataclass(frozen=True)
class Damage:
    """One way of being wrong: in which cases it must be seen, and where it is allowed to be seen."""

    how: str
    cases: str
    place: str


DAMAGES = [
    Damage("token", "v3password: user name, domain id / project*", "GET {service}/v2.1/servers: header x-auth-token"),
    Damage("service_token", "ServiceTokenAuthWrapper: password", "GET {service}*: header x-service-token"),
    Damage("scope", "v3totp: user id / project*", "POST {keystone}/v3/auth/tokens: body.json.auth.scope.project*"),
    Damage("scope", "Keystone2Keystone: answered by 302 / domain*", "POST *: body.json.auth.scope*"),
    Damage("number", "v3totp: user name*", "POST *: body.json.auth.identity.totp.user.passcode"),
    Damage("signature", "v3oauth1: address*", "POST {keystone}/v3/auth/tokens: header authorization"),
    Damage("verifier", "v3oidcdeviceauthz: *S256*", "POST {provider}/oidc/token: body.form.code_verifier"),
    Damage("verifier", "v3oidcdeviceauthz: plain*", "POST {provider}/oidc/token: body.form.code_verifier"),
    Damage("cookie", "v3adfspassword: WS-Trust*", "*"),
    Damage("cookie", "v3samlpassword: ECP / project*", "*"),
    Damage("paos", "v3samlpassword: ECP / system", "*"),
    Damage("encoding", "v3adfspassword: WS-Trust*", "POST {provider}/adfs/services/trust/13/usernamemixed: body"),
    Damage("receipt", "ReceiptMethod: totp*", "*"),
    Damage("certificate", "v3oauth2mtlsclientcredential: cert*", "*"),
    Damage("certificate", "v3tokenlessauth: certificate / project id*", "GET {keystone_tls}*: certificate"),
    Damage("catalog", "v3password: no catalog*", "POST {keystone}/v3/auth/tokens: query nocatalog"),
    Damage("twice", "v3oidcclientcredentials: token*", "only the probe: GET {provider}/oidc/*"),
    Damage("endpoint", "discovery: placement: *version=1", "endpoint"),
    Damage("success", "none: absolute*", "outcome"),
    Damage("silent", "admin_token: a*", "protocol"),
    Damage("nonsense", "admin_token: endpoint and token", "protocol"),
    Damage("unsupported", "v3websso: browser", "unsupported"),
]


def probe(how: str) -> list[str]:
    return [str(folders.PYTHON), str(folders.PROBES / "broken.py"), how]


def check() -> int:
    """Prints each finding; 0 if all are as they should be."""
    passed = failed = 0
    for what, complaints in findings():
        passed, failed = (passed, failed + 1) if complaints else (passed + 1, failed)
        print(f"{'WRONG' if complaints else 'right'}  {what}", flush=True)
        for complaint in complaints[:20]:
            print(f"       {complaint}")
    print(f"\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def findings() -> Iterator[tuple[str, list[str]]]:
    yield "keystoneauth1 equals itself, and every entry point has a case", equal(run.run(run.REFERENCE, None))
    yield "order, white space and capitals do not matter", equal(run.run(probe("harmless"), None))
    yield "cases name options as the loaders do", misnamed()
    for damage in DAMAGES:
        yield f"{damage.how} is seen: {damage.cases}", seen(damage)
    yield "a difference that is listed passes", equal(with_listed("token", "* header x-auth-token"))
    yield "a listed difference that does not occur fails", unequal(with_listed("cookie", "* header x-auth-token"))
    yield "a listed difference hides no other", unequal(with_listed("token", "* header x-service-token"))


def misnamed() -> list[str]:
    """Options that no loader has. What is made by hand has no loader, but names its arguments likewise."""
    found = []
    for case in run.all_cases("*"):
        if case.auth_type in run.BY_HAND:
            continue
        methods = case.options.get("auth_methods", "").split(",") if "auth_methods" in case.options else []
        known = {
            option.name for name in (case.auth_type, *methods) if name != "v3palmreading"
            for option in loading.get_plugin_options(name)
        }
        found += [f"{case.id}: {option}" for option in sorted(set(case.options) - known)]
    return found


def equal(result: run.Result) -> list[str]:
    wrong = [
        f"{case}: {found.place}: {found.how}" for case, differences in result.wrong.items() for found in differences
    ]
    return [*wrong, *result.complaints, *([] if result.passed else ["no case was played"])]


def unequal(result: run.Result) -> list[str]:
    return [] if result.failed else ["the run passed"]


def seen(damage: Damage) -> list[str]:
    """Every case is wrong, and nowhere but where it should be."""
    result = run.run(probe(damage.how), None, damage.cases)
    unseen = [f"not seen: {case.id}" for case in run.all_cases(damage.cases) if case.id not in result.wrong]
    places = [(case, found.place) for case, differences in result.wrong.items() for found in differences]
    elsewhere = [f"{case}: {place}" for case, place in places if not matches(damage.place, place)]
    return [*unseen, *elsewhere, *([] if places else ["no case was played"])]


def with_listed(how: str, place: str) -> run.Result:
    """A run of one family of cases with one entry in the list of differences."""
    pattern = "v3totp: user id / domain*"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "differences.json"
        file.write_text(json.dumps([{"case": pattern, "differs": [place], "reason": "a test of the list"}]))
        return run.run(probe(how), file, pattern)

"""What stands before Keystone where people come from elsewhere: mod_shib, mod_auth_openidc, mod_auth_gssapi, WebSSO."""

from __future__ import annotations

import re
import threading
import urllib.parse
import urllib.request

from play import saml, tokens
from play.keystone import split_mount
from play.message import Answer, Request, refusal
from play.stage import Stage

PROTECTED = re.compile(r"/v3/OS-FEDERATION/identity_providers/(?P<provider>[^/]+)/protocols/(?P<protocol>[^/]+)/auth")
WEBSSO = re.compile(r"/v3/auth/OS-FEDERATION/identity_providers/[^/]+/protocols/[^/]+/websso")
COOKIE = "_shibsession_bench=opened"


def answer(request: Request, stage: Stage) -> Answer | None:
    _, path = split_mount(request.path)
    if found := PROTECTED.fullmatch(path):
        return protected(request, stage, found["provider"], found["protocol"])
    if request.method == "GET" and WEBSSO.fullmatch(path):
        return websso(request, stage)
    if request.method == "POST" and path in (saml.CONSUMER, saml.ADFS_CONSUMER):
        return consume(request, stage)
    return None


def protected(request: Request, stage: Stage, provider: str, protocol: str) -> Answer:
    """The one address by which a federated person gets an unscoped token."""
    authorization = request.headers.get("authorization", "")
    match protocol:
        case "openid" if authorization.startswith("Bearer "):
            pass
        case "kerberos" if authorization.startswith("Negotiate "):
            pass
        case "kerberos":
            return refusal(401, "a ticket, please", WWW_Authenticate="Negotiate")
        case "saml2" | "adfs" if COOKIE in request.headers.get("cookie", ""):
            pass
        case "saml2" if "urn:liberty:paos:2003-08" in request.headers.get("paos", ""):
            return saml.request_for_authentication(request, stage)
        case _:
            return refusal(401, f"not known here: {protocol} of {provider}")
    return tokens.v3_answer(stage, f"unscoped-{protocol}", ["mapped"], "unscoped", catalog=False)


def consume(request: Request, stage: Stage) -> Answer:
    """An assertion came: a session is opened by a cookie, and the browser sent back to where it wanted to go."""
    provider, protocol = stage.world.get("consumed", ["idp", "saml2"])
    place = f"/v3/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth"
    location = stage.fill(stage.world.get("location", stage.hosts[request.role] + place))
    status = stage.world.get("consumer_status", 302)
    return Answer(status, {"Location": location, "Set-Cookie": f"{COOKIE}; path=/; HttpOnly"})


def websso(request: Request, stage: Stage) -> Answer:
    """Plays the person and the browser too: the form that Keystone would render is submitted to `origin` at once."""
    [origin] = request.query["origin"]
    form = urllib.parse.urlencode({"token": stage.token("websso")}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Origin": stage.hosts[request.role],
        "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site",
    }
    submission = urllib.request.Request(origin, data=form, headers=headers, method="POST")
    threading.Thread(target=submit, args=(submission,), daemon=True).start()
    return Answer(200, {"Content-Type": "text/html"}, b"<form>the token goes to the origin by itself</form>")


def submit(submission: urllib.request.Request) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(submission, timeout=10).close()
    except OSError:
        pass  # nobody listens, or the form was refused: the login fails, and the case shows it

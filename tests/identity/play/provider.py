"""Identity providers: OpenID Connect, SAML 2.0 ECP, ADFS."""

from __future__ import annotations

from play import saml
from play.message import Answer, Request, in_json
from play.stage import Stage

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def answer(request: Request, stage: Stage) -> Answer | None:
    match request.method, request.path:
        case "GET", "/oidc/.well-known/openid-configuration":
            return described(stage)
        case "POST", "/oidc/token":
            return token(request, stage)
        case "POST", "/oidc/device":
            return device(stage)
        case "POST", "/idp/profile/SAML2/SOAP/ECP":
            return saml.identity_provider(request, stage)
        case "POST", "/adfs/services/trust/13/usernamemixed":
            return saml.adfs(request, stage)
    return None


def described(stage: Stage) -> Answer:
    base = stage.hosts["provider"] + "/oidc"
    document = {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "device_authorization_endpoint": f"{base}/device",
        **stage.world.get("provider", {}),
    }
    return in_json(200, {name: value for name, value in document.items() if value is not None})


def token(request: Request, stage: Stage) -> Answer:
    """Any grant is good. A device's is so after the polls that `world.polls` lists."""
    polls = stage.world.get("polls", [])
    if request.form().get("grant_type") == DEVICE_GRANT and (turn := stage.count("poll")) < len(polls):
        return in_json(400, {"error": polls[turn]})
    number = stage.count("access") + 1
    return in_json(200, {
        "access_token": f"access-{number}", "id_token": f"identity-{number}", "refresh_token": "refresh-1",
        "token_type": "Bearer", "expires_in": 300,
    })


def device(stage: Stage) -> Answer:
    return in_json(200, {
        "device_code": "device-1", "user_code": "WDJB-MJHT", "expires_in": 60,
        "verification_uri": "https://login.invalid/device", **stage.world.get("device", {"interval": 1}),
    })

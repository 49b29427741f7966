"""Who answers a request: by role, after the answers that a case dictates."""

from __future__ import annotations

from collections.abc import Callable

from play import federation, keystone, provider, service
from play.message import Answer, Request, refusal
from play.stage import Stage

PLAYERS: dict[str, Callable[[Request, Stage], Answer | None]] = {
    "keystone": keystone.answer,
    "keystone_tls": keystone.answer,
    "partner": keystone.answer,  # the second Keystone, the service provider of Keystone to Keystone
    "provider": provider.answer,
    "service": service.answer,
    "service_tls": service.answer,
}


def answer(request: Request, stage: Stage) -> Answer:
    if dictated := from_script(request, stage):
        return dictated
    players = [PLAYERS[request.role]]
    if request.role in ("keystone", "keystone_tls", "partner"):
        players = [federation.answer, *players]
    for player in players:
        if given := player(request, stage):
            return given
    return refusal(404, f"nobody plays {request.method} {request.target} at {request.role}")


def from_script(request: Request, stage: Stage) -> Answer | None:
    """`world.script` maps "METHOD {role}/path" to statuses, one for each time it is asked; 0 is the usual answer."""
    key = f"{request.method} {{{request.role}}}{request.path}"
    statuses = stage.world.get("script", {}).get(key)
    if not statuses:
        return None
    turn = stage.count(f"script {key}")
    status = statuses[turn] if turn < len(statuses) else 0
    return refusal(status, "the script says so") if status else None

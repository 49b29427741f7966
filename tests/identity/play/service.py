"""A service: what its discovery documents say, or `200 {}` for anything where a case has none."""

from __future__ import annotations

import json

from play.message import Answer, Request, in_json, refusal
from play.stage import Stage


def answer(request: Request, stage: Stage) -> Answer | None:
    if not stage.documents:
        return in_json(200, {})
    document = stage.documents.get(request.path)
    if document is None:
        return refusal(404, "no such document")
    if document.get("token") and not request.headers.get("x-auth-token"):
        return refusal(401, "a token, please")
    body = document.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "text/plain" if isinstance(body, str) else "application/json"}
    return Answer(document.get("status", 200), {**headers, **document.get("headers", {})}, text.encode())

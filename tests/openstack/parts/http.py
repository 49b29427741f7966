"""One HTTP request, with no proxy between us and loopback."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path


def ask(
    method: str, url: str, headers: dict[str, str] | None = None, body: object = None, authority: Path | None = None,
):
    """Returns status, headers and body of the answer, whatever its status. `OSError` if there is none.

    A server that speaks TLS must have a certificate of this authority."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if authority:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(authority))))
    direct = urllib.request.build_opener(*handlers)
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with direct.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()

"""TLS for Keystone: takes the handshake, and passes on the request and the certificate the client has shown."""

import base64
import os

import urllib3
from certificate_guard import CERTIFICATE, SECRET, variable

_secret = os.environ["FRONT_SECRET"]
_keystone = urllib3.HTTPConnectionPool("127.0.0.1", int(os.environ["KEYSTONE_PORT"]), maxsize=16)
# What concerns one connection only, and what nobody but us may say.
_OURS = {variable(name) for name in ("Connection", "Keep-Alive", "TE", "Transfer-Encoding", SECRET, CERTIFICATE)}
_HOPS = {"connection", "keep-alive", "transfer-encoding"}


def application(environ, start_response):
    headers = {SECRET: _secret}
    certificate = environ["gunicorn.socket"].getpeercert(binary_form=True)
    if certificate:
        headers[CERTIFICATE] = base64.b64encode(certificate).decode()
    for name, value in environ.items():
        if name.startswith("HTTP_") and name not in _OURS:
            headers[name.removeprefix("HTTP_").replace("_", "-").title()] = value
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    try:
        answer = _keystone.request(
            environ["REQUEST_METHOD"], environ["RAW_URI"], headers=headers, body=environ["wsgi.input"].read(),
            redirect=False, retries=False, decode_content=False,
        )
    except urllib3.exceptions.HTTPError:
        start_response("502 Bad Gateway", [("Content-Length", "0")])
        return []
    kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOPS]
    if "Content-Length" not in answer.headers:
        kept.append(("Content-Length", str(len(answer.data))))
    start_response(f"{answer.status} {answer.reason}", kept)
    return [answer.data]

"""A stand-in identity provider: OpenID Connect, and SAML2 for enhanced clients."""

import json
import os
from pathlib import Path

import flask
import saml
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oidc_grants import Grants, Refused
from oidc_tokens import Tokens

configuration = json.loads(Path(os.environ["PROVIDER_CONFIGURATION"]).read_text())
issuer, people, clients = (configuration[name] for name in ("issuer", "people", "clients"))
key, certificate = (Path(configuration[name]).read_text() for name in ("key", "certificate"))
tokens = Tokens(issuer, load_pem_private_key(key.encode(), None), configuration["life"], people, clients)
grants = Grants(tokens, people, clients)
application = flask.Flask(__name__)


@application.get("/.well-known/openid-configuration")
def discovery():
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "device_authorization_endpoint": f"{issuer}/device",
        "jwks_uri": f"{issuer}/jwks",
        "grant_types_supported": Grants.SUPPORTED,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    }


@application.get("/jwks")
def jwks():
    return {"keys": [tokens.public_key()]}


@application.post("/token")
def token():
    return grants.token(client(), flask.request.form)


@application.post("/device")
def device():
    return grants.device(client(), flask.request.form, f"{issuer}/device/answer")


@application.post("/device/answer")
def device_answer():
    """What a person does at the address a device shows: `user_code`, and `answer` is `allow` or `deny`."""
    form = flask.request.form
    grants.answer_device(person(), form.get("user_code", ""), form.get("answer") == "allow")
    return "", 204


@application.get("/authorize")
def authorize():
    """What a browser does, its person's password sent by Basic authentication."""
    return flask.redirect(grants.authorize(person(), flask.request.args))


@application.post("/saml/ecp")
def ecp():
    name = person()
    identifier, entity, consumer = saml.read_request(flask.request.get_data())
    if configuration["consumers"].get(entity) != consumer:
        raise saml.NotBelieved(f"{consumer} is no consumer of {entity}")
    attributes = {"uid": [name], "groups": people[name]["groups"] or ["none"]}
    envelope = saml.response(
        configuration["saml_issuer"], entity, consumer, identifier, attributes, configuration["life"], key, certificate,
    )
    return envelope, {"Content-Type": "text/xml"}


def client():
    """The OAuth client that asks, by either way of saying its secret; one without a secret need only name itself."""
    basic = flask.request.authorization
    told = (basic.username, basic.password) if basic and basic.type == "basic" else (
        flask.request.form.get("client_id"), flask.request.form.get("client_secret"),
    )
    known = clients.get(told[0])
    if known is None or known["secret"] != (told[1] or None):
        raise Refused("invalid_client", 401)
    return told[0]


def person():
    basic = flask.request.authorization
    if not basic or basic.type != "basic" or not grants.knows(basic.username, basic.password):
        flask.abort(flask.Response("", 401, {"WWW-Authenticate": 'Basic realm="provider"'}))
    return basic.username


@application.errorhandler(Refused)
def refused(why):
    headers = {"WWW-Authenticate": 'Basic realm="provider"'} if why.status == 401 else {}
    return {"error": why.error, "error_description": why.description}, why.status, headers


@application.errorhandler(saml.NotBelieved)
def not_believed(why):
    return f"{why}\n", 400, {"Content-Type": "text/plain"}

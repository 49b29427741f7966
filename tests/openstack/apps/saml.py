"""Messages of SAML2's profile for enhanced clients (ECP): written by its two sides, signed, and checked."""

import datetime
import secrets
from dataclasses import dataclass

from lxml import etree
from lxml.builder import ElementMaker
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLSigner, XMLVerifier
from signxml.exceptions import InvalidInput, InvalidSignature

SPACES = {
    "S": "http://schemas.xmlsoap.org/soap/envelope/",
    "ecp": "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp",
    "paos": "urn:liberty:paos:2003-08",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
}
PAOS = "application/vnd.paos+xml"
NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
S, ECP, POS, A, P = (
    ElementMaker(namespace=SPACES[prefix], nsmap=SPACES) for prefix in ("S", "ecp", "paos", "saml", "samlp")
)
# Keystone signs by SHA-1 to this day.
CONFIGURATION = SignatureConfiguration(
    location="./",
    signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA1}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA1}),
)
_parser = etree.XMLParser(resolve_entities=False, no_network=True)


class NotBelieved(Exception):
    """A message that proves nothing; the text says why."""


@dataclass
class Assertion:
    """What was said, and by whom. All of it is signed."""

    id: str
    issuer: str
    recipient: str
    in_response_to: str | None
    attributes: dict[str, list[str]]


def request(entity, consumer, relay_state):
    """The service provider's envelope for a client that wants in; returns the request's id too."""
    identifier = fresh()
    must = {f"{{{SPACES['S']}}}mustUnderstand": "1", f"{{{SPACES['S']}}}actor": NEXT}
    head = S.Header(
        POS.Request({**must, "responseConsumerURL": consumer, "service": SPACES["ecp"]}),
        ECP.Request({**must, "IsPassive": "0"}, A.Issuer(entity)),
        ECP.RelayState(must, relay_state),
    )
    body = P.AuthnRequest(
        A.Issuer(entity), ID=identifier, Version="2.0", IssueInstant=instant(),
        AssertionConsumerServiceURL=consumer, ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS",
    )
    return identifier, etree.tostring(S.Envelope(head, S.Body(body)))


def read_request(text):
    """The id, the entity and the consumer of a request, as the identity provider sees it."""
    (found,) = parse(text).xpath("/S:Envelope/S:Body/samlp:AuthnRequest", namespaces=SPACES) or [None]
    if found is None:
        raise NotBelieved("there is no AuthnRequest")
    return found.get("ID"), found.findtext("saml:Issuer", namespaces=SPACES), found.get("AssertionConsumerServiceURL")


def response(issuer, audience, consumer, request_id, attributes, life, key, certificate):
    """The identity provider's envelope: a signed assertion for this consumer."""
    until = instant(life)
    identifier = fresh()
    assertion = A.Assertion(
        A.Issuer(issuer),
        etree.Element(f"{{{SPACES['ds']}}}Signature", Id="placeholder"),
        A.Subject(
            A.NameID(attributes["uid"][0]),
            A.SubjectConfirmation(
                A.SubjectConfirmationData(InResponseTo=request_id, NotOnOrAfter=until, Recipient=consumer),
                Method=BEARER,
            ),
        ),
        A.Conditions(A.AudienceRestriction(A.Audience(audience)), NotOnOrAfter=until),
        A.AuthnStatement(A.AuthnContext(A.AuthnContextClassRef(CLASS)), AuthnInstant=instant()),
        A.AttributeStatement(*(
            A.Attribute(*(A.AttributeValue(value) for value in values), Name=name)
            for name, values in attributes.items()
        )),
        ID=identifier, Version="2.0", IssueInstant=instant(),
    )
    signer = XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    signed = signer.sign(assertion, key=key, cert=certificate, reference_uri=f"#{identifier}", id_attribute="ID")
    answer = P.Response(
        A.Issuer(issuer), P.Status(P.StatusCode(Value=SUCCESS)), signed,
        ID=fresh(), Version="2.0", IssueInstant=instant(), InResponseTo=request_id, Destination=consumer,
    )
    head = ECP.Response({
        f"{{{SPACES['S']}}}mustUnderstand": "1", f"{{{SPACES['S']}}}actor": NEXT,
        "AssertionConsumerServiceURL": consumer,
    })
    return etree.tostring(S.Envelope(S.Header(head), S.Body(answer)))


def read_response(text, certificates):
    """What an envelope proves, and its relay state; `certificates` has those of the issuers we know."""
    envelope = parse(text)
    found = envelope.xpath("/S:Envelope/S:Body/samlp:Response/saml:Assertion", namespaces=SPACES)
    if len(found) != 1:
        raise NotBelieved("there must be one assertion")
    issuer = found[0].findtext("saml:Issuer", namespaces=SPACES)
    if issuer not in certificates:
        raise NotBelieved(f"nobody knows {issuer}")
    try:
        signed = XMLVerifier().verify(
            etree.tostring(found[0]), x509_cert=certificates[issuer], expect_config=CONFIGURATION, id_attribute="ID",
        ).signed_xml
    except (InvalidInput, InvalidSignature) as wrong:
        raise NotBelieved(f"the signature is wrong: {wrong}") from wrong
    return assertion(signed), envelope.findtext("S:Header/ecp:RelayState", namespaces=SPACES)


def assertion(signed):
    """Reads the signed part, and nothing beside it."""
    data = signed.find("saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData", namespaces=SPACES)
    until = None if data is None else data.get("NotOnOrAfter")
    if until is None or datetime.datetime.fromisoformat(until) <= datetime.datetime.now(datetime.timezone.utc):
        raise NotBelieved("the assertion has expired")
    return Assertion(
        id=signed.get("ID"),
        issuer=signed.findtext("saml:Issuer", namespaces=SPACES),
        recipient=data.get("Recipient"),
        in_response_to=data.get("InResponseTo"),
        attributes={
            attribute.get("Name"): [value.text or "" for value in attribute]
            for attribute in signed.iterfind("saml:AttributeStatement/saml:Attribute", namespaces=SPACES)
        },
    )


def parse(text):
    try:
        return etree.fromstring(text, _parser)
    except etree.XMLSyntaxError as wrong:
        raise NotBelieved(f"that is no XML: {wrong}") from wrong


def fresh():
    return f"_{secrets.token_hex(16)}"


def instant(seconds=0):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

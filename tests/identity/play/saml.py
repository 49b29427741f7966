"""SAML 2.0 ECP and ADFS, as documents. Nothing is signed: clients of these flows check no signatures."""

from __future__ import annotations

from play.message import Answer, Request, refusal
from play.stage import Stage

PAOS = "application/vnd.paos+xml"
CONSUMER = "/Shibboleth.sso/SAML2/ECP"
ADFS_CONSUMER = "/Shibboleth.sso/ADFS"

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ECP = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"
PAOS_NS = "urn:liberty:paos:2003-08"
ACTOR = 'S:mustUnderstand="1" S:actor="http://schemas.xmlsoap.org/soap/actor/next"'

RELAY_STATE = f'<ecp:RelayState xmlns:ecp="{ECP}" {ACTOR}>ss:mem:1410</ecp:RelayState>'

FROM_SERVICE = (
    '<S:Envelope xmlns:S="{SOAP}"><S:Header>'
    '<paos:Request xmlns:paos="{PAOS_NS}" {ACTOR} responseConsumerURL="{consumer}" service="{ECP}"/>'
    '<ecp:Request xmlns:ecp="{ECP}" {ACTOR} IsPassive="0"/>{relay}'
    "</S:Header><S:Body>"
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a1" Version="2.0"'
    ' AssertionConsumerServiceURL="{consumer}"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
    "the service &amp; provider</saml:Issuer></samlp:AuthnRequest></S:Body></S:Envelope>"
)

FROM_PROVIDER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<S:Envelope xmlns:S="{SOAP}"><S:Header>{first}'
    '<ecp:Response xmlns:ecp="{ECP}" {ACTOR} AssertionConsumerServiceURL="{consumer}"/></S:Header><S:Body>'
    '<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" InResponseTo="_a1" Version="2.0">'
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_s1" Version="2.0">'
    "<saml:Subject>Älice</saml:Subject></saml:Assertion></samlp:Response></S:Body></S:Envelope>"
)

ADFS_TOKEN = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing">'
    '<s:Header><a:Action s:mustUnderstand="1">http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal'
    '</a:Action></s:Header><s:Body>'
    '<trust:RequestSecurityTokenResponseCollection xmlns:trust="http://docs.oasis-open.org/ws-sx/ws-trust/200512">'
    "<trust:RequestSecurityTokenResponse><trust:RequestedSecurityToken>"
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1"'
    ' AssertionID="_ada">for alice &amp; nobody else + 100%</saml:Assertion>'
    "</trust:RequestedSecurityToken><trust:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</trust:TokenType>"
    "</trust:RequestSecurityTokenResponse></trust:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"
)

ADFS_FAULT = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender'
    "</s:Value><s:Subcode><s:Value>a:FailedAuthentication</s:Value></s:Subcode></s:Code></s:Fault></s:Body></s:Envelope>"
)


def request_for_authentication(request: Request, stage: Stage) -> Answer:
    """What mod_shib answers to a client that said it speaks PAOS."""
    relay = RELAY_STATE if stage.world.get("relay_state", True) else ""
    document = FROM_SERVICE.format(
        SOAP=SOAP, ECP=ECP, PAOS_NS=PAOS_NS, ACTOR=ACTOR, relay=relay, consumer=stage.hosts[request.role] + CONSUMER,
    )
    return Answer(200, {"Content-Type": PAOS}, document.encode())


def identity_provider(request: Request, stage: Stage) -> Answer:
    """An identity provider with ECP and Basic authentication."""
    if not request.headers.get("authorization", "").startswith("Basic "):
        return refusal(401, "name and password, please", WWW_Authenticate='Basic realm="ecp"')
    consumer = stage.fill(stage.world.get("consumer", "{keystone}" + CONSUMER))
    first = f'<ecp:RequestAuthenticated xmlns:ecp="{ECP}"/>' if stage.world.get("other_header") else ""
    document = FROM_PROVIDER.format(SOAP=SOAP, ECP=ECP, ACTOR=ACTOR, consumer=consumer, first=first)
    return Answer(200, {"Content-Type": "text/xml"}, document.encode())


def adfs(request: Request, stage: Stage) -> Answer:
    """ADFS's WS-Trust endpoint for names and passwords."""
    if stage.world.get("adfs_fault"):
        return Answer(500, {"Content-Type": "application/soap+xml"}, ADFS_FAULT.encode())
    return Answer(200, {"Content-Type": "application/soap+xml"}, ADFS_TOKEN.encode())

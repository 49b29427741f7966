"""What mod_ssl tells an application of a client's certificate."""

import base64
import hmac

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

SECRET = "X-Rig-Front"
CERTIFICATE = "X-Rig-Certificate"
# Where mod_ssl's word for an attribute is not that of RFC 4514.
NAMES = {x509.NameOID.EMAIL_ADDRESS: "Email"}


class CertificateGuard:
    """Believes the TLS server, which knows the secret, and nobody else."""

    def __init__(self, application, secret):
        self._application = application
        self._secret = secret

    def __call__(self, environ, start_response):
        secret = environ.pop(variable(SECRET), "")
        certificate = environ.pop(variable(CERTIFICATE), None)
        if hmac.compare_digest(secret.encode(), self._secret.encode()):
            environ["wsgi.url_scheme"] = "https"
            environ["HTTPS"] = "on"
            environ["SSL_CLIENT_VERIFY"] = "SUCCESS" if certificate else "NONE"
            if certificate:
                environ.update(variables(base64.b64decode(certificate)))
        return self._application(environ, start_response)


def variables(encoded):
    certificate = x509.load_der_x509_certificate(encoded)
    told = {
        "SSL_CLIENT_CERT": certificate.public_bytes(Encoding.PEM).decode(),
        "SSL_CLIENT_M_SERIAL": f"{certificate.serial_number:X}",
        "SSL_CLIENT_S_DN": certificate.subject.rfc4514_string(),
        "SSL_CLIENT_I_DN": certificate.issuer.rfc4514_string(),
    }
    for prefix, name in (("SSL_CLIENT_S_DN", certificate.subject), ("SSL_CLIENT_I_DN", certificate.issuer)):
        for attribute in name:
            told[f"{prefix}_{NAMES.get(attribute.oid, attribute.rfc4514_attribute_name)}"] = attribute.value
    return told


def variable(header):
    return "HTTP_" + header.upper().replace("-", "_")

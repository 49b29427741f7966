"""Certification authorities and what they certify.

In: a folder, and certificates by name: `subject` (attribute and value), `issuer` (a name; none: its own), and
whether it is an `authority`, a `server` or a `signer` of documents (those have RSA keys, which SAML asks for).
Each makes two files, NAME.pem and NAME.key. Out: each one's subject as RFC 4514 writes it.
"""

import datetime
import ipaddress
import json
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = datetime.timedelta(days=3650)
ATTRIBUTES = {
    "CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
}


def main():
    what = json.load(sys.stdin)
    folder, made = Path(what["folder"]), {}
    folder.mkdir()
    for name, terms in what["certificates"].items():
        key = rsa.generate_private_key(65537, 2048) if terms.get("signer") else ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(ATTRIBUTES[kind], value) for kind, value in terms["subject"].items()])
        issuer, issuer_key = made.get(terms.get("issuer"), (subject, key))
        made[name] = subject, key
        write(folder / name, certificate(subject, key, issuer, issuer_key, terms), key)
    json.dump({name: subject.rfc4514_string() for name, (subject, _) in made.items()}, sys.stdout)


def certificate(subject, key, issuer, issuer_key, terms):
    now = datetime.datetime.now(datetime.timezone.utc)
    authority = bool(terms.get("authority"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(usage(authority), critical=True)
    )
    if terms.get("server"):
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if not authority and not terms.get("signer"):
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if terms.get("server") else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def usage(authority):
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )


def write(path, certificate, key):
    path.with_suffix(".pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = path.with_suffix(".key")
    secret.touch(mode=0o600)
    secret.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    ))


main()

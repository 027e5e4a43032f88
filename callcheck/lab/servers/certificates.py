"""The lab's own certificate authority, made anew for each start, and one certificate for everything it serves."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_FILE: Final = "ca.pem"
_VALID_BEFORE: Final = timedelta(days=1)
_VALID_AFTER: Final = timedelta(days=30)
_AUTHORITY: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callcheck lab authority")])
_SERVER: Final = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callcheck lab server")])


@dataclass(frozen=True, slots=True)
class Certificates:
    """The authority's certificate, and a server's certificate with its key."""

    authority: x509.Certificate
    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    def server_pem(self) -> bytes:
        """The server's certificate and its unprotected key."""
        key = self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return self.certificate.public_bytes(Encoding.PEM) + key

    def server_context(self, protocols: Sequence[str] = ()) -> ssl.SSLContext:
        """What a TLS server needs (TLS 1.2 and 1.3); `protocols` are the names it agrees to (ALPN, RFC 7301)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        if protocols:
            context.set_alpn_protocols(list(protocols))
        # OpenSSL as Python knows it takes keys from files only; this one lies in memory and goes with the process.
        descriptor = os.memfd_create("callcheck-lab-key")
        try:
            os.write(descriptor, self.server_pem())
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
        return context


def make_certificates(directory: Path, *, names: Collection[str], addresses: Collection[str]) -> Certificates:
    """Make the authority and a certificate for all names and IP addresses, valid from a day ago for 30 days.

    The authority's certificate is written as `ca.pem` into `directory`, whole or not at all. Raises OSError.
    """
    now = datetime.now(UTC)
    authority_key, private_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = (
        _begun(_AUTHORITY, authority_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    builder = (
        _begun(_SERVER, private_key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
    )
    proven = _proven(names, addresses)
    if proven:
        builder = builder.add_extension(x509.SubjectAlternativeName(proven), critical=False)
    certificates = Certificates(authority, builder.sign(authority_key, hashes.SHA256()), private_key)
    directory.mkdir(parents=True, exist_ok=True)
    unfinished = directory / f"{CA_FILE}.part"
    unfinished.write_bytes(authority.public_bytes(Encoding.PEM))
    unfinished.replace(directory / CA_FILE)
    return certificates


def _begun(subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_AUTHORITY)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID_BEFORE)
        .not_valid_after(now + _VALID_AFTER)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _proven(names: Collection[str], addresses: Collection[str]) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(name) for name in sorted(names)),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in sorted(addresses)),
    ]

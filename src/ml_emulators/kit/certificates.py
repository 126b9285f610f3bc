"""TLS for clients that insist on it: a private authority made at start, and one certificate for all vendors' names.

The authority's own key signs that certificate and is forgotten; it is never written. The server's key is written for as
long as it takes to load it, and with a folder of state it stays there, readable by its owner alone.
"""

from __future__ import annotations

import ipaddress
import shutil
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .files import write_private
from .hosts import HERE, VENDORS

CA_FILE = "emulators-ca.pem"
CHAIN_FILE = "emulators-server.pem"
KEY_FILE = "emulators-server.key"
NAMES = (*HERE, *VENDORS)
_LIFE = timedelta(days=397)
_EARLY = timedelta(days=2)
_LEFT = timedelta(days=30)


class Papers(NamedTuple):
    """PEM texts: the authority's certificate, the server's certificate, the server's key."""

    authority: bytes
    server: bytes
    key: bytes


def issue(now: datetime, names: tuple[str, ...] = NAMES) -> Papers:
    """A new authority, and a certificate by it for `names` (DNS names, asterisks included, and IP addresses)."""
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("ml-connector emulators, private authority")
    authority = _root(issuer, root, now)
    server = _server(issuer, root, key, names, now)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Papers(_pem(authority), _pem(server), private)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    """What both certificates have: names, a serial number, and a life that began a little earlier (clocks differ)."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now - _EARLY + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _root(issuer: x509.Name, root: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    built = _builder(issuer, issuer, root.public_key(), now)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return built.add_extension(_usage(sign_certificates=True), critical=True).sign(root, hashes.SHA256())


def _server(
    issuer: x509.Name,
    root: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...],
    now: datetime,
) -> x509.Certificate:
    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    built = _builder(_name(names[0]), issuer, key.public_key(), now)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_usage(sign_certificates=False), critical=True)
    built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    built = built.add_extension(signer, critical=False)
    return built.add_extension(alternatives, critical=False).sign(root, hashes.SHA256())


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


class Trust:
    """The papers of one run. `ca_file` is what clients are to trust; without a folder it goes when the run ends."""

    def __init__(self, folder: Path | None = None) -> None:
        """With `folder` the papers found there are used again while they are good, else new ones are kept there."""
        self._passing = None if folder else Path(tempfile.mkdtemp(prefix="ml-emulators-"))
        self._folder = (folder or self._passing or Path()).resolve()
        self.papers = self._kept() or self._renewed()

    @property
    def ca_file(self) -> Path:
        return self._folder / CA_FILE

    def _kept(self) -> Papers | None:
        try:
            found = Papers(*((self._folder / name).read_bytes() for name in (CA_FILE, CHAIN_FILE, KEY_FILE)))
            return found if _good(found, datetime.now(UTC)) else None
        except (OSError, ValueError, InvalidSignature):
            return None

    def _renewed(self) -> Papers:
        papers = issue(datetime.now(UTC))
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = zip((CA_FILE, CHAIN_FILE, KEY_FILE), papers, strict=True)
        for name, text in kept if self._passing is None else [(CA_FILE, papers.authority)]:
            write_private(self._folder / name, text)
        return papers

    def context(self) -> ssl.SSLContext:
        """For the HTTP servers."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.TemporaryDirectory(prefix="ml-emulators-") as passing:
            path = Path(passing) / KEY_FILE
            write_private(path, self.papers.key + self.papers.server)
            context.load_cert_chain(path)
        return context

    def close(self) -> None:
        """Take away what was not to be kept."""
        if self._passing is not None:
            shutil.rmtree(self._passing, ignore_errors=True)


def _good(papers: Papers, now: datetime) -> bool:
    """Whether kept papers belong together, last for a while, and hold every name. Raises for what are no papers."""
    server = x509.load_pem_x509_certificate(papers.server)
    server.verify_directly_issued_by(x509.load_pem_x509_certificate(papers.authority))
    if serialization.load_pem_private_key(papers.key, None).public_key() != server.public_key():
        return False
    known = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return now + _LEFT < server.not_valid_after_utc and set(known) == {_alternative(name) for name in NAMES}

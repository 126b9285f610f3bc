"""TLS for clients that insist on it: a private authority made at start, and one certificate for all vendors' names.

The authority's own key signs that certificate and is forgotten; it is never written. The server's key is written for as
long as it takes to load it, and with a folder of state it stays there, readable by its owner alone.
"""

from __future__ import annotations

import shutil
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import trustme
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from .files import write_private
from .hosts import HERE, VENDORS

CA_FILE = "emulators-ca.pem"
CHAIN_FILE = "emulators-server.pem"
KEY_FILE = "emulators-server.key"
NAMES = (*HERE, *VENDORS)
_NAME = "ml-connector emulators"
_EARLY = timedelta(days=2)
"""Clocks differ: a certificate is good a little before it was made."""
_LIFE = timedelta(days=397)
"""Some clients take no certificate that lasts longer than 398 days."""
_LEFT = timedelta(days=30)


class Certificates(NamedTuple):
    """PEM texts: the authority's certificate, the server's certificate, the server's key."""

    authority: bytes
    server: bytes
    key: bytes


def issue(now: datetime, names: tuple[str, ...] = NAMES) -> Certificates:
    """A new authority, and a certificate by it for `names` (DNS names, asterisks included, and IP addresses)."""
    authority = trustme.CA(path_length=0, organization_name=_NAME, organization_unit_name="private authority")
    server = authority.issue_cert(
        *names,
        organization_name=_NAME,
        organization_unit_name="server",
        not_before=now - _EARLY,
        not_after=now - _EARLY + _LIFE,
    )
    (chain,) = server.cert_chain_pems
    return Certificates(authority.cert_pem.bytes(), chain.bytes(), server.private_key_pem.bytes())


class PrivateAuthority:
    """The certificates of one run. Clients are to trust `ca_file`; without a folder it goes when the run ends."""

    def __init__(self, folder: Path | None = None) -> None:
        """With `folder` the certificates found there are used again while they are good, else new ones stay there."""
        self._temporary = None if folder else Path(tempfile.mkdtemp(prefix="ml-emulators-"))
        self._folder = (folder or self._temporary or Path()).resolve()
        self.certificates = self._kept() or self._renewed()

    @property
    def ca_file(self) -> Path:
        """The PEM file that a client is to trust; it is there once the server has started."""
        return self._folder / CA_FILE

    def _kept(self) -> Certificates | None:
        try:
            kept = Certificates(*((self._folder / name).read_bytes() for name in (CA_FILE, CHAIN_FILE, KEY_FILE)))
            return kept if _good(kept, datetime.now(UTC)) else None
        except (OSError, ValueError, InvalidSignature):  # new ones are made
            return None

    def _renewed(self) -> Certificates:
        issued = issue(datetime.now(UTC))
        self._folder.mkdir(parents=True, exist_ok=True)
        files = zip((CA_FILE, CHAIN_FILE, KEY_FILE), issued, strict=True)
        for name, text in files if self._temporary is None else [(CA_FILE, issued.authority)]:
            write_private(self._folder / name, text)
        return issued

    def context(self) -> ssl.SSLContext:
        """For the HTTP servers."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.TemporaryDirectory(prefix="ml-emulators-") as passing:
            path = Path(passing) / KEY_FILE
            write_private(path, self.certificates.key + self.certificates.server)
            context.load_cert_chain(path)
        return context

    def close(self) -> None:
        """Take away what was not to be kept."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def _good(kept: Certificates, now: datetime) -> bool:
    """Whether they belong together, last for a while, and hold every name. Raises for what are no certificates."""
    server = x509.load_pem_x509_certificate(kept.server)
    server.verify_directly_issued_by(x509.load_pem_x509_certificate(kept.authority))
    if serialization.load_pem_private_key(kept.key, None).public_key() != server.public_key():
        return False
    known = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    names = {str(name.value) for name in known}
    return now + _LEFT < server.not_valid_after_utc and names == set(NAMES)

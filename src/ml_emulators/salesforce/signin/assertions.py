"""JWT bearer sign-in: an assertion is a JWT that the app's certificate has signed (salesforce reference 1.3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from ml_emulators.salesforce.errors import OAuthError

_LONGEST_SECONDS = 300
_DRIFT_SECONDS = 30
_LOGIN = ("login.salesforce.com", "test.salesforce.com")


@dataclass(frozen=True)
class Assertion:
    """What a JWT says, before anything of it is believed."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    def claim(self, name: str) -> str:
        """A claim that is a text; blank when it is missing or anything else."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else ""


def _refused(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)


def _part(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _object(text: str) -> dict[str, Any]:
    return msgspec.json.decode(_part(text), type=dict[str, Any])


def read(text: str) -> Assertion:
    """The three parts of a JWT. Raises `OAuthError` when it is none."""
    try:
        head, body, signature = text.split(".")
        return Assertion(_object(head), _object(body), f"{head}.{body}".encode("ascii"), _part(signature))
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise _refused("invalid assertion") from None


def public_key(certificate: str) -> RSAPublicKey:
    """The RSA key of a certificate in PEM. Raises `ValueError` for anything else."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the certificate must hold an RSA key")  # one error for all of them
    return key


def _is_signed(assertion: Assertion, certificate: str) -> bool:
    try:
        public_key(certificate).verify(assertion.signature, assertion.signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def check_signature(assertion: Assertion, certificates: Iterable[str]) -> None:
    """RS256 by one of the app's certificates, and nothing else. Raises `OAuthError`."""
    if assertion.header.get("alg") != "RS256" or not any(
        _is_signed(assertion, certificate) for certificate in certificates
    ):
        raise _refused("invalid assertion")


def check_audience(assertion: Assertion, own_hosts: Iterable[str]) -> None:
    """A login host, a My Domain, or the address this org listens at. Raises `OAuthError`."""
    address = urlsplit(assertion.claim("aud"))
    host = address.netloc.lower()
    known = host in (*_LOGIN, *own_hosts) or host.endswith(".my.salesforce.com")
    if not known or address.scheme not in ("https", "http") or address.path.strip("/"):
        raise _refused("audience is invalid")


def check_expiry(assertion: Assertion, now: datetime) -> None:
    """`exp`, a number or its digits, lies ahead, at most five minutes and what clocks differ. Raises `OAuthError`."""
    value = assertion.claims.get("exp")
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not digits.isdigit() or len(digits) > 12:
        raise _refused("invalid assertion")
    left = int(digits) - now.timestamp()
    if left <= 0:
        raise _refused("expired assertion")
    if left > _LONGEST_SECONDS + _DRIFT_SECONDS:
        raise _refused("assertion lifetime is too long")

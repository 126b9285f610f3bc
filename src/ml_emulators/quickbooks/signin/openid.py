"""OpenID Connect: the id token, the key that it is checked with, and who the user is (reference 1.1, 1.3)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

from ml_emulators.kit.wire import dumps
from ml_emulators.quickbooks.settings import Company
from ml_emulators.quickbooks.values import Json, seconds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEY_ID = "r4p5SbL2qaFehFzhj8gI"
_LIFE = 3600
_BITS = 2048


@cache
def _key() -> RSAPrivateKey:
    """One key for each run of the program; made when it is first needed."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=_BITS)


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def keys() -> Json:
    """The key set of `jwks_uri`."""
    public = _key().public_key().public_numbers()
    shown = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": _number(public.n), "e": _number(public.e)}
    return {"keys": [shown]}


def subject(company: Company) -> str:
    """The user's id, the same for every app."""
    return str(uuid5(NAMESPACE_OID, company.user_id))


def id_token(company: Company, client_id: str, issuer: str, now: datetime) -> str:
    """A signed statement for one app about who agreed; good for an hour."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    at = seconds(now)
    claims: dict[str, Any] = {
        "sub": subject(company),
        "aud": [client_id],
        "realmid": company.realm_id,
        "auth_time": at,
        "iss": issuer,
        "exp": at + _LIFE,
        "iat": at,
    }
    head = _b64(dumps({"kid": KEY_ID, "typ": "JWT", "alg": "RS256"}))
    signed = f"{head}.{_b64(dumps(claims))}"
    signature = _key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_b64(signature)}"


def user_info(company: Company, scopes: tuple[str, ...]) -> Json:
    """What the scopes open of the user."""
    given, _, family = company.user_name.partition(" ")
    address = {
        "streetAddress": "12 Harbor Row",
        "locality": "Portland",
        "region": "OR",
        "postalCode": "97201",
        "country": "US",
    }
    parts: dict[str, Json] = {
        "profile": {"givenName": given, "familyName": family},
        "email": {"email": f"{given}.{family}@example.com".lower(), "emailVerified": True},
        "phone": {"phoneNumber": "+1 5550100", "phoneNumberVerified": False},
        "address": {"address": address},
    }
    claims: Json = {"sub": subject(company)}
    for scope, part in parts.items():
        claims |= part if scope in scopes else {}
    return claims

"""The key that signs assertions, and its certificate, which an administrator uploads to the app (reference 1.3).

Self-signed: Salesforce compares the certificate with the one that was uploaded, and asks no authority. The rule that
those of authorities live for 200 days is not about it (reference, additions).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from ml_connector.model.errors import StateTrouble

LIFE = timedelta(days=2 * 365)
"""How long a certificate of ours is good for."""
_BITS = 2048
_BEFORE = timedelta(days=1)
"""It begins earlier than it is made: the org's clock may be behind."""


class Certified(msgspec.Struct, frozen=True):
    """A private key, its certificate (both PEM), and the user that it signs in as. Sealed as `text`; never shown."""

    key: str
    certificate: str
    username: str

    def __repr__(self) -> str:
        return "Certified(hidden)"

    @classmethod
    def read(cls, text: str) -> Certified:
        """From `text`. Raises `StateTrouble` for anything else."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            raise StateTrouble(
                "The sealed key of the certificate is damaged.",
                "Make another:  ml-connector connect salesforce --jwt --new-key",
            ) from None

    @property
    def text(self) -> str:
        """All of it, to be sealed. A secret."""
        return msgspec.json.encode(self).decode()

    @property
    def ends(self) -> datetime:
        """From when on Salesforce takes it no longer."""
        from cryptography import x509

        return x509.load_pem_x509_certificate(self.certificate.encode()).not_valid_after_utc


def make(name: str, username: str, now: datetime) -> Certified:
    """A new key and its certificate, good for `LIFE`. `name` is the one that the certificate shows."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + LIFE)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Certified(private, made.public_bytes(Encoding.PEM).decode(), username)

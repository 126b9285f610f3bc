"""The key that signs for us, and its certificate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ml_connector.model.errors import StateTrouble
from ml_connector.systems.salesforce.certificate import LIFE, Certified, make

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_certificate_is_of_its_key_and_lasts_two_years() -> None:
    made = make("ml-connector acme", "robot@acme.example", NOON)
    certificate = x509.load_pem_x509_certificate(made.certificate.encode())
    public = certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    assert public.key_size == 2048
    assert certificate.issuer == certificate.subject
    assert certificate.not_valid_before_utc < NOON < certificate.not_valid_after_utc
    assert made.ends == NOON + LIFE > NOON + timedelta(days=729)
    assert Certified.read(made.text) == made
    assert "PRIVATE" not in repr(made)


@pytest.mark.parametrize("text", ["", "{}", "-----BEGIN", '{"key": 1}'])
def test_a_damaged_key_says_how_to_make_another(text: str) -> None:
    with pytest.raises(StateTrouble) as caught:
        Certified.read(text)
    assert "--jwt --new-key" in caught.value.remedy

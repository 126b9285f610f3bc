"""One spelling for values that mean the same."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ml_connector.model import canonical


@pytest.mark.parametrize(
    ("written", "country", "same"),
    [
        ("(617) 555-0100", "US", "+16175550100"),
        ("617.555.0100", "US", "+16175550100"),
        ("+1 617 555 0100", "DE", "+16175550100"),
        ("030 901820", "DE", "+4930901820"),
        ("617-555-0100 x12", "US", "+16175550100x12"),
        ("12", "US", "12"),
        ("ask Bob", "US", "ask Bob"),
        ("", "US", None),
        (None, "US", None),
    ],
)
def test_phone(written: str | None, country: str, same: str | None) -> None:
    assert canonical.phone(written, country) == same


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("USA", "US"), ("us", "US"), ("United States", "US"), ("United States of America", "US"), ("840", "US"),
        ("GBR", "GB"), ("UK", "GB"), ("United Kingdom", "GB"), ("DEU", "DE"), ("Germany", "DE"), ("Deutschland", "DE"),
        ("Czech Republic", "CZ"), ("Czechia", "CZ"), ("South Korea", "KR"), (" france ", "FR"), ("Hong Kong", "HK"),
        ("Atlantis", "atlantis"), ("XX", "xx"), ("", None), (None, None),
    ],
)  # fmt: skip
def test_country(written: str | None, code: str | None) -> None:
    assert canonical.country(written) == code


@pytest.mark.parametrize(
    ("written", "site", "host"),
    [
        ("https://www.Acme.com/", "acme.com", "acme.com"),
        ("ACME.com/About", "acme.com/About", "acme.com"),
        ("http://user@acme.com:8080/x?y", "user@acme.com:8080/x?y", "acme.com"),
        ("none", "none", None),
        ("", None, None),
    ],
)
def test_web(written: str, site: str | None, host: str | None) -> None:
    assert (canonical.web(written), canonical.host(written)) == (site, host)


@pytest.mark.parametrize(
    ("written", "valid"),
    [
        ("ap@acme.com", True), ("a.b+c@d.co.uk", True), ("ap@acme", False), ("ap acme.com", False),
        ("@acme.com", False), ("a@b@c.com", False),
        ("ap@acme..com", False), (".a@b.com", False), ("a@b.com.", False), ("", False),
    ],
)  # fmt: skip
def test_email(written: str, valid: bool) -> None:
    assert canonical.is_email(written) is valid


@pytest.mark.parametrize(
    ("raw", "same"),
    [
        (Decimal("5.00"), "5"), (Decimal("-0.10"), "-0.1"), (Decimal(100), "100"), (0, "0"), (Decimal("1E+3"), "1000"),
        (True, "true"), ("  two  words ", "two words"), ("", None), (None, None),
    ],
)  # fmt: skip
def test_value(raw: object, same: str | None) -> None:
    assert canonical.value(raw) == same

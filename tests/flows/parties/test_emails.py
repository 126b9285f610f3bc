"""A field with e-mail addresses, and the identity of each."""

from __future__ import annotations

import pytest

from ml_connector.flows.parties.emails import digest, parse, ref_of, split


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", ()),
        ("ap@acme.com", ("ap@acme.com",)),
        (" AP@Acme.com ; Ana@acme.com,ap@acme.com", ("ap@acme.com", "ana@acme.com")),
        ("no address, ana@acme.com,,", ("ana@acme.com",)),
        ("ana@acme", ()),
    ],
)
def test_the_valid_addresses_of_a_field(text: str, addresses: tuple[str, ...]) -> None:
    assert parse(text) == addresses


def test_the_parts_stay_as_written() -> None:
    assert split("AP@Acme.com;; x , y") == ("AP@Acme.com", "x", "y")


def test_an_address_is_the_same_however_it_is_written() -> None:
    assert digest("AP@Acme.com") == digest("ap@acme.com") == "621d8cc13e7c"
    assert ref_of("58", "ap@acme.com") == ref_of("58", "AP@acme.com")
    assert str(ref_of("58", "ap@acme.com").id) == "58:621d8cc13e7c"

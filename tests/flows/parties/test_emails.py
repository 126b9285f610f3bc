"""A field with e-mail addresses, and the identity of each."""

from __future__ import annotations

import pytest

from ml_connector.flows.parties.emails import mark, parse, ref_of, split
from support.digests import digest


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
    assert mark("AP@Acme.com", digest) == mark("ap@acme.com", digest) == digest("email 621d8cc13e7c")
    assert ref_of("58", "ap@acme.com", digest) == ref_of("58", "AP@acme.com", digest)
    assert ref_of("58", "ap@acme.com", digest).id == f"58:{digest('email 621d8cc13e7c')}"

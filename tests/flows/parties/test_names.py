"""Names that the vendors take, and names that are compared (accounting-rules D.4, E.1, E.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.flows.parties import names


@pytest.mark.parametrize(
    ("account", "customer"),
    [
        ("Acme: North\tEast\nDivision", "Acme - North East Division"),
        ("  Acme   Corp ", "Acme Corp"),
        ("A\x00c\x07me\x7f", "Acme"),
        ("Line\r\nBreak", "Line Break"),
        ("A" * 112, "A" * 100),
        ("A" * 99 + " B", "A" * 99),
        (":", "-"),
        ("\t\n", ""),
    ],
)
def test_display_name(account: str, customer: str) -> None:
    assert names.display_name(account, 100) == customer


def test_the_suffix_always_fits() -> None:
    assert names.display_name("A" * 112, 100, names.CUSTOMER_SUFFIX) == "A" * 89 + " (Customer)"
    assert names.account_suffix("0015f00000AbCdEIAV") == " (SF CdEIAV)"


@given(st.text(max_size=200), st.integers(30, 500))
def test_a_display_name_is_legal(account: str, limit: int) -> None:
    for form in names.display_forms(account, "0015f00000AbCdEIAV", limit):
        assert len(form) <= limit
        assert not set(form) & set(":\t\r\n")
        assert form == " ".join(form.split())
        form.encode()


@pytest.mark.parametrize(
    ("account", "customer", "agree"),
    [
        ("Acme", "Acme", True),
        ("Acme", "Acme (Customer)", True),
        ("Acme", "Acme (SF CdEIAV)", True),
        ("Acme", "Acme (deleted)", False),
        ("Acme (deleted)", "Acme (deleted)", True),
        ("Acme: East", "Acme - East", True),
        ("A" * 112, "A" * 100, True),
        ("A" * 255, "A" * 400, True),
        ("A" * 200, "A" * 200, True),
        ("Acme", "Acme Inc", False),
        ("Acme", "ACME", False),
        ("Acme", "Acme (SF AbCdEI)", False),
    ],
)
def test_names_that_follow_from_each_other(account: str, customer: str, agree: bool) -> None:
    assert names.names_agree(account, "0015f00000AbCdEIAV", customer, 100) is agree


def test_an_account_name_is_cut_only_past_255() -> None:
    assert names.account_name_for("B" * 255) == ("B" * 255, False)
    assert names.account_name_for("B" * 256) == ("B" * 255, True)


@pytest.mark.parametrize(
    ("number", "customer", "name"),
    [
        ("1043", "Acme", "INV 1043 - Acme"),
        ("", "Acme", "INV #7 - Acme"),
        ("1043", "Acme (deleted)", "INV 1043 - Acme (deleted)"),
        ("1043", "", "INV 1043"),
        ("1043", "C" * 109, "INV 1043 - " + "C" * 109),
        ("1043", "C" * 110, "INV 1043 - " + "C" * 108 + "…"),
        ("1043", "C" * 107 + " and more", "INV 1043 - " + "C" * 107 + "…"),
    ],
)
def test_opportunity_name(number: str, customer: str, name: str) -> None:
    assert names.opportunity_name(number, "7", customer) == name
    assert len(name) <= 120


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Acme, Inc.", "acme"),
        ("ACME Incorporated", "acme"),
        ("The Acme Company", "acme"),
        ("Acme Limited Liability Company", "acme"),
        ("Müller & Söhne GmbH", "muller and sohne"),
        ("O'Neil's", "oneils"),
        ("A.C.M.E. Corp", "acme"),
        ("Foo-Bar Pty. Ltd.", "foo bar"),
        ("ＡＢＣ　Ｌｔｄ", "abc"),
        ("Straße AG", "strasse"),
        ("Straße AG (deleted)", "strasse ag deleted"),
        ("The", "the"),
        ("Co", "co"),
        ("", ""),
    ],
)
def test_normalised(written: str, compared: str) -> None:
    assert names.normalised(written) == compared

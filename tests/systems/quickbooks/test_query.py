"""Statements of the query language: literals, pages, lists short enough for one statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.systems.quickbooks.query import among, count, having, is_id, portions, quoted, select


@pytest.mark.parametrize(
    ("text", "literal"),
    [("Acme", "'Acme'"), ("Bill's", r"'Bill\'s'"), ("a\\b", r"'a\\b'"), ("\\'", r"'\\\''"), ("", "''")],
)
def test_a_text_as_a_literal(text: str, literal: str) -> None:
    assert quoted(text) == literal


def test_statements() -> None:
    assert select("Invoice", among("Id", ["1", "2"])) == (
        "SELECT * FROM Invoice WHERE Id IN ('1', '2') ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
    )
    assert select("Customer", start=1001) == (
        "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id STARTPOSITION 1001 MAXRESULTS 1000"
    )
    assert count("Invoice") == "SELECT count(*) FROM Invoice"


def test_long_lists_are_cut_into_portions_of_distinct_values() -> None:
    assert [len(portion) for portion in portions([str(n) for n in range(2500)] * 2)] == [1000, 1000, 500]
    assert [len(portion) for portion in portions(["x" * 500 + str(n) for n in range(200)])] == [118, 82]
    assert [len(portion) for portion in portions(map(str, range(2500)), 2000)] == [2000, 500]
    assert list(portions([])) == []


@pytest.mark.parametrize(
    ("field", "values", "conditions"),
    [
        ("DisplayName", ["Acme", "Zoë"], [("DisplayName IN ('Acme', 'Zoë')",)]),
        ("DisplayName", ["Kid’s"], [("DisplayName LIKE 'Kid%s'",)]),
        ("DisplayName", ["Acme", "a – b"], [("DisplayName IN ('Acme')",), ("DisplayName LIKE 'a % b'",)]),
        ("DisplayName", ["O'Łódź"], [(r"DisplayName LIKE 'O\'%ód%'",)]),
        ("DisplayName", ["Acme", "日本"], [()]),
        ("DisplayName", [f"{number}’" for number in range(21)], [()]),
        ("DisplayName", ["tab\there"], [("DisplayName LIKE 'tab%here'",)]),
        ("Id", ["7", "1.5", "", "x", "12’", "\u0667"], [("Id IN ('7')",)]),
        ("CustomerRef", ["nobody"], []),
        ("DisplayName", [], []),
    ],
)
def test_no_statement_has_what_quickbooks_may_refuse(
    field: str, values: list[str], conditions: list[tuple[str, ...]]
) -> None:
    asked = having(field, values)
    assert [search.conditions for search in asked] == conditions
    assert [search.exact for search in asked] == [" IN (" in "".join(search.conditions) for search in asked]


@given(st.lists(st.text(min_size=1, max_size=40), max_size=30))
def test_whatever_a_value_says_the_statement_is_in_plain_letters(values: list[str]) -> None:
    asked = having("DisplayName", values)
    assert bool(asked) == bool(values)
    for text in (" ".join(search.conditions) for search in asked):
        assert all(" " <= letter <= "~" or "\xa0" <= letter <= "\xff" for letter in text)


@pytest.mark.parametrize(
    ("text", "sound"), [("1", True), ("", False), ("1.5", False), ("-1", False), ("1" * 21, False)]
)
def test_ids_are_digits(text: str, sound: bool) -> None:
    assert is_id(text) is sound

"""Statements of the query language: literals, pages, lists short enough for one statement."""

from __future__ import annotations

import pytest

from ml_connector.systems.quickbooks.query import among, count, portions, quoted, select


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
    assert list(portions([])) == []

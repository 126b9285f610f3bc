"""Foreign text loses its power over the terminal; figures stay whole."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.cli.layout import Column, table
from ml_connector.cli.text import amount, by_currency, count, fold, hanging, moment, pad, safe, width_of


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("Globex LLC", "Globex LLC"),
        ("Zoë 北京 🙂", "Zoë 北京 🙂"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("bell\x07", "bell\\u0007"),
        ("\x9b2J", "\\u009b2J"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("\u2066isolated", "\\u2066isolated"),
        ("two\nlines\t", "two\\u000alines\\u0009"),
        ("\ud800", "\\ud800"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("می\u200cروم", "می\u200cروم"),
        ("[bold]not markup[/bold]", "[bold]not markup[/bold]"),
    ],
)
def test_foreign_text_is_shown_and_obeyed_by_nobody(foreign: str, shown: str) -> None:
    assert safe(foreign) == shown


@given(st.text())
def test_no_text_reaches_the_terminal_as_a_command(foreign: str) -> None:
    assert all(unicodedata.category(each)[0] != "C" or each in "\u200c\u200d" for each in safe(foreign))
    assert not set(safe(foreign)) & set("\x1b\x07\x08\x0c\n\r\t\x9b\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("value", "currency", "shown"),
    [
        (Decimal("1200.5"), "USD", "1,200.50"),
        ("0", "USD", "0.00"),
        (Decimal(-500), "USD", "-500.00"),
        ("40100", "JPY", "40,100"),
        ("12912345678901.23", "USD", "12,912,345,678,901.23"),
        (None, "USD", ""),
        ("no number", "USD", ""),
    ],
)
def test_amounts(value: object, currency: str, shown: str) -> None:
    assert amount(value, currency) == shown


def test_sums_never_cross_currencies() -> None:
    pairs = [(Decimal(9000), "USD"), (Decimal(2100), "EUR"), (Decimal("0.5"), "USD"), (None, "GBP")]
    assert by_currency(pairs) == "2,100.00 EUR + 9,000.50 USD"


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 11, 22, 22, 3, tzinfo=UTC), "2026-11-22 14:03 PST"),
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), "2026-11-01 01:30 PDT"),
        (datetime(2026, 11, 1, 9, 30, tzinfo=UTC), "2026-11-01 01:30 PST"),
        (None, "never"),
    ],
)
def test_moments_name_their_zone(at: datetime | None, shown: str) -> None:
    assert moment(at, ZoneInfo("America/Los_Angeles")) == shown


def test_counts() -> None:
    assert (count(1, "hold"), count(1240, "hold")) == ("1 hold", "1,240 holds")
    assert count(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Globex LLC", 10),
        ("Zoë", 3),
        ("Zoe\u0308", 3),
        ("北京", 4),
        ("한국", 4),
        ("می\u200cروم", 5),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", 2),
        ("\U0001f1e9\U0001f1ea", 2),
        ("☺\ufe0f", 2),
    ],
)
def test_columns_are_those_of_the_terminal(text: str, columns: int) -> None:
    assert width_of(text) == columns
    assert pad(text, 12) == text + " " * (12 - columns)
    assert pad(text, 12, right=True) == " " * (12 - columns) + text
    assert pad(text, 1) == text


@given(st.text(max_size=80).map(safe), st.integers(8, 60))
def test_folding_loses_nothing_and_fits(text: str, width: int) -> None:
    lines = fold(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(line) <= width for line in lines)


def test_hanging_indents_what_follows() -> None:
    assert hanging("held  ", "one two three four five six", 22) == ["held  one two three", "      four five six"]


amounts = st.decimals(-(10**12), 10**12, places=2).map(lambda value: amount(value, "USD"))
rows = st.lists(st.tuples(st.text("abc é北", max_size=60), amounts, amounts, st.text("xyz ", max_size=90)), min_size=1)


@given(rows, st.sampled_from([40, 60, 80, 120, None]))
def test_a_table_cuts_no_figure_and_no_word(cells: list[tuple[str, str, str, str]], width: int | None) -> None:
    columns = [Column("Account"), Column("Debit", figure=True), Column("Credit", figure=True), Column("Why")]
    lines = table(columns, cells, width)
    shown = [word for line in lines for word in line.split()]
    for cell in cells:
        assert {cell[1], cell[2]} <= set(shown)
    if width is not None:
        assert all(width_of(line) <= width for line in lines)

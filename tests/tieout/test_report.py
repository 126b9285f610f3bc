"""What a tie-out says: rows, sums by currency, and whether it agrees."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from ml_connector.tieout.report import Cell, Completeness, Item, Report, Row, TieOut

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def row(currency: str, quickbooks: str, salesforce: str, *items: Item) -> Row:
    return Row(Cell("2026-11", currency, "East"), 1, Decimal(quickbooks), 1, Decimal(salesforce), items)


EXPLAINED = row("USD", "10.00", "7.00", Item("U1", "x", Decimal("3.00"), open=False))
OPEN = row("EUR", "10.00", "7.00", Item("U1", "x", Decimal("2.00")))


def test_a_row_says_what_is_left_unexplained() -> None:
    assert (EXPLAINED.explained, EXPLAINED.unexplained) == (Decimal("3.00"), Decimal("0.00"))
    assert OPEN.unexplained == Decimal("1.00")


def test_what_is_explained_may_still_be_open() -> None:
    still = Report("R1", [row("USD", "10.00", "7.00", Item("U1", "x", Decimal("3.00")))])
    assert (still.adds_up, still.agrees) == (True, False)
    assert [item.record for _, item in still.open_items] == ["x"]
    marked = Report("R1", [row("USD", "7.00", "7.00", Item("U4", "x", Decimal(0), "PAID, OPEN"))])
    assert (marked.adds_up, marked.agrees) == (True, False), "a difference without an amount is one"
    closed = Report("R1", [EXPLAINED])
    assert (closed.adds_up, closed.agrees, closed.open_items) == (True, True, [])


def test_sums_are_by_currency() -> None:
    totals = Report("R1", [EXPLAINED, OPEN, EXPLAINED]).totals()
    assert [(total.cell.currency, total.quickbooks, total.quickbooks_count) for total in totals] == [
        ("EUR", Decimal("10.00"), 1), ("USD", Decimal("20.00"), 2),
    ]  # fmt: skip


COUNTED = Completeness(
    currency="USD", activated=2, posted=1, held=1,
    amounts={"activated": Decimal(5), "posted": Decimal(2), "held": Decimal(3)},
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"), [({}, True), ({"held": 0}, False), ({"amounts": {"activated": Decimal(5)}}, False)]
)
def test_completeness_is_in_count_and_amount(change: dict[str, object], expected: bool) -> None:
    counted = msgspec.structs.replace(COUNTED, **change)
    assert counted.adds_up is expected
    assert Report("R2", [], completeness=[counted]).agrees is expected


def test_a_tie_out_agrees_when_all_its_reports_do() -> None:
    agreed, open_ = Report("R1", [EXPLAINED]), Report("R2", [OPEN])
    assert TieOut(months=["2026-11"], read_at=NOON, reports=[agreed]).agrees
    both = TieOut(months=["2026-10", "2026-11"], read_at=NOON, reports=[agreed, open_])
    assert (both.agrees, both.month) == (False, "2026-10 to 2026-11")

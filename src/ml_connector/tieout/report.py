"""What a tie-out says. Amounts in the currency of their line; a difference is QuickBooks minus Salesforce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

ZERO = Decimal("0.00")


class Item(msgspec.Struct, frozen=True, order=True):
    """One explained difference. `reason` is U1, U2, U3 (R1) or a word (R2); `amount` counts towards `explained`."""

    reason: str
    record: str
    amount: Decimal


class Cell(msgspec.Struct, frozen=True, order=True):
    """Where an amount belongs: month of TxnDate (`2026-11`), currency, department (`-` for none)."""

    month: str
    currency: str
    department: str


class Row(msgspec.Struct, frozen=True):
    """One line of a report."""

    cell: Cell
    quickbooks_count: int
    quickbooks: Decimal
    salesforce_count: int
    salesforce: Decimal
    items: tuple[Item, ...] = ()

    @property
    def explained(self) -> Decimal:
        return sum((item.amount for item in self.items), ZERO)

    @property
    def unexplained(self) -> Decimal:
        return self.quickbooks - self.salesforce - self.explained


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """R2: every activated order stands somewhere, in count and amount (net, order currency)."""

    currency: str
    activated: int
    posted: int = 0
    held: int = 0
    skipped: int = 0
    pending: int = 0
    amounts: Mapping[str, Decimal] = {}

    @property
    def adds_up(self) -> bool:
        count = self.activated == self.posted + self.held + self.skipped + self.pending
        parts = sum((self.amounts.get(name, ZERO) for name in ("posted", "held", "skipped", "pending")), ZERO)
        return count and self.amounts.get("activated", ZERO) == parts


class Report(msgspec.Struct, frozen=True):
    """One report, with its rows by month, currency and department (R2: and account, class)."""

    name: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    completeness: Sequence[Completeness] = ()

    @property
    def agrees(self) -> bool:
        return all(row.unexplained == 0 for row in self.rows) and all(c.adds_up for c in self.completeness)

    def totals(self) -> list[Row]:
        """One row per currency; the sum of its rows."""
        by_currency: dict[str, list[Row]] = {}
        for row in self.rows:
            by_currency.setdefault(row.cell.currency, []).append(row)
        return [
            Row(
                cell=Cell("", currency, ""),
                quickbooks_count=sum(row.quickbooks_count for row in rows),
                quickbooks=sum((row.quickbooks for row in rows), ZERO),
                salesforce_count=sum(row.salesforce_count for row in rows),
                salesforce=sum((row.salesforce for row in rows), ZERO),
                items=tuple(item for row in rows for item in row.items),
            )
            for currency, rows in sorted(by_currency.items())
        ]


class TieOut(msgspec.Struct, frozen=True, kw_only=True):
    """The reports of some months, with the instant of the reads."""

    months: Sequence[str]
    read_at: datetime
    reports: Sequence[Report]

    @property
    def month(self) -> str:
        return self.months[0] if len(self.months) == 1 else f"{self.months[0]} to {self.months[-1]}"

    @property
    def agrees(self) -> bool:
        return all(report.agrees for report in self.reports)

"""What a tie-out says. Amounts in the currency of their line; a difference is QuickBooks minus Salesforce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from ml_connector.model import money

NONE = "-"
"""How a blank department or class is shown."""
UNREAD = "U8"
"""The reason of what could not be read: it is not proved."""
STATES = ("posted", "held", "skipped", "pending")


class Item(msgspec.Struct, frozen=True, order=True):
    """One difference by name. `amount` counts towards `explained`, in the currency of its row.

    `reason` is U1 to U7 (R1) or U8, `says` what else is to know. It is `open` until somebody or something ends it;
    closed is what the rules themselves leave on one side.
    """

    reason: str
    record: str
    amount: Decimal
    says: str = ""
    open: bool = True


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
        """The sum of its items in the row's currency, open and closed ones alike."""
        return money.summed((item.amount for item in self.items), self.cell.currency)

    @property
    def difference(self) -> Decimal:
        """QuickBooks minus Salesforce, in the row's currency."""
        return money.less(self.quickbooks, self.salesforce)

    @property
    def unexplained(self) -> Decimal:
        """What no item accounts for; 0 where the row adds up (accounting-rules G)."""
        return money.less(self.difference, self.explained)


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
        """Whether posted, held, skipped and pending make up what was activated, in count and in amount alike."""
        count = self.activated == self.posted + self.held + self.skipped + self.pending
        parts = money.total(self.amounts.get(name, money.ZERO) for name in STATES)
        return count and self.amounts.get("activated", money.ZERO) == parts


class Report(msgspec.Struct, frozen=True):
    """One report, with its rows by month, currency and department (R2: and account, class)."""

    name: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    completeness: Sequence[Completeness] = ()

    @property
    def adds_up(self) -> bool:
        """Whether every difference has a name, be it open or closed."""
        return all(row.unexplained == 0 for row in self.rows) and all(c.adds_up for c in self.completeness)

    @property
    def open_items(self) -> list[tuple[Cell, Item]]:
        """The differences that are still to be ended, each with its place."""
        return [(row.cell, item) for row in self.rows for item in row.items if item.open]

    @property
    def agrees(self) -> bool:
        """Whether both sides show the same: it adds up, and nothing is open."""
        return self.adds_up and not self.open_items

    def totals(self) -> list[Row]:
        """One row per currency; the sum of its rows."""
        by_currency: dict[str, list[Row]] = {}
        for row in self.rows:
            by_currency.setdefault(row.cell.currency, []).append(row)
        return [
            Row(
                cell=Cell("", currency, ""),
                quickbooks_count=sum(row.quickbooks_count for row in rows),
                quickbooks=money.summed((row.quickbooks for row in rows), currency),
                salesforce_count=sum(row.salesforce_count for row in rows),
                salesforce=money.summed((row.salesforce for row in rows), currency),
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
        """The months in words: `2026-11`, or `2026-10 to 2026-11`."""
        return self.months[0] if len(self.months) == 1 else f"{self.months[0]} to {self.months[-1]}"

    @property
    def adds_up(self) -> bool:
        """Whether every difference has a name."""
        return all(report.adds_up for report in self.reports)

    @property
    def open_items(self) -> list[tuple[Cell, Item]]:
        """What is still to be ended in all reports, each with its place."""
        return [placed for report in self.reports for placed in report.open_items]

    @property
    def agrees(self) -> bool:
        """Whether every report adds up and nothing is open."""
        return all(report.agrees for report in self.reports)

"""R2: activated orders in Salesforce against journal entries in QuickBooks (accounting-rules G). Pure.

Expected lines minus actual lines is 0.00 per month, currency, account, department and class; every activated order
is posted, held, skipped or pending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from ml_connector.model import money

from .report import STATES, UNREAD, Cell, Completeness, Item, Report, Row


class EntryFact(msgspec.Struct, frozen=True):
    """One entry: as the rules expect it from the order, or as QuickBooks shows it.

    `lines` maps `account|department|class` to credits minus debits in the entry's currency.
    """

    key: str
    record: str
    month: str
    currency: str
    lines: dict[str, Decimal]


class OrderFact(msgspec.Struct, frozen=True):
    """Where an activated order stands: posted, held, skipped or pending; `net` is its total.

    `posted` is the net of the parts that are posted of an order that is not posted whole.
    """

    record: str
    currency: str
    net: Decimal
    state: str
    posted: Decimal = money.ZERO


class Unread(msgspec.Struct, frozen=True):
    """Orders and entries that cannot be read: by record, why; and the record that it is, by the key of an entry.

    `cell` is where those are named that nothing tells the place of.
    """

    cell: Cell
    why: Mapping[str, str] = {}
    of_entry: Mapping[str, str] = {}

    def items(self, expected: Sequence[EntryFact], actual: Sequence[EntryFact]) -> dict[Cell, list[Item]]:
        """U8: what of an entry only one side shows, because the other cannot be read; the rest by name."""
        items: dict[Cell, list[Item]] = defaultdict(list)
        for sign, entries in ((-1, expected), (1, actual)):
            for entry in entries:
                if (record := self.of_entry.get(entry.key)) is not None:
                    for name, amount in entry.lines.items():
                        item = Item(UNREAD, record, sign * amount, self.why[record])
                        items[Cell(entry.month, entry.currency, name)].append(item)
        named = {item.record for placed in items.values() for item in placed}
        items[self.cell] += [Item(UNREAD, ref, money.ZERO, self.why[ref]) for ref in sorted(self.why.keys() - named)]
        return {cell: placed for cell, placed in items.items() if placed}


def r2(
    expected: Sequence[EntryFact],
    actual: Sequence[EntryFact],
    orders: Sequence[OrderFact],
    unread: Unread | None = None,
) -> Report:
    """`expected` are the entries of orders posted whole or in part, `actual` ours as read back from QuickBooks."""
    left = _by_cell(expected)
    right = _by_cell(actual)
    items = unread.items(expected, actual) if unread else {}
    known = {entry.key for entry in expected} | (unread.of_entry.keys() if unread else set())
    rows = [
        Row(
            cell=cell,
            quickbooks_count=len(right.get(cell, [])),
            quickbooks=money.summed(right.get(cell, []), cell.currency),
            salesforce_count=len(left.get(cell, [])),
            salesforce=money.summed(left.get(cell, []), cell.currency),
            items=tuple(sorted(items.get(cell, []))),
        )
        for cell in sorted({*left, *right, *items})
    ]
    notes = [f"{entry.record} is in QuickBooks, no order expects it" for entry in actual if entry.key not in known]
    return Report("R2", rows, notes, _completeness(orders))


def _by_cell(entries: Sequence[EntryFact]) -> dict[Cell, list[Decimal]]:
    amounts: dict[Cell, list[Decimal]] = defaultdict(list)
    for entry in entries:
        for name, amount in entry.lines.items():
            amounts[Cell(entry.month, entry.currency, name)].append(amount)
    return amounts


def _completeness(orders: Sequence[OrderFact]) -> list[Completeness]:
    by_currency: dict[str, list[OrderFact]] = defaultdict(list)
    for order in orders:
        by_currency[order.currency].append(order)
    return [
        Completeness(
            currency=currency,
            activated=len(members),
            posted=_count(members, "posted"),
            held=_count(members, "held"),
            skipped=_count(members, "skipped"),
            pending=_count(members, "pending"),
            amounts={"activated": money.summed((order.net for order in members), currency)}
            | {state: _amount(members, state, currency) for state in STATES},
        )
        for currency, members in sorted(by_currency.items())
    ]


def _amount(orders: Sequence[OrderFact], state: str, currency: str) -> Decimal:
    """What is in this state; of an order that is posted in part, each part where it stands."""
    whole = [money.less(order.net, order.posted) for order in orders if order.state == state]
    parts = [order.posted for order in orders] if state == "posted" else []
    return money.summed([*whole, *parts], currency)


def _count(orders: Sequence[OrderFact], state: str) -> int:
    return sum(order.state == state for order in orders)

"""Grouping, sides, order and descriptions of the lines of a journal entry (accounting-rules B.5, B.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from ml_connector.model import money
from ml_connector.model.held import Held
from ml_connector.model.triggers import SETTINGS
from ml_connector.systems.quickbooks.records import Posting

from .chart import Chart
from .splits import dims_key

MAX_ITEMS_TEXT = 200
_SMALLEST_PART = 2


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """What one order line puts on one posting key: rounded amounts, credits positive. `income` is the key's source."""

    line: str
    income: str
    department: str
    class_: str
    net: Decimal
    gross: Decimal


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of an entry: `counter` is Unbilled or A/R, `targets` the account credited per income account."""

    counter: str
    on_receivable: bool
    targets: Mapping[str, str]
    discounts: str = ""
    tax: Decimal = money.ZERO
    tax_account: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line before its side is known: `amount` is positive for a credit."""

    account: str
    department: str
    class_: str
    amount: Decimal
    income: str = ""
    items: tuple[str, ...] = ()


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """All that one posting key posts: its own rows, and what the counter account must take for it."""

    rows: tuple[Row, ...]
    counter: Row


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Posting keys that go onto one entry together."""

    keys: tuple[Key, ...]
    counter: str
    on_receivable: bool

    @property
    def counters(self) -> list[Row]:
        """One A/R line, or one Unbilled line for each department and class; none where it comes to zero."""
        return _summed(key.counter for key in self.keys)

    @property
    def rows(self) -> list[Row]:
        """The lines of the entry before they are ordered: what the counter account takes, then the keys' own."""
        return [*self.counters, *(row for key in self.keys for row in key.rows)]


def bundles(legs: Sequence[Leg], frame: Frame) -> Bundle:
    """All legs grouped by posting key; keys that come to zero are dropped."""
    grouped: dict[tuple[str, str, str], list[Leg]] = {}
    for leg in legs:
        grouped.setdefault((leg.department, leg.class_, leg.income), []).append(leg)
    ordered = sorted(grouped.items(), key=lambda pair: (dims_key(pair[0][:2]), pair[0][2]))
    keys = [_key(group, frame) for _, group in ordered]
    if frame.tax:
        keys.append(_tax_key(frame))
    return Bundle(keys=tuple(key for key in keys if key.rows), counter=frame.counter, on_receivable=frame.on_receivable)


def _key(legs: Sequence[Leg], frame: Frame) -> Key:
    first = legs[0]
    gross, net = money.total(leg.gross for leg in legs), money.total(leg.net for leg in legs)
    items = tuple(sorted({leg.line for leg in legs}))
    own = Row(
        account=frame.targets[first.income], department=first.department, class_=first.class_,
        amount=gross, income=first.income, items=items,
    )  # fmt: skip
    discount = msgspec.structs.replace(own, account=frame.discounts, amount=money.less(net, gross))
    rows = tuple(row for row in (own, discount) if row.amount)
    return Key(rows=rows, counter=_counter(frame, first.department, first.class_, net, items))


def _tax_key(frame: Frame) -> Key:
    row = Row(account=frame.tax_account, department="", class_="", amount=frame.tax)
    return Key(rows=(row,), counter=_counter(frame, "", "", frame.tax, ()))


def _counter(frame: Frame, department: str, class_: str, net: Decimal, items: tuple[str, ...]) -> Row:
    """A/R is one line for the whole entry, so it has no dims (B.5)."""
    dims = ("", "") if frame.on_receivable else (department, class_)
    amount = money.negated(net)
    return Row(account=frame.counter, department=dims[0], class_=dims[1], amount=amount, items=items)


def _summed(rows: Iterable[Row]) -> list[Row]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.account, row.department, row.class_), []).append(row)
    sums = [
        msgspec.structs.replace(
            group[0],
            amount=money.total(row.amount for row in group),
            items=tuple(sorted({item for row in group for item in row.items})),
        )
        for group in groups.values()
    ]
    return [row for row in sums if row.amount]


def packed(whole: Bundle, max_lines: int) -> list[Bundle]:
    """The bundle in parts of at most `max_lines` lines, each balanced in itself; no part where there is no line.

    Keys stay whole and in order, so that one department and class falls on as few parts as possible.
    """
    if len(whole.rows) <= max_lines:
        return [whole] if whole.keys else []
    parts: list[Bundle] = []
    some: list[Key] = []
    for key in whole.keys:
        if some and _lines(whole, [*some, key]) > max_lines:
            parts.append(_with(whole, some))
            some = []
        some.append(key)
        _check_fits(whole, key, max_lines)
    return [*parts, _with(whole, some)]


def _with(whole: Bundle, keys: Sequence[Key]) -> Bundle:
    return msgspec.structs.replace(whole, keys=tuple(keys))


def _lines(whole: Bundle, keys: Sequence[Key]) -> int:
    return len(_with(whole, keys).rows)


def _check_fits(whole: Bundle, key: Key, max_lines: int) -> None:
    if (count := _lines(whole, [key])) > max(max_lines, _SMALLEST_PART):
        raise Held(code="H-JE-LINES", waits_for=(SETTINGS,), count=str(count), allowed=str(max_lines))


def postings(
    bundle: Bundle, chart: Chart, order: str, customer: str, entity_on: Literal["all", "ar_only"]
) -> tuple[Posting, ...]:
    """The lines of one entry: debits, then credits, each by account number, department, class and income account."""
    rows = sorted(bundle.rows, key=lambda row: _order(row, chart))
    return tuple(
        Posting(
            side="Credit" if row.amount > 0 else "Debit",
            account=row.account,
            amount=row.amount.copy_abs(),
            description=_description(row, chart, order),
            department=row.department,
            class_=row.class_,
            entity=customer if entity_on == "all" or _is_receivable(row, bundle) else "",
        )
        for row in rows
    )


def _is_receivable(row: Row, bundle: Bundle) -> bool:
    return bundle.on_receivable and row.account == bundle.counter


def _order(row: Row, chart: Chart) -> tuple[object, ...]:
    income = chart.number(row.income) if row.income else ""
    return (row.amount > 0, chart.number(row.account), dims_key((row.department, row.class_)), income, row.account)


def _description(row: Row, chart: Chart, order: str) -> str:
    """`[4000] SF 00001234 items 0000000101,0000000103`; the income account only where the line has one."""
    source = f"[{chart.number(row.income)}] " if row.income else ""
    if not row.items:
        return f"{source}SF {order} tax"
    return f"{source}SF {order} items {_listed(row.items)}"


def _listed(items: Sequence[str]) -> str:
    """Whole numbers, as many as 200 characters hold."""
    text = ",".join(items)
    return text if len(text) <= MAX_ITEMS_TEXT else text[: MAX_ITEMS_TEXT + 1].rpartition(",")[0]

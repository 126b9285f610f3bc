"""The journal entry of an order, from resolved lines (accounting-rules A.2, B.2 to B.11). Pure.

    lines -> rounded to the header -> split by percentages -> grouped by posting key -> sides -> parts -> drafts

Which accounts it debits and credits is the policy of the template (`templates.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from ml_connector.model import money
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.rules import Template
from ml_connector.model.triggers import PREFERENCES, SETTINGS
from ml_connector.systems.quickbooks.records import Account, JournalDraft

from .chart import Chart
from .identity import Identity, note
from .lines import Bundle, Frame, Leg, bundles, packed, postings
from .splits import Split, split_amount
from .templates import Legs, Policy, policy_of

MAX_PARTS = 99


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One order line with its account and dims. `account` is the income account's id, dims are ids, blank for none.

    `net` and `gross` (list price x quantity, None without one) are exact, in the order's currency.
    """

    number: str
    net: Decimal
    account: str
    department: str = ""
    class_: str = ""
    gross: Decimal | None = None
    splits: tuple[Split, ...] = ()


class EntryInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an order's entry is made of. Amounts are exact, in `currency`.

    `rate` is home units per one unit of `currency`, None in home currency. `original` is the day before re-dating.
    `header_total` is the order's own total, None when it has none. `discount` is an order-level discount that is not
    in the lines. `tax` counts for T3 only; `automated_tax` says that QuickBooks computes sales tax itself.
    """

    identity: Identity
    template: Template
    lines: tuple[EntryLine, ...]
    accounts: Mapping[str, Account]
    customer: str
    currency: str
    home: str
    day: date
    original: date | None = None
    rate: Decimal | None = None
    multicurrency: bool = True
    header_total: Decimal | None = None
    discount: Decimal = money.ZERO
    discount_mode: Literal["net", "gross"] = "net"
    tax: Decimal = money.ZERO
    tax_account: str = ""
    automated_tax: bool = False
    entity_on: Literal["all", "ar_only"] = "all"
    by_number: bool = True
    max_lines: int = 500
    link: str = ""

    @property
    def policy(self) -> Policy:
        """The policy of its template; T0, which posts nothing, where none was signed off."""
        return policy_of(self.template)


class EntryPart(msgspec.Struct, frozen=True):
    """One journal entry of an order, with the identity that names it."""

    identity: Identity
    draft: JournalDraft


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What an order posts: one balanced entry, or several parts where the lines are too many. No part: zero.

    `net` is the order's rounded total in `currency`; `legs` say which line put which amount on which posting key.
    """

    parts: tuple[EntryPart, ...]
    net: Decimal
    currency: str
    legs: tuple[Leg, ...] = ()
    flags: tuple[Flag, ...] = ()


def build_entry(inputs: EntryInputs) -> Entry:
    """The entry of an order, the same for the same inputs, always. Raises `Held` with the first reason not to post."""
    inputs = msgspec.structs.replace(inputs, lines=tuple(sorted(inputs.lines, key=lambda line: line.number)))
    flags = (Flag.REDATED,) if inputs.original and inputs.original != inputs.day else ()
    keys = [line.number for line in inputs.lines]
    exacts = spread([line.net for line in inputs.lines], inputs.discount, inputs.currency, keys)
    nets = rounded_nets(exacts, keys, inputs.header_total, inputs.currency)
    net = money.total(nets)
    order_legs = inputs.policy.order
    if order_legs is None:
        return Entry(parts=(), net=net, currency=inputs.currency)
    _check_tax(inputs)
    _check_rate(inputs)
    legs = tuple(leg for line, amount in zip(inputs.lines, nets, strict=True) for leg in _legs(inputs, line, amount))
    groups = bundles(legs, _frame(inputs, order_legs, legs))
    parts = packed(groups, inputs.max_lines)
    _check_count(len(parts), inputs)
    return Entry(
        parts=tuple(_part(inputs, group, place, len(parts)) for place, group in enumerate(parts, 1)),
        net=net,
        currency=inputs.currency,
        legs=legs,
        flags=flags,
    )


def rounded_nets(
    exacts: Sequence[Decimal], keys: Sequence[str], header_total: Decimal | None, currency: str
) -> list[Decimal]:
    """The lines' nets in minor units; the header wins by at most one unit a line (B.2). Raises `Held`."""
    target = money.q(money.total(exacts), currency)
    header = target if header_total is None else money.q(header_total, currency)
    allowed = money.times(money.unit(currency), Decimal(len(exacts)))
    difference = abs(money.less(header, target))
    if difference > allowed:
        raise Held(
            code="H-TOTAL-MISMATCH", lines_total=money.grouped(target, currency), count=str(len(exacts)),
            header_total=money.grouped(header, currency), allowed=money.grouped(allowed, currency),
            difference=money.grouped(difference, currency),
        )  # fmt: skip
    return money.lr(exacts, header, currency, keys) if exacts else []


def spread(nets: Sequence[Decimal], discount: Decimal, currency: str, keys: Sequence[str]) -> list[Decimal]:
    """Exact nets less an order-level discount, which is shared by largest remainder over the lines' nets (B.6)."""
    if not discount:
        return list(nets)
    return [money.less(net, part) for net, part in zip(nets, money.share(discount, nets, currency, keys), strict=True)]


def _check_tax(inputs: EntryInputs) -> None:
    """Where the template lets an entry carry tax, it may not beside automated sales tax (B.7)."""
    if inputs.tax and (inputs.automated_tax or not inputs.policy.carries_tax):
        raise Held(code="H-TAX", waits_for=PREFERENCES, tax=money.spoken(inputs.tax, inputs.currency))


def _check_rate(inputs: EntryInputs) -> None:
    if inputs.currency != inputs.home and inputs.rate is None:
        currencies = {"order_currency": inputs.currency, "home_currency": inputs.home}
        raise Held(currencies, code="H-NO-RATE", case="none", date=str(inputs.day))


def _check_count(parts: int, inputs: EntryInputs) -> None:
    """The numbers of the parts have two digits (B.11)."""
    if parts > MAX_PARTS:
        raise Held(
            code="H-JE-LINES", case="parts", waits_for=(SETTINGS,), count=str(parts), allowed=str(inputs.max_lines),
            most=str(MAX_PARTS),
        )  # fmt: skip


def _legs(inputs: EntryInputs, line: EntryLine, net: Decimal) -> list[Leg]:
    """A line's amounts per posting key; nothing for a line without amounts."""
    gross = _gross(inputs, line, net)
    parts = split_amount(net, line.splits, (line.department, line.class_), inputs.currency)
    whole = split_amount(gross, line.splits, (line.department, line.class_), inputs.currency)
    return [
        Leg(line=line.number, income=line.account, department=dims[0], class_=dims[1], net=part, gross=full)
        for (dims, part), (_, full) in zip(parts, whole, strict=True)
        if part or full
    ]


def _gross(inputs: EntryInputs, line: EntryLine, net: Decimal) -> Decimal:
    """Gross where discounts are shown: never smaller than the net, never of the other sign (B.6)."""
    if inputs.discount_mode != "gross" or not inputs.policy.shows_discounts or line.gross is None:
        return net
    gross = money.q(line.gross, inputs.currency)
    same_sign = gross * net >= 0
    return gross if same_sign and abs(gross) >= abs(net) else net


def _chart(inputs: EntryInputs) -> Chart:
    return Chart(
        accounts=inputs.accounts, currency=inputs.currency, home=inputs.home or inputs.currency,
        by_number=inputs.by_number,
    )  # fmt: skip


def _frame(inputs: EntryInputs, order_legs: Legs, legs: Sequence[Leg]) -> Frame:
    """The accounts this entry uses, each checked (B.3). Raises `Held`."""
    chart, template = _chart(inputs), inputs.template
    targets = {leg.income: chart.of(order_legs.credit, template, leg.income) for leg in legs}
    discounts = any(leg.net != leg.gross for leg in legs)
    return Frame(
        counter=chart.of(order_legs.debit, template),
        on_receivable=inputs.policy.on_receivable,
        targets=targets,
        discounts=chart.discounts(template) if discounts else "",
        tax=money.q(inputs.tax, inputs.currency),
        tax_account=chart.tax(inputs.tax_account) if inputs.tax else "",
    )


def _part(inputs: EntryInputs, group: Bundle, place: int, count: int) -> EntryPart:
    identity = inputs.identity.part(place) if count > 1 else inputs.identity
    foreign = inputs.multicurrency and inputs.currency != inputs.home
    draft = JournalDraft(
        txn_date=inputs.day,
        doc_number=identity.number,
        private_note=note(identity, inputs.link, inputs.original if inputs.original != inputs.day else None),
        lines=postings(group, _chart(inputs), inputs.identity.order_number, inputs.customer, inputs.entity_on),
        currency=inputs.currency if inputs.multicurrency else "",
        exchange_rate=inputs.rate if foreign else None,
    )
    return EntryPart(identity, draft)

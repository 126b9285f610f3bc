"""The facts of R2: what activated orders must have posted, and the entries that QuickBooks shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.accounting.dates import event_day
from ml_connector.accounting.order_entry import currency_of, total_of
from ml_connector.accounting.parts import part_ref
from ml_connector.accounting.postings import posting_ref
from ml_connector.model import money
from ml_connector.model.errors import BadAnswer
from ml_connector.model.reading import Listed
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import JournalEntry, Posting, note_fields
from ml_connector.systems.salesforce.records import SObject

from .order_states import OrderState, read_states
from .r2 import EntryFact, OrderFact, Unread, r2
from .reading import NONE, Reading, span
from .report import Cell, Report

NOWHERE = "|".join((NONE, NONE, NONE))
"""No account, department and class."""


async def read_r2(reading: Reading, months: Sequence[str]) -> Report:
    """R2 of these months, read now."""
    first, after = span(months)
    links = {link.source: link for link in reading.links.all_of(Role.JOURNAL)}
    home = await reading.home()
    listed = await _activated(reading, months)
    orders = [order for order in listed.records if _month(order, links, reading, months[-1]) in months]
    states = await read_states(reading, [order.id for order in orders], links)
    mirrors = not_counted(reading)
    parts = {order.id: expected_facts(order.id, states[order.id], links, mirrors) for order in orders}
    entries = await reading.quickbooks.listed("JournalEntry", f"TxnDate >= '{first}'", f"TxnDate < '{after}'")
    expected = [fact for facts in parts.values() for fact in facts if fact.month in months]
    actual = [fact for entry in entries.records if (fact := actual_fact(entry, mirrors, reading.rules.org_id, home))]
    orders_standing = [order_fact(order, states[order.id], parts[order.id], home) for order in orders]
    bad = {id_: error.sentence for id_, error in listed.unread.items()}
    bad |= {order.id: why for order in orders if (why := states[order.id].unread)}
    unread = _unread(bad, entries, links, Cell(max(months), home, NOWHERE))
    report = r2(expected, actual, orders_standing, unread)
    lost = [_lost(order, why) for order in orders if (why := states[order.id].lost)]
    return msgspec.structs.replace(report, notes=[*report.notes, *lost])


def _unread(orders: Mapping[str, str], entries: Listed, links: Mapping[Ref, Link], cell: Cell) -> Unread:
    """What cannot be read: orders, with the entries that name them, and entries, with the links that lead to them."""
    refs = {id_: str(Ref("quickbooks", JournalEntry.KIND, id_)) for id_ in entries.unread}
    names = {id_: str(Ref("salesforce", "Order", id_)) for id_ in orders}
    notes = [note_fields(entry.private_note) for entry in entries.records]
    keys = {_key(note): names[note["ord"]] for note in notes if note.get("ord") in names}
    keys |= {str(source): refs[link.target.id] for source, link in links.items() if link.target.id in refs}
    why = {refs[id_]: error.sentence for id_, error in entries.unread.items()}
    return Unread(cell, why | {names[id_]: text for id_, text in orders.items()}, keys)


def _key(note: Mapping[str, str]) -> str:
    """The key of the entry that has this note."""
    return str(posting_ref(note.get("ord", ""), "O", note.get("seq", "")))


def _lost(order: SObject, why: str) -> str:
    return f"{order.ref}, order {order.text('OrderNumber')}, would not be posted today: {why}"


_FIELDS = ("OrderNumber", "TotalAmount", "CurrencyIsoCode", "ActivatedDate", "EffectiveDate", "IsReductionOrder")


async def _activated(reading: Reading, months: Sequence[str]) -> Listed:
    """Activated orders whose entry may belong to these months (`_month`)."""
    first, after = span(months)
    earliest = date.fromisoformat(first) - timedelta(days=reading.rules.max_redate_days)
    since, until = _instant(reading, earliest.isoformat()), _instant(reading, after)

    def where(visible: frozenset[str]) -> str:
        conditions = ["StatusCode = 'Activated'"]
        if "IsReductionOrder" in visible:
            conditions.append("IsReductionOrder = false")
        if "ActivatedDate" in visible:
            conditions += [f"ActivatedDate < {until}", f"(EffectiveDate >= {first} OR ActivatedDate >= {since})"]
        return " AND ".join(conditions)

    return await reading.salesforce.listed("Order", _FIELDS, where)


def _month(order: SObject, links: Mapping[Ref, Link], reading: Reading, doubtful: str) -> str:
    """The month of its entry: of a posted order by the entry's day, else by B.10.

    `doubtful` where its days cannot be read, so that it counts somewhere.
    """
    link = links.get(posting_ref(order.id))
    day = link.agreed.get("date") if link else None
    try:
        return (day or str(event_day(order.instant("ActivatedDate"), order.day("EffectiveDate"), reading.rules)))[:7]
    except BadAnswer:
        return doubtful


def _instant(reading: Reading, day: str) -> str:
    local = datetime.combine(date.fromisoformat(day), datetime.min.time(), reading.rules.zone)
    return local.isoformat()


def not_counted(reading: Reading) -> frozenset[str]:
    """Accounts whose lines mirror the others: Unbilled and A/R. What is compared are the target accounts."""
    template = reading.rules.template
    return frozenset() if template is None else frozenset({template.unbilled, *template.receivable.values()})


def order_fact(order: SObject, state: OrderState, parts: Sequence[EntryFact], home: str) -> OrderFact:
    """Where the order counts, by its rounded net (B.2); `parts` are the facts of what must be there of it."""
    amounts: Sequence[Any] = [amount for part in parts for amount in part.lines.values()]
    posted = money.ZERO if state.name == "posted" else money.total(amounts)
    currency = currency_of(order, home)
    return OrderFact(str(order.ref), currency, _net(order, state, currency), state.name, posted)


def _net(order: SObject, state: OrderState, currency: str) -> Decimal:
    """What it comes to: as it must be posted, else by its own total. An amount that cannot be read counts as none."""
    if state.expected:
        return state.expected.net
    try:
        total = total_of(order) if state.total is None else state.total
    except BadAnswer:
        total = None
    return money.q(total or money.ZERO, currency)


def expected_facts(
    order_id: str, state: OrderState, links: Mapping[Ref, Link], mirrors: frozenset[str]
) -> list[EntryFact]:
    """The entries that must be there, on the day on record where it was moved: of an order in parts the posted ones."""
    facts: list[EntryFact] = []
    for part in state.expected.parts if state.expected else ():
        source = part_ref(order_id, part)
        link = links.get(source)
        open_ = part.identity.key in state.planned if state.name == "pending" else link is None
        if state.name == "posted" or not open_:
            day = link.agreed.get("date") if link else None
            facts.append(
                EntryFact(
                    key=str(source),
                    record=f"quickbooks:JournalEntry:{part.draft.doc_number}",
                    month=(day or str(part.draft.txn_date))[:7],
                    currency=state.expected.currency if state.expected else "",
                    lines=lines_of(part.draft.lines, mirrors),
                )
            )
    return facts


def actual_fact(entry: JournalEntry, mirrors: frozenset[str], org_id: str, home: str) -> EntryFact | None:
    """An entry of ours, of this company and org; None for anybody else's. Without multicurrency it is in `home`."""
    note = note_fields(entry.private_note)
    if note.get("org") != org_id or note.get("k") != "O":
        return None
    return EntryFact(
        key=_key(note),
        record=f"quickbooks:JournalEntry:{entry.doc_number}",
        month=str(entry.txn_date)[:7],
        currency=entry.currency or home,
        lines=lines_of(entry.postings, mirrors),
    )


def lines_of(postings: Sequence[Posting], mirrors: frozenset[str]) -> dict[str, Decimal]:
    """Credits minus debits by `account|department|class`, in the entry's currency, without the mirroring accounts."""
    lines: dict[str, Decimal] = {}
    for posting in postings:
        if posting.account not in mirrors:
            name = "|".join((posting.account, posting.department or NONE, posting.class_ or NONE))
            signed = posting.amount if posting.side == "Credit" else money.negated(posting.amount)
            lines[name] = money.total([lines.get(name, money.ZERO), signed])
    return lines

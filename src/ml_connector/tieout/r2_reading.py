"""The facts of R2: what activated orders must have posted, and the entries that QuickBooks shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.accounting.dates import event_day
from ml_connector.accounting.order_entry import total_of
from ml_connector.accounting.parts import part_ref
from ml_connector.accounting.postings import posting_ref
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import JournalEntry, Posting, note_fields
from ml_connector.systems.salesforce.records import SObject

from .order_states import OrderState, read_states
from .r2 import EntryFact, OrderFact, r2
from .reading import NONE, Reading, span
from .report import ZERO, Report


async def read_r2(reading: Reading, months: Sequence[str]) -> Report:
    """R2 of these months, read now."""
    first, after = span(months)
    links = {link.source: link for link in reading.links.all_of(Role.JOURNAL)}
    orders = await _activated(reading, months, links)
    states = await read_states(reading, [order.id for order in orders], links)
    mirrors = not_counted(reading)
    parts = {order.id: expected_facts(order.id, states[order.id], links, mirrors) for order in orders}
    entries: list[JournalEntry] = await reading.quickbooks.listed(
        "JournalEntry", f"TxnDate >= '{first}'", f"TxnDate < '{after}'"
    )
    expected = [fact for facts in parts.values() for fact in facts if fact.month in months]
    actual = [fact for entry in entries if (fact := actual_fact(entry, mirrors, reading.rules.org_id))]
    report = r2(expected, actual, [order_fact(order, states[order.id], parts[order.id]) for order in orders])
    lost = [f"{order.ref} would not be posted today: {why}" for order in orders if (why := states[order.id].lost)]
    return msgspec.structs.replace(report, notes=[*report.notes, *lost])


async def _activated(reading: Reading, months: Sequence[str], links: Mapping[Ref, Link]) -> list[SObject]:
    """Activated orders whose entry belongs to these months: posted ones by their entry's day, others by B.10."""
    first, after = span(months)
    where = f"StatusCode = 'Activated' AND IsReductionOrder = false AND ActivatedDate < {_instant(reading, after)}"
    where += f" AND (EffectiveDate >= {first} OR ActivatedDate >= {{}})"
    earliest = date.fromisoformat(first) - timedelta(days=reading.rules.max_redate_days)
    fields = ("OrderNumber", "TotalAmount", "CurrencyIsoCode", "ActivatedDate", "EffectiveDate")
    orders = await reading.salesforce.listed("Order", fields, where.format(_instant(reading, earliest.isoformat())))
    return [order for order in orders if _month(order, links, reading) in months]


def _month(order: SObject, links: Mapping[Ref, Link], reading: Reading) -> str:
    link = links.get(posting_ref(order.id))
    day = link.agreed.get("date") if link else None
    return (day or str(event_day(order.instant("ActivatedDate"), order.day("EffectiveDate"), reading.rules)))[:7]


def _instant(reading: Reading, day: str) -> str:
    local = datetime.combine(date.fromisoformat(day), datetime.min.time(), reading.rules.zone)
    return local.isoformat()


def not_counted(reading: Reading) -> frozenset[str]:
    """Accounts whose lines mirror the others: Unbilled and A/R. What is compared are the target accounts."""
    template = reading.rules.template
    return frozenset() if template is None else frozenset({template.unbilled, *template.receivable.values()})


def order_fact(order: SObject, state: OrderState, parts: Sequence[EntryFact]) -> OrderFact:
    """Where the order counts; `parts` are the facts of what must be there of it."""
    amounts: Sequence[Any] = [amount for part in parts for amount in part.lines.values()]
    posted = ZERO if state.name == "posted" else sum(amounts, ZERO)
    return OrderFact(str(order.ref), order.text("CurrencyIsoCode"), total_of(order) or ZERO, state.name, posted)


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


def actual_fact(entry: JournalEntry, mirrors: frozenset[str], org_id: str) -> EntryFact | None:
    """An entry of ours, of this company and org; None for anybody else's."""
    note = note_fields(entry.private_note)
    if note.get("org") != org_id or note.get("k") != "O":
        return None
    return EntryFact(
        key=str(posting_ref(note.get("ord", ""), "O", note.get("seq", ""))),
        record=f"quickbooks:JournalEntry:{entry.doc_number}",
        month=str(entry.txn_date)[:7],
        currency=entry.currency or "",
        lines=lines_of(entry.postings, mirrors),
    )


def lines_of(postings: Sequence[Posting], mirrors: frozenset[str]) -> dict[str, Decimal]:
    """Credits minus debits by `account|department|class`, without the accounts that mirror the others."""
    lines: dict[str, Decimal] = {}
    for posting in postings:
        if posting.account not in mirrors:
            name = "|".join((posting.account, posting.department or NONE, posting.class_ or NONE))
            lines[name] = lines.get(name, ZERO) + (posting.amount if posting.side == "Credit" else -posting.amount)
    return lines

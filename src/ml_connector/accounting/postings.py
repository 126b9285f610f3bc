"""What is kept of a posted entry: its link, and what both sides agreed on (accounting-rules C.3, C.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from ml_connector.model import money
from ml_connector.model.refs import LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import JournalDraft, JournalEntry, Posting
from ml_connector.systems.salesforce.records import SObject

from . import account_dims
from .entry import Entry, EntryPart
from .order_lines import line_number, net_of
from .rates import Rate


def posting_ref(order_id: str, kind: str = "O", seq: str = "01") -> Ref:
    """The source of a `journal` link."""
    return Ref("salesforce", "Posting", f"{order_id}:{kind}:{seq}")


def rate_ref(currency: str, home: str) -> Ref:
    """The source of the `rate` link, which remembers the pair's last used rate."""
    return Ref("quickbooks", "Rate", f"{currency}>{home}")


def journal_link(
    order: SObject,
    part: EntryPart,
    home: str,
    entry: JournalEntry | None = None,
    more: Mapping[str, str] | None = None,
) -> LinkDraft:
    """The link of the entry that a write makes, or of `entry` where it is already there; `more` is agreed too."""
    draft = part.draft if entry is None else _as_draft(entry, part.draft)
    agreed = {
        "doc_number": draft.doc_number,
        "date": draft.txn_date.isoformat(),
        "currency": draft.currency or home,
        "rate": money.plain(draft.exchange_rate or Decimal(1)),
        "total": money.plain(draft.total),
        "hash": fingerprint(draft.txn_date, draft.currency or home, draft.exchange_rate, draft.lines),
        **(more or {}),
    }
    target = entry.ref if entry else None
    source = posting_ref(order.id, part.identity.kind, part.identity.seq)
    return LinkDraft(Role.JOURNAL, source, target, agreed, exclusive=True, source_version=order.version)


def of_order(order: SObject, whole: Entry) -> dict[str, str]:
    """What the link of an order's first entry keeps of the order itself."""
    own = {"net": money.plain(whole.net), "order": digest(order), "legs": _legs_text(whole)}
    return {**own, **account_dims.now(order)}


def rate_link(currency: str, home: str, rate: Rate, day: date) -> LinkDraft:
    """The rate of a pair as it was last used, on the day of that entry: the next rate is judged by it (B.9)."""
    agreed = {"rate": money.plain(rate.value), "date": day.isoformat(), "source": rate.source}
    return LinkDraft(Role.RATE, rate_ref(currency, home), None, agreed)


def item_links(matched: Mapping[str, str]) -> tuple[LinkDraft, ...]:
    """Products matched to items by code, so that the match stays when a code changes (accounting-rules B.3a)."""
    return tuple(
        LinkDraft(Role.ITEM, Ref("salesforce", "Product2", product), Ref("quickbooks", "Item", item))
        for product, item in sorted(matched.items())
    )


def fingerprint(day: date, currency: str, rate: Decimal | None, lines: Sequence[Posting]) -> str:
    """Hash of date, currency, rate and lines, whatever the order of the lines (C.5). Descriptions do not count."""
    rows = sorted(
        [line.side, money.plain(line.amount.normalize()), line.account, line.department, line.class_, line.entity]
        for line in lines
    )
    return _hash([day.isoformat(), currency, money.plain((rate or Decimal(1)).normalize()), rows])


def entry_fingerprint(entry: JournalEntry, home: str) -> str:
    """`fingerprint` of an entry as QuickBooks has it now; `home` stands in where it names no currency."""
    day = entry.txn_date or date.min
    return fingerprint(day, entry.currency or home, entry.exchange_rate, entry.postings)


def digest(order: SObject) -> str:
    """Hash of what an order's entry is made of: currency, and per line net, product, dims. Days do not count (C.3)."""
    lines = sorted(
        [
            line_number(line),
            money.plain(net_of(line).normalize(money.EXACT)),
            line.text("Product2Id"),
            line.text("Department__c"),
            line.text("Class__c"),
        ]
        for line in order.children("OrderItems")
    )
    head = [order.text("CurrencyIsoCode"), order.text("AccountId"), order.text("Department__c"), order.text("Class__c")]
    return _hash([head, lines])


def _hash(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()


def _legs_text(whole: Entry) -> str:
    """The amounts per order line and posting key, as compact JSON: what later entries subtract from."""
    rows = [
        [leg.line, leg.income, leg.department, leg.class_, money.plain(leg.net), money.plain(leg.gross)]
        for leg in whole.legs
    ]
    return msgspec.json.encode(rows).decode()


def _as_draft(entry: JournalEntry, ours: JournalDraft) -> JournalDraft:
    """The entry in the form of a draft; only for an entry whose lines are ours."""
    return JournalDraft(
        txn_date=entry.txn_date or ours.txn_date,
        doc_number=entry.doc_number or ours.doc_number,
        private_note=ours.private_note,
        lines=entry.postings,
        currency=entry.currency,
        exchange_rate=entry.exchange_rate,
    )

"""Webhooks of QuickBooks: the signature on the raw bytes, and both formats of the body (reference 9). Pure.

What a webhook says is a knock only. Answer 200 also when single events are unknown or broken: the batch would repeat.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer
from ml_connector.model.refs import Change, Ref
from ml_connector.systems import wire

from .records import SYSTEM

SIGNATURE_HEADER = "intuit-signature"
SOURCE = "webhook"
_KINDS = (
    "Account", "Bill", "BillPayment", "Budget", "Class", "CreditMemo", "Currency", "CompanyCurrency", "Customer",
    "Department", "Deposit", "Employee", "Estimate", "Invoice", "Item", "ChangeOrder", "JournalEntry", "Payment",
    "PaymentMethod", "Preferences", "Purchase", "PurchaseOrder", "RefundReceipt", "SalesReceipt", "TaxAgency", "Term",
    "TimeActivity", "Transfer", "Vendor", "VendorCredit", "JournalCode",
)  # fmt: skip
_BY_LOWER = {kind.lower(): kind for kind in _KINDS}


class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """Knocks by company (realm id). `unknown` are event types we do not know, `broken` how many could not be read."""

    changes: dict[str, list[Change]]
    unknown: tuple[str, ...] = ()
    broken: int = 0


class _Event(msgspec.Struct, frozen=True):
    realm: str
    kind: str
    ids: tuple[str, ...]
    at: datetime


def is_signed(body: bytes, signature: str, verifier_token: str) -> bool:
    """Whether the raw body was signed with our verifier token. Takes the same time whatever is wrong."""
    if not verifier_token:
        return False
    right = base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(right, signature.strip().encode())


def parse(body: bytes, now: datetime) -> Notices:
    """The knocks in a body that was verified before. Raises `BadAnswer` when it is neither of the two formats."""
    tree = wire.loads(body, "a webhook", strict=False)
    events, unknown, broken = [], [], 0
    for raw in _raw_events(tree):
        try:
            event = _cloud_event(raw, now) if isinstance(tree, list) else _legacy_event(raw, now)
        except (KeyError, TypeError, ValueError, AttributeError):
            broken += 1
            continue
        if event.kind in _KINDS:
            events.append(event)
        else:
            unknown.append(event.kind[:40])
    changes: dict[str, list[Change]] = {}
    for event in events:
        knocks = [Change(Ref(SYSTEM, event.kind, key), SOURCE, event.at) for key in event.ids]
        changes.setdefault(event.realm, []).extend(knocks)
    return Notices(changes=changes, unknown=tuple(dict.fromkeys(unknown)), broken=broken)


def _raw_events(tree: Any) -> list[Any]:
    if isinstance(tree, list):
        return tree
    groups = tree.get("eventNotifications") if isinstance(tree, dict) else None
    if not isinstance(groups, list):
        raise BadAnswer("A webhook is in none of the two formats of QuickBooks.", "Nothing was taken from it.")
    return [raw for group in groups for raw in _entities(group)]


def _entities(group: Any) -> list[dict[str, Any]]:
    if not isinstance(group, dict):
        return []
    event = group.get("dataChangeEvent")
    entities = event.get("entities") if isinstance(event, dict) else None
    if not isinstance(entities, list):
        return []
    return [{**entity, "realmId": group.get("realmId")} for entity in entities if isinstance(entity, dict)]


def _cloud_event(raw: dict[str, Any], now: datetime) -> _Event:
    vendor, entity, *_ = _text(raw["type"]).split(".")
    if vendor != "qbo":
        return _Event("", _text(raw["type"]), (), now)
    data = raw.get("data")
    gone = data.get("deletedid") if isinstance(data, dict) else None
    ids = (_text(raw["intuitentityid"]), *([_text(gone)] if gone else []))
    return _Event(_text(raw["intuitaccountid"]), _BY_LOWER.get(entity, entity), ids, _instant(raw.get("time"), now))


def _legacy_event(raw: dict[str, Any], now: datetime) -> _Event:
    gone = raw.get("deletedId")
    ids = (_text(raw["id"]), *([_text(gone)] if gone else []))
    return _Event(_text(raw["realmId"]), _text(raw["name"]), ids, _instant(raw.get("lastUpdated"), now))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 100:
        raise ValueError("not a name or an id")
    return value


def _instant(value: Any, now: datetime) -> datetime:
    """When the source says it changed; the time of arrival where it says nothing that can be read."""
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return now
    return at.astimezone(UTC) if at.tzinfo else now

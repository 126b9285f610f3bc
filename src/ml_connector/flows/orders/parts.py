"""What of a long entry is not posted yet, and how its parts are approved (accounting-rules B.11)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from ml_connector.accounting.entry import EntryPart
from ml_connector.accounting.parts import facts, missing, part_ref, rest_of
from ml_connector.model import money
from ml_connector.model.plans import Context, NeedLink, Together, Unattended
from ml_connector.model.refs import Link
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import SETTINGS

from .limit import within_limit


def still_missing(order_id: str, first: Link | None, context: Context) -> tuple[EntryPart, ...]:
    """The parts of an order that are not posted yet, after `first`, the link of its first one."""
    if first is None:
        return ()
    context.want(*(NeedLink(Role.JOURNAL, part_ref(order_id, part)) for part in rest_of(first)))
    return missing(order_id, first, lambda ref: context.link(Role.JOURNAL, ref))


def together(parts: Sequence[EntryPart], posted: Sequence[str] = ()) -> Together | None:
    """What the first of these parts is approved with; None for an entry in one part. `posted` are numbers."""
    if len(parts) < 2 and not posted:
        return None
    bodies = msgspec.json.encode(parts[1:]) if parts[1:] else b""
    return Together(
        followers=hashlib.sha256(bodies).hexdigest() if bodies else "",
        waiting=money.total(part.draft.total for part in parts),
        facts=facts(posted, parts) if posted else {},
    )


def unattended(first: Link, rules: Rules, home: str, *, moved: bool) -> Unattended:
    """Whether the rest may go out without a click: as the whole list would; never on another day (B.10)."""
    amounts = [first.agreed.get("total") or "0", *(money.plain(part.draft.total) for part in rest_of(first))]
    rate = money.exact(first.agreed.get("rate") or "1")
    total = money.total(money.exact(amount) for amount in amounts)
    small = within_limit(total, rate, home, rules)
    if small is None or moved:
        return Unattended(within=False, waits_for=(SETTINGS,))
    return Unattended(within=True, detail=small, waits_for=(SETTINGS,))

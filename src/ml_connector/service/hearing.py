"""What a batch of change events means: knocks, and what it leaves unsaid (salesforce reference 6.4 to 6.8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec

from ml_connector.model.continuity import Cause
from ml_connector.model.errors import WrongUse
from ml_connector.model.refs import Change, Ref
from ml_connector.systems.salesforce.arrivals import OWNERS
from ml_connector.systems.salesforce.calls import CLIENT
from ml_connector.systems.salesforce.pubsub.events import OVERFLOW, Notice
from ml_connector.systems.salesforce.records import SYSTEM, long_id

SOURCE = f"stream:{SYSTEM}"
LONG_TRANSACTION = timedelta(minutes=30)
"""How long before its end a transaction may have begun that was too large to be told: its records bear that time."""


class Unsaid(msgspec.Struct, frozen=True):
    """Something of a kind has changed (blank: of any), and which records is not said. It may have begun `since`."""

    kind: str
    cause: Cause
    since: datetime


class Heard(msgspec.Struct):
    """Of one batch: what to look at, what is unsaid, up to when it tells, whether we alone have changed it.

    `parts`: a part of a record has changed whose owner is not named; a sweep of the parts finds it.
    """

    changes: list[Change] = []
    unsaid: list[Unsaid] = []
    upto: datetime | None = None
    ours: bool = True
    parts: bool = False


def hear(notices: Iterable[Notice], kinds: Collection[str], now: datetime) -> Heard:
    """Knocks of these kinds, a record once however many events name it: nothing of an event is applied, so what one
    transaction has changed needs not be kept together either.

    A time ahead of ours is not believed. Who has changed a record is a hint only: automation in the same transaction
    bears the same name, so nothing is dropped for it.
    """
    changes: dict[Ref, Change] = {}
    heard = Heard()
    for notice in notices:
        at = min(notice.at, now)
        heard.upto = at
        if notice.kind not in kinds or notice.quiet:
            continue
        heard.ours = heard.ours and notice.origin.rpartition("client=")[2] == CLIENT
        if notice.change == OVERFLOW:
            heard.unsaid.append(Unsaid(notice.kind, Cause.OVERFLOW, at - LONG_TRANSACTION))
            continue
        for ref in _refs(notice, heard, at):
            changes[ref] = Change(ref, SOURCE, at)
    heard.changes = list(changes.values())
    return heard


def _refs(notice: Notice, heard: Heard, at: datetime) -> Iterable[Ref]:
    """The records that an event names: gaps name theirs as well. A part of a record is a knock on its owner."""
    kind, ids = notice.kind, notice.ids
    if kind in OWNERS:
        kind, ids = OWNERS[kind][1], (notice.owner,) if notice.owner else ()
        heard.parts = heard.parts or not ids
    for record_id in ids:
        try:
            yield Ref(SYSTEM, kind, long_id(record_id))
        except WrongUse:  # a wildcard, or no id at all
            heard.unsaid.append(Unsaid(notice.kind, Cause.UNNAMED, at - LONG_TRANSACTION))

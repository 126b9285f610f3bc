"""`If-Modified-Since` and `If-Unmodified-Since` (salesforce reference 2.1); their times count whole seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ml_emulators.salesforce import times
from ml_emulators.salesforce.calls import Answer, Call
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.schema import profiles
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import World

NOT_MODIFIED = Answer(304)


def _asked(call: Call, header: str) -> datetime | None:
    """The instant a header names; None when it names none, then it does not count."""
    text = call.headers.get(header)
    try:
        instant = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant is not None and instant.tzinfo is None else instant


def unmodified(call: Call, changed: datetime) -> bool:
    """Whether the caller has seen this state already: the answer is 304 then."""
    asked = _asked(call, "if-modified-since")
    return asked is not None and changed.replace(microsecond=0) <= asked


def changed_at(record: Record) -> datetime:
    """The SystemModstamp of a record as an instant."""
    return times.moment(record["SystemModstamp"])


def check_unmodified(call: Call, record: Record) -> None:
    """Raises 412 when the record was changed after the instant that a writer names."""
    asked = _asked(call, "if-unmodified-since")
    if asked is not None and changed_at(record) > asked:
        text = "The record was modified after the date of If-Unmodified-Since"
        raise ApiError("PRECONDITION_FAILED", text, status=412)


class Watch:
    """Since when what describe shows has been as it is: it looks whenever it is asked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: tuple[Any, ...] | None = None
        self._since = world.clock.now()

    def since(self) -> datetime:
        """The instant at which a change was first seen; the conditional header of describe is compared with it."""
        seen = self._look()
        if seen != self._seen:
            now = self._world.clock.now()
            self._seen, self._since = seen, now
        return self._since

    def _look(self) -> tuple[Any, ...]:
        switches = self._world.switches
        users = repr(list(switches.user_rights.items()))
        closed = (switches.hidden_fields, switches.read_only_fields, switches.denied_rights)
        rights = tuple(frozenset((kind, *sorted(names)) for kind, names in store.items() if names) for store in closed)
        lists = ("OpportunityStage", "OrderStatus", "CurrencyType")
        tables = (self._world.state.tables[kind].live for kind in lists)
        choices = tuple(frozenset((row["Id"], row.get("SystemModstamp")) for row in live.values()) for live in tables)
        has = profiles.features(switches, self._world.related)
        return has, self._world.set_up, frozenset(switches.hidden_objects), rights, users, choices

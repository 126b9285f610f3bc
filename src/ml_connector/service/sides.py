"""The health of the two sides of a connection: on record, audited when it changes, and who may be asked when.

A side is `live`, or it is `away` (no answer that can be used), `limited` (its calls are used up) or `dead` (a person
must act). Each has its own times: nothing is read of one side only because the other is not there, and whoever wants to
know whether a side is back asks that side, later and later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
import structlog

from ml_connector.app import App
from ml_connector.clock import Clock, Ids
from ml_connector.engine.corridor import READ_REFUSED
from ml_connector.model.errors import (
    ConnectorError,
    LimitReached,
    NotProved,
    ReadRefused,
    SignInNeeded,
    WrongUse,
)
from ml_connector.model.sides import SideState
from ml_connector.store import Store
from ml_connector.store.rows import SideRow

from .jobs import growing

NAMES = {"quickbooks": "QuickBooks", "salesforce": "Salesforce"}
SYSTEMS = tuple(NAMES)
SWEEP = "sweep"
DRAIN = "drain"
PAUSES: dict[SideState, tuple[timedelta, timedelta]] = {
    "live": (timedelta(0), timedelta(0)),
    "away": (timedelta(seconds=30), timedelta(minutes=15)),
    "limited": (timedelta(minutes=1), timedelta(hours=1)),
    "dead": (timedelta(minutes=1), timedelta(hours=1)),
}
"""The first pause until a side is asked again, and the longest."""
_ACTOR = "ml-connector"
_log = structlog.get_logger("service")


def state_after(error: ConnectorError) -> SideState:
    """What an error says about the side that it came from."""
    match error:
        case SignInNeeded() | WrongUse() | NotProved():
            return "dead"
        case LimitReached():
            return "limited"
        case ReadRefused():
            return "live"
        case _:
            return "away"


class Sides:
    """Both sides of one connection.

    `changed` is called with the name of a side when its state is another, `wake` with the name of a job that may go on.
    """

    def __init__(
        self,
        store: Store,
        connection: str,
        clock: Clock,
        ids: Ids,
        systems: Iterable[str],
        *,
        wake: Callable[[str, datetime | None], None] = lambda *_: None,
        changed: Callable[[SideRow], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._connection = connection
        self._clock = clock
        self._ids = ids
        self._wake = wake
        self._changed = changed
        known = store.sides(connection)
        self._rows = {name: known.get(name, SideRow(system=name)) for name in systems}
        self._failing: dict[str, set[str]] = {
            name: set() if row.state == "live" else {SWEEP} for name, row in self._rows.items()
        }

    def of(self, system: str) -> SideRow:
        """How this side is."""
        return self._rows[system]

    def may_ask(self, system: str, now: datetime) -> bool:
        """Whether it is live, or its pause is over. A pause longer than any was set by a clock that was ahead."""
        row = self._rows[system]
        return row.state == "live" or row.next_at is None or not now < row.next_at <= now + _longest(row)

    def well_enough(self, who: str = DRAIN) -> bool:
        """Whether both sides answer everybody but, maybe, `who` itself, who may try again then."""
        return all(failing <= {who} for failing in self._failing.values())

    def failed(self, system: str, error: ConnectorError, by: str = SWEEP) -> None:
        """This side did not do for `by` what it was asked for; only for what concerns all of it, or whole kinds of it.

        Whoever failed must do well before the side is live again, and its sweep before it, which costs the least.
        """
        if isinstance(error, ReadRefused) and error.kinds:
            self._refused(system, error)
            return
        state, row, now = state_after(error), self._rows[system], self._clock.now()
        if state == "live":  # one question is refused: that says nothing about the others
            return
        self._failing[system] |= {SWEEP, by}
        failures = row.failures if row.state == state else 0
        next_at = now + growing(failures, self._ids.jitter(), *PAUSES[state])
        since = row.since if row.state == state and row.since else now
        self._put(
            msgspec.structs.replace(
                row,
                state=state,
                since=since,
                error=type(error).__name__,
                sentence=error.sentence,
                remedy=error.remedy,
                next_at=next_at,
                failures=failures + 1,
            )
        )
        self._wake(f"{SWEEP} {system}", next_at)

    def well(self, system: str, by: str = SWEEP) -> None:
        """It did what it was asked for. Live again where nobody else waits for the same; then the drain goes on."""
        failing, row = self._failing[system], self._rows[system]
        if row.state == "live" or by not in failing:
            return
        failing.discard(by)
        if not failing:
            self._live(system)
        if failing <= {DRAIN}:
            self._wake(DRAIN, None)

    def _live(self, system: str) -> None:
        row = self._rows[system]
        if row.state != "live":
            well = SideRow(system=system, since=self._clock.now(), refused=row.refused)
            self._put(msgspec.structs.replace(well, asked_at=row.asked_at, sweep_at=row.sweep_at))

    def swept(self, system: str, next_at: datetime, refused: ReadRefused | None = None) -> None:
        """A sweep was taken in, but for the kinds that are refused, and the next one comes at `next_at`."""
        if refused is None or not refused.kinds:
            self._given_back(system)
        else:
            self._refused(system, refused)
        row = msgspec.structs.replace(self._rows[system], asked_at=self._clock.now(), sweep_at=next_at)
        self._put(row)
        self.well(system)

    def reconnected(self, system: str) -> None:
        """A person has signed in anew: it is live until it says otherwise, and is asked at once."""
        self._failing[system].clear()
        self._live(system)

    def heard(self) -> None:
        """Take over what other processes have put on record: a sign-in that was renewed, a limit that was met."""
        for system, row in self._store.sides(self._connection).items():
            mine = self._rows.get(system)
            if mine is None or row == mine:
                continue
            self._rows[system] = row
            if row.state != mine.state:
                self._failing[system] = set() if row.state == "live" else {SWEEP}
                self._changed(row)
                self._wake(f"{SWEEP} {system}", row.next_at)

    def _refused(self, system: str, error: ReadRefused) -> None:
        """These kinds are not listed any more: only the flows concerned stop."""
        row = self._rows[system]
        refused = dict.fromkeys(error.kinds, f"{error.sentence} {error.remedy}")
        if refused.keys() != row.refused.keys():
            self._put(msgspec.structs.replace(row, refused=refused))

    def _given_back(self, system: str) -> None:
        """Everything is listed again: what was held because it could not be read is looked at now, not hours later."""
        if self._rows[system].refused:
            self._put(msgspec.structs.replace(self._rows[system], refused={}))
            held = [(row.flow, row.ref) for row in self._store.holds(self._connection) if row.code == READ_REFUSED]
            self._store.intake(self._connection, held, "given back", self._clock.now())
            self._wake(DRAIN, None)

    def _put(self, row: SideRow) -> None:
        """Keep it; another state is an event of the audit log, and is told."""
        before, now = self._rows[row.system], self._clock.now()
        event = _event(before, row)
        self._store.put_side(self._connection, row, now, event and (_ACTOR, *event))
        self._rows[row.system] = row
        if event is not None:
            _log.info(event[0], system=row.system, why=row.sentence)
            self._changed(row)


def sides_of(app: App) -> Sides:
    """The sides of a connection as they are on record, for whoever does one thing and ends."""
    return Sides(app.store, app.connection.id, app.world.clock, app.world.ids, app.runtime.systems)


def _event(before: SideRow, after: SideRow) -> tuple[str, dict[str, str]] | None:
    """What the audit log says of a change; None where only times differ."""
    if before.state != after.state:
        return f"side {after.state}", {"before": before.state, "why": after.error, "sentence": after.sentence}
    if before.refused.keys() != after.refused.keys():
        return "side refuses kinds", {"kinds": ", ".join(sorted(after.refused)), "before": ", ".join(before.refused)}
    return None


def _longest(row: SideRow) -> timedelta:
    return next((most for state, (_, most) in PAUSES.items() if state == row.state), timedelta(0))

"""Every safeguard of the corridor, taken out from outside, and the case in which it is missed.

The product has no switch for any of them: they are replaced here while a run is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import msgspec
from sqlalchemy import select, update

from ml_connector.engine import lease
from ml_connector.engine.dispatcher import Dispatcher
from ml_connector.model.plans import LookUp, Missing
from ml_connector.model.tasks import Verdict
from ml_connector.store import schema
from ml_connector.store.base import LEASE, Base
from ml_connector.store.database import ms
from ml_connector.store.outbox import Outbox
from ml_connector.store.tasks import Tasks
from ml_connector.systems.quickbooks import arrivals
from ml_connector.systems.quickbooks import lookup as quickbooks_lookup
from ml_connector.systems.salesforce import lookup as salesforce_lookup
from ml_emulators.salesforce.saving import writing

from .cases import Case
from .faults import Strike
from .life import Manner
from .matrix import KINDS
from .runs import Place, Result
from .situations import SITUATIONS
from .testbed import HeardStore, Testbed

Patches = Sequence[tuple[Any, str, Any]]
_NOW_AND_AGAIN = Manner(slow=True)


class Safeguard(msgspec.Struct, frozen=True):
    """`missed`: what goes wrong without it. `patches` take it out, in the run `case`. `besides` is out in any case: it
    would hide the difference.
    """

    missed: str
    patches: Callable[[], Patches]
    case: Callable[[Place], Case]
    besides: Callable[[], Patches] = list


@contextmanager
def out(patches: Patches) -> Iterator[None]:
    """While these parts of the product are replaced."""
    with ExitStack() as at_end:
        for owner, attribute, instead in patches:
            at_end.enter_context(patch.object(owner, attribute, instead))
        yield


@contextmanager
def without(name: str) -> Iterator[None]:
    """While this safeguard is taken out."""
    with out(SAFEGUARDS[name].besides()), out(SAFEGUARDS[name].patches()):
        yield


# --- how they are taken out


def _no_note() -> Patches:
    def note(self: Base, connection: str, token: int, _: Any, now: datetime, _lost: Any = ()) -> None:
        with self.begin() as tx:
            self.guard(tx, connection, token, now)

    return [(Outbox, "note", note)]


def _no_finishing() -> Patches:
    async def nothing(*_: Any) -> None:
        return None

    return [(Dispatcher, "finish_open", nothing)]


def _no_counters() -> Patches:
    """A task is ticked off altogether, whatever was noticed since it was taken."""
    settle = Tasks.settle

    def all_of_it(self: Tasks, connection: str, token: int, verdicts: Sequence[Any], *more: Any) -> None:
        table = schema.task
        noticed = select(table.c.flow, table.c.ref, table.c.noticed).where(table.c.connection == connection)
        with self.begin() as tx:
            newest = {(row.flow, row.ref): row.noticed for row in tx.execute(noticed)}
        settle(self, connection, token, [_up_to(newest, verdict) for verdict in verdicts], *more)

    return [(Tasks, "settle", all_of_it)]


def _no_looking_back() -> Patches:
    """A sweep asks from its position on, not from a little before: else it would hide that a knock was lost."""
    return [(arrivals, "AGAIN", timedelta(0))]


def _up_to(newest: Mapping[tuple[str, str], int], verdict: Verdict) -> Verdict:
    task = msgspec.structs.replace(verdict.task, noticed=newest[verdict.task.flow, str(verdict.task.ref)])
    return msgspec.structs.replace(verdict, task=task)


def _no_external_ids() -> Patches:
    """The org does not know the external ids as such: an upsert is an insert."""
    match = writing.match

    def no_match(tx: Any, kind: Any, key: Any, value: Any) -> list[Any]:
        return [] if key.name == "QBO_Id__c" else match(tx, kind, key, value)

    return [(writing, "match", no_match), (writing, "check_unique", lambda *_: None)]


def _no_fencing_token() -> Patches:
    take = Base.take_lease

    def always(self: Base, connection: str, holder: str, now: datetime) -> int | None:
        return take(self, connection, holder, now + LEASE)

    def nobody_asks(_: Base, tx: Any, connection: str, token: int, now: datetime) -> None:
        row = update(schema.connection).where(schema.connection.c.id == connection)
        tx.execute(row.values(run_until=ms(now + LEASE)))

    def for_ever(now: datetime) -> datetime:
        return now + timedelta(days=365)

    return [(Base, "take_lease", always), (Base, "guard", nobody_asks), (lease, "lease_end", for_ever)]


def _no_index() -> Patches:
    """The next time the database is brought back it has its indexes again."""
    back_to = Testbed.back_to

    def without_index(self: Testbed, moment: Any, chance: str) -> None:
        back_to(self, moment, chance)
        with self.home.store.begin() as tx:
            for name in ("write_made", "write_open", "link_exclusive"):
                tx.exec_driver_sql(f"DROP INDEX {name}")

    return [(Testbed, "back_to", without_index)]


def _no_look_up() -> Patches:
    async def nothing_there(*around: Any) -> list[LookUp]:
        return [Missing() for _ in around[-1]]

    return [(quickbooks_lookup, "look_up", nothing_there), (salesforce_lookup, "look_up", nothing_there)]


def _position_first() -> Patches:
    """The position of a source, with what it claims to have covered, is saved before the knocks."""
    intake = HeardStore.intake

    def in_two(self: HeardStore, connection: str, knocks: Any, source: str, now: datetime, **more: Any) -> int:
        if more.get("position") is not None:
            said = {name: more.pop(name, None) for name in ("position", "covered_to", "claim")}
            intake(self, connection, (), source, now, **said)
        return intake(self, connection, knocks, source, now, **more)

    return [(HeardStore, "intake", in_two)]


# --- when they are missed


def _case(here: Place, situation: str, manner: Manner, *strikes: Strike) -> Case:
    return Case(1, situation, SITUATIONS[situation].acts, manner, strikes, "safeguard")


def _place_of(here: Place, situation: str, what: str, *, before_write: str = "") -> int:
    """Where in the situation something happens; with `before_write` for the last time before that write."""
    events = here.events_of(situation, SITUATIONS[situation].acts, False)
    places = [place for place, event in enumerate(events, 1) if event.what == what]
    if not before_write:
        return places[0]
    write = next(place for place, event in enumerate(events, 1) if event.items.startswith(before_write))
    return max(place for place in places if place <= write)


def _write_of(here: Place, situation: str) -> int:
    return _place_of(here, situation, "writing", before_write=KINDS[SITUATIONS[situation].kind])


def _underway(here: Place) -> Case:
    """The vendor makes the contact role only after six minutes."""
    situation = "a sent invoice"
    return _case(here, situation, Manner(), Strike("late", place=_write_of(here, situation), arg="400"))


def _killed_after(situation: str) -> Callable[[Place], Case]:
    """The process is killed after the vendor has done it."""

    def case(here: Place) -> Case:
        return _case(here, situation, Manner(), Strike("kill", place=_write_of(here, situation) + 1))

    return case


def _changed_at_work(here: Place) -> Case:
    """The invoice changes after it was read, and another process hears of it before the first one is through."""
    situation = "an invoice"
    read = _place_of(here, situation, "composed", before_write=KINDS["Opportunity"])
    edit = Strike("edit", place=read, arg="hours on 2001")
    later = Strike("time passes", place=read + 1, arg="10")
    return _case(here, situation, _NOW_AND_AGAIN, edit, later, Strike("second worker", place=read + 2))


def _far_too_late(here: Place) -> Case:
    situation = "a customer"
    return _case(here, situation, Manner(), Strike("far too late", place=_write_of(here, situation), arg="1300"))


def _asleep(here: Place) -> Case:
    """A worker sleeps from noting a contact role to sending it, and another one does the work meanwhile."""
    situation = "a sent invoice"
    noted = _place_of(here, situation, "noted", before_write=KINDS["role"])
    return _case(here, situation, Manner(), Strike("frozen", place=noted, arg="700 0"))


def _side_by_side(here: Place) -> Case:
    """A second worker does everything between the first one's decision and its note."""
    situation = "a sent invoice"
    composed = _place_of(here, situation, "composed", before_write=KINDS["role"])
    return _case(here, situation, Manner(), Strike("second worker", place=composed))


def _killed_while_it_listens(here: Place) -> Case:
    """Killed in the transaction after QuickBooks has said what changed; the next sweep comes a quarter hour later."""
    situation = "a customer"
    return _case(here, situation, _NOW_AND_AGAIN, Strike("kill", place=_place_of(here, situation, "knocks stored")))


SAFEGUARDS: Mapping[str, Safeguard] = {
    "noting before sending": Safeguard("doubled", _no_note, _underway),
    "finishing open writes first": Safeguard("lost", _no_finishing, _killed_after("an account")),
    "the counters noticed and served": Safeguard("lost", _no_counters, _changed_at_work, besides=_no_looking_back),
    "unique external ids": Safeguard("doubled", _no_external_ids, _far_too_late),
    "the fencing token": Safeguard("doubled", _no_fencing_token, _asleep),
    "the unique index of made records": Safeguard("doubled", _no_index, _side_by_side, besides=_no_fencing_token),
    "looking up before sending again": Safeguard("doubled", _no_look_up, _killed_after("a sent invoice")),
    "position and tasks in one transaction": Safeguard("lost", _position_first, _killed_while_it_listens),
}


def missed(here: Place, name: str) -> Result:
    """The run in which this safeguard is missed."""
    case = SAFEGUARDS[name].case(here)
    here.ends_of(case.situation, case.acts, case.edit)  # how it must end is found out with all safeguards in place
    with without(name):
        return here.play(case)

"""The pace of all processes together: one row for each company or org (decision 0009).

One UPDATE instead of a lock: it takes effect only where the row still stands as this process last saw it. So nobody
waits for anybody, nothing can deadlock, and a process that is killed between two statements leaves nothing locked. Who
was second reads the row and thinks its change anew.

Nothing of it is synced to disk: a sync for each call would cost more than the booking is worth. A power cut may take
the last starts out of the row. For the windows of a second it is over before anything starts again, and the minute has
its margin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, select, update

from ml_connector.model.pace import Pace

from . import schema
from .base import Base
from .database import insert, transaction

_table = schema.pace
_CONTENT = ("starts", "under_way", "blocked_until", "booked")
_READ = select(*(_table.c[name] for name in _CONTENT)).where(_table.c.name == bindparam("name"))
_MATCHES = [_table.c[name] == bindparam(f"old_{name}") for name in ("name", *_CONTENT)]
_SWAP = update(_table).where(*_MATCHES).values({name: bindparam(f"new_{name}") for name in _CONTENT})
_starts = msgspec.json.Decoder(dict[str, list[int]])
_places = msgspec.json.Decoder(list[int])
_booked = msgspec.json.Decoder(dict[str, int])
Row = dict[str, Any]


def booked_by(store: Base, system: str) -> dict[str, int]:
    """What all companies or orgs of a system together have called, by month and kind (`2026-11 read`)."""
    return _booked_where(store, _table.c.name.startswith(f"{system}:", autoescape=True))


def booked_of(store: Base, system: str, id: str) -> dict[str, int]:
    """What was called of one company or org; as `booked_by`. Connections that share it have called it together."""
    return _booked_where(store, _table.c.name == f"{system}:{id}")


def _booked_where(store: Base, which: ColumnElement[bool]) -> dict[str, int]:
    query = select(_table.c.booked).where(which)
    with store.begin() as tx:
        rows = tx.execute(query).scalars().all()
    total: Counter[str] = Counter()
    for text in rows:
        with suppress(msgspec.MsgspecError):  # not put there by us
            total.update(_booked.decode(text))
    return dict(total)


class SharedPace:
    """The pace called `name`, shared by all processes that have this state open (`systems.limits.UpdatePace`).

    Each change is one UPDATE that takes effect only where the row stands as this process knows it; else the row is read
    and the change thought anew. So a process that is alone never reads. Nothing of it is synced to disk.
    """

    def __init__(self, store: Base, name: str) -> None:
        self._store = store
        self._name = name
        self._known: tuple[Pace, Row] | None = None

    def __call__(self, edit: Callable[[Pace], Pace]) -> None:
        """Put in place of the pace what `edit` makes of it; nobody else comes between. Raises `StateTrouble`.

        `edit` is called again where another process was first.
        """
        fresh = False
        while True:
            if self._known is None:
                self._known, fresh = self._read(), True
            pace, row = self._known
            changed = edit(pace)
            if changed == pace:
                # Nothing to write, so no UPDATE has shown that this is how the row stands: only a fresh reading counts.
                # Else a process that waits would wait for a place that another one gave back long ago.
                if fresh:
                    return
            else:
                new = _row_of(changed)
                if self._swapped(row, new):
                    self._known = changed, new
                    return
            self._known = None

    def _read(self) -> tuple[Pace, Row]:
        with transaction(self._store.engine, lasting=False) as tx:
            stored = tx.execute(_READ, {"name": self._name}).mappings().one_or_none()
            if stored is None:
                tx.execute(insert(tx, _table).on_conflict_do_nothing(index_elements=["name"]), {"name": self._name})
                stored = tx.execute(_READ, {"name": self._name}).mappings().one()
        row = dict(stored)
        try:
            booked = _booked.decode(row["booked"])
            return Pace(_unpacked(row["starts"]), _places.decode(row["under_way"]), row["blocked_until"], booked), row
        except msgspec.MsgspecError:  # not put there by us: it is begun anew, and the vendor says what is too much
            return Pace(), row

    def _swapped(self, old: Row, new: Row) -> bool:
        values = {f"old_{name}": old[name] for name in _CONTENT} | {f"new_{name}": new[name] for name in _CONTENT}
        with transaction(self._store.engine, lasting=False) as tx:
            return tx.execute(_SWAP, {**values, "old_name": self._name}).rowcount == 1


def _row_of(pace: Pace) -> Row:
    starts = {name: _steps(instants) for name, instants in pace.starts.items()}
    return {
        "starts": msgspec.json.encode(starts).decode(),
        "under_way": msgspec.json.encode(pace.under_way).decode(),
        "blocked_until": pace.blocked_until,
        "booked": msgspec.json.encode(pace.booked).decode(),
    }


def _steps(instants: Sequence[int]) -> list[int]:
    """The first instant, then the steps from one to the next: a third of the size."""
    return [*instants[:1], *(later - earlier for earlier, later in pairwise(instants))]


def _unpacked(text: str) -> dict[str, list[int]]:
    return {name: list(accumulate(steps)) for name, steps in _starts.decode(text).items()}

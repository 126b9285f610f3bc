"""The outbox: writes as they were noted before they were sent, and what became of them.

A write that is not on record before its first byte leaves could be done without anybody knowing: after a crash it would
be decided and done once more. What was noted can be looked up, because key and exact body are known.

The database refuses a second open write with the same key, and a second record made under a key: two indexes are the
last line of defence, should a lease ever fail (docs/proof.md plays that).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, select, update

from ml_connector.model.plans import OpenWrite, Write
from ml_connector.model.refs import Ref
from ml_connector.model.tasks import Settled
from ml_connector.model.triggers import fired_by

from . import schema
from .audit import Audit, Event
from .conflicts import note_conflicts, settle_conflicts
from .database import insert, instant, ms, portions
from .links import put_links
from .marks import MARK, Marker, columns_of, is_marked, marked, must_be_marked, name_of
from .rows import LostValue, StrangeWrite
from .stored import step_of
from .tasks import fire, knock

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(Write, float_hook=Decimal)

# Built once: a statement that is built anew for each call costs more than its answer.
_write, _task = schema.write, schema.task
_OURS = _write.c.connection == bindparam("p_connection")
_OPEN = (
    select(_write)
    .where(_OURS, _write.c.state == "open")
    .order_by(_write.c.noted_at, _write.c.batch_id, _write.c.position)
)
_THESE_OPEN = (
    select(_write)
    .where(_write.c.id.in_(bindparam("p_ids", expanding=True)), _write.c.state == "open")
    .order_by(_write.c.batch_id, _write.c.position, _write.c.id)
)
_DELAY = (
    update(_task)
    .where(
        _task.c.connection == bindparam("p_connection"),
        _task.c.flow == bindparam("p_flow"),
        _task.c.ref == bindparam("p_ref"),
    )
    .values(next_at=bindparam("p_until"))
)
_KEYED = select(_write).where(_OURS, _write.c.state != "open", _write.c.key.in_(bindparam("p_keys", expanding=True)))
_REFUSALS = (
    select(_write.c.key, func.count().label("times"))
    .where(_OURS, _write.c.state == "refused", _write.c.key.in_(bindparam("p_keys", expanding=True)))
    .group_by(_write.c.key)
)


class Outbox(Audit):
    """Every change of an open write checks the fencing token: who lost the lease can neither note nor settle."""

    def note(
        self,
        connection: str,
        fencing_token: int,
        writes: Sequence[OpenWrite],
        now: datetime,
        lost: Sequence[LostValue] = (),
    ) -> None:
        """Put these on record as sent. Commits before the first byte leaves; a key that is open already is refused.

        `lost` are the sealed values that they put others over.
        """
        rows = [_row(connection, fencing_token, write) for write in writes]
        with self.begin() as tx:
            self.guard(tx, connection, fencing_token, now)
            tx.execute(insert(tx, schema.write), marked(self.marker, schema.write, rows))
            note_conflicts(tx, connection, lost)

    def note_again(self, connection: str, fencing_token: int, writes: Sequence[OpenWrite], now: datetime) -> None:
        """Put on record that these open writes go out again, in which batch and when.

        `noted_at` starts anew: from this sending on the vendor may be at work, and patience counts from the last one.
        """
        with self.begin() as tx:
            self.guard(tx, connection, fencing_token, now)
            places = {write.id: {"batch_id": write.batch_id, "position": write.position} for write in writes}
            _change(tx, self.marker, {write.id: places[write.id] | _sent(write, now) for write in writes})

    def note_trouble(self, connection: str, fencing_token: int, writes: Sequence[OpenWrite], now: datetime) -> None:
        """Put on record what came back for these open writes."""
        with self.begin() as tx:
            self.guard(tx, connection, fencing_token, now)
            _change(tx, self.marker, {write.id: {"outcome": _tries(write)} for write in writes})

    def open_writes(self, connection: str) -> list[OpenWrite]:
        """All writes whose outcome is not settled, oldest first; those that somebody without the key put there not."""
        return [_open_write(row) for row in self._open(connection) if is_marked(self.marker, _write, row)]

    def believed_and_strange(self, connection: str) -> tuple[list[OpenWrite], list[StrangeWrite]]:
        """`open_writes`, and those open writes that do not fit their marks."""
        rows = self._open(connection)
        believed = [_open_write(row) for row in rows if is_marked(self.marker, _write, row)]
        return believed, self._unmarked(rows)

    def strange_writes(self, connection: str, keys: Sequence[str]) -> list[StrangeWrite]:
        """The open writes that do not fit their marks, and others under these keys, as their rows say."""
        rows = list(self._open(connection))
        with self.begin() as tx:
            for some in portions(keys):
                rows += tx.execute(_KEYED, {"p_connection": connection, "p_keys": some}).all()
        return self._unmarked(rows)

    def _unmarked(self, rows: Sequence[Row[Any]]) -> list[StrangeWrite]:
        strange = [row for row in rows if not is_marked(self.marker, _write, row)]
        return [StrangeWrite(name_of(_write, row), row.system, row.kind, row.key) for row in strange]

    def _open(self, connection: str) -> Sequence[Row[Any]]:
        with self.begin() as tx:
            return tx.execute(_OPEN, {"p_connection": connection}).all()

    def settle_writes(self, connection: str, fencing_token: int, settled: Sequence[Settled], now: datetime) -> None:
        """One transaction: outcomes, links, and the knocks they bring. What may name people is kept no longer.

        An outcome without its link would be forgotten, a link without its outcome would be looked up once more, and
        without the knocks nobody would look at what has waited for it. Postings and refusals are events of the audit
        log.
        """
        with self.recording() as recording:
            tx = recording.tx
            self.guard(tx, connection, fencing_token, now)
            closed = _close(tx, self.marker, settled, now)
            settle_conflicts(tx, connection, closed.over, now)
            recording.add(connection, "ml-connector", "post", closed.posted, now)
            recording.add(connection, "ml-connector", "refuse", closed.refused, now)
            links = [link for each in settled for link in each.links]
            put_links(tx, self.marker, connection, links, now)
            fire(tx, connection, fired_by(links), now)
            knock(tx, connection, [task for end in settled for task in end.knocks], "written", now)

    def delay(
        self, connection: str, fencing_token: int, tasks: Sequence[tuple[str, Ref]], until: datetime, now: datetime
    ) -> None:
        """Do not look at these tasks before `until`."""
        with self.begin() as tx:
            self.guard(tx, connection, fencing_token, now)
            for flow, ref in tasks:
                mine = {"p_connection": connection, "p_flow": flow, "p_ref": str(ref)}
                tx.execute(_DELAY, mine | {"p_until": ms(until)})

    def forget_changes(self, connection: str, before: datetime) -> int:
        """Forget changes of records that were settled before this instant, how many. What was made stays on record."""
        old = (_write.c.state != "open") & (_write.c.action != "create") & (_write.c.settled_at < ms(before))
        with self.begin() as tx:
            return tx.execute(delete(_write).where(_write.c.connection == connection, old)).rowcount

    def refusals(self, connection: str, keys: Sequence[str]) -> dict[str, int]:
        """How often each key was finally refused; the next request id takes the number after."""
        counts: dict[str, int] = {}
        with self.begin() as tx:
            for some in portions(keys):
                rows = tx.execute(_REFUSALS, {"p_connection": connection, "p_keys": some})
                counts.update({row.key: row.times for row in rows})
        return counts

    def written(self, connection: str, flow: str, ref: Ref) -> list[tuple[str, str, str, datetime]]:
        """State, step label, result id and instant of every write for one record (for explain)."""
        table = schema.write
        query = select(table).where(table.c.connection == connection, table.c.flow == flow, table.c.source == str(ref))
        with self.begin() as tx:
            return [
                (row.state, step_of(row.content), row.result_id, instant(row.noted_at))
                for row in tx.execute(query.order_by(table.c.noted_at))
            ]


class _Closed(msgspec.Struct):
    """What was settled: `over` put a value over another one; the others are events of the audit log."""

    over: list[Settled] = []
    posted: list[Event] = []
    refused: list[Event] = []


def _change(tx: Connection, marker: Marker, changes: Mapping[str, Mapping[str, object]]) -> None:
    """Change columns of open writes, by id. Raises `StateTampered` for one that is not as it was noted."""
    for some in portions(list(changes)):
        for row in tx.execute(_THESE_OPEN, {"p_ids": some}).all():
            must_be_marked(marker, _write, [row])
            values = changes[row.id]
            mark = marked(marker, _write, [{**columns_of(row), **values}])[0][MARK]
            tx.execute(update(_write).where(_write.c.id == row.id).values({**values, MARK: mark}))


def _close(tx: Connection, marker: Marker, settled: Sequence[Settled], now: datetime) -> _Closed:
    """Outcomes of open writes; one that is not open any more is let be, because another run has settled it.

    Afterwards ids and a hash do for a body; only what a person approved stays whole.
    """
    rows: list[dict[str, Any]] = []
    closed = _Closed()
    by_id = {end.id: end for end in settled}
    for some in portions(list(by_id)):
        for row in tx.execute(_THESE_OPEN, {"p_ids": some}).all():
            must_be_marked(marker, _write, [row])
            write, end = _decoder.decode(row.content), by_id[row.id]
            rows.append({**columns_of(row), **_closed(end, write, row.content, row.body, now)})
            if write.conflicts:
                closed.over.append(end)
            if end.state == "done" and write.needs_approval:
                closed.posted.append(_posting(row, write, end))
            if end.state == "refused":
                detail = {"step": write.step, "key": write.key, "outcome": end.outcome, "request": row.request_id}
                closed.refused.append((row.source, detail))
    if rows:
        closings = marked(marker, _write, rows)
        tx.execute(_CLOSE, [{f"p_{name}": row[name] for name in ("id", *_CLOSED)} for row in closings])
    return closed


def _posting(row: Any, write: Write, end: Settled) -> Event:
    """What a person approved and is in the books now: under which key and request, as which record and version."""
    versions = [link.target_version for link in end.links if link.target == end.result]
    return row.source, {
        "label": write.label,
        "key": write.key,
        "body": hashlib.sha256(row.body).hexdigest(),
        "request": row.request_id,
        "result": str(end.result or ""),
        "version": next(filter(None, versions), ""),
    }


_CLOSED = ("state", "outcome", "result_id", "settled_at", "content", "body", MARK)
_CLOSE = (
    update(schema.write)
    .where(schema.write.c.id == bindparam("p_id"), schema.write.c.state == "open")
    .values({name: bindparam(f"p_{name}", type_=schema.write.c[name].type) for name in _CLOSED})
)


def _closed(settled: Settled, write: Write, content: str, body: bytes, now: datetime) -> dict[str, object]:
    if not write.needs_approval:
        content = _encoder.encode(_without_values(write)).decode()
        body = b""  # a digest of it could be guessed back: most of a body is known
    return {
        "state": settled.state,
        "outcome": settled.outcome,
        "result_id": settled.result.id if settled.result else "",
        "settled_at": ms(now),
        "content": content,
        "body": body,
    }


def _without_values(write: Write) -> Write:
    """Step, kind, key and ids of a write; nothing that could name a person."""
    return Write(
        step=write.step,
        system=write.system,
        kind=write.kind,
        action=write.action,
        body={},
        key=write.key,
        key_field=write.key_field,
        target_id=write.target_id,
        sync_token=write.sync_token,
    )


def _row(connection: str, fencing_token: int, write: OpenWrite) -> dict[str, object]:
    return {
        "id": write.id,
        "connection": connection,
        "flow": write.flow,
        "source": str(write.source),
        "system": write.write.system,
        "kind": write.write.kind,
        "action": write.write.action,
        "key": write.write.key,
        "content": _encoder.encode(write.write).decode(),
        "body": write.body,
        "request_id": write.request_id,
        "batch_id": write.batch_id,
        "position": write.position,
        "generation": write.generation,
        "state": "open",
        "outcome": "",
        "result_id": "",
        "noted_at": ms(write.noted_at),
        "run_token": fencing_token,
        "first_at": ms(write.noted_at),
    }


def _sent(write: OpenWrite, now: datetime) -> dict[str, object]:
    return {"noted_at": ms(now), "outcome": _tries(write)}


def _tries(write: OpenWrite) -> str:
    """What stands in `outcome` while a write is open: how often it was sent, since when, what came back."""
    return f"{write.sendings} {ms(write.first_noted_at or write.noted_at)} {write.trouble}"


def _open_write(row: Row[tuple[object, ...]]) -> OpenWrite:
    return OpenWrite(
        id=row.id,
        flow=row.flow,
        source=Ref.parse(row.source),
        write=_decoder.decode(row.content),
        body=row.body,
        request_id=row.request_id,
        batch_id=row.batch_id,
        position=row.position,
        generation=row.generation,
        noted_at=instant(row.noted_at),
        sent_at=instant(row.noted_at),
        **_tried(row.outcome),
    )


def _tried(text: str) -> dict[str, Any]:
    """The parts of `_tries`; of a write that was sent once nothing stands there yet."""
    if not text:
        return {}
    sendings, first, trouble = text.split(" ", 2)
    return {"sendings": int(sendings), "first_noted_at": instant(int(first)), "trouble": trouble}

"""Comparisons of all ids: how far each has come, what it found, and the ids that we know, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, bindparam, delete, func, select, union, update

from ml_connector.model.people import Actor
from ml_connector.model.reading import Order
from ml_connector.model.refs import Ref
from ml_connector.model.roles import Role

from . import schema
from .audit import Audit
from .base import lock
from .database import insert, instant, ms, portions, upsert
from .ledger import close_compared
from .rows import Comparison
from .stored import ref_of

_KEY = ("connection", "system", "kind")
_COUNTS = ("reads", "listed", "vanished", "unknown", "known")
_BEGUN = ("why", "position", "after", "begun_at", *_COUNTS)
_table, _task, _link, _vanished = schema.comparison, schema.task, schema.link, schema.vanished
_OURS = _table.c.connection == bindparam("p_connection")
_ALL = select(_table).where(_OURS).order_by(_table.c.system, _table.c.kind)


class Compared(Audit):
    """The rows of comparisons, one for each kind of a system."""

    def ask_comparison(self, connection: str, system: str, kinds: Iterable[str], why: str, now: datetime) -> None:
        """From now on these kinds are to be compared, from their first id, even where one is under way.

        What it has passed already may be just what was deleted since.
        """
        rows = [_fresh(connection, system, kind) | {"why": why, "begun_at": ms(now)} for kind in kinds]
        if rows:
            with self.begin() as tx:
                tx.execute(upsert(tx, _table, _KEY, _BEGUN), rows)

    def count_as_compared(self, connection: str, system: str, kinds: Iterable[str], now: datetime) -> None:
        """These kinds were listed whole while we knew nothing of them: as good as a comparison."""
        rows = [_fresh(connection, system, kind) | {"ended_at": ms(now)} for kind in kinds]
        if rows:
            with self.begin() as tx:
                tx.execute(upsert(tx, _table, _KEY, (*_BEGUN, "ended_at")), rows)

    def comparisons(self, connection: str) -> list[Comparison]:
        """The comparison of each kind that was ever compared, or is to be."""
        with self.begin() as tx:
            rows = tx.execute(_ALL, {"p_connection": connection}).all()
        return [
            Comparison(
                system=row.system, kind=row.kind, why=row.why, position=row.position, after=row.after,
                begun_at=instant(row.begun_at) if row.begun_at else None,
                ended_at=instant(row.ended_at) if row.ended_at else None,
                reads=row.reads, listed=row.listed, vanished=row.vanished, unknown=row.unknown,
                known=row.known, withheld=row.withheld,
            )
            for row in rows
        ]  # fmt: skip

    def known_ids(
        self,
        connection: str,
        flows: Sequence[str],
        kind: tuple[str, str],
        order: Order,
        after: str,
        upto: str | None,
        page: int,
    ) -> Iterator[list[str]]:
        """The ids of a kind (system and kind) that tasks of these flows or links name, ascending, in pages.

        Those beyond `after`, up to and with `upto`; None is the end. Each page is a transaction of its own.
        """
        prefix = "{}:{}:".format(*kind)
        for length, low, high in self._stretches(connection, flows, prefix, order, after, upto):
            while True:
                asked = {"p_low": prefix + low, "p_high": high, "p_length": length, "p_limit": page}
                with self.begin() as tx:
                    refs = _refs(tx, connection, flows, length is not None, asked)
                if refs:
                    yield [ref.removeprefix(prefix) for ref in refs]
                if len(refs) < page:
                    break
                low = refs[-1].removeprefix(prefix)

    def _stretches(
        self, connection: str, flows: Sequence[str], prefix: str, order: Order, after: str, upto: str | None
    ) -> list[tuple[int | None, str, str]]:
        """Length, lower bound and upper bound of refs that lie together in the index: numbers by their length."""
        end = f"{prefix[:-1]};"  # the character after the colon: beyond every id
        if order == "text":
            return [(None, after, end if upto is None else prefix + upto)]
        longest = self._longest(connection, flows, prefix, end) if upto is None else len(upto)
        return [
            (
                len(prefix) + length,
                after if length == len(after) else "",
                prefix + upto if upto is not None and length == len(upto) else end,
            )
            for length in range(max(len(after), 1), longest + 1)
        ]

    def _longest(self, connection: str, flows: Sequence[str], prefix: str, end: str) -> int:
        inner = _candidates(tuple(flows), False, limited=False)
        asked = {"p_connection": connection, "p_low": prefix, "p_high": end}
        with self.begin() as tx:
            length = tx.execute(select(func.max(func.length(inner.subquery().c.ref))), asked).scalar()
        return (length or 0) - len(prefix)

    def count_known(self, connection: str, flows: Sequence[str], kind: tuple[str, str]) -> int:
        """About how many records of a kind we know: the most that one of these flows was ever knocked on."""
        prefix = "{}:{}:".format(*kind)
        query = select(func.count()).where(
            _task.c.connection == connection,
            _task.c.flow.in_(flows),
            _task.c.ref > prefix,
            _task.c.ref < f"{prefix[:-1]};",
        )
        with self.begin() as tx:
            counts = tx.execute(query.group_by(_task.c.flow)).scalars().all()
        return max(counts, default=0)

    def not_missed_yet(self, connection: str, refs: Sequence[Ref]) -> list[Ref]:
        """Those of these records that no comparison has missed before."""
        with self.begin() as tx:
            missed = {name for some in portions([str(ref) for ref in refs]) for name in _missed(tx, connection, some)}
        return [ref for ref in refs if str(ref) not in missed]

    def keep_missed(self, connection: str, refs: Sequence[Ref], now: datetime) -> None:
        """These were missed; they are not knocked on yet."""
        with self.begin() as tx:
            put = insert(tx, _vanished).on_conflict_do_nothing(index_elements=("connection", "ref"))
            if refs:
                tx.execute(put, [_missing(connection, ref, now) for ref in refs])

    def untold(self, connection: str, kind: tuple[str, str], most: int) -> list[Ref]:
        """Records of a kind (system and kind) that were missed and not knocked on, at most so many."""
        query = select(_vanished.c.ref).where(*_untold(connection, kind)).order_by(_vanished.c.ref).limit(most)
        with self.begin() as tx:
            return [ref_of(name) for name in tx.execute(query).scalars()]

    def count_untold(self, connection: str, kind: tuple[str, str]) -> int:
        """How many records of a kind were missed and not knocked on."""
        with self.begin() as tx:
            return tx.execute(select(func.count()).where(*_untold(connection, kind))).scalar_one()

    def count_missed(self, connection: str, kind: tuple[str, str]) -> int:
        """How many records of a kind have been missed, knocked on or not."""
        with self.begin() as tx:
            return tx.execute(select(func.count()).where(*_of_kind(connection, kind))).scalar_one()

    def tell(self, connection: str, refs: Sequence[Ref]) -> None:
        """These were knocked on because they were missed."""
        with self.begin() as tx:
            for some in portions([str(ref) for ref in refs]):
                ours = (_vanished.c.connection == connection) & _vanished.c.ref.in_(some)
                tx.execute(update(_vanished).where(ours).values(told=1))

    def accept_vanished(self, connection: str, row: Comparison, actor: Actor, now: datetime) -> None:
        """A person said that what is withheld of a kind is really gone: an event of the audit chain."""
        ours = (_table.c.connection == connection) & (_table.c.system == row.system) & (_table.c.kind == row.kind)
        detail = {"withheld": row.withheld, "known": row.known}
        with self.recording() as recording:
            recording.tx.execute(update(_table).where(ours).values(withheld=0))
            recording.add(connection, actor, "accept vanished", [(f"{row.system} {row.kind}", detail)], now)

    def went_on(
        self, connection: str, before: Comparison, after: Comparison, listed: Sequence[Ref], actor: str, now: datetime
    ) -> bool:
        """A page was compared: `before` becomes `after`. `listed` may vanish anew.

        Without `why` it has come to its end, which is an event of the audit chain. False where another process has
        taken it further meanwhile, or begun anew: nothing is changed then.
        """
        same = (_table.c.system == before.system) & (_table.c.kind == before.kind)
        same &= (_table.c.why == before.why) & (_table.c.position == before.position)
        same &= _table.c.begun_at == (ms(before.begun_at) if before.begun_at else 0)
        values = {name: getattr(after, name) for name in ("why", "position", "after", "withheld", *_COUNTS)}
        values["begun_at"] = ms(after.begun_at) if after.begun_at else 0
        if not after.why:
            values["ended_at"] = ms(now)
        with self.recording() as recording:
            tx = recording.tx
            lock(tx, connection)
            step = update(_table).where(_table.c.connection == connection, same).values(values)
            if tx.execute(step).rowcount != 1:
                return False
            for some in portions([str(ref) for ref in listed]):
                tx.execute(delete(_vanished).where(_vanished.c.connection == connection, _vanished.c.ref.in_(some)))
            if not after.why:
                detail = {"why": before.why} | {name: getattr(after, name) for name in (*_COUNTS, "withheld")}
                recording.add(connection, actor, "compare", [(f"{after.system} {after.kind}", detail)], now)
                if not after.withheld:
                    close_compared(recording, connection, after, now)
        return True


def _fresh(connection: str, system: str, kind: str) -> dict[str, Any]:
    row: dict[str, Any] = {"connection": connection, "system": system, "kind": kind, "why": "", "begun_at": 0}
    return row | {"position": "", "after": ""} | dict.fromkeys(_COUNTS, 0)


def _missing(connection: str, ref: Ref, now: datetime) -> dict[str, Any]:
    return {"connection": connection, "ref": str(ref), "at": ms(now), "told": 0}


def _of_kind(connection: str, kind: tuple[str, str]) -> tuple[ColumnElement[bool], ...]:
    prefix = "{}:{}:".format(*kind)
    return (_vanished.c.connection == connection, _vanished.c.ref > prefix, _vanished.c.ref < f"{prefix[:-1]};")


def _untold(connection: str, kind: tuple[str, str]) -> tuple[ColumnElement[bool], ...]:
    return (*_of_kind(connection, kind), _vanished.c.told == 0)


def _missed(tx: Connection, connection: str, names: Sequence[str]) -> Iterable[str]:
    query = select(_vanished.c.ref).where(_vanished.c.connection == connection, _vanished.c.ref.in_(names))
    return tx.execute(query).scalars()


def _refs(tx: Connection, connection: str, flows: Sequence[str], numbered: bool, asked: dict[str, Any]) -> list[str]:
    if not numbered:
        asked.pop("p_length")
    rows = tx.execute(_page(tuple(flows), numbered), asked | {"p_connection": connection})
    return list(rows.scalars())


@cache
def _page(flows: tuple[str, ...], numbered: bool) -> Select[Any]:
    """A page of the refs between two bounds, each once. Every part is read in the order of its own index."""
    together = _candidates(flows, numbered, limited=True).subquery()
    return select(together.c.ref).order_by(together.c.ref).limit(bindparam("p_limit", type_=BigInteger))


def _candidates(flows: tuple[str, ...], numbered: bool, *, limited: bool) -> Any:
    """The refs of tasks and of both sides of links, as the union of one selection for each stretch of an index."""
    parts: list[Select[Any]] = [_between(_task, _task.c.ref, _task.c.flow == flow, numbered) for flow in flows]
    for role in Role:
        mine = _link.c.role == role.value
        parts += [_between(_link, side, mine, numbered) for side in (_link.c.source, _link.c.target)]
    if not limited:
        return union(*parts)
    limit = bindparam("p_limit", type_=BigInteger)
    return union(*(select(part.order_by("ref").limit(limit).subquery().c.ref) for part in parts))


def _between(table: Any, column: ColumnElement[Any], mine: ColumnElement[bool], numbered: bool) -> Select[Any]:
    bounds = (column > bindparam("p_low")) & (column <= bindparam("p_high"))
    query = select(column.label("ref")).where(table.c.connection == bindparam("p_connection"), mine, bounds)
    return query.where(func.length(column) == bindparam("p_length", type_=BigInteger)) if numbered else query

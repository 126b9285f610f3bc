"""People: rows of the state, each change of which is an event of the audit log.

A row is believed if it fits its mark, and is what the newest event about that person says: who writes the database can
put an older row back, with the mark it had then, such as that of a person who was ended since. Against a log from whose
middle that event was taken, the home keeps for each person the number of the newest event and the digest of the row.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from ml_connector.model.errors import StateTampered, WrongUse
from ml_connector.model.people import Actor

from . import schema
from .audit import Audit, HeadKeeper, digest, opened
from .base import lock
from .database import instant, ms
from .marks import Marker, columns_of, content_of, is_marked, marked
from .rows import Head, PersonRow

CHANGES = ("add person", "end person", "set password", "make token", "accept row")
"""The events after which the row of a person is another one, or is believed as it is."""
REFUSED, PROVED = "refuse password", "password fits"
_audit, _person = schema.audit, schema.person


class People(Audit):
    """People of a connection. None is deleted: a name belongs to one person for ever."""

    def person(self, connection: str, name: str) -> PersonRow | None:
        """A person, ended ones too; not `proved` where the row is not the one that was put there last."""
        with self.begin() as tx:
            row = _stored(tx, connection, name)
            return None if row is None else self._shown_person(tx, row)

    def people(self, connection: str) -> list[PersonRow]:
        """All people by name, ended ones too."""
        query = select(_person).where(_person.c.connection == connection).order_by(_person.c.name)
        with self.begin() as tx:
            return [self._shown_person(tx, row) for row in tx.execute(query).all()]

    def _shown_person(self, tx: Connection, row: Row[Any]) -> PersonRow:
        return PersonRow(
            name=row.name,
            roles=tuple(row.roles.split()),
            password=row.password,
            token=row.token,
            invited_by=row.invited_by,
            since=instant(row.since),
            ended_at=instant(row.ended_at) if row.ended_at else None,
            proved=stands(tx, self.marker, self.keeper, row),
        )

    def knows_people(self, connection: str) -> bool:
        """Whether there is a person, or the log knows of one that was there."""
        added = select(_audit.c.id).where(_audit.c.connection == connection, _audit.c.action == "add person")
        rows = select(_person.c.name).where(_person.c.connection == connection)
        with self.begin() as tx:
            return any(tx.execute(query.limit(1)).first() is not None for query in (rows, added))

    def environments(self, connection: str) -> set[str]:
        """Where the connection was ever signed in: `production`, `sandbox`, `rehearsal`."""
        query = select(_audit.c.detail).where(_audit.c.connection == connection, _audit.c.action == "sign in")
        with self.begin() as tx:
            details = [msgspec.json.decode(detail) for detail in tx.execute(query).scalars()]
        return {detail["environment"] for detail in details if "environment" in detail}

    def add_person(self, connection: str, person: PersonRow, actor: Actor, now: datetime) -> None:
        """Raises `WrongUse` for a name that somebody has, or had."""
        row: dict[str, Any] = {"connection": connection, "name": person.name, "roles": " ".join(person.roles)}
        row |= {"password": person.password, "token": person.token, "invited_by": person.invited_by}
        row |= {"since": ms(person.since), "ended_at": 0}
        with self.recording() as recording:
            tx = recording.tx
            lock(tx, connection)
            if _newest(tx, connection, person.name) is not None or _stored(tx, connection, person.name) is not None:
                raise WrongUse(f"There is a person {person.name} already, or was one.", "Choose another name.")
            tx.execute(insert(_person), marked(self.marker, _person, [row]))
            detail = {**_described(row), "roles": row["roles"]}
            head = recording.add(connection, actor, "add person", [(_object(person.name), detail)], now)
        self._remember(connection, person.name, head.number, _digest(row))

    def change_person(
        self, connection: str, name: str, action: str, values: dict[str, str | int], actor: Actor, now: datetime
    ) -> None:
        """Change columns of a person. Raises `StateTampered` where the row is not the one that was put there."""
        mine = (_person.c.connection == connection) & (_person.c.name == name)
        with self.recording() as recording:
            tx = recording.tx
            lock(tx, connection)
            before = tx.execute(select(_person).where(mine)).one()
            if not stands(tx, self.marker, self.keeper, before):
                raise StateTampered.of(_object(name))
            row = marked(self.marker, _person, [{**columns_of(before), **values}])[0]
            tx.execute(update(_person).where(mine).values(row))
            head = recording.add(connection, actor, action, [(_object(name), _described(row))], now)
        self._remember(connection, name, head.number, _digest(row))

    def _remember(self, connection: str, name: str, number: int, digest_: str) -> None:
        """In the home, after the commit: behind the log at most."""
        if self.keeper is not None:
            place = memory_of(connection, name)
            self.keeper.keep(place, self.keeper.seal(place, Head(number, digest_)))

    def remember_person(self, connection: str, name: str) -> None:
        """Take what the log says for the newest about this one: somebody answers for it, as after a restore."""
        with self.begin() as tx:
            event = _newest(tx, connection, name)
        if event is not None:
            self._remember(connection, name, event.number, msgspec.json.decode(event.detail)["digest"])

    # --- tries

    def note_try(self, connection: str, name: str, *, fits: bool, actor: Actor, now: datetime) -> None:
        """Put down that somebody gave a password for this name, and whether it fitted."""
        self.audit(connection, actor, PROVED if fits else REFUSED, _object(name), {}, now)

    def wrong_tries(self, connection: str, name: str, since: datetime, now: datetime) -> list[datetime]:
        """When passwords for this name were refused since the last one that fitted, newest first."""
        query = (
            select(_audit.c.at, _audit.c.action)
            .where(_audit.c.connection == connection, _audit.c.object == _object(name))
            .where(_audit.c.action.in_((REFUSED, PROVED)), _audit.c.at > ms(since), _audit.c.at <= ms(now))
            .order_by(_audit.c.number.desc())
        )
        with self.begin() as tx:
            rows = tx.execute(query).all()
        last = next((place for place, row in enumerate(rows) if row.action == PROVED), len(rows))
        return [instant(row.at) for row in rows[:last]]


def stands(tx: Connection, marker: Marker, keeper: HeadKeeper | None, row: Row[Any]) -> bool:
    """Whether the row of a person is the one that was put there last, by somebody with the key."""
    event = _newest(tx, row.connection, row.name)
    if event is None or not _is_whole(marker, event) or not is_marked(marker, _person, row):
        return False
    said = str(msgspec.json.decode(event.detail).get("digest", ""))
    return said == _digest(columns_of(row)) and _is_newest(keeper, row, Head(event.number, said))


def _is_newest(keeper: HeadKeeper | None, row: Row[Any], head: Head) -> bool:
    """Whether the home knows of no later event about that person. Another home may know of none yet."""
    kept = keeper.kept(memory_of(row.connection, row.name)) if keeper is not None else None
    if keeper is None or kept is None:
        return True
    known = opened(keeper, memory_of(row.connection, row.name), kept)
    return known is not None and (known == head or known.number < head.number)


def memory_of(connection: str, name: str) -> str:
    """Under what the home keeps the newest event about a person."""
    return f"{connection} {_object(name)}"


def _newest(tx: Connection, connection: str, name: str) -> Row[Any] | None:
    mine = (_audit.c.connection == connection) & (_audit.c.object == _object(name)) & _audit.c.action.in_(CHANGES)
    return tx.execute(select(_audit).where(mine).order_by(_audit.c.number.desc()).limit(1)).one_or_none()


def _is_whole(marker: Marker, event: Row[Any]) -> bool:
    return is_marked(marker, _audit, event) and event.hash == digest(columns_of(event))


def _stored(tx: Connection, connection: str, name: str) -> Row[Any] | None:
    mine = (_person.c.connection == connection) & (_person.c.name == name)
    return tx.execute(select(_person).where(mine)).one_or_none()


def _object(name: str) -> str:
    """What an event about a person is about: as `marks.name_of` names the row."""
    return f"{_person.name} {name}"


def _digest(row: Any) -> str:
    return hashlib.sha256(content_of(_person, row)).hexdigest()


def _described(row: Any) -> dict[str, str]:
    return {"digest": _digest(row)}

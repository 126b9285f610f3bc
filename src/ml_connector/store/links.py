"""Links between records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    bindparam,
    delete,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from ml_connector.model.errors import ConnectorError
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role

from . import schema
from .base import Base, lock
from .database import ms, portions, upsert
from .marks import MARK, Marker, is_marked, marked, name_of
from .stored import ref_of

_KEY = ("connection", "role", "source")
_KEPT = ("target", "agreed", "exclusive", "source_version", "target_version", "settled_at", MARK)
_link_table = schema.link
_MINE = (_link_table.c.connection == bindparam("p_connection")) & (_link_table.c.role == bindparam("p_role"))
_THESE: BindParameter[list[str]] = bindparam("p_refs", expanding=True)
_BOTH_SIDES = union_all(
    select(_link_table, literal_column("0").label("side")).where(_MINE, _link_table.c.source.in_(_THESE)),
    select(_link_table, literal_column("1").label("side")).where(_MINE, _link_table.c.target.in_(_THESE)),
).order_by("side", "source")
"""Links of these records as sources, then as targets: built once, because it is asked for every kind of link."""
_ALL = select(_link_table).where(_MINE).order_by(_link_table.c.source)


def put_links(tx: Connection, marker: Marker, connection: str, links: Iterable[Link], now: datetime) -> None:
    """Make or renew links. Raises `ConnectorError` if an exclusive target is taken by another source."""
    rows = [row_of(connection, link) | {"settled_at": ms(now)} for link in links]
    if not rows:
        return
    _make_room(tx, marker, connection, rows)
    try:
        tx.execute(upsert(tx, schema.link, _KEY, _KEPT), marked(marker, schema.link, rows))
    except IntegrityError as error:
        # The last line: a claim on the counterpart keeps two such writes of one page apart (`batches.chosen`).
        raise ConnectorError(
            "Two records claim the same counterpart.", "See which are held or marked:  ml-connector holds"
        ) from error


def _make_room(tx: Connection, marker: Marker, connection: str, rows: Sequence[Mapping[str, object]]) -> None:
    """A row that is not believed keeps no link of ours out of its place: it stays on record and claims nothing."""
    claimed = {(row["role"], row["target"]): row["source"] for row in rows if row["exclusive"]}
    mine = (_link_table.c.connection == connection) & (_link_table.c.exclusive == 1)
    for some in portions(sorted({str(target) for _, target in claimed})):
        places = _link_table.c.target.in_(some) & _link_table.c.role.in_({role for role, _ in claimed})
        for there in tx.execute(select(_link_table).where(mine, places)).all():
            ours = claimed.get((there.role, there.target), there.source)
            if there.source != ours and not is_marked(marker, schema.link, there):
                row = [_link_table.c[name] == getattr(there, name) for name in _KEY]
                tx.execute(update(_link_table).where(*row).values(exclusive=0))


def row_of(connection: str, link: Link) -> dict[str, object]:
    """The columns of a link that its mark covers."""
    return {
        "connection": connection,
        "role": link.role.value,
        "source": str(link.source),
        "target": str(link.target),
        "agreed": msgspec.json.encode(dict(link.agreed)).decode(),
        "exclusive": int(link.exclusive),
        "source_version": link.source_version,
        "target_version": link.target_version,
    }


def link_of(row: Row[tuple[object, ...]], marker: Marker) -> Link:
    """The link of a row. Nothing of one that is not proved is read but what was asked for."""
    if not is_marked(marker, schema.link, row):
        asked = ref_of(row.target if getattr(row, "side", 0) else row.source)
        return Link(Role(row.role), asked, asked, strange=name_of(schema.link, row))
    return Link(
        role=Role(row.role),
        source=Ref.parse(row.source),
        target=Ref.parse(row.target),
        agreed=msgspec.json.decode(row.agreed),
        exclusive=bool(row.exclusive),
        source_version=row.source_version,
        target_version=row.target_version,
    )


class Links(Base):
    """Links of all roles; those that flows make are put by `put_links`, together with what they come from."""

    def put_link(self, connection: str, link: Link, now: datetime) -> None:
        """A link that a person has decided."""
        with self.begin() as tx:
            lock(tx, connection)
            put_links(tx, self.marker, connection, [link], now)

    def links_of(self, connection: str, role: Role, refs: Sequence[Ref]) -> dict[Ref, list[Link]]:
        """The links of these records in `role`, whichever side they stand on; every record is in the answer."""
        answer: dict[Ref, list[Link]] = {ref: [] for ref in refs}
        named = {str(ref): links for ref, links in answer.items()}
        with self.begin() as tx:
            for some in portions(list(named)):
                asked = {"p_connection": connection, "p_role": role.value, "p_refs": some}
                for row in tx.execute(_BOTH_SIDES, asked).all():
                    named[row.target if row.side else row.source].append(link_of(row, self.marker))
        return answer

    def forget_links(self, connection: str, roles: Sequence[Role], before: datetime) -> int:
        """Forget the links of these roles that were last put there before this instant. How many."""
        mine = (_link_table.c.connection == connection) & _link_table.c.role.in_([role.value for role in roles])
        with self.begin() as tx:
            lock(tx, connection)
            return tx.execute(delete(_link_table).where(mine, _link_table.c.settled_at < ms(before))).rowcount

    def all_links(self, connection: str, role: Role) -> list[Link]:
        """All links of a role, by source; those that are not `proved` too."""
        with self.begin() as tx:
            rows = tx.execute(_ALL, {"p_connection": connection, "p_role": role}).all()
        return [link_of(row, self.marker) for row in rows]

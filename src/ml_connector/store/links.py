"""Links between records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import IntegrityError

from ml_connector.model.errors import ConnectorError
from ml_connector.model.refs import Link, Ref

from . import schema
from .base import Base, lock
from .database import insert, ms


def put_links(tx: Connection, connection: str, links: Iterable[Link], now: datetime) -> None:
    """Make or renew links. Raises `ConnectorError` if an exclusive target is taken by another source."""
    rows = [
        {
            "connection": connection,
            "role": link.role,
            "source": str(link.source),
            "target": str(link.target),
            "agreed": msgspec.json.encode(dict(link.agreed)).decode(),
            "exclusive": int(link.exclusive),
            "source_version": link.source_version,
            "target_version": link.target_version,
            "settled_at": ms(now),
        }
        for link in links
    ]
    if not rows:
        return
    put = insert(tx, schema.link)
    kept = {name: put.excluded[name] for name in rows[0] if name not in ("connection", "role", "source")}
    try:
        tx.execute(put.on_conflict_do_update(index_elements=["connection", "role", "source"], set_=kept), rows)
    except IntegrityError as error:
        raise ConnectorError(
            "Two records claim the same counterpart.", "Look at the links of both with ml-connector explain."
        ) from error


def _link(row: Row[tuple[object, ...]]) -> Link:
    return Link(
        role=row.role,
        source=Ref.parse(row.source),
        target=Ref.parse(row.target),
        agreed=msgspec.json.decode(row.agreed),
        exclusive=bool(row.exclusive),
        source_version=row.source_version,
        target_version=row.target_version,
    )


class Links(Base):
    def put_link(self, connection: str, link: Link, now: datetime) -> None:
        """A link that a person has decided."""
        with self.begin() as tx:
            lock(tx, connection)
            put_links(tx, connection, [link], now)

    def links_of(self, connection: str, role: str, refs: Sequence[Ref]) -> dict[Ref, list[Link]]:
        """The links of these records in `role`, whichever side they stand on; every record is in the answer."""
        table = schema.link
        answer: dict[Ref, list[Link]] = {ref: [] for ref in refs}
        names = [str(ref) for ref in answer]
        with self.begin() as tx:
            for start in range(0, len(names), 500):
                some = names[start : start + 500]
                for side in (table.c.source, table.c.target):
                    query = select(table).where(table.c.connection == connection, table.c.role == role, side.in_(some))
                    for row in tx.execute(query.order_by(table.c.source)).all():
                        answer[Ref.parse(row.source if side is table.c.source else row.target)].append(_link(row))
        return answer

    def all_links(self, connection: str, role: str) -> list[Link]:
        table = schema.link
        with self.begin() as tx:
            rows = tx.execute(
                select(table).where(table.c.connection == connection, table.c.role == role).order_by(table.c.source)
            ).all()
        return [_link(row) for row in rows]

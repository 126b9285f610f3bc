"""Checks the audit log against itself, against its seals, and against the approvals that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, func, select

from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.model.people import Actor

from . import schema
from .audit import HASHED, Audit, HeadKeeper, digest, hash_of, head_of, opened
from .database import instant
from .marks import Marker, is_marked
from .rows import Head
from .stored import detail_of

_DO = "Compare it with a backup (runbook, The audit log), and treat what came after as unproved."
_RESTORED = (
    "If the state was put back from a backup, say so with the head which that backup printed:  "
    "ml-connector audit verify --restored --head HEAD . If it was not, events are lost: compare with a backup."
)
_APPROVAL = ("body_hash", "plan", "approved_by", "approved_at")
_PAGE = 1000
Approval = tuple[str, str, str, int]
"""Hash of the body, plan, who, when."""


class AuditCheck(Audit):
    """What tells whether the log is whole, and the way out after a backup was put back (decision 0011)."""

    def verify_audit(self, *, kept: bool = True) -> int:
        """Recompute every chain and compare it with its seals and with the approvals; how many events there are.

        Without `kept`, what the home keeps is left aside. Raises `ConnectorError` naming the first event that does not
        fit, and what to do.
        """
        count = 0
        with self.begin() as tx:
            for connection in _connections(tx):
                last, approvals = _walked(tx, self.marker, connection)
                count += last.number
                if self.keeper is not None:
                    _compare_seal(tx, self.keeper, connection, last)
                    if kept:
                        _compare_kept(tx, self.keeper, connection, last)
                _compare_approvals(tx, connection, approvals)
        return count

    def audit_trouble(self, connection: str) -> str:
        """Why the log is not whole, without a walk through it: events are missing, or its end does not fit its seals.

        Blank if nothing of that is seen. Whether an event was changed, the walk of `verify_audit` alone tells.
        """
        with self.begin() as tx:
            last = head_of(tx, connection)
            if self.keeper is None:
                return ""
            try:
                _count(tx, connection, last)
                _compare_seal(tx, self.keeper, connection, last)
                _compare_kept(tx, self.keeper, connection, last)
            except ConnectorError as error:
                return error.sentence
        return ""

    def head_is_kept(self, connection: str) -> bool:
        """Whether the home keeps a head of this log."""
        return self.keeper is not None and self.keeper.kept(connection) is not None

    def event_of_head(self, connection: str, hash: str) -> int:
        """The number of the event with this hash. Raises `ConnectorError` if the log has none."""
        table = schema.audit
        mine = (table.c.connection == connection) & (table.c.hash == hash)
        with self.begin() as tx:
            number = tx.execute(select(table.c.number).where(mine)).scalar()
            last = head_of(tx, connection)
        if number is None:
            raise ConnectorError(
                f"The head that you kept is not in this log, which ends with event {last.number}.",
                "The log was cut off before it, or exchanged: compare it with a backup (runbook, The audit log).",
            )
        return int(number)

    def accept_restored(self, connection: str, actor: Actor, hash: str, now: datetime) -> int:
        """Put on record that the state was put back from a backup, and keep its head in the home from now on.

        `hash` is a head that a person kept; it must be in the log. Returns its event's number. What the home knew that
        the log no longer has stands in the event. Raises `WrongUse` if nothing is missing.
        """
        number = self.event_of_head(connection, hash)
        keeper = self.keeper
        if keeper is None:
            raise WrongUse("This log has no seals.", "Open it with its home.")
        kept = keeper.kept(connection)
        with self.recording() as recording:
            last = head_of(recording.tx, connection)
            known = None if kept is None else opened(keeper, connection, kept)
            if known is not None and hash_of(recording.tx, connection, known.number) == known.hash:
                raise WrongUse("The log holds all that this home knows of.", "Leave out --restored.")
            detail = {"kept_by_a_person": number, "ends_with": last.number, "home_knew": known.number if known else 0}
            recording.add(connection, actor, "restored", [("audit log", detail)], now)
            sealed = keeper.seal(connection, head_of(recording.tx, connection))
        keeper.keep(connection, sealed)
        return number


def _connections(tx: Connection) -> list[str]:
    """Every connection that has events, seals, approvals, or has gone live."""
    live = select(schema.connection.c.id).where(schema.connection.c.live_since.is_not(None))
    others = (select(table.c.connection) for table in (schema.audit, schema.audit_head, schema.approval))
    return sorted({row[0] for query in (live, *others) for row in tx.execute(query.distinct())})


def is_sound(marker: Marker, row: Any) -> bool:
    """Whether an event stands as it was put down; its place in the log is another question."""
    return _is_hashed(row) and is_marked(marker, schema.audit, row)


def _is_hashed(row: Any) -> bool:
    return bool(row.hash == digest({name: getattr(row, name) for name in HASHED}))


def _walked(tx: Connection, marker: Marker, connection: str) -> tuple[Head, dict[str, Approval]]:
    """The end of the chain, and the approvals that it speaks of. Raises `ConnectorError` at the first break."""
    last, approvals = Head(), dict[str, Approval]()
    for row in _rows(tx, schema.audit, schema.audit.c.number, connection):
        if row.number != last.number + 1:
            raise _broken(f"Audit event {last.number + 1} is missing: the next one is {row.number}.")
        # The first event may follow one of another connection: older versions had one chain for all.
        if last.number and row.previous != last.hash:
            raise _broken(f"Audit event {row.number} does not follow event {last.number}: one of them was exchanged.")
        if not _is_hashed(row):
            raise _broken(f"Audit event {row.number} was changed.")
        if not is_marked(marker, schema.audit, row):
            raise _broken(f"Audit event {row.number} was written by something that does not have the key.")
        last = Head(row.number, row.hash)
        if row.action == "approve":
            _take_approval(approvals, row)
    if not last.number:
        raise _broken(f"The audit log of {connection} is empty, although the connection was at work: it was emptied.")
    return last, approvals


def _rows(tx: Connection, table: Table, order: Column[Any], connection: str) -> Iterator[Any]:
    """All rows of a connection by `order`, which is unique, in pages: a log of years is not held in memory."""
    query = select(table).where(table.c.connection == connection).order_by(order).limit(_PAGE)
    page = tx.execute(query).all()
    while page:
        yield from page
        page = tx.execute(query.where(order > getattr(page[-1], order.name))).all()


def _take_approval(approvals: dict[str, Approval], row: Any) -> None:
    detail = detail_of(row.detail)
    if "key" in detail:  # events of older versions name no key; the migration put others beside them
        approvals[detail["key"]] = (detail["hash"], detail.get("plan", ""), row.actor, row.at)


def _count(tx: Connection, connection: str, last: Head) -> None:
    """Numbers follow one another from 1, so there are as many events as the last one says."""
    table = schema.audit
    there = tx.execute(select(func.count()).select_from(table).where(table.c.connection == connection)).scalar_one()
    if there != last.number:
        gone = last.number - there
        what = f"{gone:,} event{' is' if gone == 1 else 's are'} missing from" if gone > 0 else "Events were added to"
        raise _broken(f"{what} the audit log, which ends with event {last.number}.")


def _compare_seal(tx: Connection, keeper: HeadKeeper, connection: str, last: Head) -> None:
    table = schema.audit_head
    sealed = tx.execute(select(table.c.sealed).where(table.c.connection == connection)).scalar()
    if sealed is None and last.number:
        raise _broken("The seal of the audit log was removed from the state.")
    if not sealed:
        return
    head = opened(keeper, connection, bytes(sealed))
    if head is None:
        raise _broken("The seal of the audit log in the state does not open: it was changed, or is of another log.")
    _compare(tx, connection, head, last, _DO)
    if head.number < last.number:
        raise _broken(f"Audit event {head.number + 1} and what follows were added without the seal.")


def _compare_kept(tx: Connection, keeper: HeadKeeper, connection: str, last: Head) -> None:
    kept = keeper.kept(connection)
    if kept is None:
        return
    head = opened(keeper, connection, kept)
    if head is None:
        raise _broken("The head of the audit log that this home keeps does not open: it was changed.", _RESTORED)
    _compare(tx, connection, head, last, _RESTORED)


def _compare(tx: Connection, connection: str, head: Head, last: Head, remedy: str) -> None:
    if head.number > last.number:
        first = last.number + 1
        gone = f"events {first} to {head.number} are" if head.number > first else f"event {first} is"
        ends = f"ends with event {last.number}" if last.number else "is empty"
        raise _broken(f"The audit log {ends}, but {gone} sealed: it was cut off.", remedy)
    if hash_of(tx, connection, head.number) != head.hash:
        raise _broken(f"Audit event {head.number} is not the one that was sealed: the log was exchanged.", remedy)


def _compare_approvals(tx: Connection, connection: str, known: dict[str, Approval]) -> None:
    """The table of approvals says what the log says: same bodies, plans, people and times."""
    for row in _rows(tx, schema.approval, schema.approval.c.key, connection):
        said = known.pop(row.key, None)
        if said is None:
            raise _broken(f"The approval of {row.key} is not in the audit log: it was added.")
        stands: Approval = (row.body_hash, row.plan, row.approved_by, row.approved_at)
        changed = [name for name, new, old in zip(_APPROVAL, stands, said, strict=True) if new != old]
        if changed:
            at = instant(said[3]).isoformat()
            raise _broken(f"The approval of {row.key} was changed ({', '.join(changed)}); {said[2]} gave it at {at}.")
    if known:
        raise _broken(f"The approval of {min(known)} is gone, although the audit log says that it was given.")


def _broken(sentence: str, remedy: str = _DO) -> ConnectorError:
    return ConnectorError(sentence, remedy)

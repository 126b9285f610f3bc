"""Delete with its cascade, and undelete from the bin (salesforce reference 2.2, 7, 10)."""

from __future__ import annotations

from ml_emulators.salesforce import rights
from ml_emulators.salesforce.meetings import meet
from ml_emulators.salesforce.rules.rule import undeletable
from ml_emulators.salesforce.rules.rulebook import rules_of
from ml_emulators.salesforce.schema import Child, SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

from .writing import check_unique, existing, require_right

_BIN = "_bin"


def delete(tx: Tx, kind: SObject, record_id: str) -> None:
    """Into the bin, with all children that live and die with it. Raises `ApiError`."""
    require_right(kind, "deletable")
    rights.require(tx.world, tx.actor, kind, "delete")
    record = existing(tx, kind, record_id)
    meet(tx.world, "write", kind.name, record)
    rules_of(kind.name).before_own_delete(tx, record)
    if _archived_instead(tx, kind, record):
        return
    if kind.recycles:
        _bury(tx, kind, record, record_id)
        return
    rules = rules_of(kind.name)
    rules.before_delete(tx, record)
    _check_children(tx, kind, record)
    tx.erase(kind.name, record_id)
    rules.after_delete(tx, record)


def _archived_instead(tx: Tx, kind: SObject, record: Record) -> bool:
    """A price-book entry in use is archived, not deleted."""
    if kind.name != "PricebookEntry" or not any(_restricting(tx, kind, record)):
        return False
    tx.adjust(kind.name, record, IsArchived=True, IsActive=False)
    return True


def _children(tx: Tx, child: Child, record_id: str) -> list[Record]:
    if "User" in child.field.refers_to:
        return []
    return list(tx.find(child.kind, child.field.name, record_id))


def _restricting(tx: Tx, kind: SObject, record: Record) -> list[Child]:
    restricting = [child for child in tx.world.schema.children(kind.name) if child.field.restrict_delete]
    return [child for child in restricting if _children(tx, child, record["Id"])]


def _check_children(tx: Tx, kind: SObject, record: Record) -> None:
    for child in _restricting(tx, kind, record):
        name = record.get(kind.name_of or "Id", record["Id"])
        plural = tx.world.schema.objects[child.kind].name
        text = f"Your attempt to delete {name} could not be completed because it is associated with: {plural}"
        raise undeletable(text)


def _bury(tx: Tx, kind: SObject, record: Record, root: str) -> None:
    rules = rules_of(kind.name)
    rules.before_delete(tx, record)
    _check_children(tx, kind, record)
    for child in tx.world.schema.children(kind.name):
        for row in _children(tx, child, record["Id"]):
            _part(tx, child, row, root)
    latest = tx.live(kind.name, record["Id"])
    if latest is None:
        return
    stamps = {"SystemModstamp": tx.now, "LastModifiedDate": tx.now, "LastModifiedById": tx.actor.user_id}
    tx.put(kind.name, latest | stamps | {"IsDeleted": True, _BIN: root})
    rules.after_delete(tx, record)


def _part(tx: Tx, child: Child, row: Record, root: str) -> None:
    """What becomes of a child: it goes along, or loses its reference, or keeps a dead one."""
    kind = tx.world.schema.objects[child.kind]
    if child.field.cascade:
        _bury(tx, kind, row, root)
    elif child.field.nillable:
        tx.adjust(child.kind, row, **{child.field.name: None})


def undelete(tx: Tx, kind: SObject, record_id: str) -> None:
    """Out of the bin, with what went in together with it. Raises `ApiError`."""
    record = tx.world.state.tables[kind.name].gone.get(record_id)
    if record is None or not kind.undeletable:
        existing(tx, kind, record_id)
        raise undeletable("The record is not in the Recycle Bin")
    _raise(tx, kind, record)
    for child in tx.world.schema.children(kind.name):
        if child.field.cascade:
            _raise_children(tx, child, record_id)


def _raise_children(tx: Tx, child: Child, root: str) -> None:
    table = tx.world.state.tables[child.kind]
    for row in list(table.gone.values()):
        if row.get(_BIN) == root:
            _raise(tx, table.kind, row)
            for below in tx.world.schema.children(child.kind):
                if below.field.cascade:
                    _raise_children(tx, below, root)


def _raise(tx: Tx, kind: SObject, record: Record) -> None:
    back = {name: value for name, value in record.items() if name != _BIN}
    stamps = {"SystemModstamp": tx.now, "LastModifiedDate": tx.now, "LastModifiedById": tx.actor.user_id}
    back |= stamps | {"IsDeleted": False}
    check_unique(tx, kind, back)
    tx.put(kind.name, back)

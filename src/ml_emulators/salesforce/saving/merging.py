"""Merge of accounts or contacts: the winner keeps everything, losers go with its id on them."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce import ids
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.rules.relations import merged
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.world import Tx

from .writing import existing, update


def merge(tx: Tx, kind: SObject, body: dict[str, Any]) -> str:
    """{"Id": winner, "losers": [ids], ...fields the winner takes}; the winner's id. Raises `ApiError`."""
    if not kind.mergeable:
        raise ApiError("INVALID_OPERATION", f"{kind.name} cannot be merged")
    winner = _known(tx, kind, body.get("Id"))
    losers = [_known(tx, kind, text) for text in body.get("losers", ())]
    for loser in losers:
        _hand_over(tx, kind, loser, winner)
        stamps = {"SystemModstamp": tx.now, "LastModifiedDate": tx.now, "LastModifiedById": tx.actor.user_id}
        record = existing(tx, kind, loser)
        tx.put(kind.name, record | stamps | {"IsDeleted": True, "MasterRecordId": winner})
    merged(tx, winner, f"{kind.name}Id")
    taken = {name: value for name, value in body.items() if name not in ("Id", "losers")}
    update(tx, kind, winner, taken)
    return winner


def _known(tx: Tx, kind: SObject, text: Any) -> str:
    record_id = ids.normalise(text) if isinstance(text, str) else None
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"Id: id value of incorrect type: {text}", fields=["Id"])
    return str(existing(tx, kind, record_id)["Id"])


def _hand_over(tx: Tx, kind: SObject, loser: str, winner: str) -> None:
    for child in tx.world.schema.children(kind.name):
        if child.field.name == "MasterRecordId":
            continue
        for row in list(tx.find(child.kind, child.field.name, loser)):
            tx.adjust(child.kind, row, **{child.field.name: winner})

"""What an administrator changes in an org at work: fields, stages, frozen users; and what the platform does late.

Acts of the control door, beside those of `users.py`.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from ml_emulators.salesforce import ids, rights, times
from ml_emulators.salesforce.errors import ApiError, required
from ml_emulators.salesforce.numbers import parse
from ml_emulators.salesforce.saving.writing import create, update
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.tooling.fields import set_customs
from ml_emulators.salesforce.tooling.metadata import field_of
from ml_emulators.salesforce.world import UI_ORIGIN, Tx, World

Body = dict[str, Any]
_LATEST = 86_400


def _wrong(message: str) -> ApiError:
    return ApiError("INVALID_OPERATION", message)


class Administration:
    """Acts on the set-up of the org."""

    def __init__(self, world: World) -> None:
        self._world = world

    def freeze_user(self, body: Body) -> Body:
        """{"username"?, "frozen"?: true}: the user's sessions are void and it gets no other, until it is unfrozen."""
        username = str(body.get("username") or self._world.org.integration_user.username)
        if self._world.actor_named(username) is None:
            raise _wrong(f"no user {username}")
        frozen = body.get("frozen", True) is True
        (self._world.switches.frozen_users.add if frozen else self._world.switches.frozen_users.discard)(username)
        return {"username": username, "frozen": frozen}

    def add_field(self, body: Body) -> Body:
        """{"object", "field", "metadata": as of the Tooling API}: a custom field, hidden until it is granted."""
        kind, name = self._object(body), str(body.get("field"))
        if kind.find(name) is not None:
            raise _wrong(f"{kind.name} has a field {name}")
        made = field_of(name, {"label": name.removesuffix("__c")} | (body.get("metadata") or {}), self._world.schema)
        set_customs(self._world, kind, (*kind.customs, made))
        if not self._world.switches.new_fields_visible:
            rights.hide_from_all(self._world, kind.name, name)
        return {"object": kind.name, "field": name}

    def remove_field(self, body: Body) -> Body:
        """{"object", "field"}: a custom field goes, with its values and all that was granted of it."""
        kind = self._object(body)
        field = kind.find(str(body.get("field")))
        if field is None or not field.custom:
            raise _wrong("no such custom field; standard fields can only be hidden")
        set_customs(self._world, kind, tuple(custom for custom in kind.customs if custom != field))
        rights.forget_field(self._world, kind.name, field.name)
        return {"object": kind.name, "field": field.name}

    def _object(self, body: Body) -> SObject:
        kind = self._world.schema.find(str(body.get("object")))
        if kind is None:
            raise _wrong("no such object")
        return self._world.state.schema.objects[kind.name]

    def set_stage(self, body: Body) -> Body:
        """{"name", "probability"?, "closed"?, "won"?, "active"?, "renames"?: the stage that has this name from now on}.

        Opportunities follow a new name silently: such set-up makes no change events (reference 6.4).
        """
        if not (name := str(body.get("name") or "")):
            raise required(["name"])
        old_name = str(body.get("renames") or name)
        table = self._world.state.tables["OpportunityStage"]
        old = next((row for row in table.live.values() if row["ApiName"] == old_name), None)
        if old is None and "renames" in body:
            raise _wrong(f"no stage {old_name}")
        row = _stage(body, old or self._new_stage(), name)
        table.put(row)
        self._follow(old_name, name)
        return dict(row)

    def _new_stage(self) -> Record:
        table = self._world.state.tables["OpportunityStage"]
        number = self._world.next_number("OpportunityStage")
        first = next(iter(table.live.values()))
        stamps = {key: first[key] for key in ("CreatedById", "LastModifiedById")}
        now = times.stamp(self._world.clock.now())
        dates = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now)
        flags = {"IsActive": True, "IsClosed": False, "IsWon": False, "DefaultProbability": Decimal("0.0")}
        return {"Id": ids.make(table.kind.prefix, number), "SortOrder": number, **flags, **stamps, **dates}

    def _follow(self, old: str, new: str) -> None:
        table = self._world.state.tables["Opportunity"]
        for record in list(table.live.values()) if old != new else ():
            if record["StageName"] == old:
                table.put(record | {"StageName": new})

    def late_commit(self, operation: dict[str, Any], body: Body) -> Body:
        """{"seconds", "record": fields, with Id to change one}: committed now, with the stamps of that long ago."""
        kind = self._world.schema.find(str(operation.get("kind")))
        seconds, record = parse(body.get("seconds", 3)), body.get("record")
        if kind is None or seconds is None or not 0 <= seconds <= _LATEST or not isinstance(record, dict):
            raise _wrong(f"late_commit takes a kind, a record and seconds from 0 to {_LATEST}")
        with self._world.transact(self._world.sales, UI_ORIGIN) as tx:
            tx.allow_duplicates = True
            tx.now = times.stamp(tx.instant - timedelta(seconds=int(seconds)))
            record_id = _saved(tx, kind, record)
        return dict(self._world.state.live(kind.name, record_id) or {})


def _saved(tx: Tx, kind: SObject, record: Body) -> str:
    if "Id" not in record:
        return create(tx, kind, record)
    record_id = ids.normalise(str(record["Id"]))
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"Id: id value of incorrect type: {record['Id']}", fields=["Id"])
    update(tx, kind, record_id, {name: value for name, value in record.items() if name != "Id"})
    return record_id


def _stage(body: Body, old: Record, name: str) -> Record:
    closed = bool(body.get("closed", old["IsClosed"] or body.get("won")))
    won = bool(body.get("won", old["IsWon"]))
    forecast = "Closed" if won else "Omitted" if closed else "Pipeline"
    probability = parse(body.get("probability", old["DefaultProbability"]))
    if probability is None:
        raise _wrong("probability must be a number")
    return old | {
        "ApiName": name,
        "MasterLabel": name,
        "IsActive": body.get("active", old["IsActive"]) is True,
        "IsClosed": closed,
        "IsWon": won,
        "ForecastCategory": forecast,
        "ForecastCategoryName": forecast,
        "DefaultProbability": probability,
    }

"""What a user of the Salesforce screens does: same rules, another user, no token and no metering."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_emulators.kit.control_bodies import BadOrder
from ml_emulators.kit.switches import checked
from ml_emulators.salesforce import ids
from ml_emulators.salesforce.errors import ApiError, not_found
from ml_emulators.salesforce.numbers import parse
from ml_emulators.salesforce.rules.billing import credit, post, void
from ml_emulators.salesforce.saving.deleting import delete, undelete
from ml_emulators.salesforce.saving.merging import merge
from ml_emulators.salesforce.saving.writing import create, existing, match, update, upsert
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.signin.assertions import public_key
from ml_emulators.salesforce.signin.oauth import Sessions
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import UI_ORIGIN, Tx, World

from .administration import Administration
from .users import Users

Body = dict[str, Any]
_MOST_HOURS = 24 * 366
_BILLING = ("post_invoice", "void_invoice", "credit_invoice")


class ActError(Exception):
    """A refused act; `code` is the API's error code."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(str(error))
        self.code = error.code
        self.message = error.message
        self.fields = error.fields or []


def _wrong(message: str) -> ApiError:
    return ApiError("INVALID_OPERATION", message)


class Actions:
    """Carries out the operations of the control door."""

    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions
        users = Users(world, sessions)
        self._administration = administration = Administration(world)
        self._writes: dict[str, Callable[[Tx, SObject, Body], str]] = {
            "create": create,
            "update": self._update,
            "upsert": self._upsert,
            "delete": self._delete,
            "undelete": self._undelete,
            "merge": merge,
            **dict.fromkeys(_BILLING, self._billing),
        }
        self._others: dict[str, Callable[[Body], Body]] = {
            "kill_session": self._kill_sessions,
            "kill_sessions": self._kill_sessions,
            "add_user": users.add_user,
            "open_session": users.open_session,
            "set_fls": users.set_fls,
            "set_object_rights": users.set_object_rights,
            "set_permission": users.set_permission,
            "freeze_user": administration.freeze_user,
            "add_field": administration.add_field,
            "remove_field": administration.remove_field,
            "set_stage": administration.set_stage,
            "purge_deletes": self._purge_deletes,
            "set_switch": self._set_switch,
            "register_certificate": self._register_certificate,
        }

    def act(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Do one operation; the full record, or what was done. Raises `ActError`."""
        name, body = operation.get("op"), operation.get("body") or {}
        try:
            if name in self._others:
                return self._others[name](body)
            if name == "late_commit":
                return self._administration.late_commit(operation, body)
            return self._write(str(name), operation, body)
        except ApiError as error:
            raise ActError(error) from error

    def _write(self, name: str, operation: dict[str, Any], body: Body) -> dict[str, Any]:
        if name in ("activate_order", "deactivate_order"):
            status = self._order_status("Activated" if name == "activate_order" else "Draft")
            name, operation, body = "update", {"kind": "Order"}, body | {"Status": status}
        if name in _BILLING:
            operation, body = {"kind": "Invoice"}, {"op": name} | body
        kind = self._world.schema.find(str(operation.get("kind")))
        work = self._writes.get(name)
        if kind is None or work is None:
            raise _wrong(f"not known: {operation.get('op')} {operation.get('kind')}")
        if not isinstance(body, dict):
            raise _wrong("the body must be an object")
        with self._world.transact(self._world.sales, UI_ORIGIN) as tx:
            tx.allow_duplicates = True
            record_id = work(tx, kind, body)
        return full_record(kind, self._world.state.tables[kind.name].get(record_id) or {"Id": record_id})

    def _billing(self, tx: Tx, kind: SObject, body: Body) -> str:
        """{"Id", "Amount"?}: what Billing's functions do with an invoice; the invoice."""
        invoice = existing(tx, kind, _full_id(body.get("Id")))
        if body["op"] == "credit_invoice":
            credit(tx, invoice, parse(body["Amount"]) if body.get("Amount") is not None else None)
        else:
            (post if body["op"] == "post_invoice" else void)(tx, invoice)
        return str(invoice["Id"])

    def _order_status(self, code: str) -> str:
        rows = self._world.state.tables["OrderStatus"].live.values()
        return next(str(row["ApiName"]) for row in rows if row["StatusCode"] == code)

    def _target(self, tx: Tx, kind: SObject, body: Body) -> tuple[str, Body]:
        """The id of the record the body names, by Id or by an external id, and the rest of the body."""
        for key, value in body.items():
            if key.lower() == "id":
                return _full_id(value), {name: given for name, given in body.items() if name != key}
        for field in kind.fields:
            if field.external_id and body.get(field.name) is not None:
                matches = match(tx, kind, field, body[field.name])
                if len(matches) != 1:
                    raise not_found()
                others = {name: value for name, value in body.items() if name != field.name}
                return matches[0]["Id"], others
        raise _wrong("the body must name the record by Id or by an external id")

    def _update(self, tx: Tx, kind: SObject, body: Body) -> str:
        record_id, others = self._target(tx, kind, body)
        update(tx, kind, record_id, others)
        return record_id

    def _upsert(self, tx: Tx, kind: SObject, body: Body) -> str:
        for field in kind.fields:
            if field.external_id and body.get(field.name) is not None:
                others = {name: value for name, value in body.items() if name != field.name}
                return upsert(tx, kind, field, body[field.name], others)[0]
        raise _wrong("the body must name the record by an external id")

    def _delete(self, tx: Tx, kind: SObject, body: Body) -> str:
        record_id, _rest = self._target(tx, kind, body)
        delete(tx, kind, record_id)
        return record_id

    def _undelete(self, tx: Tx, kind: SObject, body: Body) -> str:
        record_id = _full_id(body.get("Id"))
        undelete(tx, kind, record_id)
        return record_id

    def _kill_sessions(self, _body: Body) -> Body:
        return {"killed": self._sessions.kill_all()}

    def _register_certificate(self, body: Body) -> Body:
        """{"certificate": PEM}: what signs the app's assertions from now on, beside those registered before."""
        certificate = str(body.get("certificate"))
        try:
            public_key(certificate)
        except ValueError as error:
            raise _wrong(f"not a certificate with an RSA key in PEM: {error}") from None
        self._sessions.certificates += (certificate,)
        return {"certificates": len(self._sessions.certificates)}

    def _purge_deletes(self, body: Body) -> Body:
        """{"hours"?: 2}: deletions that long ago are no longer told by `/deleted`."""
        hours = parse(body.get("hours", 2))
        if hours is None or not 0 <= hours <= _MOST_HOURS:
            raise _wrong(f"hours must be a number from 0 to {_MOST_HOURS}")
        self._world.purge_deletes(int(hours))
        return {"purged": True}

    def _set_switch(self, body: Body) -> Body:
        """Any plain switch by its name: {"name": value, ...}."""
        try:
            good = checked(self._world.switches, body)
        except BadOrder as error:
            raise _wrong(str(error)) from error
        for name, value in good.items():
            setattr(self._world.switches, name, value)
        return body


def _full_id(value: Any) -> str:
    record_id = ids.normalise(value) if isinstance(value, str) else None
    if record_id is None:
        raise ApiError("MALFORMED_ID", f"Id: id value of incorrect type: {value}", fields=["Id"])
    return record_id


def full_record(kind: SObject, record: Record) -> dict[str, Any]:
    """All fields, nulls too, without the compounds."""
    return {field.name: record.get(field.name) for field in kind.fields if field.type != "address"}

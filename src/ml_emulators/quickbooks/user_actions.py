"""What a user does on the screens of QuickBooks: the same rules, without token, metering or throttle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ml_emulators.quickbooks import faults, registry
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.fields import decimal
from ml_emulators.quickbooks.rules import auxiliary, writes
from ml_emulators.quickbooks.rules.company import merged
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.merging import merge
from ml_emulators.quickbooks.rules.profile import set_profile
from ml_emulators.quickbooks.rules.rulebook import RULES
from ml_emulators.quickbooks.service import Service
from ml_emulators.quickbooks.values import Json, Unreadable, bare, parse_day

OnRecords = Callable[[Service, WriteContext, dict[str, Any]], Json]
OnServer = Callable[[Service, Mapping[str, Any]], Json]


def perform(service: Service, operation: dict[str, Any]) -> Json:
    """Do one operation; raises `Fault` when QuickBooks would refuse it or has no such screen."""
    name = str(operation.get("op"))
    if name in ON_SERVER:
        return ON_SERVER[name](service, {**operation.get("body", {}), **_named(operation)})
    if name not in ON_RECORDS:
        raise faults.unsupported(f"{name!r} (there are {', '.join((*ON_RECORDS, *ON_SERVER))})")
    realm = operation.get("realm") or next(iter(service.books))
    if realm not in service.books:
        raise faults.unsupported(f"realm {realm!r}")
    context = service.context(realm, service.clock.now(), frozenset(operation.get("include", ())))
    context.on_screen = True
    result = ON_RECORDS[name](service, context, operation)
    service.publish(context.notices)
    return result


def _kind(operation: dict[str, Any]) -> str:
    kind = operation.get("kind")
    if kind not in KINDS:
        raise faults.unsupported(f"kind {kind!r}")
    return str(kind)


def _body(context: WriteContext, operation: dict[str, Any]) -> Json:
    """The body with the present SyncToken: a screen always shows the newest state."""
    kind = _kind(operation)
    body = {**operation.get("body", {})}
    if "id" in operation:
        body["Id"] = operation["id"]
    record_id = str(body.get("Id", ""))
    if context.books.row(kind, record_id) is None:
        raise faults.not_found()
    return {**body, "SyncToken": context.books.data(kind, record_id).get("SyncToken"), "sparse": True}


def _create(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    return writes.create(context, RULES[_kind(operation)], operation.get("body", {}))


def _update(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    return writes.update(context, RULES[_kind(operation)], _body(context, operation))


def _delete(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    return writes.delete(context, RULES[_kind(operation)], _body(context, operation))


def _void(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    return writes.void(context, RULES[_kind(operation)], _body(context, operation), on_screen=True)


def _deactivate(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    return writes.update(context, RULES[_kind(operation)], {**_body(context, operation), "Active": False})


def _activate(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    return writes.update(context, RULES[_kind(operation)], {**_body(context, operation), "Active": True})


def _merge(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    """Customers only; {"Id": survivor, "deletedId": loser}."""
    if _kind(operation) != "Customer":
        raise faults.unsupported(f"merge {operation['kind']}")
    body = operation.get("body", {})
    return merge(context, str(body.get("Id")), str(body.get("deletedId")))


def _set_preferences(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    """Any preference, also the closing date; null takes a part away."""
    old = context.books.data("Preferences", "1")
    groups = operation.get("body", {})
    for name, group in groups.items():
        if not isinstance(group, dict) or name in ("Id", "SyncToken"):
            raise faults.Fault([faults.unsupported_value(name, f"{name} must be an object.")])
    new = merged(old, groups)
    if new["CurrencyPrefs"].get("HomeCurrency") != old["CurrencyPrefs"]["HomeCurrency"]:
        raise faults.business("The home currency cannot be changed.", "HomeCurrency")
    if new != old:
        context.replace("Preferences", new)
        context.notify("Preferences", "1", "update")
    return context.books.data("Preferences", "1")


def _set_company(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    """Fields of `Company`: multicurrency, track_departments, classes_per_line, classes_per_txn, close_day ..."""
    return set_profile(context, operation.get("body", {}))


def _set_exchange_rate(service: Service, context: WriteContext, operation: dict[str, Any]) -> Json:
    """{"currency": "EUR", "rate": "1.0825", "day": "2026-11-22"}: home units for one foreign unit from that day on."""
    body = operation.get("body") or operation
    try:
        day = parse_day(str(body.get("day") or context.today))
        rate = bare(decimal(body.get("rate")))
    except Unreadable as error:
        raise faults.Fault([faults.illegal_number("Rate", error)]) from error
    code = str(body.get("currency"))
    auxiliary.set_rate(context, code, day, rate)
    return dict(auxiliary.exchange_rate(context, code, day)["ExchangeRate"])


def _named(operation: dict[str, Any]) -> Json:
    """Company and app, where an operation names them beside its body."""
    names = {"realm": "realm_id", "client_id": "client_id"}
    return {field: operation[name] for name, field in names.items() if operation.get(name)}


def _kill_sessions(service: Service, body: Mapping[str, Any]) -> Json:
    """Every access token is void at once; refresh tokens live."""
    killed = len(service.authority.tokens.access)
    service.authority.tokens.access.clear()
    return {"killed": killed}


ON_RECORDS: dict[str, OnRecords] = {
    "create": _create,
    "update": _update,
    "delete": _delete,
    "void": _void,
    "deactivate": _deactivate,
    "activate": _activate,
    "merge": _merge,
    "set_preferences": _set_preferences,
    "set_company": _set_company,
    "set_exchange_rate": _set_exchange_rate,
}
ON_SERVER: dict[str, OnServer] = {
    "disconnect": registry.disconnect,
    "kill_sessions": _kill_sessions,
    "connect": registry.connect,
    "register_app": registry.register_app,
    "open_company": registry.add_company,
    "set_webhook": registry.set_webhook,
}
"""What is about apps and companies, not about the records of one."""

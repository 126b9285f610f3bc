"""Create, update, delete and void: the common path of every write, whoever asks for it (reference section 4)."""

from __future__ import annotations

from typing import Any

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.fields import Problems, read_known
from ml_emulators.quickbooks.kinds.kind import Kind
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.references import check_references
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.values import Json, seconds

_STICKY = ("DisplayName", "PrintOnCheckName")
_STATE = ("Id", "SyncToken", "MetaData", "domain", "sparse")


def _checked(kind: Kind, body: Any) -> Json:
    """The cleaned fields of a request body; unknown properties and illegal values are refused."""
    if not isinstance(body, dict):
        raise faults.unknown_property("body")
    for name in body:
        if name not in kind.known:
            raise faults.unknown_property(name)
    problems: Problems = []
    cleaned = read_known(kind.fields, body, problems)
    if problems:
        raise faults.Fault(problems)
    return cleaned


def create(context: WriteContext, rule: Rule, body: Any) -> Json:
    """A new record; raises Fault."""
    kind = rule.kind
    if not rule.creatable:
        raise faults.unsupported(f"create {kind.name}")
    sent = _checked(kind, body)
    draft = Draft(kind, sent, dict(sent), None)
    _judge(context, rule, draft)
    stored = context.insert(kind.name, draft.body)
    rule.after_save(context, stored, None)
    context.notify(kind.name, stored["Id"], "create")
    return context.books.data(kind.name, stored["Id"])


def _judge(context: WriteContext, rule: Rule, draft: Draft) -> None:
    check_references(context.books, draft.kind.name, draft.body, draft.old)
    rule.complete(context, draft)


def update(context: WriteContext, rule: Rule, body: Any) -> Json:
    """A full or sparse update; what changes nothing moves no SyncToken. Raises Fault."""
    kind = rule.kind
    if not rule.updatable:
        raise faults.unsupported(f"update {kind.name}")
    sent = _checked(kind, body)
    old = _find(context, rule, body)
    rule.before_update(context, old)
    sparse = body.get("sparse") in (True, "true") or rule.single
    start = {key: value for key, value in old.items() if key in kind.fields} if sparse else {}
    for name in kind.fields:
        if name in body and name not in sent and name not in _STICKY:
            start.pop(name, None)
    draft = Draft(kind, sent, start | sent, old)
    _judge(context, rule, draft)
    return _store(context, rule, draft, old)


def _store(context: WriteContext, rule: Rule, draft: Draft, old: Json) -> Json:
    kind = rule.kind
    changed = {**draft.body, **{key: old[key] for key in _STATE}}
    if _compared(rule, changed) == _compared(rule, old):
        return old
    context.replace(kind.name, changed)
    stored = context.books.data(kind.name, old["Id"])
    rule.after_save(context, stored, old)
    deactivated = kind.is_list and old.get("Active") is True and not stored["Active"]
    context.notify(kind.name, stored["Id"], "deactivate" if deactivated else "update")
    return context.books.data(kind.name, old["Id"])


def _compared(rule: Rule, body: Json) -> Json:
    """What of a record makes a write a change: names in references and derived fields follow by themselves."""
    return {key: _unnamed(value) for key, value in body.items() if key not in rule.derived}


def _unnamed(value: Any) -> Any:
    if isinstance(value, dict):
        named = isinstance(value.get("value"), str)
        return {key: _unnamed(part) for key, part in value.items() if not (named and key == "name")}
    return [_unnamed(part) for part in value] if isinstance(value, list) else value


def refuse_bad_id(record_id: str) -> None:
    """Raise 2030 for what can be the Id of no record (reference, added 2026-11-30)."""
    if not (record_id.isascii() and record_id.isdigit()):
        raise faults.Fault([faults.invalid_id("Id", record_id)])


def _find(context: WriteContext, rule: Rule, body: Any) -> Json:
    """The record that a write names by Id and SyncToken: 2020, 2030, 610 or 5010."""
    given = body if isinstance(body, dict) else {}
    record_id = given.get("Id")
    if rule.single and record_id is None:
        record_id = "1"
    if record_id is None:
        raise faults.Fault([faults.missing("Id")])
    refuse_bad_id(str(record_id))
    if context.books.row(rule.kind.name, str(record_id)) is None:
        raise faults.not_found()
    old = context.books.data(rule.kind.name, str(record_id))
    token = given.get("SyncToken")
    if token is None:
        raise faults.Fault([faults.missing("SyncToken")])
    if str(token) != old["SyncToken"]:
        raise faults.stale(context.books.company.user_name)
    return old


def delete(context: WriteContext, rule: Rule, body: Any) -> Json:
    """Remove a transaction for good; the answer is a stub. Raises Fault."""
    kind = rule.kind
    if not rule.deletable:
        raise faults.unsupported(f"delete {kind.name}")
    old = _find(context, rule, body)
    rule.before_delete(context, old)
    rule.on_delete(context, old)
    context.books.drop(kind.name, old["Id"], seconds(context.now))
    context.notify(kind.name, old["Id"], "delete")
    return {"domain": "QBO", "status": "Deleted", "Id": old["Id"]}


def void(context: WriteContext, rule: Rule, body: Any, *, on_screen: bool = False) -> Json:
    """Void a transaction: it stays, with zeros. On the screens more kinds can be voided than by API. Raises Fault."""
    kind = rule.kind
    if not (rule.voidable or (on_screen and rule.voidable_on_screen)):
        raise faults.unsupported(f"void {kind.name}")
    old = _find(context, rule, body)
    new = rule.voided(context, old)
    if new is None:
        return old
    context.replace(kind.name, new)
    context.notify(kind.name, old["Id"], "void")
    return context.books.data(kind.name, old["Id"])

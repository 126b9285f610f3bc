"""Does the org have these writes? Asked in bulk after a lost answer. Nothing is sent again before that.

The vendor has no idempotency key, so what stands in the org is all there is to judge by:

- An upsert is found by its external id, which is unique in the org (the doctor insists on it): sent again, it makes no
  second record, but could undo an edit that somebody made meanwhile. So it is looked at first. If every value of the
  body stands there, it is `Done`; if another one does, it `Differs`, and the engine decides anew.
- An update is found by its id and judged in the same way.
- A contact role has no external id. It is found by its opportunity and contact, and `Done` if they have one.
- Anything else that is created can be told from nothing else in the org: `Unsure`, never sent again by itself.
- What is not found is `Missing`.

Fields that the user may not see cannot be compared, and are not asked for. Rules: accounting-rules E.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ml_connector.model.errors import WrongUse
from ml_connector.model.plans import Differs, Done, LookUp, Missing, Unsure, Write
from ml_connector.model.refs import Json

from .calls import Calls
from .catalog import Catalog
from .query import STATEMENT_MAX, in_lists, literal, statement
from .records import SObject, decode, long_id

_UNNAMED: LookUp = Unsure("It cannot be looked up.")
_PAIRS: Mapping[str, tuple[str, str]] = {"OpportunityContactRole": ("OpportunityId", "ContactId")}
"""Kinds that are created without an external id: the two fields that together name a record."""


async def look_up(calls: Calls, catalog: Catalog, writes: Sequence[Write]) -> list[LookUp]:
    """One answer each, in order; one query for each kind and way of naming, and as many statements as it takes."""
    answers: dict[int, LookUp] = {}
    groups: dict[tuple[str, str], list[int]] = {}
    for place, write in enumerate(writes):
        groups.setdefault((write.kind, _named_by(write)), []).append(place)
    for (kind, field), places in groups.items():
        group = [writes[place] for place in places]
        judged = await _judge(calls, catalog, kind, field, group) if field else [_UNNAMED] * len(group)
        answers.update(zip(places, judged, strict=True))
    return [answers[place] for place in range(len(writes))]


async def _judge(calls: Calls, catalog: Catalog, kind: str, field: str, writes: Sequence[Write]) -> list[LookUp]:
    shown = (await catalog.seen()).get(kind)
    columns = list(dict.fromkeys(["Id", "SystemModstamp", field, *_columns(kind, writes)]))
    if shown:
        columns = [name for name in columns if name.partition(".")[0] in shown or "." in name]
    names = list(dict.fromkeys(literal(_name(write)) for write in writes))
    room = STATEMENT_MAX - len(statement(columns, kind, "x")) - 10
    queries = [statement(columns, kind, where) for where in in_lists(field, names, room)]
    records = [decode(row, kind) for rows in await calls.query(queries) for row in rows]
    by_name = _by_name(kind, field, records)
    return [_answer(write, by_name.get(_identity(write), []), set(columns)) for write in writes]


def _named_by(write: Write) -> str:
    if write.action == "upsert":
        return write.key_field
    if write.action == "update":
        return "Id"
    return _PAIRS.get(write.kind, ("", ""))[0]


def _name(write: Write) -> str:
    """The value of the field that the write is looked up by."""
    if write.action == "upsert":
        return write.external_id
    return _safe_id(write.target_id if write.action == "update" else write.body.get(_PAIRS[write.kind][0]))


def _identity(write: Write) -> tuple[str, ...]:
    if write.action != "create":
        return (_name(write),)
    return (_name(write), _safe_id(write.body.get(_PAIRS[write.kind][1])))


def _safe_id(value: Any) -> str:
    try:
        return long_id(value)
    except (WrongUse, TypeError):
        return str(value)


def _by_name(kind: str, field: str, records: Iterable[SObject]) -> dict[tuple[str, ...], list[SObject]]:
    """The records under each name that a write may have for them: the value of the field, and the pair."""
    by_name: dict[tuple[str, ...], list[SObject]] = {}
    second = _PAIRS.get(kind, ("", ""))[1]
    for record in records:
        # Not `record[field]`, which raises for a number that cannot be read: it is only compared (crash run 37544).
        first = str(record.fields.get(field))
        for name in [(first,), (first, str(record.fields.get(second)))]:
            by_name.setdefault(name, []).append(record)
    return by_name


def _columns(kind: str, writes: Iterable[Write]) -> list[str]:
    return [
        *_PAIRS.get(kind, ()),
        *(column for write in writes if write.action != "create" for column in leaves(write.body)),
    ]


def leaves(body: Json) -> dict[str, Any]:
    """The values of a body by the column that shows them; `{"Account": {"QBO_Id__c": "1"}}` is `Account.QBO_Id__c`."""
    columns: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            columns |= {f"{name}.{inner}": part for inner, part in value.items()}
        else:
            columns[name] = value
    return columns


def _answer(write: Write, records: Sequence[SObject], columns: set[str]) -> LookUp:
    if not records:
        return Missing()
    record = records[0]
    sent = {} if write.action == "create" else leaves(write.body)
    if all(stands(value, record.leaf(name)) for name, value in sent.items() if name in columns):
        return Done(record.ref, record.version, record=record)
    return Differs(record.ref)


def stands(sent: Any, there: Any) -> bool:
    """Does a field hold what was sent? Blank is null, text has no blanks at its ends, lines end as they like."""
    if isinstance(sent, bool) or isinstance(there, bool):
        return sent is there or (sent is None and there is False)
    if isinstance(sent, int | Decimal) or isinstance(there, Decimal):
        return isinstance(sent, int | Decimal) and isinstance(there, Decimal) and Decimal(sent) == there
    return _plain(sent) == _plain(there)


def _plain(value: Any) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip()

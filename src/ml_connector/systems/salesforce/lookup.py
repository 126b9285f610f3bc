"""Does the org have these writes? Asked in bulk after a lost answer. Nothing is sent again before that."""

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

_PAIRS: Mapping[str, tuple[str, str]] = {"OpportunityContactRole": ("OpportunityId", "ContactId")}
"""Kinds that are created without an external id: the two fields that together name a record."""


class LookUps:
    """Answers for noted writes of any mix, one query for each kind and way of naming."""

    def __init__(self, calls: Calls, catalog: Catalog) -> None:
        self._calls = calls
        self._catalog = catalog

    async def look_up(self, writes: Sequence[Write]) -> list[LookUp]:
        """One answer each, in order.

        An upsert or update is `Done` when every value of its body stands in the record, else it `Differs`; a created
        role is `Done` when its opportunity and contact have one.
        """
        answers: dict[int, LookUp] = {}
        groups: dict[tuple[str, str], list[int]] = {}
        for place, write in enumerate(writes):
            groups.setdefault((write.kind, _named_by(write)), []).append(place)
        for (kind, field), places in groups.items():
            group = [writes[place] for place in places]
            found = await self._find(kind, field, group) if field else [Unsure("It cannot be looked up.")] * len(group)
            answers.update(zip(places, found, strict=True))
        return [answers[place] for place in range(len(writes))]

    async def _find(self, kind: str, field: str, writes: Sequence[Write]) -> list[LookUp]:
        shown = (await self._catalog.seen()).get(kind)
        columns = list(dict.fromkeys(["Id", "SystemModstamp", field, *_columns(kind, writes)]))
        if shown:
            columns = [name for name in columns if name.partition(".")[0] in shown or "." in name]
        names = list(dict.fromkeys(literal(_name(write)) for write in writes))
        room = STATEMENT_MAX - len(statement(columns, kind, "x")) - 10
        queries = [statement(columns, kind, where) for where in in_lists(field, names, room)]
        rows = [decode(row, kind) for found in await self._calls.query(queries) for row in found]
        by_name = _by_name(kind, field, rows)
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
        return write.key
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


def _by_name(kind: str, field: str, rows: Iterable[SObject]) -> dict[tuple[str, ...], list[SObject]]:
    """Found records under each name that a write may have for them: the value of the field, and the pair."""
    found: dict[tuple[str, ...], list[SObject]] = {}
    for row in rows:
        second = _PAIRS.get(kind, ("", ""))[1]
        names = [(str(row.fields.get(field)),), (str(row.fields.get(field)), str(row.fields.get(second)))]
        for name in names:
            found.setdefault(name, []).append(row)
    return found


def _columns(kind: str, writes: Iterable[Write]) -> list[str]:
    return [
        *_PAIRS.get(kind, ()),
        *(column for write in writes if write.action != "create" for column in leaves(write.body)),
    ]


def leaves(body: Json) -> dict[str, Any]:
    """The values of a body by the column that shows them; `{"Account": {"QBO_Id__c": "1"}}` is `Account.QBO_Id__c`."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            found[name] = value
    return found


def _answer(write: Write, rows: Sequence[SObject], columns: set[str]) -> LookUp:
    if not rows:
        return Missing()
    record = rows[0]
    wanted = {} if write.action == "create" else leaves(write.body)
    if all(stands(value, record.leaf(name)) for name, value in wanted.items() if name in columns):
        return Done(record.ref, record.version, record=record)
    return Differs(record.ref)


def stands(wanted: Any, found: Any) -> bool:
    """Does a field hold what was sent? Blank is null, text has no blanks at its ends, lines end as they like."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found or (wanted is None and found is False)
    if isinstance(wanted, int | Decimal) or isinstance(found, Decimal):
        return isinstance(wanted, int | Decimal) and isinstance(found, Decimal) and Decimal(wanted) == found
    return _plain(wanted) == _plain(found)


def _plain(value: Any) -> str:
    return "" if value is None else str(value).replace("\r\n", "\n").strip()

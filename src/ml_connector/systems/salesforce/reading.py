"""Reading records: by id, by a field's value, and the small tables that change rarely."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from ml_connector.model.errors import BadAnswer, ReadRefused, WrongUse
from ml_connector.model.reading import Listed, Question, Reference
from ml_connector.model.refs import Gone, Json, Record, Ref
from ml_connector.model.tables import Table
from ml_connector.systems import wire

from . import matching
from .calls import Calls, Refusals
from .catalog import Catalog
from .faults import faults, is_drift
from .listing import Listing, decoded
from .query import (
    LITERAL_MAX,
    PAGE,
    STATEMENT_MAX,
    Seen,
    columns,
    hidden,
    in_lists,
    literal,
    select,
    selects,
    statement,
    visible_fields,
)
from .records import DESCRIBED, SHAPES, SYSTEM, WITH_ORDERS, Field, SObject, decode, long_id, sound_id

T = TypeVar("T")

_PATH = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)?")
_BARE = {
    "boolean": re.compile(r"true|false"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), re.compile(r"-?\d{1,18}(?:\.\d{1,18})?")),
}
_WINNER = "MasterRecordId"
_MERGED = ("Account",)
"""Kinds of which it matters whether a deleted record was merged into another one."""
_GONE = ("NOT_FOUND", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID")


class Reader:
    """Reads of one org, in as few calls as it allows."""

    def __init__(self, calls: Calls, catalog: Catalog) -> None:
        self._calls = calls
        self._catalog = catalog
        self._stays: set[tuple[str, str]] = set()

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Record | Gone]:
        """Fresh records by the id asked for; `Gone` for what is deleted, hidden, or no id at all."""
        _known(kind)
        long_ids = {asked: sound_id(asked, _PREFIXES.get(kind, "")) for asked in ids}
        unique = list(dict.fromkeys(long for long in long_ids.values() if long))
        records = await self._again_after_drift(lambda: self._by_ids(kind, unique)) if unique else {}
        answer = {
            asked: records.get(long) or Gone(Ref(SYSTEM, kind, long or asked)) for asked, long in long_ids.items()
        }
        return await self._with_winners(kind, answer)

    async def _with_winners(self, kind: str, answer: dict[str, Any]) -> dict[str, Any]:
        """The same, with what deleted records were merged into: asked only where one is gone, for all together."""
        gone = [record.ref.id for record in answer.values() if isinstance(record, Gone)]
        lost = [record_id for record_id in dict.fromkeys(gone) if sound_id(record_id)]
        if kind not in _MERGED or not lost or _WINNER not in (await self._catalog.object(kind)).names:
            return answer
        room = STATEMENT_MAX - len(statement(["Id", _WINNER], kind, f"x AND {_WINNER} != null")) - 10
        lists = in_lists("Id", [literal(record_id) for record_id in lost], room)
        asked = [statement(["Id", _WINNER], kind, f"{where} AND {_WINNER} != null") for where in lists]
        winners: dict[str, Ref] = {}
        async for _, rows in self._calls.pages(asked, deleted_too=True):
            losers = [decode(row, kind) for row in rows]
            winners |= {loser.id: Ref(SYSTEM, kind, long_id(loser.text(_WINNER))) for loser in losers}
        return {
            asked: msgspec.structs.replace(record, into=winners.get(record.ref.id))
            if isinstance(record, Gone)
            else record
            for asked, record in answer.items()
        }

    async def _by_ids(self, kind: str, ids: Sequence[str]) -> dict[str, SObject]:
        seen = await self._catalog.seen()
        names = visible_fields(kind, seen)
        if names and not SHAPES[kind].children and not any("." in name for name in names):
            rows = await self._retrieve(kind, ids, names)
        else:
            rows = await self._select(selects(kind, seen, "Id", [literal(record_id) for record_id in ids]))
        return {record.id: record for record in (decode(row, kind) for row in rows)}

    async def _retrieve(self, kind: str, ids: Sequence[str], names: Sequence[str]) -> list[Json]:
        """Up to 2,000 records a call, in the order of the ids, null for what is not there."""
        rows: list[Json] = []
        for start in range(0, len(ids), PAGE):
            part = list(ids[start : start + PAGE])
            body = wire.encode({"ids": part, "fields": list(names)})
            answer = await self._calls.send(
                "POST", f"{self._calls.base}/composite/sobjects/{quote(kind, safe='')}", body
            )
            records = answer.taken()
            if not isinstance(records, list) or len(records) != len(part):
                raise BadAnswer("Salesforce did not answer for every record that was asked for.", "It is tried again.")
            rows += [row for row in records if row is not None and not _is_gone(row)]
        return rows

    async def _select(self, statements: Sequence[str]) -> list[Json]:
        return [row for rows in await self._calls.query(statements) for row in rows]

    async def _again_after_drift(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """A field may be taken away between two calls: describe again and try once more."""
        try:
            return await attempt()
        except ReadRefused as error:
            # Described anew it was refused again: that is not drift, and describing costs calls.
            if not is_drift(error) or (error.code, error.words) in self._stays:
                raise
        self._catalog.forget()
        try:
            return await attempt()
        except ReadRefused as error:
            self._stays.add((error.code, error.words))
            raise

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        """Records whose `field` equals a value, by the value asked for; deleted ones never.

        Text is compared as the org does: without regard to case unless the field is case-sensitive.
        """
        _known(kind)
        if not _PATH.fullmatch(field):
            raise WrongUse(f"{field!r} is no field name.", "Report this: a flow asks for a field that cannot exist.")
        return await self._again_after_drift(lambda: self._find(kind, field, values))

    async def _without(self, kind: str) -> bool:
        """Whether the org has no orders: then none is found, whatever is asked for."""
        return kind in WITH_ORDERS and not (await self._catalog.object(kind)).fields

    async def _find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        search = await self._search(kind, field, values)
        if not search.possible:
            return search.answer([])
        return search.answer(await self._select(search.statements(await self._catalog.seen())))

    async def ask(self, questions: Sequence[Question]) -> list[dict[str, Any] | ReadRefused]:
        """Answers of `read` and `find` to several questions, five statements a call.

        What is refused, or asks for a field or an object that the org does not show, has its refusal.
        """
        for question in questions:
            _known(question.kind)
        return await self._again_after_drift(lambda: self._ask(questions))

    async def _ask(self, questions: Sequence[Question]) -> list[dict[str, Any] | ReadRefused]:
        possible = [await self._possible(question) for question in questions]
        statements = [[] if isinstance(search, ReadRefused) else search[1] for search in possible]
        refused: Refusals = {}
        rows = await self._calls.query([text for texts in statements for text in texts], refused)
        for error in filter(is_drift, refused.values()):
            raise error
        answers: list[dict[str, Any] | ReadRefused] = []
        start = 0
        for question, search, texts in zip(questions, possible, statements, strict=True):
            places = range(start, start + len(texts))
            start += len(texts)
            refusal = next((refused[place] for place in places if place in refused), None)
            if isinstance(search, ReadRefused):
                answers.append(search)
            elif refusal is not None:
                answers.append(refusal)
            else:
                found = [row for place in places for row in rows[place]]
                answers.append(await self._answer(question, search[0], found))
        return answers

    async def _possible(self, question: Question) -> tuple[Search, list[str]] | ReadRefused:
        """The search with its statements; or why nothing is asked: the user may not see the field, or the object."""
        try:
            search = await self._search(question.kind, question.field or "Id", question.values)
            return search, search.statements(await self._catalog.seen())
        except ReadRefused as error:
            return error

    async def _answer(self, question: Question, search: Search, rows: Sequence[Json]) -> dict[str, Any]:
        by_value = search.answer(rows)
        if question.field:
            return dict(by_value)
        records = {asked: _first(search, asked, by_value[asked]) for asked in by_value}
        return await self._with_winners(question.kind, records)

    async def _search(self, kind: str, field: str, values: Sequence[str]) -> Search:
        if field != "Id" and await self._without(kind):
            return Search(kind, field, Field(field), values, possible=False)
        return Search(kind, field, await self._field(kind, field), values)

    async def _field(self, kind: str, field: str) -> Field:
        parent, dot, name = field.partition(".")
        owner, name = (parent, name) if dot else (kind, field)
        if name == "Id":
            return Field("Id", type="id")
        for fresh in (False, True):
            described = (await self._catalog.object(owner, fresh=fresh)).field(name)
            if described is not None:
                return described
        raise hidden(f"{owner}.{name}")

    async def listed(self, kind: str, fields: Sequence[str], where: Callable[[frozenset[str]], str]) -> Listed:
        """These fields of all records of a kind that meet a condition, those of them that the user may see.

        `where` makes the SOQL condition from the names of the fields that may be seen; blank: nothing is asked.
        """
        _known(kind)
        if await self._without(kind):
            return Listed([])
        return await self._again_after_drift(lambda: self._listed(kind, fields, where))

    async def _listed(self, kind: str, fields: Sequence[str], where: Callable[[frozenset[str]], str]) -> Listed:
        visible = (await self._catalog.object(kind)).names
        names = list(dict.fromkeys(["Id", *(name for name in fields if name in visible)]))
        condition = where(visible)
        if not condition:
            return Listed([])
        try:
            return decoded(await self._select([statement(names, kind, condition)]), kind)
        except ReadRefused as error:
            if is_drift(error):
                raise
        return await Listing(self._calls, names, kind, condition).records()

    async def reference(self, name: str) -> Reference:
        """A small table (docs/contracts.md). Raises `WrongUse` for a name that is not in the contract."""
        table, _, kind = name.partition(":")
        if table == "fields":
            value: Any = await self._catalog.object(kind, fresh=True)
        elif name == "contact_roles":
            value = (await self._catalog.object("OpportunityContactRole", fresh=True)).choices("Role")
        elif name in _TABLES:
            value = await self._again_after_drift(lambda: _TABLES[name](self))
        else:
            raise WrongUse(f"Salesforce has no table {name!r}.", "Report this: a flow asks for an unknown table.")
        return Reference(value, digest(value))

    async def stages(self) -> dict[str, SObject]:
        """Active stages of Opportunities by ApiName, in their order."""
        rows = await self._table("OpportunityStage", "IsActive = true", "SortOrder, Id")
        return {row.text("ApiName"): row for row in rows}

    async def currencies(self) -> dict[str, SObject]:
        """Active currencies by ISO code; empty in an org with a single one, which has no such table."""
        if "CurrencyIsoCode" not in (await self._catalog.object("Account")).names:
            return {}
        return {row.text("IsoCode"): row for row in await self._table("CurrencyType", "IsActive = true")}

    async def organization(self) -> SObject:
        """The org itself. Raises `BadAnswer` where it is not one row."""
        rows = await self._table("Organization")
        if len(rows) != 1:
            raise BadAnswer("Salesforce did not say which org it is.", "Run `ml-connector doctor`.")
        return rows[0]

    async def matching(self) -> Table[SObject]:
        """All accounts, for matching. They are read page by page: an org may have very many.

        An account that the org cannot list is left out, and the others are there.
        """
        seen = await self._catalog.seen()
        try:
            pages = self._calls.whole_pages(select("Account", seen, "", "Id"))
            rows = [_packed(row) async for page in pages for row in page]
        except ReadRefused as error:
            if is_drift(error):
                raise
            rows = []
            async for piece in Listing(self._calls, columns("Account", seen), "Account").pieces():
                await self._calls.complete(piece.rows)
                rows += map(_packed, piece.rows)
        return matching.table(rows)

    async def _table(self, kind: str, where: str = "", order: str = "Id") -> list[SObject]:
        statement = select(kind, await self._catalog.seen(), where, order)
        return [decode(row, kind) for row in await self._select([statement])]


class Search:
    """What is asked for by the value of one field, and the answer by the value asked for."""

    def __init__(
        self, kind: str, field: str, described: Field, values: Sequence[str], *, possible: bool = True
    ) -> None:
        """Not `possible` where the org has no such records: nothing is asked."""
        self.kind = kind
        self._field = field
        self._described = described
        self.possible = possible
        self._literals = {value: _literal(described, value) if possible else "" for value in values}

    def statements(self, seen: Seen) -> list[str]:
        """What to ask, each value once; none where no value can be in the field."""
        asked = list(dict.fromkeys(text for text in self._literals.values() if text))
        return selects(self.kind, seen, self._field, asked) if asked else []

    def answer(self, rows: Sequence[Json]) -> dict[str, list[Record]]:
        """The records by the value asked for, each value with a list; deleted ones never."""
        by_value: dict[Any, list[Record]] = {}
        for record in (decode(row, self.kind) for row in rows):
            by_value.setdefault(_compared(self._described, record.leaf(self._field)), []).append(record)
        return {
            value: list(by_value.get(_compared(self._described, value), [])) if text else []
            for value, text in self._literals.items()
        }


def _first(search: Search, asked: str, records: Sequence[Record]) -> Record | Gone:
    return records[0] if records else Gone(Ref(SYSTEM, search.kind, sound_id(asked) or asked))


_TABLES: Mapping[str, Callable[[Reader], Awaitable[Any]]] = {
    "stages": Reader.stages,
    "currencies": Reader.currencies,
    "organization": Reader.organization,
    "matching": Reader.matching,
}


def digest(value: Any) -> str:
    """A text that moves when the content of a table does."""
    if isinstance(value, Table):
        return value.digest
    ordered = sorted(value) if isinstance(value, frozenset) else value
    return hashlib.sha256(msgspec.json.encode(ordered, order="sorted", enc_hook=str)).hexdigest()


def _packed(row: Json) -> bytes:
    return matching.packed(decode(row, "Account"))


def _known(kind: str) -> None:
    if kind not in SHAPES:
        raise WrongUse(
            f"ml-connector does not read the Salesforce object {kind}.", f"Name one of {', '.join(DESCRIBED)}."
        )


_PREFIXES = {"Account": "001", "Contact": "003", "User": "005", "Opportunity": "006", "Order": "801"}
"""Beginnings of the ids of kinds that every org numbers alike (salesforce reference 2.1)."""


def _is_gone(row: Any) -> bool:
    complaints = faults(row)
    return bool(complaints) and complaints[0].code in _GONE


def _literal(field: Field, value: str) -> str:
    """How the value is written in a query; blank if no record can have it."""
    if field.type in _BARE:
        return value if _BARE[field.type].fullmatch(value) else ""
    if field.type in ("id", "reference"):
        return literal(sound_id(value)) if sound_id(value) else ""
    # An empty text is null, and null is never looked for.
    return literal(value) if 0 < len(value) <= LITERAL_MAX else ""


def _compared(field: Field, value: Any) -> Any:
    """What two values have in common that the org takes for equal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and field.type in ("id", "reference"):
        return sound_id(value)
    if field.type in _BARE and field.type not in ("boolean", "date"):
        return Decimal(value) if value is not None and _BARE[field.type].fullmatch(str(value)) else None
    if not isinstance(value, str | Decimal | None):
        return None  # a list or an object: no value that is looked for
    return value.casefold() if isinstance(value, str) and not field.case_sensitive else value

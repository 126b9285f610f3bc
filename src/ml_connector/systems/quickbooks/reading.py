"""Reading records: by id, by a field's value, and the small tables that change rarely."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer, ReadRefused, WrongUse
from ml_connector.model.reading import Listed, Question, Reference, apart
from ml_connector.model.refs import Gone, Record, Ref
from ml_connector.systems import wire

from . import matching
from .calls import Calls, part
from .query import KINDS, among, is_id, portions
from .records import (
    SYSTEM,
    Account,
    Class,
    CompanyInfo,
    Customer,
    Department,
    Entity,
    ExchangeRate,
    Item,
    Meta,
    Named,
    Preferences,
    Term,
    text_of,
)

TABLES: Mapping[str, type[Named]] = {
    "accounts": Account,
    "items": Item,
    "departments": Department,
    "classes": Class,
    "terms": Term,
}
"""Reference tables that are lists of the company, by their name in docs/contracts.md."""

_MOVING = ("current_balance", "current_balance_with_sub_accounts", "balance", "balance_with_jobs")


class Reader:
    """Reads of one company. Every call is metered, so what can be asked together is."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._doubted: set[Ref] = set()

    def doubt(self, kind: str, record_id: str) -> None:
        """The SyncToken that we have of this record was refused: it is read by id the next time.

        Lists have been seen to give an older SyncToken than a read by id does (reference 4.2), and with it every
        update would be refused again.
        """
        self._doubted.add(Ref(SYSTEM, kind, record_id))

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Record | Gone]:
        """One metered call for each 1,000 ids. An id that is not in the answer is deleted, or never was."""
        record_type = _type_of(kind)
        records: dict[str, Any] = {key: Gone(Ref(SYSTEM, kind, key)) for key in ids}
        for portion in portions(filter(is_id, records)):
            rows = await self._calls.rows(kind, among("Id", portion))
            for record in wire.convert_each(rows, record_type, f"a list of {kind}"):
                if record.id in records:
                    records[record.id] = record
        for ref in [ref for ref in self._doubted if ref.kind == kind and ref.id in records]:
            records[ref.id] = await self._read_one(ref)
            self._doubted.discard(ref)
        return records

    async def _read_one(self, ref: Ref) -> Any:
        what = f"a {ref.kind}"
        try:
            tree = await self._calls.get(f"{ref.kind.lower()}/{ref.id}", {}, what)
        except ReadRefused:
            return Gone(ref)
        return wire.convert(part(tree, ref.kind, what), _type_of(ref.kind), what)

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        """Records whose `field` (the vendor's spelling) equals a value, by the value asked for.

        Texts are compared as QuickBooks does, without regard to case. Raises `WrongUse` for a field the kind has not.
        """
        record_type = _type_of(kind)
        text_in = _text_in(record_type, field)
        by_text: dict[str, list[Any]] = {}
        records: dict[str, Any] = {}
        async for rows in self._calls.having(kind, field, values):
            for record in wire.convert_each(rows, record_type, f"a list of {kind}"):
                records[record.id] = record
        for record in records.values():
            by_text.setdefault(text_in(record).casefold(), []).append(record)
        return {value: by_text.get(value.casefold(), []) for value in values}

    async def ask(self, questions: Sequence[Question]) -> list[dict[str, Any] | ReadRefused]:
        """One after the other: every question is metered, in a batch too. What is refused has its refusal."""
        return [await self._answer(question) for question in questions]

    async def _answer(self, question: Question) -> dict[str, Any] | ReadRefused:
        try:
            if question.field:
                return dict(await self.find(question.kind, question.field, question.values))
            return dict(await self.read(question.kind, question.values))
        except ReadRefused as error:  # the engine narrows it down, without asking for the whole again
            return error

    async def listed(self, kind: str, *conditions: str) -> Listed:
        """All records of a kind that meet these conditions of the query language; one metered call a 1,000.

        Where the list cannot be read, its ids are listed, and the records read by them: the bad ones stand alone.
        """
        try:
            return Listed(await self._calls.all(kind, _type_of(kind), *conditions))
        except BadAnswer:
            ids = await self._calls.ids(kind, *conditions)
        records, unread = await apart(partial(self.read, kind), ids)
        return Listed([record for record in records.values() if not isinstance(record, Gone)], unread)

    async def reference(self, name: str) -> Reference:
        """A table of docs/contracts.md. The version leaves out balances and what moves without meaning."""
        if name in TABLES:
            return await self._table(TABLES[name])
        if name == "matching":
            return await self._matching()
        if name == "preferences":
            return await self._single("preferences", Preferences)
        if name == "company":
            return await self._single(f"companyinfo/{self._calls.realm_id}", CompanyInfo)
        if name.startswith("rate:"):
            return await self._rate(name)
        raise WrongUse(f"QuickBooks has no table {name}.", "See docs/contracts.md for the names.")

    async def _table(self, record_type: type[Named]) -> Reference:
        records: dict[str, Named] = {}
        async for rows in self._calls.listing(record_type.KIND):
            for record in wire.convert_sound(rows, record_type, f"a list of {record_type.KIND}"):
                records[record.id] = record
        return Reference(records, _digest(list(records.values())))

    async def _matching(self) -> Reference:
        """All customers, inactive ones included, each id once; packed page by page: a company may have very many."""
        rows: dict[str, bytes] = {}
        async for page in self._calls.listing(Customer.KIND):
            for customer in wire.convert_sound(page, Customer, f"a list of {Customer.KIND}"):
                rows[customer.id] = matching.packed(customer)
        customers = matching.table(tuple(rows.values()))
        return Reference(customers, customers.digest)

    async def _single(self, path: str, record_type: type[Entity]) -> Reference:
        kind = record_type.KIND
        tree = await self._calls.get(path, {}, kind)
        record = wire.convert(part(tree, kind, kind), record_type, kind)
        return Reference(record, _digest([record]))

    async def _rate(self, name: str) -> Reference:
        """Home units per one foreign unit on a day, `rate:<ISO>:<day>`; None where QuickBooks has none."""
        _, currency, day = name.split(":", 2)
        params = {"sourcecurrencycode": currency, "asofdate": day}
        what = "an exchange rate"
        try:
            tree = await self._calls.get("exchangerate", params, what)
        except ReadRefused:
            return Reference(None, "none")
        rate = wire.convert(part(tree, "ExchangeRate", what), ExchangeRate, what).rate
        if rate <= 0:
            raise BadAnswer("QuickBooks answered an exchange rate that is not positive.", "Enter a rate in QuickBooks.")
        return Reference(rate, str(rate))


def _type_of(kind: str) -> type[Entity]:
    if kind not in KINDS:
        raise WrongUse(f"QuickBooks records of kind {kind} are not read.", "See docs/contracts.md for the kinds.")
    return KINDS[kind]


def _text_in(record_type: type[Entity], field: str) -> Callable[[Any], str]:
    """How to take the text of a field in the vendor's spelling from a record."""
    names = {known.encode_name: known.name for known in msgspec.structs.fields(record_type)}
    if field not in names:
        raise WrongUse(f"QuickBooks records are not found by {field}.", "See reference section 3 for the fields.")
    return lambda record: text_of(getattr(record, names[field]))


def _digest(records: Sequence[Any]) -> str:
    """Moves when the meaning of a table moves: not with balances, SyncTokens or times."""
    meaning = sorted((record.id, msgspec.json.encode(_without_motion(record))) for record in records)
    return hashlib.sha256(repr(meaning).encode()).hexdigest()


def _without_motion(record: Any) -> Any:
    still = {"sync_token": "", "meta_data": Meta()}
    still |= {name: Decimal(0) for name in _MOVING if hasattr(record, name)}
    return msgspec.structs.replace(record, **still)

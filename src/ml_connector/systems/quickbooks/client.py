"""One QuickBooks company as a `System` (engine/ports.py)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.clock import Clock
from ml_connector.model.errors import BadAnswer, SignInNeeded, WrongUse
from ml_connector.model.plans import Later, LookUp, OpenWrite, Outcome, Unsure, Write
from ml_connector.model.reading import Question, Reference, Sweep, Take
from ml_connector.model.refs import Change, Gone, Record, Ref
from ml_connector.systems import wire
from ml_connector.systems.http import Caller, NoAnswer, NotSent, retry_after

from . import lookup, matching
from . import records as r
from . import writing as outbox
from .arrivals import Arrivals
from .auth import SignIn
from .calls import Api, part
from .faults import CallRefused
from .query import KINDS, among, portions

_TABLES: dict[str, type[r.Named]] = {
    "accounts": r.Account,
    "items": r.Item,
    "departments": r.Department,
    "classes": r.Class,
    "terms": r.Term,
}


class QuickBooks:
    """The client of one company. `base_url` is the scheme and host; `caller` carries network, limits and clock."""

    name = r.SYSTEM
    batch_sizes: Mapping[str, int] = outbox.BATCH_SIZES
    reference_kinds: Mapping[str, str] = {kind.KIND: name for name, kind in _TABLES.items()} | {"Customer": "matching"}
    # The closing date and a day's rate are looked at before every posting.
    volatile: tuple[str, ...] = ("preferences", "rate:")
    # Intuit meters reads; Salesforce only counts them.
    read_cost = 2
    settle_after = timedelta(seconds=120)

    def __init__(self, *, realm_id: str, base_url: str, caller: Caller, sign_in: SignIn, clock: Clock) -> None:
        self.realm_id = realm_id
        self.calls = caller.calls
        self._api = Api(realm_id, base_url, caller, sign_in)
        self._arrivals = Arrivals(self._api)
        self._clock = clock
        self._doubted: set[Ref] = set()

    async def check_company(self) -> r.CompanyInfo:
        """That the sign-in opens this company and no other. Raises `SignInNeeded` if not; gives its information."""
        try:
            company: r.CompanyInfo = (await self.reference("company")).value
        except CallRefused as error:
            raise SignInNeeded(
                f"The sign-in does not open company {self.realm_id}.", "Connect again and choose that company."
            ) from error
        return company

    # --- reading

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Record | Gone]:
        """One metered call for each 1,000 ids. An id that is not in the answer is deleted, or never was."""
        record = _kind(kind)
        found: dict[str, Any] = {key: Gone(Ref(r.SYSTEM, kind, key)) for key in ids}
        for portion in portions(found):
            rows = await self._api.rows(kind, among("Id", portion))
            for each in wire.convert_each(rows, record, f"a list of {kind}"):
                if each.id in found:
                    found[each.id] = each
        for ref in [ref for ref in self._doubted if ref.kind == kind and ref.id in found]:
            found[ref.id] = await self._read_one(ref)
            self._doubted.discard(ref)
        return found

    async def _read_one(self, ref: Ref) -> Any:
        """By id: lists have been seen to give an older SyncToken than this (reference 4.2)."""
        what = f"a {ref.kind}"
        try:
            tree = await self._api.get(f"{ref.kind.lower()}/{ref.id}", {}, what)
        except CallRefused:
            return Gone(ref)
        return wire.convert(part(tree, ref.kind, what), _kind(ref.kind), what)

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Record]]:
        """`field` in the vendor's spelling. Texts are compared as QuickBooks does, without regard to case."""
        record = _kind(kind)
        read = _reader(record, field)
        by_text: dict[str, list[Any]] = {}
        for portion in portions(values):
            for each in await self._api.all(kind, record, among(field, portion)):
                by_text.setdefault(read(each).casefold(), []).append(each)
        return {value: by_text.get(value.casefold(), []) for value in values}

    async def ask(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        """One after the other: every question is metered, in a batch too."""
        return [
            await (self.find(each.kind, each.field, each.values) if each.field else self.read(each.kind, each.values))
            for each in questions
        ]

    async def listed(self, kind: str, *conditions: str) -> list[Any]:
        """All records of a kind that meet these conditions of the query language; one metered call a 1,000."""
        return await self._api.all(kind, _kind(kind), *conditions)

    async def reference(self, name: str) -> Reference:
        """A table of docs/contracts.md. The version leaves out balances and what moves without meaning."""
        if name in _TABLES:
            records = await self._api.all(_TABLES[name].KIND, _TABLES[name])
            return Reference({each.id: each for each in records}, _digest(records))
        if name == "matching":
            return await matching.read(self._api)
        if name == "preferences":
            return await self._single("preferences", r.Preferences)
        if name == "company":
            return await self._single(f"companyinfo/{self.realm_id}", r.CompanyInfo)
        if name.startswith("rate:"):
            return await self._rate(name)
        raise WrongUse(f"QuickBooks has no table {name}.", "See docs/contracts.md for the names.")

    async def _single(self, path: str, record: type[r.Entity]) -> Reference:
        tree = await self._api.get(path, {}, record.KIND)
        value = wire.convert(part(tree, record.KIND, record.KIND), record, record.KIND)
        return Reference(value, _digest([value]))

    async def _rate(self, name: str) -> Reference:
        _, currency, day = name.split(":", 2)
        query = {"sourcecurrencycode": currency, "asofdate": day}
        try:
            tree = await self._api.get("exchangerate", query, "an exchange rate")
        except CallRefused:
            return Reference(None, "none")
        what = "an exchange rate"
        rate = wire.convert(part(tree, "ExchangeRate", what), r.ExchangeRate, what).rate
        if rate <= 0:
            raise BadAnswer("QuickBooks answered an exchange rate that is not positive.", "Enter a rate in QuickBooks.")
        return Reference(rate, str(rate))

    # --- writing

    def encode(self, write: Write) -> bytes:
        return outbox.encode(write)

    def after(self, record: Record | Gone | None, write: Write, done: Any) -> Record:
        """The vendor's own answer where we have it; else the record with the body laid over it."""
        answer: Record = done.record if done.record is not None else outbox.applied(record, write, done.ref)
        return answer

    async def look_up(self, writes: Sequence[OpenWrite]) -> list[LookUp]:
        return await lookup.look_up(self._api, writes)

    async def apply(self, writes: Sequence[OpenWrite], before: datetime | None = None) -> list[Outcome]:
        """Raises `WrongUse` and `UnsoundEntry` for what must not be sent, before anything is."""
        outbox.check_open(writes)
        outcomes = await self._send(writes, before)
        for each, outcome in zip(writes, outcomes, strict=True):
            if isinstance(outcome, Later) and outcome.stale:
                self._doubted.add(Ref(r.SYSTEM, each.write.kind, each.write.target_id))
        return outcomes

    async def _send(self, writes: Sequence[OpenWrite], before: datetime | None) -> list[Outcome]:
        if len(writes) == 1 or not outbox.distinct(writes):
            return [await self._send_one(each, before) for each in writes]
        return await self._send_batch(writes, before)

    async def _send_one(self, write: OpenWrite, before: datetime | None) -> Outcome:
        path = write.write.kind.lower()
        try:
            response = await self._api.write(path, write.request_id, write.body, "write", before)
        except NotSent:
            return Later("QuickBooks cannot be reached")
        except (NoAnswer, BadAnswer):
            return Unsure("QuickBooks gave no answer")
        return outbox.outcome_of_one(response, write, retry_after(response, self._clock.now()))

    async def _send_batch(self, writes: Sequence[OpenWrite], before: datetime | None) -> list[Outcome]:
        try:
            response = await self._api.write("batch", writes[0].batch_id, outbox.batch_body(writes), "batch", before)
        except NotSent:
            return [Later("QuickBooks cannot be reached") for _ in writes]
        except (NoAnswer, BadAnswer):
            return [Unsure("QuickBooks gave no answer") for _ in writes]
        if outbox.refused_whole(response):
            return [await self._send_one(each, before) for each in writes]
        return outbox.outcomes_of_batch(response, writes, retry_after(response, self._clock.now()))

    # --- arrivals

    async def sweep(self, kinds: Sequence[str], position: str | None, now: datetime, take: Take | None = None) -> Sweep:
        return await self._arrivals.sweep(kinds, position, now, take)

    def pages(
        self, kinds: Sequence[str], since: datetime | None = None
    ) -> AsyncIterator[tuple[datetime, list[Change]]]:
        """The knocks of a backfill page by page, with the vendor's time of each page; for companies of any size."""
        return self._arrivals.pages(kinds, since)


def _kind(name: str) -> type[r.Entity]:
    if name not in KINDS:
        raise WrongUse(f"QuickBooks records of kind {name} are not read.", "See docs/contracts.md for the kinds.")
    return KINDS[name]


def _reader(record: type[r.Entity], field: str) -> Callable[[Any], str]:
    """How to take the text of a field in the vendor's spelling from a record; a reference counts as its id."""
    names = {known.encode_name: known.name for known in msgspec.structs.fields(record)}
    if field not in names:
        raise WrongUse(f"QuickBooks records are not found by {field}.", "See reference section 3 for the fields.")

    def read(each: Any) -> str:
        value = getattr(each, names[field])
        if isinstance(value, r.Reference):
            return value.value
        if isinstance(value, r.Email):
            return value.address
        return "" if value is None else str(value)

    return read


def _digest(records: Sequence[Any]) -> str:
    """Moves when the meaning of a table moves: not with balances, SyncTokens or times."""
    meaning = sorted((each.id, msgspec.json.encode(_without_motion(each))) for each in records)
    return hashlib.sha256(repr(meaning).encode()).hexdigest()


def _without_motion(record: Any) -> Any:
    still = {"sync_token": "", "meta_data": r.Meta()}
    moving = ("current_balance", "current_balance_with_sub_accounts", "balance", "balance_with_jobs")
    still |= {name: Decimal(0) for name in moving if hasattr(record, name)}
    return msgspec.structs.replace(record, **still)

"""What a page of decisions may consult. Facts are fetched in bulk, when the first decision asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar, assert_never

import msgspec

from ml_connector.model.errors import BadAnswer, ReadRefused, StateTampered, WrongUse
from ml_connector.model.plans import (
    Digest,
    Done,
    Need,
    NeedFind,
    NeedLink,
    NeedRecord,
    NeedReference,
    NotLoaded,
    Write,
)
from ml_connector.model.reading import Question, Reference, apart
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.store import Store

from .memo import Memo
from .ports import System
from .search_cache import SearchCache

R = TypeVar("R")
T = TypeVar("T")
PLANNED = "new "
"""Ids of records that a dry run pretends to have made begin so; nobody is asked about them."""


class Unreadable(msgspec.Struct, frozen=True):
    """A record whose answer cannot be read; its neighbours can."""

    ref: Ref
    error: BadAnswer


async def ask_each(system: System, questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Ask together; where the answer cannot be read or is refused, one by one. The bad stand there as `BadAnswer`."""
    answers = []
    for question, answer in zip(questions, await _together(system, questions), strict=True):
        if not isinstance(answer, dict):
            kind, field = question.kind, question.field
            ask = partial(system.find, kind, field) if field else partial(system.read, kind)
            found, bad = await apart(ask, question.values, answer)
            answer = found | bad
        answers.append(answer)
    return answers


async def _together(system: System, questions: Sequence[Question]) -> Sequence[dict[str, Any] | ReadRefused | None]:
    """None for what has to be asked alone: that shows whose answer is bad."""
    if len(questions) > 1:
        with suppress(BadAnswer):  # the questions one by one show whose answer is bad; it is raised or kept there
            return await system.ask(questions)
    return [None] * len(questions)


class ReferenceCache:
    """Reference tables kept from drain to drain, until a sweep sees a change in them or they are a day old.

    Tables that a system calls volatile are good for a minute.
    """

    def __init__(self, keep: timedelta = timedelta(days=1), brief: timedelta = timedelta(minutes=1)) -> None:
        self._keep = keep
        self._brief = brief
        self._kept: dict[tuple[str, str], tuple[Reference, datetime]] = {}

    async def get(self, system: System, name: str, now: datetime, *, good_for: timedelta | None = None) -> Reference:
        """The table, as young as it must be, or no older than `good_for`."""
        if good_for is None:
            volatile = any(name.startswith(beginning) for beginning in system.volatile)
            good_for = self._brief if volatile else self._keep
        key = (system.name, name)
        if key not in self._kept or not timedelta(0) <= now - self._kept[key][1] < good_for:
            self._kept[key] = (await system.reference(name), now)
        return self._kept[key][0]

    def kept(self, system: str, beginnings: tuple[str, ...]) -> dict[str, datetime]:
        """The tables of a system that are kept and whose names begin so, with the instants at which they were read."""
        return {
            name: at for (owner, name), (_, at) in self._kept.items() if owner == system and name.startswith(beginnings)
        }

    def forget(self, system: str, name: str) -> None:
        """Whoever asks for the table next has it read afresh."""
        self._kept.pop((system, name), None)


class DrainCache:
    """Reference tables, and what a dry run pretends to have made, shared by all pages of one drain."""

    def __init__(self, tables: ReferenceCache) -> None:
        self.tables = tables
        self.references: dict[tuple[str, str], Any] = {}
        self.versions: dict[tuple[str, str], str] = {}
        self.planned: dict[tuple[Role, Ref], list[Link]] = {}
        self.made: dict[Ref, Any] = {}
        self._refused: dict[tuple[str, str, str, str], ReadRefused] = {}

    def refusal(self, system: str, question: Question, value: str) -> ReadRefused | None:
        """What the vendor said when this was asked for in this drain: it is not asked for again."""
        return self._refused.get((system, question.kind, question.field, value))

    def remember(self, system: str, question: Question, answer: Mapping[str, Any]) -> None:
        """Keep which of these were refused."""
        for value, found in answer.items():
            if isinstance(found, ReadRefused):
                self._refused[system, question.kind, question.field, value] = found

    def forget(self, system: str, names: Iterable[str]) -> None:
        """These tables are read anew when they are asked for."""
        for name in names:
            self.tables.forget(system, name)
            self.references.pop((system, name), None)

    def plan_links(self, links: Iterable[Link]) -> None:
        """Links that a dry run pretends to have made."""
        for link in links:
            for ref in (link.source, link.target):
                self.planned[link.role, ref] = _with(self.planned.get((link.role, ref), []), link)


def _with(links: Sequence[Link], link: Link) -> list[Link]:
    """These links and a new one, which takes the place of the one from the same source."""
    return [known for known in links if known.source != link.source] + [link]


class PageContext:
    """The context of one page (model/plans.py `Context`). A fact is replaced, never changed: see `memo.py`."""

    def __init__(self, settings: Rules, today: date, now: datetime, cache: DrainCache, digest: Digest) -> None:
        self.settings = settings
        self.today = today
        self.now = now
        self.digest = digest
        self._cache = cache
        self._links: dict[tuple[Role, Ref], Sequence[Link]] = {}
        self._records: dict[Ref, Any] = {}
        self._found = SearchCache()
        self._learned: dict[Ref, list[Link]] = {}
        self._memo = Memo()

    def once(self, rule: Callable[[R, Any], T], record: R) -> T:
        """See `Context`. What the rule said of this record stands until a fact that it asked for is another one."""
        answer: T = self._memo.once(rule, record, self)
        return answer

    def want(self, *needs: Need) -> None:
        """Raises `NotLoaded` with those that are not known, so that they are fetched in one go."""
        missing = [need for need in needs if not self.knows(need)]
        if missing:
            raise NotLoaded(missing)

    def link(self, role: Role, ref: Ref) -> Link | None:
        """The first of `links`, which a dry run's own come before; None where there is none. Raises `NotLoaded`."""
        links = self.links(role, ref)
        return links[0] if links else None

    def links(self, role: Role, ref: Ref) -> Sequence[Link]:
        """Links of `ref` in this role, on either side; those a dry run pretends come first. Raises `NotLoaded`."""
        name = (role, ref)
        known = self._links.get(name)
        if known is None:
            raise NotLoaded([NeedLink(role, ref)])
        planned = self._cache.planned.get(name)
        for link in known:
            if not link.proved:
                raise StateTampered.of(link.strange)
        # Both, because either may become another. The guard spares two calls for the most frequent question of all.
        if self._memo.at_work:
            self._memo.consulted(self._links.get, name, known)
            self._memo.consulted(self._cache.planned.get, name, planned)
        if not planned:
            return known
        replaced = {link.source for link in planned}
        return [*planned, *(link for link in known if link.source not in replaced)]

    def record(self, ref: Ref) -> Any | Gone:
        """The record as it stands now, or `Gone`. Raises `NotLoaded`, and `BadAnswer` where its answer is no use."""
        record = self._records.get(ref)
        if record is None:
            raise NotLoaded([NeedRecord(ref)])
        self._memo.consulted(self._records.get, ref, record)
        if isinstance(record, Unreadable):
            raise record.error
        return record

    def found(self, system: str, kind: str, field: str, value: str) -> Sequence[Any]:
        """Records of a kind whose `field` is `value`, with what this page wrote. Raises as `record`."""
        need = NeedFind(system, kind, field, value)
        found = self._found.get(need)
        if found is None:
            raise NotLoaded([need])
        self._memo.consulted(self._found.get, need, found)
        if isinstance(found, BadAnswer):
            raise found
        return found

    def reference(self, system: str, name: str) -> Any:
        """A reference table (docs/contracts.md), the same for the whole drain unless forgotten. Raises as `record`."""
        key = (system, name)
        if key not in self._cache.references:
            raise NotLoaded([NeedReference(system, name)])
        table = self._cache.references[key]
        if isinstance(table, BadAnswer):
            raise table
        self._memo.consulted(self._cache.references.get, key, table)
        return table

    def put(self, record: Any) -> None:
        """This is how a record stands now."""
        self._records[record.ref] = record

    def known(self, ref: Ref) -> Any | Gone | None:
        """What `record` would give, without raising: None where it was not read, `Unreadable` as it is."""
        return self._records.get(ref)

    def settled(self, write: Write, done: Done, record: Any, links: Sequence[Link]) -> None:
        """A write took effect: the record stands as it says, finds of its kind find it so, its links are known.

        Only the vendor knows the rest of a record that was there and that nobody has read: it is read where it is asked
        for.
        """
        if done.ref in self._records or done.created or done.record is not None:
            self.put(record)
            self._found.settled(write, done, record)
        else:
            self._found.forget(write.system, write.kind)
        self._join(links, new=done.created)

    def learn(self, links: Sequence[Link], ref: Ref) -> list[Link]:
        """Links that were found to exist already. Returns those that are news, so that `ref` is decided again."""
        news = [link for link in links if link not in self._learned.get(ref, [])]
        self._learned.setdefault(ref, []).extend(news)
        self._join(news)
        return news

    def _join(self, links: Iterable[Link], *, new: bool = False) -> None:
        """Links as they are now, where those of their sides are known; of a `new` record all are."""
        for link in links:
            for ref in (link.source, link.target):
                known = self._links.get((link.role, ref), [] if new else None)
                if known is not None:
                    self._links[link.role, ref] = _with(known, link)

    def knows(self, need: Need) -> bool:
        """Whether this fact has an answer, be it that there is nothing, or that the answer cannot be read."""
        match need:
            case NeedLink():
                return (need.role, need.ref) in self._links
            case NeedRecord():
                return need.ref in self._records
            case NeedFind():
                return need in self._found
            case NeedReference():
                return (need.system, need.name) in self._cache.references
            case _:
                assert_never(need)

    async def load(self, needs: Iterable[Need], connection: str, store: Store, systems: Mapping[str, System]) -> None:
        """Fetch the cheapest of these facts, each kind of need in one go: what is on record, then one system's.

        Who gets on with it asks the next question, and so the questions to the dearer systems come together.
        """
        wanted = dict.fromkeys(need for need in needs if not self.knows(need))
        links = [need for need in wanted if isinstance(need, NeedLink)]
        if links:
            return self._load_links(links, connection, store)
        asked: dict[str, list[Need]] = {}
        for need in wanted:
            if not isinstance(need, NeedLink):
                asked.setdefault(need.ref.system if isinstance(need, NeedRecord) else need.system, []).append(need)
        if asked:
            name = min(asked, key=lambda each: (_system(systems, each).read_cost, each))
            await self._load_from(_system(systems, name), asked[name])
        return None

    async def _load_from(self, system: System, needs: Sequence[Need]) -> None:
        for need in needs:
            if isinstance(need, NeedReference):
                await self._load_table(system, need.name)
        refs = [need.ref for need in needs if isinstance(need, NeedRecord)]
        await self._ask(system, refs, [need for need in needs if isinstance(need, NeedFind)])

    async def _load_table(self, system: System, name: str) -> None:
        """A table that is refused, or cannot be read, holds those who ask for it; the others go on."""
        try:
            table = await self._cache.tables.get(system, name, self.now)
        except BadAnswer as error:
            self._cache.references[system.name, name] = error
            return
        self._cache.references[system.name, name] = table.value
        self._cache.versions[system.name, name] = table.version

    def _load_links(self, needs: Sequence[NeedLink], connection: str, store: Store) -> None:
        for role in dict.fromkeys(need.role for need in needs):
            refs = [need.ref for need in needs if need.role == role]
            for ref, links in store.links_of(connection, role, refs).items():
                self._links[role, ref] = links

    async def read(self, systems: Mapping[str, System], refs: Sequence[Ref]) -> None:
        """Fresh reads, together for each system."""
        for name in dict.fromkeys(ref.system for ref in refs):
            await self._ask(_system(systems, name), [ref for ref in refs if ref.system == name], [])

    async def _ask(self, system: System, refs: Sequence[Ref], searches: Sequence[NeedFind]) -> None:
        """Ask for records and finds together. Nobody is asked about what a dry run pretends to have made."""
        for ref in [ref for ref in refs if ref.id.startswith(PLANNED) or ref in self._cache.made]:
            self._records.setdefault(ref, self._cache.made.get(ref, Gone(ref)))
        for need in searches:
            # Also what is not asked for below has an answer, or its decision would ask for ever.
            self._found.put(need, [])
        wanted: dict[tuple[str, str], list[str]] = {}
        for ref in refs:
            if not ref.id.startswith(PLANNED) and ref not in self._cache.made:
                wanted.setdefault((ref.kind, ""), []).append(ref.id)
        for need in searches:
            if not need.value.startswith(PLANNED):
                wanted.setdefault((need.kind, need.field), []).append(need.value)
        questions = [self._unrefused(system.name, Question(*about, values)) for about, values in wanted.items()]
        questions = [question for question in questions if question.values]
        for question, answer in zip(questions, await ask_each(system, questions), strict=True):
            self._cache.remember(system.name, question, answer)
            self._take(system.name, question, answer)

    def _unrefused(self, system: str, question: Question) -> Question:
        """The question without what this drain was refused already; that has its answer."""
        known = {value: self._cache.refusal(system, question, value) for value in question.values}
        refused = {value: error for value, error in known.items() if error is not None}
        self._take(system, question, refused)
        return msgspec.structs.replace(question, values=[value for value in question.values if value not in refused])

    def _take(self, system: str, question: Question, answer: Mapping[str, Any]) -> None:
        if not question.field:
            for key, record in answer.items():
                ref = Ref(system, question.kind, key)
                self._records[ref] = Unreadable(ref, record) if isinstance(record, BadAnswer) else record
            return
        for value, found in answer.items():
            if not isinstance(found, BadAnswer):
                # What a dry run has written stands only here.
                found = [self._cache.made.get(record.ref, record) for record in found]
                for record in found:  # what is written to it is laid over what it is now
                    self._records.setdefault(record.ref, record)
            self._found.put(NeedFind(system, question.kind, question.field, value), found)


def _system(systems: Mapping[str, System], name: str) -> System:
    if name not in systems:
        raise WrongUse(f"No system {name} is connected.", "Connect it first:  ml-connector connect " + name)
    return systems[name]

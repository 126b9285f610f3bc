"""What a page of decisions may consult. Facts are fetched in bulk, when the first decision asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.plans import (
    Done,
    Need,
    NeedFind,
    NeedLink,
    NeedRecord,
    NeedReference,
    NotLoaded,
    Write,
)
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.store import Store

from .ports import Reference, System

PLANNED = "new "
"""Ids of records that a dry run pretends to have made begin so; nobody is asked about them."""


class Unreadable(msgspec.Struct, frozen=True):
    """A record whose answer cannot be read; its neighbours can."""

    ref: Ref
    error: BadAnswer


HALVINGS = 40
"""Unreadable answers to one read after which it is not a few bad records but the vendor."""


async def read_each(system: System, kind: str, ids: Sequence[str]) -> dict[str, Any]:
    """Read a page; what of it cannot be read stands there as `Unreadable`. Raises as `apart`."""
    found, bad = await apart(lambda part: system.read(kind, part), ids)
    return found | {name: Unreadable(Ref(system.name, kind, name), error) for name, error in bad.items()}


async def apart(
    ask: Callable[[Sequence[str]], Awaitable[Mapping[str, Any]]], names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, BadAnswer]]:
    """Ask about all; where the answer cannot be read, halve the question until the bad ones stand alone.

    Gives the answers, and an error for each of the bad. Raises `BadAnswer` when too many answers cannot be read.
    """
    found: dict[str, Any] = {}
    errors: dict[str, BadAnswer] = {}
    todo, bad = [list(names)] if names else [], 0
    while todo:
        part = todo.pop()
        try:
            found |= await ask(part)
        except BadAnswer as error:
            bad += 1
            if bad > HALVINGS:
                raise
            if len(part) == 1:
                errors[part[0]] = error
            else:
                todo += [part[: len(part) // 2], part[len(part) // 2 :]]
    return found, errors


class References:
    """Reference tables kept from drain to drain, until a sweep sees a change in them or they are a day old.

    Tables that a system calls volatile are read anew in every drain.
    """

    def __init__(self, keep: timedelta = timedelta(days=1)) -> None:
        self._keep = keep
        self._kept: dict[tuple[str, str], tuple[Reference, datetime]] = {}

    async def get(self, system: System, name: str, now: datetime) -> Reference:
        key = (system.name, name)
        if key in self._kept and now < self._kept[key][1] + self._keep:
            return self._kept[key][0]
        table = await system.reference(name)
        if not any(name.startswith(each) for each in system.volatile):
            self._kept[key] = (table, now)
        return table

    def forget(self, system: str, name: str) -> None:
        self._kept.pop((system, name), None)


class Shelf:
    """Reference tables, and what a dry run pretends to have made, shared by all pages of one drain."""

    def __init__(self, tables: References) -> None:
        self.tables = tables
        self.references: dict[tuple[str, str], Any] = {}
        self.planned: dict[tuple[str, Ref], list[Link]] = {}
        self.made: dict[Ref, Any] = {}

    def plan_links(self, links: Iterable[Link]) -> None:
        """Links that a dry run pretends to have made."""
        for link in links:
            for ref in (link.source, link.target):
                known = self.planned.setdefault((link.role, ref), [])
                known[:] = [each for each in known if each.source != link.source] + [link]


class PageContext:
    """The context of one page (model/plans.py `Context`)."""

    def __init__(self, settings: Any, today: date, now: datetime, shelf: Shelf) -> None:
        self.settings = settings
        self.today = today
        self.now = now
        self._shelf = shelf
        self._links: dict[tuple[str, Ref], list[Link]] = {}
        self._records: dict[Ref, Any] = {}
        self._found: dict[tuple[str, str, str, str], list[Any] | BadAnswer] = {}
        self._learned: dict[Ref, list[Link]] = {}

    def want(self, *needs: Need) -> None:
        missing = [need for need in needs if not self._knows(need)]
        if missing:
            raise NotLoaded(missing)

    def link(self, role: str, ref: Ref) -> Link | None:
        links = self.links(role, ref)
        return links[0] if links else None

    def links(self, role: str, ref: Ref) -> Sequence[Link]:
        self.want(NeedLink(role, ref))
        planned = self._shelf.planned.get((role, ref), [])
        replaced = {link.source for link in planned}
        return [*planned, *(link for link in self._links[role, ref] if link.source not in replaced)]

    def record(self, ref: Ref) -> Any | Gone:
        self.want(NeedRecord(ref))
        record = self._records[ref]
        if isinstance(record, Unreadable):
            raise record.error
        return record

    def found(self, system: str, kind: str, field: str, value: str) -> Sequence[Any]:
        self.want(NeedFind(system, kind, field, value))
        found = self._found[system, kind, field, value]
        if isinstance(found, BadAnswer):
            raise found
        return found

    def reference(self, system: str, name: str) -> Any:
        self.want(NeedReference(system, name))
        return self._shelf.references[system, name]

    def put(self, record: Any) -> None:
        """This is how a record stands now."""
        self._records[record.ref] = record

    def known(self, ref: Ref) -> Any | Gone | None:
        return self._records.get(ref)

    def settled(self, write: Write, done: Done, record: Any, links: Sequence[Link]) -> None:
        """A write took effect: the record stands as it says, finds of its kind may find more, its links are known."""
        self.put(record)
        stale = [key for key in self._found if key[:2] == (write.system, write.kind)]
        for key in stale:
            del self._found[key]
        for link in links:
            for ref in (link.source, link.target):
                known = (
                    self._links.setdefault((link.role, ref), []) if done.created else self._links.get((link.role, ref))
                )
                if known is not None:
                    known[:] = [each for each in known if each.source != link.source] + [link]

    def learn(self, links: Sequence[Link], ref: Ref) -> list[Link]:
        """Links that were found to exist already. Returns those that are news, so that `ref` is decided again."""
        news = [link for link in links if link not in self._learned.get(ref, [])]
        self._learned.setdefault(ref, []).extend(news)
        for link in news:
            for side in (link.source, link.target):
                known = self._links.get((link.role, side))
                if known is not None:
                    known[:] = [each for each in known if each.source != link.source] + [link]
        return news

    def _knows(self, need: Need) -> bool:
        if isinstance(need, NeedLink):
            return (need.role, need.ref) in self._links
        if isinstance(need, NeedRecord):
            return need.ref in self._records
        if isinstance(need, NeedFind):
            return (need.system, need.kind, need.field, need.value) in self._found
        return (need.system, need.name) in self._shelf.references

    async def load(self, needs: Iterable[Need], connection: str, store: Store, systems: Mapping[str, System]) -> None:
        """Fetch facts, each kind of need in one go."""
        wanted = dict.fromkeys(need for need in needs if not self._knows(need))
        self._load_links([need for need in wanted if isinstance(need, NeedLink)], connection, store)
        await self.read(systems, [need.ref for need in wanted if isinstance(need, NeedRecord)])
        await self._load_finds([need for need in wanted if isinstance(need, NeedFind)], systems)
        for need in wanted:
            if isinstance(need, NeedReference):
                table = await self._shelf.tables.get(_system(systems, need.system), need.name, self.now)
                self._shelf.references[need.system, need.name] = table.value

    def _load_links(self, needs: Sequence[NeedLink], connection: str, store: Store) -> None:
        for role in dict.fromkeys(need.role for need in needs):
            refs = [need.ref for need in needs if need.role == role]
            for ref, links in store.links_of(connection, role, refs).items():
                self._links[role, ref] = links

    async def read(self, systems: Mapping[str, System], refs: Sequence[Ref]) -> None:
        """Fresh reads, one per system and kind."""
        for system, kind in dict.fromkeys((ref.system, ref.kind) for ref in refs):
            ids = [ref.id for ref in refs if (ref.system, ref.kind) == (system, kind)]
            for ref in [Ref(system, kind, key) for key in ids if key.startswith(PLANNED)]:
                self._records.setdefault(ref, self._shelf.made.get(ref, Gone(ref)))
            ids = [key for key in ids if not key.startswith(PLANNED)]
            if not ids:
                continue
            for key, record in (await read_each(_system(systems, system), kind, ids)).items():
                self._records[Ref(system, kind, key)] = record

    async def _load_finds(self, needs: Sequence[NeedFind], systems: Mapping[str, System]) -> None:
        for system, kind, field in dict.fromkeys((need.system, need.kind, need.field) for need in needs):
            values = [n.value for n in needs if (n.system, n.kind, n.field) == (system, kind, field)]
            asked = list(dict.fromkeys(value for value in values if not value.startswith(PLANNED)))
            find = partial(_system(systems, system).find, kind, field)
            answer, errors = await apart(find, asked)
            for value in values:
                self._found[system, kind, field, value] = errors.get(value) or list(answer.get(value, ()))


def _system(systems: Mapping[str, System], name: str) -> System:
    if name not in systems:
        raise WrongUse(f"No system {name} is connected.", "Connect it first:  ml-connector connect " + name)
    return systems[name]

"""Sending noted writes: collections of 200, up to five of them in one composite call (salesforce reference 2.8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import msgspec

from ml_connector.clock import Deadline
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.model.plans import Done, Later, Outcome, Refused, Unsure, Write
from ml_connector.model.refs import Json
from ml_connector.systems import wire
from ml_connector.systems.http import NoAnswer, NotSent

from .calls import NO_HEADERS, Answer, Calls, parts_of
from .faults import outcome_of_call, outcome_of_item

CHUNK = 200
CHUNKS_AT_ONCE = 5
BATCH = CHUNK * CHUNKS_AT_ONCE

PASS_WARNINGS: Mapping[str, str] = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
"""Passes duplicate rules that only warn, never those that block (salesforce reference 2.1)."""

_PARTING_CALLS = 40
_NEIGHBOUR = Later("Another record of its batch was refused.")
_RACE = "DUPLICATE_VALUE"
_REMEMBERED = 10_000


def record_of(write: Write) -> Json:
    """The record of a write as it stands in a collection: with its type, and its key or id."""
    record: Json = {"attributes": {"type": write.kind}, **write.body}
    if write.action == "upsert":
        record[write.key_field] = write.external_id
    elif write.action == "update":
        record["id"] = write.target_id
    return record


class Item(msgspec.Struct, frozen=True):
    """One noted write: the exact bytes that are sent, and the write that they are for."""

    write: Write
    body: bytes


class Chunk(msgspec.Struct, frozen=True):
    """Up to 200 items for one collection call. `places` are their places in the batch.

    `declared_new`: duplicate rules that only warn let them pass. The header that says so counts for a whole call.
    """

    method: str
    path: str
    items: tuple[Item, ...]
    places: tuple[int, ...]
    declared_new: bool = False

    @property
    def body(self) -> bytes:
        """The collection, each record as it was noted: no record of it spoils another (`allOrNone` false)."""
        return b'{"allOrNone":false,"records":[' + b",".join(item.body for item in self.items) + b"]}"

    @property
    def must_go_alone(self) -> bool:
        """Inside a composite call Salesforce would replace `@{...}`, in texts too; and a header would be for all."""
        return self.declared_new or any(b"@{" in item.body for item in self.items)

    def cut(self, *at: int) -> list[Chunk]:
        """The parts between these places, without empty ones."""
        bounds = [0, *at, len(self.items)]
        return [
            msgspec.structs.replace(self, items=self.items[start:end], places=self.places[start:end])
            for start, end in pairwise(bounds)
            if start < end
        ]


def chunks_of(items: Sequence[Item], base: str) -> list[Chunk]:
    """Cut a batch into collections. No key stands twice in one: the second goes into a later one."""
    chunks = []
    for turn in _turns(items):
        for (method, path, new), members in _by_target(turn, base).items():
            for start in range(0, len(members), CHUNK):
                part = members[start : start + CHUNK]
                chunks.append(Chunk(method, path, tuple(i for _, i in part), tuple(place for place, _ in part), new))
    return chunks


def _by_target(turn: Sequence[tuple[int, Item]], base: str) -> dict[tuple[str, str, bool], list[tuple[int, Item]]]:
    """Items that can go out in one call: to one address, with the same permission."""
    targets: dict[tuple[str, str, bool], list[tuple[int, Item]]] = {}
    for place, item in turn:
        targets.setdefault((*_target(item.write, base), item.write.declared_new), []).append((place, item))
    return targets


def _turns(items: Sequence[Item]) -> list[list[tuple[int, Item]]]:
    turns: defaultdict[int, list[tuple[int, Item]]] = defaultdict(list)
    taken: defaultdict[str, int] = defaultdict(int)
    for place, item in enumerate(items):
        name = item.write.target_id or item.write.key
        turns[taken[name]].append((place, item))
        taken[name] += 1
    return list(turns.values())


def _target(write: Write, base: str) -> tuple[str, str]:
    if write.action == "upsert":
        if not write.key_field or not write.key:
            raise WrongUse("An upsert needs an external id field and a value.", "Report this: the flow left them out.")
        kind, key_field = quote(write.kind, safe=""), quote(write.key_field, safe="")
        return "PATCH", f"{base}/composite/sobjects/{kind}/{key_field}"
    return ("PATCH" if write.action == "update" else "POST"), f"{base}/composite/sobjects"


def _calls_of(chunks: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    """Which chunks go out together."""
    group: list[Chunk] = []
    for chunk in chunks:
        if chunk.must_go_alone:
            yield [chunk]
            continue
        group.append(chunk)
        if len(group) == CHUNKS_AT_ONCE:
            yield group
            group = []
    if group:
        yield group


class Sender:
    """Sends batches. Remembers which upserts have lost a race, since they get one more chance only."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._lost: set[tuple[str, str]] = set()
        self._before: Deadline | None = None

    async def apply(self, items: Sequence[Item], before: Deadline | None = None) -> list[Outcome]:
        """One outcome each, in order; what could leave only at or after `before` is `Later`.

        Raises what `Calls.send` raises, but only while surely nothing of the batch has been sent.
        """
        self._before = before
        outcomes: dict[int, Outcome] = {}
        for group in _calls_of(chunks_of(items, self._calls.base)):
            try:
                await self._send(group, outcomes)
            except ConnectorError as error:
                # Raised where nothing has left. Once something has, what the vendor said of it must not be lost.
                if not outcomes:
                    raise
                unsent = [chunk for chunk in group if chunk.places[0] not in outcomes]
                _fill(unsent, Later(error.sentence), outcomes)
        return [self._raced(item.write, outcomes[place]) for place, item in enumerate(items)]

    async def _send(self, group: Sequence[Chunk], outcomes: dict[int, Outcome]) -> None:
        answers = [await self._direct(group[0])] if len(group) == 1 else await self._composite(group)
        for chunk, answer in zip(group, answers, strict=True):
            if _record(chunk, answer, outcomes):
                await self._part(chunk, outcomes)

    async def _direct(self, chunk: Chunk) -> Answer | Later | Unsure:
        return await self._careful(chunk.method, chunk.path, chunk.body, PASS_WARNINGS if chunk.declared_new else {})

    async def _composite(self, group: Sequence[Chunk]) -> list[Answer | Later | Unsure]:
        answer = await self._careful("POST", f"{self._calls.base}/composite", _composite_body(group))
        if not isinstance(answer, Answer) or not answer.ok:
            return [answer] * len(group)
        try:
            parts = parts_of(answer.body)
        except ConnectorError:
            parts = {}
        return [parts.get(f"c{i}", Unsure("Salesforce left a part of its answer out.")) for i in range(len(group))]

    async def _careful(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer | Later | Unsure:
        try:
            return await self._calls.send(method, path, body, writes=True, before=self._before, headers=headers)
        except NotSent as error:
            return Later(error.sentence)
        except NoAnswer as error:
            return Unsure(error.sentence)

    async def _part(self, chunk: Chunk, outcomes: dict[int, Outcome]) -> None:
        """A whole collection was refused, mostly for one bad record: part it until the bad ones stand alone.

        Where its first and its last record alone are refused for the very same reason, the cause is common to all.
        What is not parted after 40 calls goes out again with other neighbours if anything went through at all.
        """
        common = outcomes[chunk.places[0]]
        _fill([chunk], _NEIGHBOUR, outcomes)
        first, *others = chunk.cut(1, len(chunk.items) - 1)
        for end in (first, others[-1]):
            _record(end, await self._direct(end), outcomes)
        if all(outcomes[place] == common for place in (chunk.places[0], chunk.places[-1])):
            return _fill([chunk], common, outcomes)
        waiting, calls = others[:-1], 0
        while waiting and calls < _PARTING_CALLS:
            part, calls = waiting.pop(), calls + 1
            if _record(part, await self._direct(part), outcomes):
                _fill([part], _NEIGHBOUR, outcomes)
                waiting += part.cut(len(part.items) // 2)
        if not any(isinstance(outcomes[place], Done) for place in chunk.places):
            _fill(waiting, common, outcomes)
        return None

    def _raced(self, write: Write, outcome: Outcome) -> Outcome:
        """Two upserts of a new key at the same time: one loses, and finds the record the next time.

        Where it loses again, the record that has the value is hidden from us, and trying on will not help.
        """
        if write.action != "upsert" or not isinstance(outcome, Refused) or outcome.code != _RACE:
            return outcome
        name = (write.kind, write.key)
        if name in self._lost:
            return outcome
        if len(self._lost) >= _REMEMBERED:
            self._lost.clear()
        self._lost.add(name)
        return Later(_RACE, stale=True)


def _composite_body(group: Sequence[Chunk]) -> bytes:
    parts = [
        b'{"method":%b,"url":%b,"referenceId":"c%d","body":%b}'
        % (wire.encode(chunk.method), wire.encode(chunk.path), place, chunk.body)
        for place, chunk in enumerate(group)
    ]
    return b'{"allOrNone":false,"compositeRequest":[' + b",".join(parts) + b"]}"


def results(chunk: Chunk, answer: Answer | Later | Unsure) -> list[Outcome]:
    """The outcomes of a chunk's items, in order."""
    if not isinstance(answer, Answer):
        return [answer] * len(chunk.items)
    if not answer.ok:
        return [outcome_of_call(answer.status, answer.body, answer.words)] * len(chunk.items)
    rows: Any = answer.body
    if not isinstance(rows, list) or len(rows) != len(chunk.items):
        return [Unsure("Salesforce did not answer for every record.")] * len(chunk.items)
    return [
        outcome_of_item(row, item.write.kind, item.write.action) for row, item in zip(rows, chunk.items, strict=True)
    ]


def _record(chunk: Chunk, answer: Answer | Later | Unsure, outcomes: dict[int, Outcome]) -> bool:
    """Note the outcomes of a chunk. True if it was refused as such, and could be parted."""
    of_chunk = results(chunk, answer)
    outcomes.update(zip(chunk.places, of_chunk, strict=True))
    refused = isinstance(answer, Answer) and answer.status == 400 and isinstance(of_chunk[0], Refused)
    return refused and len(of_chunk) > 1


def _fill(group: Sequence[Chunk], outcome: Outcome, outcomes: dict[int, Outcome]) -> None:
    outcomes.update(dict.fromkeys((place for chunk in group for place in chunk.places), outcome))

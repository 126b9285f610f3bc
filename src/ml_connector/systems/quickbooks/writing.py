"""Writes: what may be written at all, their exact bodies, sending them, and what an answer says about each.

Two kinds are written: journal entries are created, customers are created and updated. Nothing here can change,
void or delete a journal entry; whoever tries gets `WrongUse` before anything leaves (promise P3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.clock import Clock, Deadline
from ml_connector.model.errors import BadAnswer, WrongUse
from ml_connector.model.plans import Done, Later, OpenWrite, Outcome, Refused, Unsure, Write
from ml_connector.model.refs import Json, Ref
from ml_connector.systems import wire
from ml_connector.systems.http import NoAnswer, NotSent, Response, retry_after

from .calls import Calls
from .faults import outcome_of, outcome_of_status, problems_in
from .query import KINDS
from .records import SYSTEM, Entity, JournalDraft, JournalEntry

BATCH = 30
"""Most items of a batch (reference section 7)."""
BATCH_SIZES = {"create JournalEntry": BATCH, "create Customer": BATCH, "update Customer": BATCH, "": 1}
ALLOWED = frozenset({("create", "JournalEntry"), ("create", "Customer"), ("update", "Customer")})
_NEVER_SENT = frozenset({"Id", "SyncToken", "sparse", "Balance", "OpenBalanceDate"})
_B_ID = 10
"""Longest name of an item (reference 2.1)."""
_NO_WAY = "QuickBooks cannot be reached"
_NO_ANSWER = "QuickBooks gave no answer"


def encode(write: Write) -> bytes:
    """The exact body. Raises `WrongUse` for what must never be written, `UnsoundEntry` for an unsound journal entry."""
    check_allowed(write)
    if not _NEVER_SENT.isdisjoint(write.body):
        raise WrongUse("A body names a field that is not ours to write.", "Report this; nothing was sent.")
    if write.kind == JournalEntry.KIND:
        JournalDraft.of_body(write.body)
    body = write.body if write.action == "create" else {**write.body, **_target(write), "sparse": True}
    try:
        return wire.encode(body)
    except ValueError as error:
        raise WrongUse("A value of a write has no exact form in JSON.", "Report this; nothing was sent.") from error


def check_allowed(write: Write) -> None:
    """Raises `WrongUse` for what we never write; its text says what to do instead."""
    if (write.action, write.kind) in ALLOWED:
        return
    if write.kind == JournalEntry.KIND:
        raise WrongUse(
            "A posted journal entry is never changed, voided or deleted.", "Post a reversing entry from Salesforce."
        )
    raise WrongUse(f"Nothing of the kind {write.kind} is written to QuickBooks.", "Report this; nothing was sent.")


def check_open(writes: Sequence[OpenWrite]) -> None:
    """The last look before sending, at the very bytes: allowed, and journal entries balance."""
    for open_write in writes:
        check_allowed(open_write.write)
        if open_write.write.kind == JournalEntry.KIND:
            JournalDraft.of_body(wire.loads(open_write.body, "a journal entry to be sent"))


def sent(open_write: OpenWrite) -> Json:
    """What the very bytes of a write say, without what only addresses the record."""
    body: Json = wire.loads(open_write.body, "a body of ours")
    return {name: value for name, value in body.items() if name not in _NEVER_SENT}


def _target(write: Write) -> Json:
    if not write.target_id or not write.sync_token:
        raise WrongUse("An update names no record or no version.", "Report this; nothing was sent.")
    return {"Id": write.target_id, "SyncToken": write.sync_token}


def batch_body(writes: Sequence[OpenWrite]) -> bytes:
    """The body of `/batch`: the noted bodies as they are, in the order of their positions."""
    items = [
        {"bId": b_id(write), "operation": write.write.action, write.write.kind: msgspec.Raw(write.body)}
        for write in sorted(writes, key=lambda write: write.position)
    ]
    return msgspec.json.encode({"BatchItemRequest": items})


def b_id(write: OpenWrite) -> str:
    """The name of an item in its batch (accounting-rules B.11)."""
    return write.request_id[:_B_ID]


def distinct(writes: Sequence[OpenWrite]) -> bool:
    """Whether the items of a batch can be told apart."""
    return len({b_id(write) for write in writes}) == len(writes)


def refused_whole(response: Response) -> bool:
    """Whether a batch as such was refused, so that none of its items was looked at."""
    return 400 <= response.status < 500 and response.status not in (401, 408, 429)


class Sender:
    """Sends noted writes, each once. What became of one without an answer is for the engine to find out."""

    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock

    async def apply(self, writes: Sequence[OpenWrite], before: Deadline | None = None) -> list[Outcome]:
        """One outcome each, in order; what could leave only at or after `before` is `Later`.

        Raises `WrongUse` and `UnsoundEntry` for what must not be sent, before anything is, and `SignInNeeded`.
        """
        check_open(writes)
        if len(writes) == 1 or not distinct(writes):
            return [await self._send_one(write, before) for write in writes]
        return await self._send_batch(writes, before)

    async def _send_one(self, write: OpenWrite, before: Deadline | None) -> Outcome:
        path = write.write.kind.lower()
        try:
            response = await self._calls.write(path, write.request_id, write.body, "write", before)
        except NotSent:
            return Later(_NO_WAY)
        except (NoAnswer, BadAnswer):
            return Unsure(_NO_ANSWER)
        return outcome_of_one(response, write, self._wait(response))

    async def _send_batch(self, writes: Sequence[OpenWrite], before: Deadline | None) -> list[Outcome]:
        try:
            response = await self._calls.write("batch", writes[0].batch_id, batch_body(writes), "batch", before)
        except NotSent:
            return [Later(_NO_WAY) for _ in writes]
        except (NoAnswer, BadAnswer):
            return [Unsure(_NO_ANSWER) for _ in writes]
        if refused_whole(response):
            return [await self._send_one(write, before) for write in writes]
        return outcomes_of_batch(response, writes, self._wait(response))

    def _wait(self, response: Response) -> timedelta | None:
        return retry_after(response, self._clock.now())


def outcome_of_one(response: Response, write: OpenWrite, wait: timedelta | None) -> Outcome:
    """What the answer to a single write says about it."""
    early = _early(response, write, wait)
    if early is not None:
        return early
    return _verdict(_tree(response), response.status, write)


def outcomes_of_batch(response: Response, writes: Sequence[OpenWrite], wait: timedelta | None) -> list[Outcome]:
    """What the answer to a batch says about each of its items. An item that is not answered is `Unsure`."""
    tree = _tree(response)
    items = tree.get("BatchItemResponse") if isinstance(tree, dict) and response.status == 200 else None
    if not isinstance(items, list) or not items:
        return [_early(response, write, wait) or _no_success(tree, response.status) for write in writes]
    by_id = [(item.get("bId"), item) for item in items if isinstance(item, dict)]
    seen = Counter(name for name, _ in by_id if isinstance(name, str))
    answers = {name: item for name, item in by_id if isinstance(name, str) and seen[name] == 1}
    return [_verdict(answers.get(b_id(write)), 200, write) for write in writes]


def _early(response: Response, write: OpenWrite, wait: timedelta | None) -> Outcome | None:
    """What the status alone says. Nothing proves that a throttled create was not carried out: it is looked up first."""
    outcome = outcome_of_status(response, wait)
    if response.status == 429 and write.write.action == "create":
        return Unsure("QuickBooks said that too many calls were made")
    return outcome


def _tree(response: Response) -> Any:
    try:
        return wire.loads(response.body, "an answer to a write", strict=False)
    except BadAnswer:  # the status alone says what became of the write
        return None


def _verdict(tree: Any, status: int, write: OpenWrite) -> Outcome:
    """Done needs the record itself, with an id, and saying what we wrote. All else is no success (reference 4.3)."""
    answer = tree.get(write.write.kind) if isinstance(tree, dict) else None
    if status != 200 or not isinstance(answer, dict) or problems_in(tree) is not None:
        return _no_success(tree, status)
    try:
        record: Any = wire.convert(answer, KINDS[write.write.kind], "an answer to a write")
    except BadAnswer:
        return Unsure("QuickBooks answered something that cannot be read")
    return done(record, write) if says_what_we_wrote(record, write) else Unsure("QuickBooks answered another record")


def _no_success(tree: Any, status: int) -> Outcome:
    problems = problems_in(tree)
    if problems is not None and problems[0].code:
        return outcome_of(problems)
    if 400 <= status < 500:
        return Refused(code=str(status), message="QuickBooks refused it without saying why")
    return Unsure(
        "QuickBooks answered without the record" if tree is not None else "QuickBooks gave no readable answer"
    )


def done(record: Entity, write: OpenWrite) -> Done:
    """The outcome of a write that made or left this record."""
    created = write.write.action == "create"
    return Done(Ref(SYSTEM, write.write.kind, record.id), record.version, created, record)


def says_what_we_wrote(record: Entity, write: OpenWrite) -> bool:
    """Guards against an answer that belongs to another request: number and amount, or id, must be ours."""
    if not record.id:
        return False
    if isinstance(record, JournalEntry):
        draft = JournalDraft.of_body(sent(write))
        return record.doc_number == draft.doc_number and record.debits == record.credits == draft.total
    return write.write.action == "create" or record.id == write.write.target_id


def applied(record: Any, write: Write, ref: Ref) -> Any:
    """A record as it must stand after a write whose answer is not there: what was read, the body laid over it."""
    known: Json = {}
    if isinstance(record, Entity):
        known = msgspec.to_builtins(record, builtin_types=(Decimal,))
    return wire.convert({**known, **write.body, "Id": ref.id}, KINDS[write.kind], "a planned record")

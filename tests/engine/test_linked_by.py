"""Flows that are told by links, and flows that no sweep has to list records for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ml_connector.clock import Deadline
from ml_connector.engine.context import ReferenceCache
from ml_connector.engine.corridor import Connection, Runtime
from ml_connector.engine.intake import receive, swept_kinds
from ml_connector.engine.worker import Worker
from ml_connector.model.plans import Context, Decision, Done, Flow, Skip, Write
from ml_connector.model.refs import Change, Gone, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from support.digests import digest
from support.stores import fresh

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BILL, HOUSE, PAST = Ref("ours", "Bill", "1"), Ref("ours", "House", "7"), Ref("ours", "Ruin", "7")


class Named(msgspec.Struct, frozen=True):
    ref: Ref
    version: str = ""


class Memory:
    """A system in which every record exists and every write succeeds."""

    name = "ours"
    batch_sizes: Mapping[str, int] = {}
    reference_kinds: Mapping[str, str] = {}
    volatile: tuple[str, ...] = ()
    read_cost = 1
    settle_after = timedelta(0)

    async def ask(self, questions: Sequence[Any]) -> list[dict[str, Any]]:
        return [{key: Named(Ref(self.name, each.kind, key)) for key in each.values} for each in questions]

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Any]:
        return {key: Named(Ref(self.name, kind, key)) for key in ids}

    async def look_up(self, writes: Sequence[Any]) -> list[Any]:
        assert not writes
        return []

    async def apply(self, writes: Sequence[Any], before: Deadline | None = None) -> list[Any]:
        del before
        return [Done(BILL) for _ in writes]

    def encode(self, write: Write) -> bytes:
        return msgspec.json.encode(write.body)

    def after(self, record: Any, write: Write, done: Done) -> Any:
        del write, done
        return record


class Still:
    def __init__(self) -> None:
        self.count = 0

    def now(self) -> datetime:
        return NOW

    async def sleep(self, length: timedelta) -> None:
        raise AssertionError(length)

    def every(self, *_: Any) -> AbstractContextManager[None]:
        """Time stands still: no length is ever over."""
        return nullcontext()

    def token(self) -> str:
        self.count += 1
        return f"token {self.count}"

    def jitter(self) -> float:
        return 0.0


async def never(name: str) -> None:
    del name


def sealed(plain: bytes, connection: str, name: str) -> bytes:
    raise AssertionError((plain, connection, name))


def gone(record: Gone, context: Context) -> Decision:
    raise AssertionError((record, context))


class Street:
    """Bills are linked to a house in role `billed`, by a write or by what was found; houses note who saw them."""

    def __init__(self, target: Ref, *, writing: bool) -> None:
        self.seen: list[Ref] = []
        self.draft = LinkDraft(Role.BILLED, BILL, target)
        self.writing = writing
        self.store = fresh()
        self.store.add_connection("acme", "1", "00D", "Acme", NOW)
        still = Still()
        systems: Any = {"ours": Memory()}  # what is asked of it
        self.runtime = Runtime(self.store, systems, self.flows(), still, still, never, ReferenceCache(), sealed, digest)
        self.connection = Connection("acme", Rules(realm_id="", org_id=""), ZoneInfo("UTC"))

    def flows(self) -> list[Flow]:
        common: dict[str, Any] = {"system": "ours", "gone": gone, "refused": lambda *_: Skip()}
        told = frozenset({Role.BILLED})
        return [
            Flow(name="bills", kind="Bill", rank=1, decide=self.bill, **common),
            Flow(name="houses", kind="House", rank=2, decide=self.house, linked_by=told, swept=False, **common),
        ]

    def bill(self, record: Named, context: Context) -> Decision:
        if context.link(Role.BILLED, record.ref):
            return Skip()
        if not self.writing:
            return Skip(links=(self.draft,))
        body = {"Number": "1"}
        return Write(
            step="bill", system="ours", kind="Bill", action="update", body=body, key="1", target_id="1",
            links=(self.draft,),
        )  # fmt: skip

    def house(self, record: Named, context: Context) -> Decision:
        del context
        self.seen.append(record.ref)
        return Skip()

    async def knocked(self, ref: Ref) -> int:
        """How many tasks the change of a record makes; all are served."""
        count = receive(self.connection, self.runtime, [Change(ref, "sweep", NOW)], "sweep")
        await Worker(self.connection, self.runtime).drain()
        return count


@pytest.mark.parametrize("writing", [True, False])
@pytest.mark.parametrize(("target", "seen"), [(HOUSE, [HOUSE]), (PAST, [])])
async def test_a_link_in_its_role_is_told_to_the_flow_of_that_kind(target: Ref, seen: list[Ref], writing: bool) -> None:
    street = Street(target, writing=writing)
    await street.knocked(BILL)
    assert street.seen == seen
    await street.knocked(BILL)
    assert street.seen == seen  # the link stands: nobody is told again


async def test_the_change_of_a_record_alone_means_nothing_to_an_unswept_flow() -> None:
    street = Street(HOUSE, writing=False)
    assert swept_kinds(street.runtime, "ours") == ["Bill"]
    assert await street.knocked(HOUSE) == 0
    assert street.seen == []

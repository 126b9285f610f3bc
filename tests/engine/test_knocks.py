"""What a decision without a write sets in motion: its links and its knocks are on record together, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ml_connector.engine.context import ReferenceCache
from ml_connector.engine.corridor import Connection, Runtime
from ml_connector.engine.worker import Worker
from ml_connector.model.plans import Context, Decision, Flow, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.store import Store
from support.digests import digest
from support.stores import fresh

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LIST, LEAF, OTHER = Ref("ours", "List", "1"), Ref("ours", "Leaf", "7"), Ref("ours", "Other", "9")


class Named(msgspec.Struct, frozen=True):
    ref: Ref
    version: str = ""


class Memory:
    """A system in which every record exists; only reading is ever asked of it."""

    name = "ours"
    batch_sizes: Mapping[str, int] = {}
    reference_kinds: Mapping[str, str] = {}
    volatile: tuple[str, ...] = ()
    settle_after = timedelta(0)

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Any]:
        return {key: Named(Ref(self.name, kind, key)) for key in ids}

    async def look_up(self, writes: Sequence[Any]) -> list[Any]:
        assert not writes
        return []


class Still:
    def now(self) -> datetime:
        return NOW

    async def sleep(self, length: timedelta) -> None:
        raise AssertionError(length)

    def every(self, *_: Any) -> AbstractContextManager[None]:
        """Time stands still: no length is ever over."""
        return nullcontext()

    def token(self) -> str:
        return "token"

    def jitter(self) -> float:
        return 0.0


class Looked:
    """The flow of lists links its record once and knocks on a leaf then; the other flows note that they were served."""

    def __init__(self) -> None:
        self.at: list[Ref] = []

    def list_of(self, record: Named, context: Context) -> Decision:
        if context.link(Role.BILLED, record.ref):
            return Skip()
        return Skip(reason=Reason.FIRST_SEEN, links=(LinkDraft(Role.BILLED, record.ref, OTHER),), knocks=(LEAF, OTHER))

    def leaf(self, record: Named, context: Context) -> Decision:
        del context
        self.at.append(record.ref)
        return Skip()


async def never(name: str) -> None:
    del name


def sealed(plain: bytes, connection: str, name: str) -> bytes:
    raise AssertionError((plain, connection, name))


def gone(record: Gone, context: Context) -> Decision:
    raise AssertionError((record, context))


def worker(store: Store, looked: Looked, crash: Any = never) -> Worker:
    kinds = (("lists", "List", 1, looked.list_of), ("leaves", "Leaf", 0, looked.leaf))
    flows = [
        Flow(name=name, system="ours", kind=kind, rank=rank, decide=decide, gone=gone, refused=lambda *_: Skip())
        for name, kind, rank, decide in kinds
    ]
    runtime = Runtime(store, {"ours": Memory()}, flows, Still(), Still(), crash, ReferenceCache(), sealed, digest)  # type: ignore[dict-item]  # reads only
    return Worker(Connection("acme", Rules(realm_id="", org_id=""), ZoneInfo("UTC")), runtime)


def opened() -> Store:
    store = fresh()
    store.add_connection("acme", "1", "00D", "Acme", NOW)
    store.intake("acme", [("lists", LIST)], "test", NOW)
    return store


async def test_knocks_are_served_in_the_same_run_and_only_once() -> None:
    store, looked = opened(), Looked()
    await worker(store, looked).drain()
    assert looked.at == [LEAF]  # nobody listens to the kind of the other one
    store.intake("acme", [("lists", LIST)], "test", NOW)
    await worker(store, looked).drain()
    assert looked.at == [LEAF]


async def test_links_and_knocks_stand_or_fall_together() -> None:
    async def dies(name: str) -> None:
        if name == "deciding done":
            raise RuntimeError(name)

    store, looked = opened(), Looked()
    try:
        await worker(store, looked, dies).drain()
    except RuntimeError:
        assert store.links_of("acme", Role.BILLED, [LIST]) == {LIST: []}
    await worker(store, looked).drain()
    assert looked.at == [LEAF]
    assert [link.target for link in store.links_of("acme", Role.BILLED, [LIST])[LIST]] == [OTHER]

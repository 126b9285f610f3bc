"""Memory of a backfill: the engine and the store with two made-up systems that have as many records as wanted.

`python -m benchmarks.memory COUNT FILE` takes in, reads, decides, writes, links and settles so many records. Then all
ids are compared, with every hundredth gone: what a comparison holds does not grow with the number of ids either.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from ml_connector.clock import RandomIds, WallClock
from ml_connector.engine.compare import compare, pending
from ml_connector.engine.context import ReferenceCache
from ml_connector.engine.corridor import Connection, Runtime
from ml_connector.engine.intake import sweep
from ml_connector.engine.ports import no_crash
from ml_connector.engine.worker import Worker
from ml_connector.model.plans import (
    Context,
    Decision,
    Digest,
    Done,
    Flow,
    LookUp,
    Missing,
    OpenWrite,
    Outcome,
    Refused,
    Skip,
    Write,
)
from ml_connector.model.reading import IdPage, Question, Reference, Sweep, Take
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Change, Gone, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.store import Store
from ml_connector.systems import wire
from support.digests import digest

from .child import SOURCE
from .peak import peak
from .rows import Row, row

PAGE = 1000
GONE_EVERY = 100
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Thing(msgspec.Struct, frozen=True):
    """A record with about as much in it as an invoice."""

    ref: Ref
    amount: Decimal
    lines: tuple[str, ...] = ()
    version: str = "1"


class MadeUp:
    """A system with `count` records, or with those that were written to it."""

    batch_sizes: Mapping[str, int] = {"": PAGE}
    reference_kinds: Mapping[str, str] = {}
    volatile: tuple[str, ...] = ()
    read_cost = 1
    settle_after = timedelta(minutes=1)

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self._count = count

    async def read(self, kind: str, ids: Sequence[str]) -> dict[str, Any]:
        return {key: self._thing(kind, key) for key in ids}

    def _thing(self, kind: str, key: str) -> Thing:
        return Thing(
            Ref(self.name, kind, key), Decimal(key) / 100, tuple(f"line {number} of {key}" for number in range(20))
        )

    async def find(self, kind: str, field: str, values: Sequence[str]) -> dict[str, list[Any]]:
        return {value: [] for value in values}

    async def ask(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        return [await self.read(each.kind, each.values) for each in questions]

    async def reference(self, name: str) -> Reference:
        return Reference({}, "1")

    async def look_up(self, writes: Sequence[OpenWrite]) -> list[LookUp]:
        return [Missing() for _ in writes]

    async def apply(self, writes: Sequence[OpenWrite], before: datetime | None = None) -> list[Outcome]:
        return [Done(Ref(self.name, each.write.kind, each.source.id), created=True) for each in writes]

    def encode(self, write: Write) -> bytes:
        return wire.encode(write.body)

    def after(self, record: Any | Gone | None, write: Write, done: Any) -> Any:
        return Thing(done.ref, Decimal(0))

    async def sweep(self, kinds: Sequence[str], position: str | None, now: datetime, take: Take | None = None) -> Sweep:
        assert take is not None
        for start in range(0, self._count, PAGE):
            refs = (Ref(self.name, "Thing", str(key)) for key in range(start, min(start + PAGE, self._count)))
            take([Change(ref, "backfill", now) for ref in refs])
        return Sweep([], "1", now)

    async def ids(self, kind: str, position: str) -> IdPage | None:
        start = int(position or 0)
        end = min(start + PAGE, self._count)
        listed = [str(key) for key in range(start, end) if key % GONE_EVERY]
        return IdPage(listed, str(end) if end < self._count else "", "number")


def _decide(thing: Thing, context: Context) -> Decision:
    if context.link(Role.OPPORTUNITY, thing.ref) is not None:
        return Skip(reason=Reason.IN_AGREEMENT)
    body = {"Amount": thing.amount, "Text": thing.lines[0]}
    drafts = (LinkDraft(Role.OPPORTUNITY, thing.ref, None, {"amount": str(thing.amount)}),)
    return Write(step="copy", system="there", kind="Copy", action="create", body=body, key=thing.ref.id, links=drafts)


def _gone(record: Gone, context: Context) -> Decision:
    return Skip(reason=Reason.GONE)


def _sealed(plain: bytes, connection: str, name: str) -> bytes:
    raise AssertionError((plain, connection, name))


def _refused(write: Write, refused: Refused, digest: Digest) -> Skip:
    return Skip(reason=Reason.ORDER_MARK_REFUSED)


FLOW = Flow(name="copies", system="here", kind="Thing", rank=1, decide=_decide, gone=_gone, refused=_refused)


async def backfill(count: int, file: Path) -> None:
    store = Store.open(f"sqlite:///{file}")
    store.add_connection("c", "1", "2", "Company", NOON)
    systems: dict[str, Any] = {"here": MadeUp("here", count), "there": MadeUp("there", 0)}
    runtime = Runtime(store, systems, [FLOW], WallClock(), RandomIds(), no_crash, ReferenceCache(), _sealed, digest)
    rules = Rules(realm_id="1", org_id="2", time_zone="UTC")
    connection = Connection("c", rules, rules.zone)
    assert await sweep(connection, runtime, "here") == count
    report = await Worker(connection, runtime).drain()
    assert report.created == {"copies copy": count}
    store.ask_comparison("c", "here", ["Thing"], "benchmark", NOON)
    (row,) = pending(runtime, ["here"], store.comparisons("c"))
    await compare(connection, runtime, row)
    (done,) = store.comparisons("c")
    gone = len(range(0, count, GONE_EVERY))
    assert (done.why, done.listed, done.vanished, done.unknown) == ("", count - gone, gone, 0)
    store.close()


def _measured(count: int) -> tuple[float, float]:
    """Seconds, and megabytes resident at most."""
    with tempfile.TemporaryDirectory() as folder:
        begun = perf_counter()
        words = [sys.executable, "-m", "benchmarks.memory", str(count), str(Path(folder) / "state.db")]
        done = subprocess.run(words, cwd=SOURCE.parent, check=True, capture_output=True, text=True)
        return perf_counter() - begun, float(done.stdout)


async def memory(counts: Sequence[int]) -> AsyncIterator[Row]:
    """Resident memory of growing backfills, the smallest as the floor."""
    first = 0.0
    for count in counts:
        seconds, megabytes = await asyncio.to_thread(_measured, count)
        first = first or megabytes
        yield row(f"backfill of {count} made-up records", count / seconds, "records/s")
        yield row(f"backfill of {count} made-up records: resident at most", megabytes, "MB", first)


if __name__ == "__main__":
    asyncio.run(backfill(int(sys.argv[1]), Path(sys.argv[2])))
    sys.stdout.write(str(peak()))

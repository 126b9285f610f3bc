"""The tiny company with both vendors in another process, and a home that many processes are killed over."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, cast

import msgspec

from chaos.books import Difference, State, compare, state_of
from journeys.rig import Servers, environment, servers
from ml_emulators.kit.emulation import Emulation

from .forked import Ended, ForkServer, fork_server

PATIENCE = timedelta(minutes=11)
"""After a kill: its lease has ended by then, and no vendor can still be working on what was sent."""
PASSES = 12
BIRTH = "installation"
"""The file by which a home knows itself."""
FRESH, MET = "fresh", "met"
"""Where a run begins: before the first sync, or after it.

A telephone number that people change before the two sides have ever agreed on one gives way to the other side's
(accounting-rules E.2), so how such a run ends depends on when it was killed: numbers are changed after that.
"""
Json = dict[str, Any]


class Verdict(msgspec.Struct):
    """What became of one home. `killed` counts the processes that were killed at work, not those that ended before."""

    seed: int
    kills: int = 0
    killed: int = 0
    converged: bool = True
    difference: Difference = msgspec.field(default_factory=Difference)
    story: list[str] = []

    @property
    def good(self) -> bool:
        return self.converged and not self.difference.lost and not self.difference.doubled

    def report(self) -> str:
        ends = [f"lost: {each}" for each in self.difference.lost]
        ends += [f"doubled: {each}" for each in self.difference.doubled]
        return "\n".join([f"seed {self.seed}", *self.story, *ends, *["never came to rest"] * (not self.converged)])


class _Vendor:
    def __init__(self, vendors: Servers, system: str) -> None:
        self._vendors, self._system = vendors, system

    def records(self, kind: str) -> list[Json]:
        return self._vendors.records(self._system, kind)


class Company:
    """Both vendors, one home, and the people who go on working at their screens."""

    def __init__(self, vendors: Servers, processes: ForkServer, folder: Path) -> None:
        self.vendors, self.processes = vendors, processes
        self.home = folder / "home"
        self._folder = folder
        self._start = FRESH
        self.offset = timedelta(0)
        self._connect(folder)
        self.usual: list[float] = []
        self._ends: dict[tuple[str, int], State] = {}

    def _connect(self, folder: Path) -> None:
        """Signed in and signed off, as a first user does it, and once in step; every run begins with one of these."""
        line = folder / "emulators.json"
        line.write_bytes(msgspec.json.encode(self.vendors.line))
        self._at_their_time()
        self._must("init", "--emulators", str(line))
        self._must("sign-off", "--start-date", "2026-10-01", "--unbilled", "1250", "--deferred", "2450")
        self._keep(FRESH)
        assert self.at_rest()
        self._keep(MET)

    def _keep(self, name: str) -> None:
        shutil.copytree(self.home, self._folder / name)
        self.vendors.ask("POST", "/snapshot", {"name": name})

    def begin(self, start: str) -> None:
        self._start = start
        for entry in self.home.iterdir():
            if entry.name != BIRTH:  # it is the same home that goes on, not a copy of it
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        shutil.copytree(self._folder / start, self.home, dirs_exist_ok=True, ignore=shutil.ignore_patterns(BIRTH))
        self.vendors.ask("POST", "/restore", {"name": start})
        self._at_their_time()

    def _at_their_time(self) -> None:
        now = datetime.fromisoformat(self.vendors.ask("GET", "/health")["now"])
        self.offset = now - datetime.now(UTC)

    def later(self, length: timedelta = PATIENCE) -> None:
        self.vendors.ask("POST", "/clock", {"op": "advance", "seconds": length.total_seconds()})
        self._at_their_time()

    def words(self, *words: str) -> list[str]:
        return [*words, "--json", "--home", str(self.home)]

    def run(self, *words: str) -> Ended:
        return self.processes.run(self.words(*words), self.offset)

    def _must(self, *words: str) -> Any:
        ended = self.run(*words)
        assert ended.status == 0, (words, ended)
        return ended.document

    def killed(self, after: float, *words: str) -> Ended:
        return self.processes.kill(self.processes.start(self.words(*words), self.offset), after)

    def together(self, *words: str) -> list[Ended]:
        """Two processes at once."""
        both = [self.processes.start(self.words(*words), self.offset) for _ in range(2)]
        return [self.processes.end(each) for each in both]

    def plan(self) -> tuple[str, int]:
        """The number of a new plan, and how many writes it shows."""
        plan = self._must("plan")
        return plan["id"], sum(plan["counts"].get(name, 0) for name in ("entries", "other_writes"))

    def at_rest(self) -> bool:
        """Sync, plan and apply, as often as a patient user would."""
        for _ in range(PASSES):
            self.later()
            self.run("sync", "--once")
            plan, writes = self.plan()
            if not writes:
                return True
            self.run("apply", plan, "--yes")
        return False

    def state(self) -> State:
        vendors = {system: _Vendor(self.vendors, system) for system in ("quickbooks", "salesforce")}

        class Both:
            pass

        both = Both()
        both.vendors = vendors  # type: ignore[attr-defined]  # as much of an emulation as the comparison reads
        return {
            name: [_without_instants(row) for row in rows] for name, rows in state_of(cast("Emulation", both)).items()
        }

    def news(self, step: int) -> None:
        """People go on: an invoice more, another due date, another phone number, an order more."""
        invoices = [row for row in self.vendors.records("quickbooks", "Invoice") if row.get("status") != "Deleted"]
        like, first = invoices[0], invoices[step % len(invoices)]
        fields = ("CustomerRef", "TxnDate", "CurrencyRef", "BillEmail", "DepartmentRef")
        lines = [line for line in like["Line"] if line["DetailType"] == "SalesItemLineDetail"]
        new = {name: like[name] for name in fields if name in like} | {"Line": lines, "DocNumber": f"N{step}"}
        customer = self.vendors.records("quickbooks", "Customer")[step % 3]
        phone = {"PrimaryPhone": {"FreeFormNumber": f"(617) 555-02{step % 100:02d}"}} if self._start == MET else {}
        operations = [
            _operation("quickbooks", "create", "Invoice", new),
            _operation(
                "quickbooks", "update", "Invoice", {"Id": first["Id"], "DueDate": f"2027-01-{1 + step % 28:02d}"}
            ),
            _operation("quickbooks", "update", "Customer", {"Id": customer["Id"], **phone}),
            *self._order(step),
        ]
        report = self.vendors.ask("POST", "/seed", {"operations": operations})
        assert report["ok"], report

    def _order(self, step: int) -> list[Json]:
        like = self.vendors.records("salesforce", "Order")[0]
        item = next(row for row in self.vendors.records("salesforce", "OrderItem") if row["OrderId"] == like["Id"])
        head = {
            name: like[name] for name in ("AccountId", "Pricebook2Id", "EffectiveDate", "Department__c", "Class__c")
        }
        line = {"OrderId": "${order}", "PricebookEntryId": item["PricebookEntryId"], "UnitPrice": 10}
        return [
            {**_operation("salesforce", "create", "Order", {**head, "Status": "Draft"}), "save_as": "order"},
            _operation("salesforce", "create", "OrderItem", {**line, "Quantity": 1 + step % 9}),
            _operation("salesforce", "update", "Order", {"Id": "${order}", "Status": "Activated"}),
        ]

    def without_kills(self, start: str, steps: int) -> State:
        """How both vendors end when nobody is killed."""
        if (start, steps) not in self._ends:
            self.begin(start)
            for step in range(steps):
                self.news(step)
                begun = perf_counter()
                self._must("sync", "--once")
                self.usual.append(perf_counter() - begun)
            assert self.at_rest()
            self._ends[start, steps] = self.state()
        return self._ends[start, steps]

    def play(self, seed: int, kills: int) -> Verdict:
        """One home over which so many processes are killed, each at a moment of its own; then it comes to rest.

        Every other one is killed from its first sync on.
        """
        start = FRESH if seed % 2 else MET
        end = self.without_kills(start, kills)
        self.begin(start)
        random, verdict = Random(seed), Verdict(seed, kills)
        pace = median(self.usual)
        for step in range(4 * kills):
            if verdict.killed == kills:
                break
            if step < kills:
                self.news(step)
            plan, writes = self.plan() if random.random() < 0.5 else ("", 0)
            words = ("apply", plan, "--yes") if writes else ("sync", "--once")
            after = random.uniform(0.02, 0.9) * pace
            ended = self.killed(after, *words)
            verdict.killed += ended.status < 0
            verdict.story.append(f"{words[0]} for {after * 1000:.0f} ms: {'killed' if ended.status < 0 else ended}")
            if ended.status >= 0:
                pace *= 0.7  # this machine has become faster, or there is less to do
            if random.random() < 0.7:
                self.later()
        verdict.converged = self.at_rest()
        verdict.difference = compare(self.state(), [end])
        return verdict


def _without_instants(row: Json) -> Json:
    """People activate an order when they come to it, which no two runs do at the same second."""
    return {name: value for name, value in row.items() if name != "ActivatedDate"}


def _operation(system: str, op: str, kind: str, body: Json) -> Json:
    return {"system": system, "op": op, "kind": kind, "body": body}


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    """Started, connected and ready to be played."""
    with ExitStack() as at_end:
        vendors = at_end.enter_context(servers("--scenario", "tiny", "--today", "2026-11-20"))
        processes = at_end.enter_context(fork_server(folder, environment()))
        yield Company(vendors, processes, folder)


def many(processes: int, seed: int, kills: int = 10) -> Iterator[Verdict]:
    """At least so many processes killed, `kills` over each home, from this seed on; a verdict for each home."""
    with TemporaryDirectory() as folder, company(Path(folder)) as found:
        killed = 0
        while killed < processes:
            verdict = found.play(seed, kills)
            killed += verdict.killed
            seed += 1
            yield verdict

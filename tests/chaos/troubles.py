"""The kinds of trouble. Each is chosen from a seed and the trace of a run in which nothing went wrong."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from ml_connector.engine.intake import receive
from ml_connector.model.refs import Change, Ref
from ml_connector.store import schema
from ml_connector.store.database import instant
from ml_connector.systems.http import Request
from ml_emulators.kit.faults import Fault
from ml_emulators.kit.twin import Refused

from .edits import EDITS
from .life import Life, Run, Trace, Trouble

_LOST: tuple[Any, ...] = ("drop_after", "timeout_after", "cut", "drop_before", "timeout_before")
_SHAPES: tuple[Any, ...] = ("nan", "huge_number", "duplicate_keys", "bad_utf8", "xml", "truncated", "empty")


class Killed(Trouble):
    """The process is killed at a step of the corridor; now and then the next one is, too."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._place = random.randint(1, len(trace.points))
        self._again = random.randint(1, len(trace.points)) if random.random() < 0.4 else 0
        twice = f", and the next one at its step {self._again}" if self._again else ""
        self.story = f"the worker is killed at step {self._place}, {trace.points[self._place - 1]}{twice}"

    async def at_point(self, life: Life, place: int, name: str) -> None:
        if place == {"first": self._place, "second": self._again}.get(life.name):
            life.die(f"at step {place}, {name}")

    async def play(self, run: Run) -> None:
        await run.life("first").work()
        if self._again:
            run.advance(timedelta(seconds=130))
            await run.life("second").work()


class KilledOnTheLine(Trouble):
    """The process is killed while a request is out: before it reached the vendor, or after the vendor has done it."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._place = random.choice(trace.writes() if random.random() < 0.7 else trace.told())
        self._after = random.random() < 0.6
        done = "after the vendor did it" if self._after else "before it arrived"
        self.story = f"the worker is killed during request {_words(trace, self._place)}, {done}"

    async def leaving(self, life: Life, place: int, request: Request) -> bool:
        if life.name == "first" and place == self._place and not self._after:
            life.die("before the request arrived")
        return True

    async def arrived(self, life: Life, place: int) -> None:
        if life.name == "first" and place == self._place and self._after:
            life.die("after the vendor did it")


class LostAnswer(Trouble):
    """The answer to a write never comes, whether the vendor did it or not."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._place = random.choice(trace.writes())
        self._fault = self.fault(random, trace.calls[self._place - 1].vendor)
        told = {name: value for name, value in _set(self._fault).items() if name != "count"}
        self.story = f"{told} at request {_words(trace, self._place)}"

    def fault(self, random: Random, vendor: str) -> Fault:
        seconds = random.choice((5.0, 95.0, 130.0))
        return Fault(random.choice(_LOST), vendor=vendor, count=1, seconds=seconds)

    async def leaving(self, life: Life, place: int, request: Request) -> bool:
        if life.name == "first" and place == self._place:
            life.run.tell("network", f"{self._fault.kind} {self._fault.status or ''}".strip())
            life.run.town.home.twin.faults.add(self._fault)
        return True


class Forgotten(LostAnswer):
    """The same, and QuickBooks has forgotten every request id; mostly after the vendor did it."""

    forgetful = True

    def fault(self, random: Random, vendor: str) -> Fault:
        seconds = random.choice((5.0, 95.0, 130.0))
        return Fault(random.choice(("drop_after", "timeout_after", "cut")), vendor=vendor, count=1, seconds=seconds)


class WrongAnswer(LostAnswer):
    """The answer to a write is an error or cannot be read, whether the vendor did it or not."""

    def fault(self, random: Random, vendor: str) -> Fault:
        done = random.random() < 0.6
        kinds = ["status", "status", "html", "malformed", "xml"] + ["ok_with_fault"] * (vendor == "quickbooks")
        kind: Any = random.choice(kinds)
        wait = random.choice((None, 30))
        status = random.choice((429, 500, 502, 503, 504)) if kind == "status" else 0
        return Fault(
            kind, vendor=vendor, count=1, done=done, status=status, shape=random.choice(_SHAPES), retry_after=wait
        )


class Away(Trouble):
    """For some requests on end a vendor does not answer at all, or only with errors; nothing is done meanwhile."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._place = random.choice(trace.told())
        vendor = trace.calls[self._place - 1].vendor
        kind: Any = random.choice(("drop_before", "timeout_before", "status", "html"))
        status = random.choice((429, 500, 503)) if kind == "status" else 0
        count = random.randint(1, 9)
        self._fault = Fault(kind, vendor=vendor, path="^/(v3|services/data)", count=count, status=status, seconds=20.0)
        self.story = f"{vendor} is away ({kind} {status or ''}) for {count} requests from {_words(trace, self._place)}"

    async def leaving(self, life: Life, place: int, request: Request) -> bool:
        if life.name == "first" and place == self._place:
            life.run.town.home.twin.faults.add(self._fault)
        return True


class Late(Trouble):
    """A write is under way for long: the connection breaks at once, the vendor does it minutes later."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._aim(random, trace, random.choice(trace.writes()))

    def _aim(self, random: Random, trace: Trace, place: int) -> None:
        self._place, self._vendor = place, trace.calls[place - 1].vendor
        self._by = timedelta(seconds=random.randint(1, 115 if self._vendor == "quickbooks" else 580))
        self.story = f"the vendor does request {_words(trace, self._place)} only {self._by.seconds} s later"

    async def leaving(self, life: Life, place: int, request: Request) -> bool:
        if life.name != "first" or place != self._place:
            return True
        life.run.hold_back(self._by, self._vendor, request)
        return False


class Edited(Trouble):
    """A user of one vendor edits a record while the connector works on it."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self.edit = random.choice(list(EDITS))
        self._edit = EDITS[self.edit]
        near = [place for place in trace.writes() if self._edit.touches(trace.calls[place - 1].items)]
        late = [place for place in trace.told() if place >= near[0]]
        if near and random.random() < 0.6:
            self._place = max(1, random.choice(near) - random.choice((0, 0, 1, 2, 4)))
        else:
            self._place = random.choice(trace.told() if self._edit.early else late)
        self.story = f"{self._edit.story}, right before request {_words(trace, self._place)}"
        self._made = False

    async def leaving(self, life: Life, place: int, request: Request) -> bool:
        if life.name == "first" and place == self._place:
            self._make(life.run)
        return True

    async def play(self, run: Run) -> None:
        await super().play(run)
        if not self._made:
            self._make(run)

    def _make(self, run: Run) -> None:
        with suppress(Refused, StopIteration):
            self._edit.make(run.town.home.twin)
            self._made = True
            run.tell("user", self._edit.story)


class EditedMeanwhile(KilledOnTheLine):
    """The process is killed while a write is out, and before the next one starts a user edits a record."""

    def __init__(self, random: Random, trace: Trace) -> None:
        super().__init__(random, trace)
        self.edit = random.choice(list(EDITS))
        near = [place for place in trace.writes() if EDITS[self.edit].touches(trace.calls[place - 1].items)]
        if near and random.random() < 0.8:
            self._place = random.choice(near)
        done = "after the vendor did it" if self._after else "before it arrived"
        self.story = f"killed during request {_words(trace, self._place)}, {done}; then {EDITS[self.edit].story}"

    async def play(self, run: Run) -> None:
        await super().play(run)
        try:
            EDITS[self.edit].make(run.town.home.twin)
            run.tell("user", EDITS[self.edit].story)
        except (Refused, StopIteration):
            await run.until_rest()
            EDITS[self.edit].make(run.town.home.twin)


class LateAndEdited(Late):
    """The same, and before the vendor does it a user edits a record: the older request must not win."""

    def __init__(self, random: Random, trace: Trace) -> None:
        super().__init__(random, trace)
        self.edit = random.choice([name for name, edit in EDITS.items() if edit.early])
        near = [place for place in trace.writes() if EDITS[self.edit].touches(trace.calls[place - 1].items)]
        if near and random.random() < 0.8:
            self._aim(random, trace, random.choice(near))
        self.story += f"; before that {EDITS[self.edit].story}"

    async def play(self, run: Run) -> None:
        await super().play(run)
        EDITS[self.edit].make(run.town.home.twin)
        run.tell("user", EDITS[self.edit].story)


class SecondWorker(Trouble):
    """While one worker drains, another one starts. It must be refused as long as the first one lives."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._place = random.randint(1, len(trace.points))
        self.story = f"a second worker starts at step {self._place}, {trace.points[self._place - 1]}"

    async def at_point(self, life: Life, place: int, name: str) -> None:
        if life.name != "first" or place != self._place:
            return
        busy = owned(life.run)
        second = life.run.life("second")
        await second.pass_once()
        if busy and not second.stopped:
            life.run.wrong.append("a second worker was let in while the first one was at work")


class Frozen(Trouble):
    """The worker falls asleep, another one takes over, and then the first one wakes up: it must stop."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._where = random.choice(("step", "step", "answer", "sign-in"))
        places = {"step": range(1, len(trace.points) + 1), "answer": trace.told(), "sign-in": trace.writes()}
        self._place = random.choice(list(places[self._where]))
        self._sleep = timedelta(seconds=random.choice((91, 130, 700)))
        self._wakes = random.randint(1, len(trace.points) // 2) if random.random() < 0.5 else 0
        self._signing_in = False
        when = f"at step {self._wakes} of the second" if self._wakes else "when the second is done"
        self.story = f"the worker falls asleep {self._moment(trace)}, and wakes up {when}"

    async def at_point(self, life: Life, place: int, name: str) -> None:
        if life.name == "first" and place == self._place and self._where == "step":
            await self._fall_asleep(life)
        if life.name == "second" and place == self._wakes:
            await self._wake(life.run)

    def _moment(self, trace: Trace) -> str:
        if self._where == "step":
            return f"at step {self._place}, {trace.points[self._place - 1]}"
        request = _words(trace, self._place)
        return f"with request {request} done" if self._where == "answer" else f"signing in anew for request {request}"

    async def leaving(self, life: Life, place: int, request: Request) -> bool:
        if life.name == "first" and place == self._place and self._where == "sign-in":
            self._signing_in = True
            life.run.town.home.twin.faults.add(Fault("status", status=401, count=1))
        return True

    async def arrived(self, life: Life, place: int) -> None:
        if life.name != "first":
            return
        if place == self._place and self._where == "answer":
            await self._fall_asleep(life)
        if self._signing_in and life.trace.calls[place - 1].signs_in:
            self._signing_in = False
            await self._fall_asleep(life)

    async def play(self, run: Run) -> None:
        self._asleep, self._awake = asyncio.Event(), asyncio.Event()
        self._first = asyncio.create_task(run.life("first").work())
        asleep = asyncio.create_task(self._asleep.wait())
        await asyncio.wait({self._first, asleep}, return_when=asyncio.FIRST_COMPLETED)
        if asleep.done():
            run.advance(self._sleep)
            await run.life("second").work()
            await self._wake(run)
        asleep.cancel()
        await self._first

    async def _fall_asleep(self, life: Life) -> None:
        life.run.tell(life.name, "falls asleep")
        self._token, self._calls = token(life.run) if owned(life.run) else 0, len(life.trace.calls)
        self._asleep.set()
        await self._awake.wait()
        life.run.tell(life.name, "wakes up")

    async def _wake(self, run: Run) -> None:
        """Let the first one run to its end."""
        if not self._awake.is_set():
            before = token(run)
            self._awake.set()
            await asyncio.wait({self._first})
            if self._token not in (0, before) and any(call.items for call in run.lives[0].trace.calls[self._calls :]):
                run.wrong.append("the first worker went on writing though another one had taken over")


class Knocks(Trouble):
    """In the middle of the work every record is knocked on fifty times."""

    def __init__(self, random: Random, trace: Trace) -> None:
        self._place = random.randint(1, len(trace.points))
        self.story = f"every record is knocked on fifty times at step {self._place}, {trace.points[self._place - 1]}"

    async def at_point(self, life: Life, place: int, name: str) -> None:
        if life.name == "first" and place == self._place:
            app, twin = life.process.app, life.run.town.home.twin
            refs = [
                Ref(system, kind, row["Id"])
                for system, kind in (("quickbooks", "Customer"), ("quickbooks", "Invoice"), *_SALESFORCE)
                for row in twin.vendors[system].records(kind)
            ]
            receive(app.connection, app.outside, [Change(ref, "storm", life.run.now()) for ref in refs] * 50, "storm")
            life.run.tell("network", f"{len(refs) * 50} knocks")


_SALESFORCE = (("salesforce", "Account"), ("salesforce", "Order"), ("salesforce", "Opportunity"))


class Restored(Trouble):
    """The database is lost and brought back from an older copy; the vendors are as they are."""

    def __init__(self, random: Random, trace: Trace) -> None:
        last = len(trace.points)
        self._taken = random.randint(1, last)
        self._lost = random.randint(self._taken, last + 1)
        self._copy: sqlite3.Connection | None = None
        lost = f"at step {self._lost}" if self._lost <= last else "at the end"
        self.story = f"the database is lost {lost} and brought back from a copy taken at step {self._taken}"

    async def at_point(self, life: Life, place: int, name: str) -> None:
        if life.name != "first":
            return
        if place == self._taken:
            self._copy = life.run.town.backup()
            life.run.tell("operator", f"makes a backup (step {place}, {name})")
        if place == self._lost:
            life.die(f"at step {place}, {name}")

    async def play(self, run: Run) -> None:
        await super().play(run)
        run.lives[-1].dead = True
        if self._copy is not None:
            run.town.bring_back(self._copy)
            run.tell("operator", "brings the backup back")


def owned(run: Run) -> bool:
    """Does some worker own the connection now?"""
    with run.town.home.store.begin() as tx:
        until = tx.execute(select(schema.connection.c.run_until)).scalar_one()
    return instant(until) > run.now()


def token(run: Run) -> int:
    """The last run token that was given out."""
    with run.town.home.store.begin() as tx:
        return int(tx.execute(select(schema.connection.c.run_token)).scalar_one())


def _words(trace: Trace, place: int) -> str:
    call = trace.calls[place - 1]
    return f"{place} ({call.vendor}: {call.items or 'read'})"


def _set(fault: Fault) -> dict[str, Any]:
    return {name: value for name in ("kind", "done", "status", "seconds", "shape") if (value := getattr(fault, name))}


KINDS: Mapping[str, Callable[[Random, Trace], Trouble]] = {
    "killed": Killed,
    "killed on the line": KilledOnTheLine,
    "lost answer": LostAnswer,
    "wrong answer": WrongAnswer,
    "edited": Edited,
    "edited meanwhile": EditedMeanwhile,
    "second worker": SecondWorker,
    "frozen": Frozen,
    "forgotten": Forgotten,
    "knocks": Knocks,
    "restored": Restored,
    "late": Late,
    "late and edited": LateAndEdited,
    "away": Away,
}

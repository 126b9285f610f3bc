"""What may strike a run. A strike says which fault falls on which process, and at which of its events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from ml_connector.engine.intake import receive
from ml_connector.model.refs import Change, Ref
from ml_connector.store import schema
from ml_connector.store.database import instant
from ml_emulators.kit.emulation import Refused
from ml_emulators.kit.faults import Fault

from .edits import EDITS
from .ills import befall
from .story import VENDORS, milestone

if TYPE_CHECKING:
    from .life import Life, Run


class Strike(msgspec.Struct, frozen=True):
    """`fault` falls when process `life` comes to its event number `place` (from 1). `arg`: the variety of the fault."""

    fault: str
    life: int = 1
    place: int = 1
    arg: str = ""


class Trouble(msgspec.Struct, frozen=True):
    """A kind of fault: what it does, what it is called, and its varieties, the plainest first."""

    strike: Callable[[Life, Strike], Awaitable[None]]
    story: str
    varieties: tuple[str, ...] = ("",)
    on_request: bool = False
    """It falls on a request; struck elsewhere it falls on the next one."""

    def words(self, strike: Strike) -> str:
        if strike.fault == "edit":
            return EDITS[strike.arg].story
        return self.story.format(_said(strike)) if "{}" in self.story else self.story

    def variety(self, random: Random) -> str:
        return random.choice(self.varieties)


_SAID: Mapping[str, str] = {
    "drop_after": "the connection breaks", "cut": "the connection breaks half way through it", "storm": "fifty of each",
    "cloudevents": "as webhooks, each three times", "legacy": "as webhooks of the older format, each three times",
    "drop_before": "no connection", "timeout_before": "no answer",
    "html": "only a page that says so", "done": "though it was done", "after": "though it was done",
    "before": "and it was not done",
}  # fmt: skip


def _said(strike: Strike) -> str:
    """The variety in words."""
    if strike.fault == "frozen":
        seconds, wakes = strike.arg.split()
        when = "before the next one has got far" if int(wakes) else "when the next one is done"
        return f"for {seconds} s, and wakes up {when}"
    return " ".join(_SAID.get(each, each) for each in strike.arg.split()) or "not done"


def _vendor(life: Life) -> str:
    """Whose request is leaving."""
    return life.events[-1].vendor if life.events and not life.events[-1].what.endswith("done") else ""


def _network(life: Life, strike: Strike, **fault: Any) -> None:
    """One fault of the emulators, for the request that leaves now or next.

    Where that renews the QuickBooks sign-in, its refresh token may be replaced and the new one lost on the way.
    """
    life.run.disconnected |= _signing_in(life)
    path = "^/(v3|services/data)" if not life.events[-1].what.startswith("signing") else ""
    made: dict[str, Any] = {"vendor": _vendor(life), "path": path, "count": 1}
    life.run.testbed.home.emulation.faults.add(Fault(**made | fault))
    life.run.tell("network", FAULTS[strike.fault].words(strike))


TURN = 300
"""Seconds for which one process alone may renew the sign-in."""


def _signing_in(life: Life) -> bool:
    return bool(life.events) and life.events[-1].what.startswith("signing")


async def _kill(life: Life, strike: Strike) -> None:
    event = life.events[-1]
    life.run.disconnected |= _signing_in(life)
    if event.vendor and event.what.endswith(" done"):
        life.die(f"when {VENDORS[event.vendor]} has answered and nobody has read it")
    if event.vendor:
        life.die(f"while a request to {VENDORS[event.vendor]} is leaving")
    life.die(f"when it {milestone(event.what)}")


async def _lost_before(life: Life, strike: Strike) -> None:
    _network(life, strike, kind="drop_before")


async def _lost_after(life: Life, strike: Strike) -> None:
    _network(life, strike, kind=strike.arg or "drop_after")


async def _timeout(life: Life, strike: Strike) -> None:
    when, _, seconds = strike.arg.partition(" ")
    _network(life, strike, kind=f"timeout_{when}", seconds=float(seconds))


async def _status(life: Life, strike: Strike) -> None:
    status, *more = strike.arg.split()
    wait = next((int(each) for each in more if each.isdecimal()), None)
    _network(life, strike, kind="status", status=int(status), done="done" in more, retry_after=wait)


async def _fault_in_200(life: Life, strike: Strike) -> None:
    """Salesforce never puts a fault of the whole request into a 200; there a page stands in its place."""
    kind = "html" if _vendor(life) == "salesforce" else "ok_with_fault"
    _network(life, strike, kind=kind, status=200, done=strike.arg == "done")


async def _unreadable(life: Life, strike: Strike) -> None:
    _network(life, strike, kind="malformed", shape=strike.arg)


async def _half_refused(life: Life, strike: Strike) -> None:
    event = life.events[-1]
    life.run.tell("network", FAULTS[strike.fault].words(strike))
    if event.vendor == "quickbooks":
        life.run.testbed.refusing = True
    else:
        life.run.testbed.home.emulation.vendors["salesforce"].switches.lock_next = (event.items.count(", ") + 1) // 2


async def _edit(life: Life, strike: Strike) -> None:
    """A change that is not possible now is made when all is quiet."""
    run, edit = life.run, EDITS[strike.arg]
    try:
        edit.make(run.testbed.home.emulation)
    except (Refused, StopIteration):
        run.undone.append(strike.arg)
    else:
        run.tell("people", edit.story)


async def _second_worker(life: Life, strike: Strike) -> None:
    run = life.run
    busy = owned(run)
    second = run.new_life()
    run.tell(second.name, f"starts while {life.name} is at work")
    await second.work()
    if busy and not second.stopped:
        run.wrong.append("a second worker was let in while the first one was at work")


async def _frozen(life: Life, strike: Strike) -> None:
    """It sleeps beyond its lease; another one takes over; it wakes up when that one is done, or on its way."""
    run = life.run
    seconds, wakes = map(int, strike.arg.split())
    ours = token(run) if owned(run) else 0
    run.tell(life.name, f"falls asleep for {seconds} s")
    # Its turn to renew the sign-in is over: another one renews with the token that its unstored answer has replaced.
    run.disconnected |= life.events[-1].what == "signing in done" and seconds > TURN
    run.advance(timedelta(seconds=seconds))
    other, reached = run.new_life(), asyncio.Event()
    if wakes:
        other.wakes = (wakes, reached, life)
    task = asyncio.create_task(other.work())
    run.tasks.append(task)
    waiting = asyncio.create_task(reached.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    run.tell(life.name, "wakes up")
    if ours and ours != token(run):
        run.tasks.append(asyncio.create_task(_stays_silent(life, len(life.events))))


async def _stays_silent(life: Life, since: int) -> bool:
    await life.finished.wait()
    if any(event.what == "writing done" for event in life.events[since:]):
        life.run.wrong.append(f"{life.name} went on writing though another one had taken over")
    return True


async def _knocks(life: Life, strike: Strike) -> None:
    """Every record fifty times; or what QuickBooks has to tell as webhooks, each delivered three times."""
    run = life.run
    app, emulation = run.testbed.home.app, run.testbed.home.emulation
    if strike.arg != "storm":
        changes = [change for body in run.testbed.webhooks(strike.arg) for change in body] * 3
    else:
        refs = [
            Ref(system, kind, row["Id"]) for system, kind in _KNOCKED for row in emulation.vendors[system].records(kind)
        ]
        changes = [Change(ref, "storm", run.now()) for ref in refs] * 50
    receive(app.connection, app.runtime, changes, strike.arg)
    run.tell("network", f"{len(changes)} knocks")


_KNOCKED = (
    ("quickbooks", "Customer"), ("quickbooks", "Invoice"), ("salesforce", "Account"), ("salesforce", "Order"),
    ("salesforce", "Opportunity"),
)  # fmt: skip


async def _forgotten(life: Life, strike: Strike) -> None:
    """The vendor forgets every request id from now on; and the answer to what leaves now never comes."""
    life.run.testbed.home.emulation.set_switches("quickbooks", {"requestid_retention": 0})
    life.run.disconnected |= _signing_in(life)
    life.run.tell("network", FAULTS[strike.fault].words(strike))
    if _vendor(life):
        life.run.testbed.home.emulation.faults.add(Fault("drop_after", vendor=_vendor(life), count=1))
    else:
        life.die("here")


async def _clock_jump(life: Life, strike: Strike) -> None:
    """The clock of the connector's machine is wrong from now on; it is set right after this round."""
    life.run.testbed.clock.wrong_by = timedelta(seconds=int(strike.arg))
    life.run.tell("clock", FAULTS[strike.fault].words(strike))


async def _time_passes(life: Life, strike: Strike) -> None:
    life.run.tell("clock", FAULTS[strike.fault].words(strike))
    life.run.advance(timedelta(seconds=int(strike.arg)))


async def _sign_in(life: Life, strike: Strike) -> None:
    """The access token of QuickBooks is refused; and something goes wrong with the new one."""
    run, faults = life.run, life.run.testbed.home.emulation.faults
    run.tell("network", f"QuickBooks no longer accepts the sign-in ({strike.arg})")
    if strike.arg == "revoked":
        run.testbed.home.emulation.vendors["quickbooks"].act({"op": "disconnect", "kind": "", "body": {}})
        run.disconnected = True
        return
    if strike.arg == "salesforce session ends":
        run.testbed.home.emulation.vendors["salesforce"].act({"op": "kill_sessions", "kind": "", "body": {}})
        return
    faults.add(Fault("status", vendor="quickbooks", path="^/v3", status=401, count=1))
    if strike.arg != "expired":
        run.disconnected |= strike.arg == "token answer lost"  # the new refresh token may be lost with it
        kind: Any = {"token answer lost": "drop_after", "sign-in service away": "status"}[strike.arg]
        count = 9 if kind == "status" else 1
        faults.add(Fault(kind, vendor="quickbooks", path="oauth2", count=count, status=503 if count > 1 else 0))


async def _late(life: Life, strike: Strike) -> None:
    """The connection breaks at once; the vendor does the next write minutes later."""
    life.run.disconnected |= _signing_in(life)
    life.late = timedelta(seconds=int(strike.arg))
    life.too_late = strike.fault == "far too late"
    life.run.tell("network", FAULTS[strike.fault].words(strike))


async def _away(life: Life, strike: Strike) -> None:
    kind, count = strike.arg.split()
    made: dict[str, Any] = {"kind": "status", "status": int(kind)} if kind.isdecimal() else {"kind": kind}
    _network(life, strike, **made, count=int(count), seconds=20.0)


async def _backup(life: Life, strike: Strike) -> None:
    life.run.copy = life.run.testbed.backup()
    life.run.tell("people", "make a backup of the database")


async def _restored(life: Life, strike: Strike) -> None:
    """The database is lost and brought back from the copy; the vendors are as they are."""
    copy = life.run.copy
    if copy is not None:
        with suppress(BaseException):
            life.die("with its database")
        life.run.testbed.bring_back(copy)
        life.run.disconnected = True  # the refresh token in the copy may have been replaced since
        life.run.tell("people", "bring the backup back")
        life.die("for good")


def owned(run: Run) -> bool:
    """Does some worker own the connection now?"""
    with run.testbed.home.store.begin() as tx:
        until = tx.execute(select(schema.connection.c.run_until)).scalar_one()
    return instant(until) > run.testbed.clock.now()


def token(run: Run) -> int:
    """The last fencing token that was given out."""
    with run.testbed.home.store.begin() as tx:
        return int(tx.execute(select(schema.connection.c.run_token)).scalar_one())


FAULTS: Mapping[str, Trouble] = {
    "kill": Trouble(_kill, "the process is killed"),
    "lost before": Trouble(_lost_before, "the request is lost on the way, the vendor never sees it", on_request=True),
    "lost after": Trouble(
        _lost_after, "the vendor does it, and the answer is lost ({})", ("drop_after", "cut"), on_request=True
    ),
    "timeout": Trouble(
        _timeout, "no answer comes in time ({} s)",
        ("after 95", "before 95", "after 5", "before 130", "after 130"), on_request=True,
    ),
    "429": Trouble(_status, "too many calls ({})", ("429 30", "429", "429 done"), on_request=True),
    "5xx": Trouble(
        _status, "an error of the vendor ({})",
        ("500 done", "500", "503", "502 done", "504", "504 done"), on_request=True,
    ),
    "200 with fault": Trouble(_fault_in_200, "a fault inside a 200 ({})", ("", "done"), on_request=True),
    "unreadable": Trouble(
        _unreadable, "an answer that cannot be read ({})",
        ("truncated", "nan", "huge_number", "duplicate_keys", "bad_utf8", "xml", "empty"), on_request=True,
    ),
    "half refused": Trouble(_half_refused, "half of the batch is refused for now", on_request=True),
    "edit": Trouble(_edit, "somebody edits a record"),
    "second worker": Trouble(_second_worker, "a second worker starts"),
    "frozen": Trouble(
        _frozen, "the worker falls asleep {}", ("130 0", "91 0", "700 0", "130 4", "91 9")
    ),
    "knocks": Trouble(_knocks, "a storm of knocks ({})", ("storm", "cloudevents", "legacy")),
    "forgotten": Trouble(_forgotten, "QuickBooks forgets all request ids, and the work is cut off"),
    "clock jump": Trouble(
        _clock_jump, "the clock of the machine is off by {} s", ("3600", "-600", "90000", "-7200", "80")
    ),
    "time passes": Trouble(_time_passes, "the machine stands still for {} s", ("300", "4000", "90000")),
    "sign-in": Trouble(
        _sign_in, "the sign-in: {}",
        ("expired", "token answer lost", "sign-in service away", "revoked", "salesforce session ends"),
    ),
    "late": Trouble(_late, "the vendor does it only {} s later", ("60", "5", "110", "400", "580"), on_request=True),
    "far too late": Trouble(_late, "the vendor does it only {} s later", ("1300",), on_request=True),
    "away": Trouble(
        _away, "the vendor is away ({} requests)",
        ("503 4", "drop_before 3", "timeout_before 2", "500 9", "429 5", "html 2"), on_request=True,
    ),
    "backup": Trouble(_backup, "a backup is made"),
    "restored": Trouble(_restored, "the database is lost, and the backup brought back"),
    "ill": Trouble(befall, "a vendor will not have a record ({})"),
}  # fmt: skip
__all__ = ["FAULTS", "Strike", "Trouble", "owned", "token"]

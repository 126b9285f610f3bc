"""A long-running sync: what it waits for, what it goes on through, and what ends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions import follow as module
from ml_connector.actions.apply import apply
from ml_connector.actions.drain import DrainReport, drain
from ml_connector.actions.follow import follow
from ml_connector.actions.pause import pause, resume
from ml_connector.actions.plan import make_plan
from ml_connector.actions.progress import Progress
from ml_connector.actions.sync import sync
from ml_connector.app import App
from ml_connector.model.errors import SignInNeeded, StateTrouble, WrongUse
from ml_connector.model.refs import Ref
from ml_connector.store.base import LEASE
from ml_emulators.kit.faults import Fault
from support.in_step import in_step
from support.world import Installation

CADENCE = timedelta(minutes=15)
OVER = "That is over: syncing goes on."


class Enough(Exception):
    """The test has seen enough."""


async def nothing() -> None:
    """Between two rounds nothing happens."""


Act = Callable[[], Awaitable[None]]


class Watched:
    """Rounds of `follow`. Before each of them one of `acts` happens in another terminal, or at a vendor."""

    def __init__(self, home: Installation) -> None:
        self.home = home
        self.told: list[str] = []
        self.acts: list[Act] = []
        self.errors: list[str] = []
        self._started: list[datetime] = []
        self._ended: list[datetime] = []

    async def play(self, *acts: Act, app: App | None = None) -> None:
        self.acts = list(acts)
        with pytest.raises(Enough):
            await follow(app or self.home.app, tell=self.told.append)

    async def round(self, app: App, progress: Progress) -> DrainReport:
        if len(self._started) == len(self.acts):
            self._started.append(self.home.clock.now())
            raise Enough
        self._started.append(self.home.clock.now())
        try:
            await self.acts[len(self._started) - 1]()
            report = await sync(app, progress)
        except Exception as error:
            self.errors.append(type(error).__name__)
            raise
        else:
            self.errors.append("")
            return report
        finally:
            self._ended.append(self.home.clock.now())

    @property
    def waits(self) -> list[timedelta]:
        """From the end of each round to the beginning of the next one."""
        return [later - ended for ended, later in zip(self._ended, self._started[1:], strict=False)]

    @property
    def swept(self) -> datetime:
        """Up to when both sides have been asked."""
        return min(self.home.store.swept(self.home.app.connection.id).values())


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """All that was due is done, and the installation is live."""
    home = in_step(tmp_path)
    await home.run()
    watched = Watched(home)
    monkeypatch.setattr(module, "sync", watched.round)
    return watched


def _grow(waits: list[timedelta]) -> bool:
    """Each at least 5 seconds times a power of two, halved by chance, never longer than 15 minutes."""
    whole = [min(900.0, 5.0 * 2**number) for number in range(len(waits))]
    return all(most / 2 <= wait.total_seconds() <= most for wait, most in zip(waits, whole, strict=True))


def _fault(home: Installation, **fault: Any) -> Act:
    async def act() -> None:
        home.emulation.faults.add(Fault(**fault))

    return act


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ({"kind": "status", "status": 503, "count": 40}, "Unreachable", "QuickBooks"),
        ({"kind": "malformed", "shape": "truncated", "count": 40}, "BadAnswer", "is cut off"),
        ({"kind": "status", "status": 429, "retry_after": 3600, "count": 1}, "LimitReached", "too many calls"),
    ],
)
async def test_a_vendor_that_cannot_be_asked_is_waited_for_and_told_of_once(
    watched: Watched, fault: dict[str, Any], error: str, says: str
) -> None:
    async def well_again() -> None:
        watched.home.emulation.faults.clear()
        watched.home.clock.advance(timedelta(hours=1))

    acts = [_fault(watched.home, vendor="quickbooks", path="^/v3", **fault), nothing, nothing, well_again, nothing]
    await watched.play(*acts)
    assert watched.errors == [error, error, error, "", ""]
    assert len(watched.told) == 2
    assert says in watched.told[0]
    assert watched.told[1] == OVER
    assert _grow(watched.waits[:3])
    assert watched.waits[3:] == [CADENCE, CADENCE]


async def test_the_wait_is_bounded_and_begins_anew_after_a_good_round(watched: Watched) -> None:
    async def away() -> None:
        watched.home.emulation.faults.clear()
        watched.home.emulation.faults.add(Fault("drop_before", vendor="salesforce", count=100))

    async def back() -> None:
        watched.home.emulation.faults.clear()

    await watched.play(*[away] * 12, back, away)
    assert _grow(watched.waits[:12])
    assert watched.waits[11] > timedelta(minutes=7)
    assert watched.waits[13] <= timedelta(seconds=5)


async def test_another_run_is_waited_for(watched: Watched) -> None:
    home = watched.home
    connection = home.app.connection.id
    other: list[int] = []

    async def begins() -> None:
        token = home.store.take_lease(connection, "apply in another terminal", home.clock.now())
        assert token is not None
        other.append(token)

    async def ends() -> None:
        home.store.release_lease(connection, other[0])

    await watched.play(begins, nothing, ends)
    assert watched.errors == ["Busy", "Busy", ""]
    assert watched.told == ["Another run is at work on this connection. Wait for it to end, or stop it first.", OVER]


async def test_a_plan_applied_in_another_terminal_never_ends_it(watched: Watched) -> None:
    """The other process takes the lease in the middle of a drain, after this one has slept."""
    home = watched.home
    plan = await make_plan(home.app, "preparer")
    applied: list[DrainReport] = []

    async def asleep(name: str) -> None:
        if name == "read" and not applied:
            home.clock.advance(LEASE)
            applied.append(await apply(home.process(), plan.id, "approver"))

    await watched.play(_another_phone(home), nothing, app=home.process(asleep))
    assert watched.errors == ["LeaseLost", ""]
    assert applied
    assert watched.told == ["Another run has taken over this connection. Nothing to do: the other run goes on.", OVER]


async def test_a_machine_that_slept_between_noting_and_sending_goes_on(watched: Watched) -> None:
    home = watched.home
    slept: list[str] = []

    async def asleep(name: str) -> None:
        if name == "noted" and not slept:
            home.clock.advance(LEASE)
            slept.append(name)

    async def later() -> None:
        home.clock.advance(timedelta(minutes=11))

    await watched.play(_another_phone(home), later, nothing, app=home.process(asleep))
    assert watched.errors == ["SleptTooLong", "", ""]
    phones = {row["Name"]: row["Phone"] for row in home.state("salesforce", "Account")}
    assert phones["Alder Analytics"] == "(617) 555-0177"


def _another_phone(home: Installation) -> Act:
    """Someone in QuickBooks changes the telephone of Alder Analytics."""

    async def act() -> None:
        (row,) = [row for row in home.state("quickbooks", "Customer") if row["DisplayName"] == "Alder Analytics"]
        body = {"Id": row["Id"], "PrimaryPhone": {"FreeFormNumber": "(617) 555-0177"}}
        home.emulation.act("quickbooks", "update", "Customer", body)
        home.clock.advance(timedelta(minutes=1))

    return act


@pytest.fixture
def locked(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Act:
    """Another program keeps the state."""

    def refuse(*_: Any) -> Any:
        raise StateTrouble("The state database is locked.", "End the other program.")

    async def act() -> None:
        monkeypatch.setattr(watched.home.store, "begin", refuse)

    return act


async def test_a_locked_state_is_waited_for(watched: Watched, locked: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = watched.home.store.begin

    async def freed() -> None:
        monkeypatch.setattr(watched.home.store, "begin", begin)

    await watched.play(locked, nothing, freed)
    assert watched.errors == ["StateTrouble", "StateTrouble", ""]
    assert watched.told == ["The state database is locked. End the other program.", OVER]


async def test_while_writes_are_stopped_it_goes_on_asking_what_changed(watched: Watched) -> None:
    home = watched.home
    (alder,) = [row for row in home.state("quickbooks", "Customer") if row["DisplayName"] == "Alder Analytics"]
    before: list[datetime] = []

    async def stopped() -> None:
        pause(home.app, "ana", "month end")
        before.append(watched.swept)

    async def resumed() -> None:
        assert watched.swept >= before[0] + CADENCE
        due = home.store.due(home.app.connection.id, "customer_to_account", home.clock.now(), 10)
        assert Ref("quickbooks", "Customer", alder["Id"]) in [task.ref for task in due]
        resume(home.app, "ana")

    await watched.play(stopped, _another_phone(home), resumed)
    assert watched.errors == ["Paused", "Paused", ""]
    assert watched.waits == [CADENCE, CADENCE, CADENCE], "what is due may not be done: no reason to come back sooner"
    assert watched.told == ["Writes are stopped: month end. Resume them first:  ml-connector resume", OVER]
    assert home.store.unserved(home.app.connection.id) == {}


async def test_in_dry_run_it_goes_on_until_a_plan_is_applied_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Installation(tmp_path)
    watched = Watched(home)
    monkeypatch.setattr(module, "sync", watched.round)

    async def applied() -> None:
        assert home.state("quickbooks", "JournalEntry") == []
        plan = await make_plan(home.process(), "preparer")
        await apply(home.process(), plan.id, "approver")

    await watched.play(nothing, nothing, applied)
    assert watched.errors == ["DryRun", "DryRun", ""]
    assert watched.waits[:2] == [CADENCE, CADENCE]
    assert [line.partition(".")[0] for line in watched.told] == [
        "This installation is in dry run: nothing was written",
        "That is over: syncing goes on",
    ]
    await drain(home.app)
    assert len(home.state("quickbooks", "JournalEntry")) == 3


async def test_a_dead_sign_in_ends_it(watched: Watched) -> None:
    async def disconnected() -> None:
        watched.home.emulation.vendors["quickbooks"].act({"op": "disconnect", "kind": "", "body": {}})

    watched.acts = [nothing, disconnected]
    with pytest.raises(SignInNeeded):
        await follow(watched.home.app, tell=watched.told.append)
    assert watched.errors == ["", "SignInNeeded"]


async def test_a_setting_that_must_be_corrected_ends_it(watched: Watched) -> None:
    async def wrong() -> None:
        raise WrongUse("The template names an account that is gone.", "Sign off another.")

    watched.acts = [wrong]
    with pytest.raises(WrongUse):
        await follow(watched.home.app, tell=watched.told.append)

"""A connection that is kept in step: what it waits for, what it goes on through, and that nothing ends it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.apply import apply
from ml_connector.actions.drain import DrainReport
from ml_connector.actions.pause import pause, resume
from ml_connector.actions.plan import make_plan
from ml_connector.model.errors import StateTrouble, WrongUse
from ml_connector.store.base import LEASE
from support.in_step import in_step
from support.live import Living, another_phone, phone
from support.world import Installation

CADENCE = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
OVER = "That is over: syncing goes on."


@pytest.fixture
def living(tmp_path: Path) -> Living:
    """All that was due is done, and the installation is live."""
    return Living(in_step(tmp_path))


async def test_another_run_is_waited_for(living: Living) -> None:
    home, connection = living.home, living.home.app.connection.id
    await living.live_for(MINUTE)
    token = home.store.take_lease(connection, "apply in another terminal", living.now)
    assert token is not None
    another_phone(home, 77)
    await living.live_for(
        CADENCE, *((step * MINUTE, lambda: home.store.renew_lease(connection, token, living.now)) for step in range(15))
    )
    assert living.told == ["Another run is at work on this connection. Wait for it to end, or stop it first."]
    assert living.unserved > 0, "what changed was taken in meanwhile"
    home.store.release_lease(connection, token)
    await living.live_for(MINUTE)
    assert living.told[1:] == [OVER]
    assert phone(home) == "(617) 555-0177"


async def test_a_run_that_died_is_taken_over_from_when_its_lease_ends(living: Living) -> None:
    home = living.home
    await living.live_for(MINUTE)
    died = living.now
    assert home.store.take_lease(home.app.connection.id, "killed", died) is not None
    another_phone(home, 77)
    living.live.jobs.wake("sweep quickbooks")
    before = living.reads()
    await living.live_for(LEASE + timedelta(seconds=10))
    assert phone(home) == "(617) 555-0177"
    assert living.reads() - before <= 4, "one sweep, one drain"


async def test_a_plan_applied_in_another_terminal_never_ends_it(living: Living) -> None:
    """The other process takes the lease in the middle of a drain, after this one has slept."""
    home = living.home
    plan = await make_plan(home.app, "preparer")
    applied: list[DrainReport] = []

    async def asleep(name: str) -> None:
        if name == "read" and not applied:
            home.clock.advance(LEASE)
            applied.append(await apply(home.process(), plan.id, "approver"))

    living.started(home.process(asleep))
    await living.live_for(2 * CADENCE, (MINUTE, lambda: another_phone(home, 77)))
    assert applied
    assert living.told == ["Another run has taken over this connection. Nothing to do: the other run goes on.", OVER]
    assert phone(home) == "(617) 555-0177"


async def test_a_machine_that_slept_between_noting_and_sending_goes_on(living: Living) -> None:
    home = living.home
    slept: list[str] = []

    async def asleep(name: str) -> None:
        if name == "noted" and not slept:
            home.clock.advance(LEASE)
            slept.append(name)

    living.started(home.process(asleep))
    await living.live_for(3 * CADENCE, (MINUTE, lambda: another_phone(home, 77)))
    assert slept
    assert phone(home) == "(617) 555-0177"
    assert living.unserved == 0


async def test_a_locked_state_is_waited_for(living: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program keeps the state."""
    begin = living.home.store.begin

    def refuse(*_: Any) -> Any:
        raise StateTrouble("The state database is locked.", "End the other program.")

    def lock() -> None:
        monkeypatch.setattr(living.home.store, "begin", refuse)

    def free() -> None:
        monkeypatch.setattr(living.home.store, "begin", begin)

    await living.live_for(
        CADENCE * 4, (MINUTE, lock), (CADENCE * 2, free), (CADENCE * 2, lambda: another_phone(living.home, 77))
    )
    assert living.told == ["The state database is locked. End the other program.", OVER]
    assert phone(living.home) == "(617) 555-0177"


async def test_while_writes_are_stopped_it_goes_on_asking_what_changed(living: Living) -> None:
    home = living.home
    before: list[datetime] = []

    def stop() -> None:
        pause(home.app, "ana", "month end")
        before.append(min(home.store.swept(home.app.connection.id).values()))

    await living.live_for(4 * CADENCE, (MINUTE, stop), (2 * MINUTE, lambda: another_phone(home, 77)))
    assert min(home.store.swept(home.app.connection.id).values()) >= before[0] + 2 * CADENCE
    assert living.unserved > 0
    await resume(home.app, "ana")
    await living.live_for(MINUTE)
    assert living.told == ["Writes are stopped: month end. Resume them first:  ml-connector resume", OVER]
    assert (living.unserved, phone(home)) == (0, "(617) 555-0177")


async def test_in_dry_run_it_goes_on_until_a_plan_is_applied_elsewhere(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    living = Living(home)

    async def applied() -> None:
        assert home.state("quickbooks", "JournalEntry") == []
        plan = await make_plan(home.process(), "preparer")
        await apply(home.process(), plan.id, "approver")

    await living.live_for(CADENCE + MINUTE, (5 * MINUTE, applied))
    assert [line.partition(".")[0] for line in living.told] == [
        "This installation is in dry run: nothing was written",
        "That is over: syncing goes on",
    ]
    assert len(home.state("quickbooks", "JournalEntry")) == 3
    assert living.unserved == 0


async def test_a_setting_that_must_be_corrected_is_waited_for_and_told_once(
    living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wrong(*_: Any) -> DrainReport:
        raise WrongUse("The template names an account that is gone.", "Sign off another.")

    with monkeypatch.context() as patch:
        patch.setattr("ml_connector.service.work.drain", wrong)
        await living.live_for(2 * CADENCE)
    assert living.told == ["The template names an account that is gone. Sign off another."]

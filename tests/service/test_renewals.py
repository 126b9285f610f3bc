"""Each side is kept signed in by a job of its own, on its own clock."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.service.jobs import Jobs
from ml_connector.service.renewals import RenewalJob
from ml_connector.service.sides import sides_of
from ml_connector.service.token_lives import token_lives
from ml_connector.service.work import Around
from ml_emulators.kit.faults import Fault
from support.world import Installation


def job_of(home: Installation, system: str) -> RenewalJob:
    app = home.process()
    return RenewalJob(Around(app, sides_of(app), Jobs(app.world.clock)), system)


@pytest.mark.parametrize(("system", "at_least", "at_most"), [("quickbooks", 52, 57), ("salesforce", 80, 90)])
async def test_a_side_is_renewed_before_anything_ends(tmp_path: Path, system: str, at_least: int, at_most: int) -> None:
    home = Installation(tmp_path)
    job = job_of(home, system)
    for _ in range(3):
        await job.run()
        renewed = {life.system: life.renewed_at for life in token_lives(home.app)}
        assert renewed[system] == home.clock.now()
        wait = job.next_at - home.clock.now()
        assert timedelta(minutes=at_least) <= wait <= timedelta(minutes=at_most)
        home.clock.advance(wait)


async def test_trouble_of_a_token_service_ahead_of_time_is_looked_at_again_in_a_minute(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    job = job_of(home, "quickbooks")
    await job.run()
    home.clock.advance(job.next_at - home.clock.now())
    home.emulation.faults.add(Fault(kind="status", status=429, retry_after=4000, vendor="quickbooks", path="/tokens"))
    await job.run()
    assert job.around.sides.of("quickbooks").state == "live"
    assert job.next_at - home.clock.now() <= timedelta(minutes=1)


@pytest.mark.parametrize("system", ["quickbooks", "salesforce"])
async def test_a_dead_side_is_not_asked_by_it(tmp_path: Path, system: str) -> None:
    home = Installation(tmp_path)
    job = job_of(home, system)
    home.emulation.act("quickbooks", "disconnect", "", {})
    home.emulation.set_switches("salesforce", {"client_credentials_enabled": False})
    await job.run()
    assert job.around.sides.of(system).state == "dead"
    sent = len(home.network.sent)
    home.clock.advance(timedelta(hours=2))
    await job.run()
    assert len(home.network.sent) == sent

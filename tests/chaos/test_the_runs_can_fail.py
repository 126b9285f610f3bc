"""Crash runs that cannot fail prove nothing: with a safeguard taken out, some of them must."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from ml_connector.engine.worker import Worker
from ml_connector.model.plans import LookUp, Missing
from ml_connector.store.base import LEASE, Base
from ml_connector.systems.quickbooks import lookup
from ml_connector.systems.salesforce.lookup import LookUps

from . import __main__
from .books import Difference, compare
from .runs import Result, play
from .troubles import KINDS


def _first(kind: str, failed: Callable[[Result], Any], most: int = 12) -> Result:
    """The first run of this kind that failed in this way; the seeds are always the same."""
    place = list(KINDS).index(kind)
    for number in range(1, most + 1):
        result = play(place + number * len(KINDS))
        if failed(result):
            return result
    raise AssertionError(f"{most} runs of the kind {kind} are good although a safeguard is missing")


def test_sending_again_without_looking_doubles_what_the_vendor_forgot(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing_there(_: Any, writes: Sequence[Any]) -> list[LookUp]:
        return [Missing() for _ in writes]

    monkeypatch.setattr(lookup, "look_up", nothing_there)
    monkeypatch.setattr(LookUps, "look_up", nothing_there)
    result = _first("forgotten", lambda each: each.difference.doubled)
    assert "instead of 1" in result.difference.doubled[0]


def test_open_writes_that_nobody_finishes_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_: Worker) -> None:
        return None

    monkeypatch.setattr(Worker, "_finish_open_writes", nothing)
    result = _first("killed on the line", lambda each: each.difference.lost and not each.converged)
    story = result.report()
    assert f"python -m tests.chaos --seed {result.seed} --runs 1" in story
    assert "is killed" in story
    assert "still open: " in story


def test_a_run_token_that_anybody_gets_lets_a_second_worker_in(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Base.take_run

    def always(self: Base, connection: str, holder: str, now: datetime) -> int | None:
        return take(self, connection, holder, now + LEASE)

    monkeypatch.setattr(Base, "take_run", always)
    result = _first("second worker", lambda each: each.wrong)
    assert "a second worker was let in" in result.wrong[0]


def test_the_last_line_and_the_exit_status_say_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Result(5, "killed", "nothing", Difference(), True, [], "")
    doubled = Result(6, "killed", "nothing", Difference(doubled=["Account Alder: 2 instead of 1"]), True, [], "")
    restless = Result(7, "killed", "nothing", Difference(), False, [], "")
    played = {each.seed: each for each in (good, doubled, restless)}
    monkeypatch.setattr(__main__, "play", played.__getitem__)
    assert __main__.main(["--seed", "5", "--runs", "1"]) == 0
    assert capsys.readouterr().out.endswith("\nruns 1, lost 0, doubled 0, not converged 0, first failing seed -\n")
    assert __main__.main(["--seed", "5", "--runs", "3"]) == 1
    out = capsys.readouterr().out
    assert out.endswith("\nruns 3, lost 0, doubled 1, not converged 1, first failing seed 6\n")
    assert "repeat:  python -m tests.chaos --seed 6 --runs 1" in out


def test_what_counts_as_lost_and_what_as_doubled() -> None:
    alder, other = {"Name": "Alder", "Phone": "1"}, {"Name": "Alder", "Phone": "2"}
    assert compare({"Account Alder": [alder]}, [{"Account Alder": [alder]}]).lost == []
    assert compare({}, [{"Account Alder": [alder]}]).lost == ["Account Alder: 0 instead of 1"]
    assert compare({"Account Alder": [alder] * 2}, [{"Account Alder": [alder]}]).doubled == [
        "Account Alder: 2 instead of 1"
    ]
    assert compare({"Account Alder": [other]}, [{"Account Alder": [alder]}]).lost == [
        "Account Alder: Phone is '2', not '1'"
    ]
    either = [{"Account Alder": [alder]}, {"Account Alder": [other]}]
    assert compare({"Account Alder": [other]}, either).lost == []

"""The simulator's doors: a failure is made short, told in plain words, and counted in the last line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_emulators.kit.emulation import Emulation

from . import __main__ as chaos
from . import simulate
from .books import Difference, compare
from .cases import Case
from .faults import Strike
from .life import Manner
from .pool import Told, told
from .runs import Result, place
from .safeguards import without
from .shrink import shrunk
from .situations import SITUATIONS


def test_a_long_failure_becomes_a_short_story() -> None:
    situation = "sent invoices"
    here, acts = place(), SITUATIONS[situation].acts
    events = here.events_of(situation, acts, False)
    made = next(place for place, event in enumerate(events, 1) if "create OpportunityContactRole" in event.items)
    noise = (Strike("clock jump", place=3, arg="80"), Strike("knocks", 3, 9, "storm"))
    strikes = (*noise, Strike("kill", place=made + 1), Strike("kill", 2, 9))
    case = Case(7, situation, acts, Manner(forgetful=True, stays=False), strikes)
    assert here.play(case).good
    with without("looking up before sending again"):
        long = here.play(case)
        short = shrunk(here, long)
    assert long.difference.doubled
    assert short.difference.doubled
    assert [strike.fault for strike in short.case.strikes] == ["kill"]
    assert len(short.case.acts) == 1
    assert short.case.manner == Manner()
    assert len(short.told.splitlines()) <= 20, short.told


def test_what_does_not_fail_is_not_made_shorter() -> None:
    good = place().play(Case(1, "a customer", ("Birch",)))
    assert good.good
    assert shrunk(place(), good, tries=3).case == good.case


def test_a_seed_is_the_same_run_every_time() -> None:
    first, second = place().play_seed(11), place().play_seed(11)
    assert first == second


def test_a_seed_is_told_step_by_step_without_internals(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--seed", "2", "--explain"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("What there is to do: ")
    assert "What goes wrong: " in text
    assert "takes charge of the connection" in text
    assert text.endswith("In the end both sides are as if nothing had gone wrong.\n")
    for internal in ("drop_after", "Strike", "task", "inbox", "Exception", "quickbooks:"):
        assert internal not in text


def test_a_failing_seed_prints_its_shortest_story(capsys: pytest.CaptureFixture[str]) -> None:
    with without("finishing open writes first"):
        assert simulate.main(["--seed", "51", "--runs", "1"]) == 1
    text = capsys.readouterr().out
    assert " fails.\n" in text
    assert "The shortest story found that fails as well:" in text
    assert "LOST" in text


def test_what_a_safeguard_is_for_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--without", "noting before sending"]) == 0
    assert "DOUBLED  OpportunityContactRole" in capsys.readouterr().out


def _result(seed: int, difference: Difference, *, converged: bool = True) -> Result:
    return Result(Case(seed, "a customer", ("Birch",)), "nothing", difference, converged, [], "", "")


def test_the_last_line_and_the_exit_status_say_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {
        5: _result(5, Difference()),
        6: _result(6, Difference(doubled=["Account Alder: 2 instead of 1"])),
        7: _result(7, Difference(), converged=False),
    }

    def played(first: int, runs: int | None, _until: float | None) -> Iterator[Told]:
        for seed in range(first, first + (runs or 0)):
            yield told(results[seed], seed)

    monkeypatch.setattr(chaos, "played", played)
    assert chaos.main(["--seed", "5", "--runs", "1"]) == 0
    assert capsys.readouterr().out.endswith("\nruns 1, lost 0, doubled 0, not converged 0, first failing seed -\n")
    assert chaos.main(["--seed", "5", "--runs", "3"]) == 1
    out = capsys.readouterr().out
    assert out.endswith("\nruns 3, lost 0, doubled 1, not converged 1, first failing seed 6\n")
    assert 'step by step:  make simulate ARGS="--seed 6 --explain"' in out


def test_many_runs_use_all_cores_and_both_databases(capsys: pytest.CaptureFixture[str]) -> None:
    assert chaos.main(["--seed", "23", "--runs", "4"]) == 0
    out = capsys.readouterr().out
    assert "2 of them on PostgreSQL" in out
    assert out.endswith("\nruns 4, lost 0, doubled 0, not converged 0, first failing seed -\n")


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
    assert compare({"Account Alder": [other]}, [{"Account Alder": [alder]}], r"Account Alder: Phone").lost == []


def test_what_users_changed_stays_seen_after_a_run() -> None:
    """The testbed is put back whole: what one run did to the vendors is not there in the next."""
    emulation: Emulation = place().testbed.home.emulation
    place().play(Case(1, "a customer", ("Birch",)))
    names = {row["DisplayName"] for row in emulation.vendors["quickbooks"].records("Customer")}
    place().play(Case(1, "an account", ("Elm",)))
    after = {row["DisplayName"] for row in emulation.vendors["quickbooks"].records("Customer")}
    assert "Birch Bakery" in names
    assert "Birch Bakery" not in after

"""Crash runs: nothing lost, nothing doubled, always at rest in the end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from .cases import RECIPES
from .ills import ILLS
from .matrix import (
    BOUNDARIES,
    COLUMNS,
    KINDS,
    OF_THE_STATE,
    Cell,
    case_of,
    cells,
    ill_case,
    ills,
    on_a_server,
    runs,
    table,
)
from .runs import Place, Result, place
from .situations import SITUATIONS

SEEDS = 175
CHUNK = 16
SEEDS_ON_POSTGRES = 25
PARTS = 8


def _good(results: Sequence[Result]) -> None:
    failed = [result for result in results if not result.good]
    assert not failed, "\n\n".join(result.report() for result in failed)


def _play(here: Place, chosen: Sequence[tuple[int, Cell]]) -> None:
    results = [here.play(case_of(here, number, cell)) for number, cell in chosen]
    _good(results)
    assert not [(result.report(), result.missed) for result in results if result.missed]


@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_fault_at_this_boundary_of_this_write(boundary: str, kind: str, several: bool) -> None:
    wanted = (boundary, kind, several)
    _play(place(), [each for each in runs() if (each[1].boundary, each[1].kind, each[1].several) == wanted])


@pytest.mark.parametrize("part", range(4))
def test_a_record_that_a_vendor_will_not_have_keeps_nobody_up(part: int) -> None:
    """It is refused, unreadable or fails, alone and with a kill; its neighbours end right, and so does it when it is
    over."""
    here = place()
    _good([here.play(ill_case(here, number, ill)) for number, ill in list(enumerate(ills()))[part::4]])


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_whatever_happens_both_vendors_end_as_if_nothing_had(first: int) -> None:
    _good([place().play_seed(seed) for seed in range(first, min(first + CHUNK, SEEDS + 1))])


@pytest.mark.parametrize("part", range(PARTS))
def test_every_fault_of_the_state_at_every_boundary_on_postgresql(part: int, postgres_url: str) -> None:
    _play(place(postgres_url), on_a_server()[part::PARTS])


@pytest.mark.parametrize("part", range(5))
def test_whatever_happens_on_postgresql(part: int, postgres_url: str) -> None:
    seeds = range(5000 + part, 5000 + SEEDS_ON_POSTGRES, 5)
    _good([place(postgres_url).play_seed(seed) for seed in seeds])


def test_the_matrix_has_no_empty_cell_and_the_suite_has_its_runs() -> None:
    assert table().count("\n") > len(BOUNDARIES)
    assert len(runs()) + SEEDS >= 2_000
    server = [cell for _, cell in on_a_server()]
    assert {(cell.boundary, cell.fault) for cell in server} >= set(product(BOUNDARIES, OF_THE_STATE))
    assert {cell.fault for cell in server} == set(COLUMNS)
    assert {(cell.kind, cell.several) for cell in server} == set(product(KINDS, (False, True)))
    assert len(RECIPES) <= SEEDS_ON_POSTGRES
    assert all(cell.meaningless in ("", "a", "b", "c") for cell in cells())
    assert SEEDS // len(RECIPES) >= 7
    assert {each.ill for each in ills()} == set(ILLS)
    assert {each.late for each in ills()} == {False, True}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_a_situation_is_about_is_written(situation: str) -> None:
    wanted = SITUATIONS[situation]
    written = [each.items for each in place().events_of(situation, wanted.acts, False) if each.what == "writing"]
    assert written
    if wanted.kind:
        batch = next(items for items in written if items.startswith(KINDS[wanted.kind]))
        assert (batch.count(KINDS[wanted.kind]) > 1) == wanted.several

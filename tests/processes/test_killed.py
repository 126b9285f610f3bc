"""`ml-connector` killed with -9 at random moments: both vendors end as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos.books import compare

from .company import MET, Company, company

HOMES, KILLS = 5, 10


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(tmp_path_factory.mktemp("company")) as found:
        yield found


@pytest.mark.parametrize("seed", range(1, HOMES + 1))
def test_ten_processes_killed_over_one_home_lose_and_double_nothing(tiny: Company, seed: int) -> None:
    verdict = tiny.play(seed, KILLS)
    assert verdict.good, verdict.report()
    assert verdict.killed == KILLS, verdict.report()


def test_two_syncs_at_once_write_nothing_twice(tiny: Company) -> None:
    end = tiny.without_kills(MET, 2)
    tiny.begin(MET)
    for step in range(2):
        tiny.news(step)
        both = sorted(ended.status for ended in tiny.together("sync", "--once"))
        assert both in ([0, 0], [0, 3]), both
    assert tiny.at_rest()
    difference = compare(tiny.state(), [end])
    assert (difference.lost, difference.doubled) == ([], [])

"""Long lists go by query jobs where that takes fewer calls, and come to the same (salesforce reference 4.4)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml_connector.model.errors import BadAnswer, ConnectorError, ReadRefused, Unreachable
from ml_connector.systems.http import Response
from ml_connector.systems.salesforce import bulk
from support.in_step import in_step
from support.world import Installation

STATEMENT = "SELECT Id, SystemModstamp FROM Account ORDER BY Id"


@pytest.mark.parametrize(
    ("totals", "jobs"),
    [
        ({}, set()),
        ({0: 2_000, 1: 0}, set()),
        ({0: 10_000}, set()),  # 4 more pages; a job takes 5 calls
        ({0: 13_000}, {0}),
        ({0: 1_000_000, 1: 3_000}, {0}),  # 500 calls against 24, and the short one needs one
        ({0: 12_000, 1: 12_000, 2: 12_000}, set()),  # side by side they are 5 calls, as jobs 15
        ({0: 200_000, 1: 190_000, 2: 9_000}, {0, 1}),
    ],
)
def test_jobs_are_chosen_by_calls(totals: dict[int, int], jobs: set[int]) -> None:
    assert bulk.cheaper(totals) == jobs


@pytest.fixture
def home(tmp_path: Path) -> Installation:
    return in_step(tmp_path)


def job_calls(home: Installation) -> list[str]:
    return [f"{method} {path.rpartition('/')[2][:7]}" for _, method, path in home.network.sent if "/jobs/query" in path]


async def read(home: Installation) -> list[str]:
    calls = home.app.salesforce._calls
    return [row["Id"] async for page in bulk.rows(calls, STATEMENT) for row in page]


async def test_a_job_is_made_waited_for_read_in_pages_and_deleted(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = sorted(row["Id"] for row in home.state("salesforce", "Account"))
    monkeypatch.setattr(bulk, "PER_PAGE", len(accounts) // 2 + 1)
    home.emulation.set_switches("salesforce", {"bulk_queue_seconds": 3, "bulk_run_seconds": 60})
    begun = home.clock.now()
    assert await read(home) == accounts
    assert 63 <= (home.clock.now() - begun).total_seconds() < 100
    done = job_calls(home)
    assert (done[0], done[-1][:6], done.count("GET results")) == ("POST query", "DELETE", 2)


async def test_a_long_list_is_gone_on_with_by_a_job(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2_010):
        home.emulation.act("salesforce", "create", "Contact", {"LastName": f"Roe {number}"})
    monkeypatch.setattr(bulk, "cheaper", lambda totals: set(totals))
    taken: list[str] = []
    swept = await home.app.salesforce.sweep(
        ["Contact", "Account"], None, home.clock.now(), lambda page: taken.extend(change.ref.id for change in page)
    )
    taken += [change.ref.id for change in swept.changes]
    there = [row["Id"] for kind in ("Contact", "Account") for row in home.state("salesforce", kind)]
    assert sorted(taken) == sorted(there)
    assert job_calls(home)[0] == "POST query"


async def test_where_jobs_are_refused_it_is_read_page_by_page(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2_010):
        home.emulation.act("salesforce", "create", "Contact", {"LastName": f"Roe {number}"})

    async def refused(_: Any, statement: str) -> Any:
        if "Contact" in statement:
            raise ReadRefused("No jobs here.", "Page by page.", "FEATURENOTENABLED")
        yield []

    monkeypatch.setattr(bulk, "cheaper", lambda totals: set(totals))
    monkeypatch.setattr(bulk, "rows", refused)
    swept = await home.app.salesforce.sweep(["Contact"], None, home.clock.now())
    assert not swept.refused
    assert len(swept.changes) == len(home.state("salesforce", "Contact"))


Change = Callable[[str, Response], Response]


def _altered(home: Installation, change: Change) -> None:
    send = home.network.send

    async def altered(request: Any, clock: Any = None) -> Response:
        return change(request.path, await send(request, clock))

    home.network.send = altered  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda path, r: Response(200, r.headers, b"{}") if path.endswith("/query") else r, BadAnswer),
        (lambda path, r: Response(200, r.headers, b'{"id": "../x"}') if path.endswith("/query") else r, BadAnswer),
        (lambda path, r: Response(200, r.headers, b'{"state": "Failed"}') if "/query/7" in path else r, ReadRefused),
        (lambda path, r: Response(200, r.headers, b'{"state": "Odd"}') if "/query/7" in path else r, Unreachable),
        (lambda path, r: Response(200, r.headers, b'Id\n"\xff') if path.endswith("/results") else r, BadAnswer),
        (lambda path, r: Response(200, {**r.headers, "sforce-locator": "MQ"}, r.body), BadAnswer),
        (lambda path, r: Response(404, r.headers, b"[]") if path.endswith("/results") else r, ConnectorError),
    ],
)
async def test_nonsense_is_a_typed_error_and_no_end_is_an_end(
    home: Installation, change: Change, error: type[Exception]
) -> None:
    _altered(home, change)
    with pytest.raises(error):
        await read(home)

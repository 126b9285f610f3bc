"""A first sweep of a large company: taken in page by page, so that memory stays flat; nothing lost when it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.sweep import sweep_all
from ml_connector.engine import intake
from ml_connector.systems.http import NoAnswer, Request
from support.market import Market


@pytest.fixture
def market(tmp_path: Path) -> Market:
    made = Market(tmp_path)
    made.add_pairs(1_200, contact=False)
    return made


def looked_for(market: Market) -> int:
    return market.home.store.unserved(market.home.app.connection.id).get("customer_to_account", 0)


async def test_no_page_is_larger_than_the_vendors_own(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, whole = list[int](), intake.receive

    def receive(connection: Any, runtime: Any, changes: Any, source: str, **position: Any) -> int:
        sizes.append(len(changes))
        return whole(connection, runtime, changes, source, **position)

    monkeypatch.setattr(intake, "receive", receive)
    await sweep_all(market.home.app)
    assert max(sizes) <= 2_000
    assert looked_for(market) == len(market.home.state("quickbooks", "Customer"))


async def test_a_list_that_breaks_off_is_begun_again(market: Market) -> None:
    async def second_page_is_lost(vendor: str, request: Request) -> None:
        if "STARTPOSITION" in request.url and "Customer" in request.url and "STARTPOSITION%201%20" not in request.url:
            raise NoAnswer("The connection broke.", "Again.")

    app = market.home.app
    market.home.network.before = second_page_is_lost
    with pytest.raises(NoAnswer):
        await sweep_all(app)
    known = looked_for(market)
    assert (known, app.store.position(app.connection.id, "sweep:quickbooks")) == (1_000, None)

    market.home.network.before = None
    await sweep_all(app)
    assert looked_for(market) == len(market.home.state("quickbooks", "Customer"))

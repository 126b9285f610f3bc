"""Where orders stand, read from both emulated vendors (accounting-rules G, completeness)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.entry import build_entry
from ml_connector.accounting.parts import kept
from ml_connector.accounting.postings import posting_ref
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.tieout import order_states
from ml_connector.tieout.order_states import OrderState, read_states
from ml_connector.tieout.reading import Links, Reading
from support.market import Market


def reading(market: Market) -> Reading:
    app = market.home.app
    links = Links(app.store, app.connection.id)
    return Reading(app.quickbooks, app.salesforce, links, app.rules, app.world.clock.now())


async def states(market: Market, *orders: str, known: bool = True) -> list[OrderState]:
    run = reading(market)
    links: dict[Ref, Link] = {link.source: link for link in run.links.all_of(Role.JOURNAL)} if known else {}
    found = await read_states(run, orders, links)
    return [found[order] for order in orders]


def in_parts() -> dict[str, str]:
    """What the first of two parts keeps."""
    lines = [books.line(1, "10.00", "4000"), books.line(2, "5.00", "4000", "West/-")]
    return kept(build_entry(books.inputs(*lines, max_lines=2)).parts, 2)


@pytest.fixture
async def market(tmp_path: Path) -> Market:
    """A client in step."""
    made = Market(tmp_path)
    made.add_pairs(1)
    await made.in_step()
    return made


async def test_posted_pending_held_and_gone(market: Market) -> None:
    (done,) = market.add_orders(1)
    await market.in_step()
    due, stuck, gone = market.add_orders(3)
    market.salesforce("update", "Order", Id=stuck, Department__c="Nowhere")
    posted, pending, held, skipped = await states(market, done, due, stuck, f"{gone[:-6]}zzzAAA")
    assert [state.name for state in (posted, pending, held, skipped)] == ["posted", "pending", "held", "skipped"]
    assert [key.rpartition("|")[2] for key in pending.planned] == ["01"]
    assert posted.expected is not None
    assert [state.expected for state in (pending, held, skipped)] == [None, None, None]


async def test_an_entry_that_no_link_knows_is_found_by_its_number(market: Market) -> None:
    (done,) = market.add_orders(1)
    await market.in_step()
    (known,), (found,) = await states(market, done), await states(market, done, known=False)
    assert (found.name, known.name) == ("posted", "posted")
    assert found.expected == known.expected


async def test_what_was_posted_and_would_not_be_today(market: Market) -> None:
    (done,) = market.add_orders(1)
    await market.in_step()
    for item in market.home.state("quickbooks", "Item"):
        market.quickbooks("update", "Item", Id=item["Id"], Active=False)
    (state,) = await states(market, done)
    assert (state.name, state.expected, state.lost) == ("posted", None, "H-ITEM-INACTIVE")


@pytest.mark.parametrize(
    "step", ["_standing", "_can_be_asked_for", "order_then", "_scope", "_due", "_judged", "_with_expected"]
)
async def test_an_order_that_nobody_can_judge_is_held_by_its_name_and_no_other(
    market: Market, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    bad, good = market.add_orders(2)
    judge = getattr(order_states, step)

    def stumbling(subject: Any, *args: Any) -> Any:
        given = [subject, *args]
        if any(getattr(getattr(each, "order", each), "id", "") == bad for each in given):
            raise KeyError("nobody thought of this")
        return judge(*given)

    monkeypatch.setattr(order_states, step, stumbling)
    held, other = await states(market, bad, good)
    assert (held.name, held.lost) == ("held", "UNEXPECTED (KeyError)")
    assert other.name == "pending"


async def test_an_order_deleted_meanwhile_is_held_while_parts_of_it_are_missing(tmp_path: Path) -> None:
    market = Market(tmp_path)
    market.add_pairs(1)
    await market.in_step()
    (done,) = market.add_orders(1)
    await market.in_step()
    run = reading(market)
    links = {link.source: link for link in run.links.all_of(Role.JOURNAL)}
    first = links[posting_ref(done)]
    gone = f"{done[:-6]}zzzAAA"

    def moved(agreed: dict[str, str | None]) -> dict[Ref, Link]:
        source = posting_ref(gone)
        return {source: msgspec.structs.replace(first, source=source, agreed=agreed)}

    whole, parts = moved(dict(first.agreed)), moved({**first.agreed, **in_parts()})
    assert [(await read_states(run, [gone], known))[gone].name for known in (whole, parts)] == ["skipped", "held"]

"""An entry in parts: what is kept of the list, what a hold says, on which day the rest falls."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from accounting import books
from flows.orders.test_order_to_journal import ORDER_REF, order_of, told, world_of
from ml_connector.accounting.postings import posting_ref
from ml_connector.flows.orders.order_to_journal import FLOW
from ml_connector.model import holds
from ml_connector.model.plans import Hold, Refused, Write
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from support.context import World, decide, settle
from support.digests import digest

RULES = Rules(realm_id="1", org_id="2")
LINES = [{"dims": "East/SaaS"}, {"dims": "West/SaaS", "net": "500.00"}, {"dims": "HQ/SaaS", "net": "30.00"}]
ENTRY = Ref("quickbooks", "JournalEntry", "9")


def world(**rules: Any) -> World:
    return world_of({"lines": LINES, "rules": {"max_lines": 2, **rules}})


def after_the_first(**rules: Any) -> World:
    """The first of three parts is posted."""
    made = world(**rules)
    write = decide(FLOW, made.records[ORDER_REF], made)
    assert isinstance(write, Write)
    made.apply(write)
    return made


def next_of(world: World) -> Any:
    return decide(FLOW, world.records[ORDER_REF], world)


def link_of(world: World) -> Link:
    return world.links[Role.JOURNAL, posting_ref(books.ORDER_ID)]


@pytest.mark.parametrize("part", [1, 2, 3])
def test_each_part_binds_those_that_follow(part: int) -> None:
    """Another amount on the last line is another approval for the first part, and for the second."""
    made, other = world(), world_of({"lines": [*LINES[:2], {**LINES[2], "net": "31.00"}], "rules": {"max_lines": 2}})
    bound = []
    for each in (made, other):
        decisions = [d for d in settle(FLOW, ORDER_REF, each) if isinstance(d, Write) and d.together]
        bound.append(decisions[part - 1].together.followers)  # type: ignore[union-attr]  # picked above
    assert (bound[0] != bound[1]) == (part < 3)
    assert (bound[0] == "") == (part == 3)


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"max_lines": 500}, "SFO-00001001-02"),
        ({"template": "T2"}, "SFO-00001001-02"),
        ({"template": ""}, "SFO-00001001-02"),
        ({"start_date": date(2026, 12, 1)}, "SFO-00001001-02"),
    ],
)
def test_settings_that_change_half_way_change_nothing(change: dict[str, Any], number: str) -> None:
    made = after_the_first()
    made.rules = world(**change).rules
    decision = told(next_of(made))
    assert (decision["number"], decision["lines"]) == (
        number, ["Dr 1250 500.00 West/SaaS", "Cr 2450 [4000] 500.00 West/SaaS"],
    )  # fmt: skip


def test_an_order_that_changes_half_way_is_finished_as_approved() -> None:
    made = after_the_first()
    made.put(order_of({"lines": [{"net": "7.00"}]}))
    decisions = [told(each) for each in settle(FLOW, ORDER_REF, made)]
    assert [each.get("number") for each in decisions[:2]] == ["SFO-00001001-02", "SFO-00001001-03"]
    assert decisions[-1]["flags"] == ["AMENDED_AFTER_POSTING"]


@pytest.mark.parametrize(
    ("answer", "code"), [("6210", "H-CLOSED"), ("6140", "H-DOCNUM"), ("5020", "REFUSED-BY-QUICKBOOKS")]
)
def test_a_refused_part_says_what_is_posted_and_what_is_not(answer: str, code: str) -> None:
    made = after_the_first()
    hold = FLOW.refused(next_of(made), Refused(answer, "no"), digest)
    assert isinstance(hold, Hold)
    assert (hold.code, hold.amount) == (code, Decimal("530.00"))
    words = holds.render_hold(hold)
    assert words.meaning == (
        "The order is posted in part: SFO-00001001-01 is in the books, SFO-00001001-02, SFO-00001001-03 is not. "
        "530.00 USD is missing there."
    )


def test_a_refused_first_part_leaves_nothing_in_the_books() -> None:
    made = world()
    hold = FLOW.refused(next_of(made), Refused("6210", "no"), digest)
    assert isinstance(hold, Hold)
    assert (hold.amount, holds.render_hold(hold).meaning) == (
        Decimal("1530.00"), "1,530.00 USD is in no month yet; nothing was posted.",
    )  # fmt: skip


def test_draft_deleted_and_closed_half_way() -> None:
    made = after_the_first()
    order = made.records[ORDER_REF]
    draft = decide(FLOW, order.merged({"StatusCode": "Draft"}), made)
    deleted = decide(FLOW, Gone(ORDER_REF), made)
    made.references["quickbooks", "preferences"] = books.preferences(closed="2026-11-10")
    closed = next_of(made)
    assert [(each.code, each.amount) for each in (draft, deleted, closed)] == [  # type: ignore[union-attr]  # holds
        ("H-DEACTIVATED", Decimal("530.00")), ("H-DEACTIVATED", Decimal("530.00")), ("H-CLOSED", Decimal("530.00")),
    ]  # fmt: skip
    assert all("posted in part" in holds.render_hold(each).meaning for each in (draft, deleted, closed))  # type: ignore[arg-type]  # holds

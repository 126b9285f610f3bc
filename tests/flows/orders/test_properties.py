"""Whatever an order looks like, it is posted in balance, skipped, or held for a reason that has words."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from accounting import books
from flows.orders.test_order_to_journal import ORDER_REF, order_line, order_of, world_of
from ml_connector.flows.orders.order_to_journal import FLOW
from ml_connector.model.holds import CODES, render_hold
from ml_connector.model.plans import Hold, Skip, Write
from ml_connector.systems.quickbooks.records import JournalDraft
from ml_connector.systems.salesforce.records import SObject
from support.context import decide


def mostly(good: list[Any], odd: list[Any]) -> st.SearchStrategy[Any]:
    """One of the odd values about once in twelve times, so that most orders get far."""
    return st.integers(0, 11).flatmap(lambda die: st.sampled_from(odd if die == 11 else good))


amounts = st.decimals(min_value="-99999", max_value="99999", places=4).map(str)
nets = st.integers(0, 29).flatmap(lambda die: st.sampled_from(["", "0", "1E+2"]) if die == 29 else amounts)
departments = mostly(["East", "east : BOSTON", "West", "HQ"], ["-", "Ops", "[#10]", "\u0000", "Ä" * 300])
classes = mostly(["SaaS", "Services", "Enterprise"], ["-", "Hardware", "x [#999]"])
lines = st.fixed_dictionaries(
    {
        "net": nets,
        "product": mostly(["SUB", "SRV", "SHIP", "sub"], ["NOPE", ""]),
        "dims": st.builds("{}/{}".format, departments, classes),
        "list_price": nets,
    }
)
orders = st.fixed_dictionaries(
    {
        "StatusCode": mostly(["Activated"], ["Draft", "Superseded", None]),
        "EffectiveDate": mostly(["2026-11-10"], ["2026-12-15", "2026-09-01", None]),
        "ActivatedDate": mostly(["2026-11-10T18:00:00.000+0000"], [None]),
        "CurrencyIsoCode": mostly(["USD", "EUR"], [None, "GBP"]),
        "OrderNumber": st.sampled_from(["00001001", "7|8\n", "0" * 30]),
        "TotalAmount": mostly([""], ["0", "100.00"]),
        "QBO_Exchange_Rate__c": st.sampled_from(["", "1.085", "-1", "0"]),
    }
)
rules = st.fixed_dictionaries(
    {
        "template": mostly(["T1", "T2", "T3"], ["T0"]),
        "discount_mode": st.sampled_from(["net", "gross"]),
        "closed_policy": st.sampled_from(["hold", "next_open"]),
        "max_lines": mostly([500], [2, 3, 4]),
    }
)


def told(order: SObject, given_rules: dict[str, Any]) -> Hold | Skip | Write:
    rates = {f"{currency}:2026-11-10": "1.1" for currency in ("EUR", "GBP")}
    currency = order.text("CurrencyIsoCode") or "USD"
    world = world_of({"rules": given_rules, "rates": rates, "customer_currency": currency})
    world.put(order)
    return decide(FLOW, order, world)


@settings(deadline=None, max_examples=300)
@given(orders, st.lists(lines, max_size=5), rules, st.randoms(use_true_random=False))
def test_every_order_comes_to_a_decision(
    fields: dict[str, Any], rows: list[dict[str, Any]], given_rules: dict[str, Any], chance: random.Random
) -> None:
    order = order_of({"order": fields, "lines": rows})
    decision = told(order, given_rules)
    if isinstance(decision, Hold):
        assert decision.code in CODES
        assert "(not known)" not in " ".join(
            (render_hold(decision).sentence, render_hold(decision).meaning, render_hold(decision).remedy)
        )
    if isinstance(decision, Write):
        draft = JournalDraft.of_body(decision.body)
        assert decision.amount == draft.total > 0
        assert len(draft.lines) <= max(given_rules["max_lines"], 2)
    shuffled = [order_line(number, row) for number, row in enumerate(rows, 1)]
    chance.shuffle(shuffled)
    assert told(SObject("Order", order.id, {**order.fields, "OrderItems": tuple(shuffled)}), given_rules) == decision


def test_the_story_tells_of_this_order() -> None:
    assert ORDER_REF.id == books.ORDER_ID
    assert isinstance(told(order_of({}), {}), Write)

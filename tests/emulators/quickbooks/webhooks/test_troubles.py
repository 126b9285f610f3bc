"""Webhooks that go wrong by order, and going back to an earlier state (reference sections 9.1 and 14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ml_emulators.kit.control_bodies import WebhookTrouble

from ..client import NOON, Client, Shop
from ..endpoint import TARGET, Endpoint, customer, notice

# --- what can go wrong


@pytest.mark.parametrize(
    ("plan", "at_once", "later"),
    [
        (WebhookTrouble("lose"), ["2", "3"], []),
        (WebhookTrouble("lose", count=2), ["3"], []),
        (WebhookTrouble("lose", kind="Invoice"), ["1", "2", "3"], []),
        (WebhookTrouble("delay", seconds=60), ["2", "3"], ["1"]),
        (WebhookTrouble("duplicate"), ["1", "1", "2", "3"], []),
        (WebhookTrouble("duplicate", seconds=60), ["1", "2", "3"], ["1"]),
    ],
)
def test_planned_troubles(
    qbo: Client, endpoint: Endpoint, plan: WebhookTrouble, at_once: list[str], later: list[str]
) -> None:
    endpoint.trouble(plan)
    for name in "ABC":
        customer(qbo, name)
    ids = [told.split()[1] for told in endpoint.told()]
    assert (ids, [told.split()[1] for told in endpoint.after(seconds=60)]) == (at_once, later)


def test_a_copy_has_the_id_of_its_event(qbo: Client, endpoint: Endpoint) -> None:
    endpoint.trouble(WebhookTrouble("duplicate"))
    customer(qbo)
    (first, second), *none = endpoint.bodies()
    assert (first, none) == (second, [])


def test_another_order_repeats_from_its_seed(qbo: Client, endpoint: Endpoint) -> None:
    orders = []
    for seed in (5, 5, 6):
        endpoint.trouble(WebhookTrouble("reorder"), clear=True, seed=seed)
        for number in range(20):
            endpoint.outbox.publish(replace(notice("Update"), id=str(number)))
        orders.append([int(told.split()[1]) for told in endpoint.told()])
    assert orders[0] == orders[1] != orders[2]
    assert all(sorted(order) == list(range(20)) != order for order in orders)


def test_chance_repeats_from_its_seed(qbo: Client, endpoint: Endpoint) -> None:
    runs = []
    for _ in range(2):
        endpoint.trouble(WebhookTrouble("lose", count=1_000, probability=0.3), clear=True, seed=4)
        for number in range(50):
            endpoint.outbox.publish(replace(notice("Update"), id=str(number)))
        runs.append([int(told.split()[1]) for told in endpoint.told()])
    assert runs[0] == runs[1]
    assert 20 < len(runs[0]) < 48


@pytest.mark.parametrize(
    "plan",
    [
        WebhookTrouble("lose", count=0),
        WebhookTrouble("lose", probability=0),
        WebhookTrouble("lose", probability=1.5),
        WebhookTrouble("delay"),
        WebhookTrouble("delay", seconds=-1),
        WebhookTrouble("duplicate", seconds=float("nan")),
        WebhookTrouble("reorder", kind="Invoice"),
    ],
)
def test_troubles_that_make_no_sense(endpoint: Endpoint, plan: WebhookTrouble) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        endpoint.trouble(WebhookTrouble("lose"), plan)
    assert endpoint.outbox.view().troubles == []


# --- back and forth


def test_what_waits_goes_back_with_the_books(qbo: Client, endpoint: Endpoint) -> None:
    endpoint.trouble(WebhookTrouble("lose", kind="Item"))
    customer(qbo)
    list(endpoint.take(500))
    before = qbo.server.snapshot()
    customer(qbo, "Undone")
    endpoint.after(days=1)
    qbo.server.restore(before)
    assert [plan.kind for plan in endpoint.outbox.view().troubles] == ["Item"]
    assert endpoint.told() == ["qbo.customer.created.v1 1"]
    qbo.server.reset()
    view = endpoint.outbox.view()
    assert (view.target, view.waiting, view.deliveries, view.troubles) == (TARGET, 0, [], [])


def test_an_event_after_going_back_has_an_id_of_its_own(qbo: Client, endpoint: Endpoint) -> None:
    before = qbo.server.snapshot()
    ids = set()
    for name in ("First", "Second"):
        customer(qbo, name)
        ids.add(endpoint.bodies()[0][0]["id"])
        qbo.server.restore(before)
    assert len(ids) == 2


def test_an_answer_to_what_is_gone_is_not_missed(qbo: Client, endpoint: Endpoint) -> None:
    customer(qbo)
    post = endpoint.outbox.next(NOON)
    assert post is not None
    endpoint.outbox.forget()
    endpoint.outbox.answered(post.number, 200, datetime(2026, 11, 23, tzinfo=UTC))
    assert endpoint.outbox.view().deliveries == []


def test_side_effects_voids_and_merges_are_told(shop: Shop) -> None:
    endpoint = Endpoint(shop)
    invoice = shop.invoice(10)
    shop.pay(10, ("Invoice", invoice["Id"], 10))
    shop.server.act({"op": "void", "kind": "Invoice", "id": invoice["Id"]})
    loser = customer(shop, "Blue Heron II")["Id"]
    endpoint.told()
    shop.server.act({"op": "merge", "kind": "Customer", "body": {"Id": shop.customer, "deletedId": loser}})
    (event,) = endpoint.bodies()[0]
    assert (event["type"], event["data"]) == ("qbo.customer.merged.v1", {"deletedid": loser})
    told = endpoint.outbox.view().deliveries[0].events
    assert f"Invoice {invoice['Id']} Void" in told
    assert f"Invoice {invoice['Id']} Update" in told

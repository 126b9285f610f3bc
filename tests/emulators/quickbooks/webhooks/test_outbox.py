"""Webhooks without sockets: bodies, who is told, deliveries and the ladder of retries (reference section 9)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ml_emulators.kit.control_bodies import WebhookOrder
from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import ChangeNotice, Company
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.webhooks.outbox import LADDER, wait_after

from ..client import NOON, Client, Json
from ..endpoint import TARGET, Endpoint, customer, notice

OPERATIONS = {
    "C U D M": ("Account", "Class", "Customer", "Employee", "Item", "Vendor"),
    "C U D": ("Bill", "CompanyCurrency", "Deposit", "JournalEntry", "TimeActivity", "VendorCredit"),
    "C U D E": ("Estimate", "PurchaseOrder"),
    "C U D V": ("BillPayment", "Purchase", "Transfer"),
    "C U D V E": ("CreditMemo", "Invoice", "Payment", "RefundReceipt", "SalesReceipt"),
    "C U M": ("Department", "PaymentMethod"),
    "C U": ("TaxAgency", "Term"),
    "U": ("Preferences",),
    "": ("Attachable", "CompanyInfo", "ExchangeRate", "TaxCode", "TaxRate"),
}
"""Section 9.4, as far as the kinds of this emulator go."""


# --- bodies


def test_a_cloud_event(qbo: Client, endpoint: Endpoint) -> None:
    customer(qbo)
    (post,) = endpoint.take()
    (event,) = loads(post.body)
    assert event.pop("id").endswith("-Customer-1")
    assert event.pop("source").startswith("intuit.")
    assert event == {
        "specversion": "1.0",
        "type": "qbo.customer.created.v1",
        "datacontenttype": "application/json",
        "time": "2026-11-22T20:00:00.125000000Z",
        "intuitentityid": "1",
        "intuitaccountid": qbo.info["realm_id"],
        "data": {},
    }
    assert (post.target, post.headers["Content-Type"]) == (TARGET, "application/json")


def test_a_legacy_body(qbo: Client) -> None:
    endpoint = Endpoint(qbo, "legacy")
    customer(qbo)
    entity = {"name": "Customer", "id": "1", "operation": "Create", "lastUpdated": "2026-11-22T20:00:00.125Z"}
    notification = {"realmId": qbo.info["realm_id"], "dataChangeEvent": {"entities": [entity]}}
    assert endpoint.bodies() == [{"eventNotifications": [notification]}]


@pytest.mark.parametrize(
    ("told", "switches", "verb", "data"),
    [
        (notice("Create"), {}, "created", {}),
        (notice("Update"), {}, "updated", {}),
        (notice("Delete"), {}, "deleted", {}),
        (notice("Void"), {}, "void", {}),
        (notice("Void"), {"webhook_void_verb": "voided"}, "voided", {}),
        (notice("Merge", deleted_id="27"), {}, "merged", {"deletedid": "27"}),
    ],
)
def test_verbs_of_cloud_events(endpoint: Endpoint, told: ChangeNotice, switches: Json, verb: str, data: Json) -> None:
    for name, value in switches.items():
        setattr(endpoint.client.server.switches, name, value)
    endpoint.outbox.publish(told)
    (event,) = endpoint.bodies()[0]
    assert (event["type"], event["data"]) == (f"qbo.invoice.{verb}.v1", data)


@pytest.mark.parametrize(
    ("told", "form", "expected"),
    [
        (notice("Void"), "utc", {"operation": "Void", "lastUpdated": "2026-11-22T20:00:00.125Z"}),
        (notice("Update"), "offset", {"operation": "Update", "lastUpdated": "2026-11-22T12:00:00-0800"}),
        (
            notice("Merge", deleted_id="27"),
            "utc",
            {"operation": "Merge", "lastUpdated": "2026-11-22T20:00:00.125Z", "deletedId": "27"},
        ),
    ],
)
def test_operations_of_the_legacy_format(qbo: Client, told: ChangeNotice, form: Any, expected: Json) -> None:
    endpoint = Endpoint(qbo, "legacy")
    qbo.server.switches.webhook_legacy_time = form
    endpoint.outbox.publish(told)
    (entity,) = endpoint.bodies()[0]["eventNotifications"][0]["dataChangeEvent"]["entities"]
    assert entity == {"name": "Invoice", "id": "7", **expected}


@pytest.mark.parametrize("form", ["cloudevents", "legacy"])
def test_the_signature_is_over_the_raw_body(qbo: Client, form: str) -> None:
    endpoint = Endpoint(qbo, form)
    customer(qbo)
    (post,) = endpoint.take()
    token = qbo.info["webhook_verifier_token"].encode()
    expected = base64.b64encode(hmac.new(token, post.body, hashlib.sha256).digest()).decode()
    assert post.headers["intuit-signature"] == expected


def test_the_content_type_of_cloud_events_is_a_switch(qbo: Client, endpoint: Endpoint) -> None:
    qbo.server.switches.webhook_content_type = "application/cloudevents+json"
    customer(qbo)
    assert [post.headers["Content-Type"] for post in endpoint.take()] == ["application/cloudevents+json"]


def test_what_each_kind_tells_is_in_the_table() -> None:
    letters = {"Create": "C", "Update": "U", "Delete": "D", "Void": "V", "Merge": "M", "Emailed": "E"}
    allowed = {kind: set(told.split()) for told, kinds in OPERATIONS.items() for kind in kinds}
    possible = {name: {letters[one] for one in kind.notices.values()} for name, kind in KINDS.items()}
    assert set(allowed) == set(KINDS)
    for name in allowed:
        surplus = possible[name] - allowed[name] - {"V"}  # who cannot be voided never says so
        assert surplus == set(), name


# --- who is told


def test_users_and_other_apps_are_told_of_and_the_own_echo_is_a_switch(qbo: Client, endpoint: Endpoint) -> None:
    customer(qbo, "Own")
    assert endpoint.told() == ["qbo.customer.created.v1 1"]
    qbo.server.switches.webhook_self_echo = False
    customer(qbo, "Own again")
    qbo.server.act({"op": "create", "kind": "Customer", "body": {"DisplayName": "User's"}})
    assert endpoint.told() == ["qbo.customer.created.v1 3"]


def test_only_companies_that_authorised_the_app(qbo: Client, endpoint: Endpoint) -> None:
    qbo.server.act({"op": "disconnect"})
    qbo.server.act({"op": "create", "kind": "Customer", "body": {"DisplayName": "Unheard"}})
    assert endpoint.told() == []


def test_without_a_target_nothing_waits(qbo: Client) -> None:
    outbox = qbo.server.webhooks
    customer(qbo)
    assert (outbox.view().waiting, outbox.next(NOON), outbox.wakes_at()) == (0, None, None)
    endpoint = Endpoint(qbo)
    customer(qbo, "Dropped")
    outbox.point(WebhookOrder(None))
    outbox.point(WebhookOrder(TARGET))
    assert endpoint.told() == []


# --- deliveries


@pytest.mark.parametrize(("changes", "sizes"), [(1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_at_most_a_hundred_events_in_a_delivery(
    qbo: Client, endpoint: Endpoint, changes: int, sizes: list[int]
) -> None:
    for number in range(changes):
        endpoint.outbox.publish(replace(notice("Update"), id=str(number)))
    bodies = endpoint.bodies()
    assert [len(body) for body in bodies] == sizes
    assert [event["intuitentityid"] for body in bodies for event in body] == [str(one) for one in range(changes)]


@pytest.mark.parametrize(("together", "realms"), [(False, [["1000"], ["2000"]]), (True, [["1000", "2000", "1000"]])])
def test_several_companies_in_one_delivery_by_switch(qbo: Client, together: bool, realms: list[list[str]]) -> None:
    for realm in ("1000", "2000"):
        qbo.server.add_company(Company(realm_id=realm))
    qbo.server.switches.webhook_several_companies = together
    endpoint = Endpoint(qbo)
    for realm, number in (("1000", "1"), ("2000", "2"), ("1000", "3")):
        endpoint.outbox.publish(replace(notice("Update"), realm_id=realm, id=number))
    told = [[event["intuitaccountid"] for event in body] for body in endpoint.bodies()]
    assert [list(body) if together else sorted(set(body)) for body in told] == realms


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        (True, ["created 1", "created 2", "updated 1"]),
        (False, ["created 1", "updated 1", "created 2", "updated 1"]),
    ],
)
def test_changes_of_one_record_within_a_window(
    qbo: Client, endpoint: Endpoint, aggregate: bool, expected: list[str]
) -> None:
    qbo.server.switches.webhook_window_seconds = 5
    qbo.server.switches.webhook_aggregate = aggregate
    first = customer(qbo)
    changed = qbo.change("Customer", first, Notes="a")
    customer(qbo, "Other")
    assert endpoint.after(seconds=4) == []
    qbo.change("Customer", changed, Notes="b")
    assert endpoint.outbox.wakes_at() == NOON + timedelta(seconds=5)
    told = endpoint.after(seconds=1)
    assert [one.removeprefix("qbo.customer.").replace(".v1", "") for one in told] == expected


def test_an_aggregated_event_has_the_newest_time(qbo: Client, endpoint: Endpoint) -> None:
    for later in (0, 1, 2):
        endpoint.outbox.publish(replace(notice("Update"), instant=NOON + timedelta(seconds=later - 2)))
    (event,) = endpoint.bodies()[0]
    assert event["time"] == "2026-11-22T20:00:00.125000000Z"


# --- retries


def test_the_ladder_of_retries(qbo: Client, endpoint: Endpoint) -> None:
    customer(qbo)
    seen: list[tuple[datetime, str]] = []
    for _ in range(12):
        post = endpoint.outbox.next(qbo.clock.now())
        assert post is not None
        seen.append((qbo.clock.now(), loads(post.body)[0]["id"]))
        endpoint.outbox.answered(post.number, 500, qbo.clock.now())
        due = endpoint.outbox.wakes_at()
        assert due is not None
        if due > qbo.clock.now():
            qbo.clock.set(due - timedelta(seconds=1))
            assert endpoint.outbox.next(qbo.clock.now()) is None
            qbo.clock.set(due)
    waits = [(after[0] - before[0]).total_seconds() for before, after in pairwise(seen)]
    assert waits == [0, 10, 20, 30, 300, 1200, 7200, 14400, 21600, 21600, 21600]
    assert len({event_id for _, event_id in seen}) == 1
    assert wait_after(len(LADDER) + 40) == timedelta(hours=6)


@pytest.mark.parametrize("status", [None, 201, 202, 204, 302, 400, 403, 404, 500])
def test_only_200_acknowledges(qbo: Client, endpoint: Endpoint, status: int | None) -> None:
    customer(qbo)
    assert len(list(endpoint.take(status))) == 2
    (shown,) = endpoint.outbox.view().deliveries
    assert (shown.acknowledged, [attempt.status for attempt in shown.attempts]) == (False, [status, status])
    assert shown.next_attempt == NOON + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("blocking", "at_once", "later"),
    [
        (True, [], ["qbo.customer.created.v1 1", "qbo.customer.created.v1 2"]),
        (False, ["qbo.customer.created.v1 2"], ["qbo.customer.created.v1 1"]),
    ],
)
def test_later_events_wait_behind_a_failing_one(
    qbo: Client, endpoint: Endpoint, blocking: bool, at_once: list[str], later: list[str]
) -> None:
    qbo.server.switches.webhook_blocking = blocking
    customer(qbo)
    assert len(list(endpoint.take(500))) == 2
    customer(qbo, "Behind")
    assert endpoint.told() == at_once
    assert endpoint.after(seconds=10) == later


def test_what_was_delivered_is_shown(qbo: Client, endpoint: Endpoint) -> None:
    customer(qbo)
    endpoint.told()
    (shown,) = endpoint.outbox.view().deliveries
    assert (shown.number, shown.realms, shown.events) == (1, [qbo.info["realm_id"]], ["Customer 1 Create"])
    assert (shown.acknowledged, shown.next_attempt) == (True, None)
    assert [(attempt.at, attempt.status) for attempt in shown.attempts] == [(NOON, 200)]

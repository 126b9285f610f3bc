"""Behaviours that are open in the vendor's documents, each on both sides (reference 2.1, 3, 7, 10, 12)."""

from __future__ import annotations

import pytest

from ml_emulators.kit.wire import loads

from .client import Client, Shop, journal_line


@pytest.mark.parametrize(("switch", "code"), [("6210", "6210"), ("6200", "6200")])
def test_the_code_of_closed_books(shop: Shop, switch: str, code: str) -> None:
    setattr(shop.server.switches, "closed_books_code", switch)  # noqa: B010 - a text, not one of its literals
    shop.set_preferences(AccountingInfoPrefs={"BookCloseDate": "2026-10-31"})
    lines = [journal_line("Debit", 5, shop.bank), journal_line("Credit", 5, shop.sales)]
    assert shop.fault("/journalentry", {"TxnDate": "2026-10-31", "Line": lines})["code"] == code


def test_another_body_under_the_same_requestid(qbo: Client) -> None:
    first = qbo.post("/customer", {"DisplayName": "Ash"}, requestid="r")["Customer"]
    assert qbo.post("/customer", {"DisplayName": "Birch"}, requestid="r")["Customer"] == first
    qbo.server.switches.requestid_other_body = "refused"
    assert qbo.fault("/customer", {"DisplayName": "Birch"}, requestid="r")["code"] == "6000"
    assert qbo.fault("/vendor", {"DisplayName": "Ash"}, requestid="r")["code"] == "6000"
    assert qbo.post("/customer", {"DisplayName": "Ash"}, requestid="r")["Customer"] == first


def test_a_list_with_one_row_more(qbo: Client) -> None:
    for name in "abc":
        qbo.make("Customer", DisplayName=name)
    qbo.server.switches.one_row_more = True
    assert qbo.query("select * from Customer maxresults 1")["maxResults"] == 2


def test_the_end_of_a_batch_is_throttled(qbo: Client) -> None:
    qbo.server.switches.batch_throttled_items = 1
    items = [{"bId": name, "operation": "create", "Customer": {"DisplayName": name}} for name in "ab"]
    done, refused = qbo.batch(*items)
    assert (done["Customer"]["DisplayName"], refused["Fault"]["Error"][0]["code"]) == ("a", "3001")
    assert qbo.query("select count(*) from Customer") == {"totalCount": 1}


@pytest.mark.parametrize("status", [429, 403])
def test_the_status_of_a_throttled_call(qbo: Client, status: int) -> None:
    switches = qbo.server.switches
    switches.limits, switches.coreplus_quota = True, 0
    setattr(switches, "throttle_status", status)  # noqa: B010 - a number, not one of its literals
    answer = qbo.send("GET", "/preferences")
    assert (answer.status, loads(answer.body)["Fault"]["Error"][0]["code"]) == (status, "3001")

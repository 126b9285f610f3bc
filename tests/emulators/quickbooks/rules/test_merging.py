"""Merging customers on the screen (reference 6.1, 9.2)."""

from __future__ import annotations

import pytest

from ml_emulators.quickbooks import ChangeNotice, Fault

from ..client import Json, Shop, journal_line, named, ref


def merge(shop: Shop, survivor: str, loser: str) -> Json:
    return shop.server.act({"op": "merge", "kind": "Customer", "body": {"Id": survivor, "deletedId": loser}})


@pytest.fixture
def loser(shop: Shop) -> str:
    made: str = shop.make("Customer", DisplayName="Blue Heron Ltd")["Id"]
    return made


def test_the_survivor_takes_all_over(shop: Shop, loser: str) -> None:
    invoice = shop.invoice(100, CustomerRef=ref(loser))
    payment = shop.pay(30, ("Invoice", invoice["Id"], 30), CustomerRef=ref(loser))
    lines = [
        journal_line("Debit", 5, shop.receivable, Entity=named("Customer", loser)),
        journal_line("Credit", 5, shop.sales),
    ]
    entry = shop.make("JournalEntry", Line=lines)
    job = shop.make("Customer", DisplayName="Roof", ParentRef=ref(loser))["Id"]
    shop.invoice(1)
    told: list[ChangeNotice] = []
    shop.server.on_change.append(told.append)
    kept = merge(shop, shop.customer, loser)
    assert (str(kept["Balance"]), kept["SyncToken"]) == ("76.00", "0")
    assert shop.send("GET", f"/customer/{loser}").status == 400
    assert shop.read("Invoice", invoice["Id"])["CustomerRef"] == {"value": shop.customer, "name": "Blue Heron"}
    assert shop.read("Payment", payment["Id"])["CustomerRef"]["value"] == shop.customer
    party = shop.read("JournalEntry", entry["Id"])["Line"][0]["JournalEntryLineDetail"]["Entity"]
    assert party["EntityRef"] == {"value": shop.customer, "name": "Blue Heron"}
    assert shop.read("Customer", job)["FullyQualifiedName"] == "Blue Heron:Roof"
    assert [(one.entity, one.id, one.operation, one.deleted_id) for one in told][-1] == (
        "Customer",
        shop.customer,
        "Merge",
        loser,
    )
    shop.pay(5, ("JournalEntry", entry["Id"], 5))
    shop.make("Customer", DisplayName="Blue Heron Ltd")


@pytest.mark.parametrize(("stub", "shown"), [(True, ["Deleted"]), (False, [])])
def test_switch_the_loser_in_change_capture(shop: Shop, loser: str, stub: bool, shown: list[str]) -> None:
    shop.server.switches.merge_leaves_stub = stub
    merge(shop, shop.customer, loser)
    found = shop.get("/cdc", entities="Customer", changedSince="2026-11-22")["CDCResponse"][0]["QueryResponse"][0]
    assert [one["status"] for one in found["Customer"] if one["Id"] == loser] == shown


def test_what_cannot_be_merged(shop: Shop, loser: str) -> None:
    job = shop.make("Customer", DisplayName="Roof", ParentRef=ref(loser))["Id"]
    for survivor, gone, code in (
        ("99", loser, "610"),
        (loser, loser, "6000"),
        (job, loser, "6000"),
        (shop.euro_customer, loser, "6000"),
    ):
        with pytest.raises(Fault) as refused:
            merge(shop, survivor, gone)
        assert refused.value.code == code
    with pytest.raises(Fault):
        shop.server.act({"op": "merge", "kind": "Vendor", "body": {}})

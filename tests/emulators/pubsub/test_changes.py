"""What each kind of change puts into its events."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ml_emulators.salesforce import Automation
from ml_emulators.salesforce.schema.words import derived, text

from .event_org import ALL, OWN, EventOrg

UI = "com/salesforce/api/soap/65.0;client=SfdcInternalAPI/"


def rename(org: EventOrg, ids: list[str], **body: Any) -> None:
    """One transaction over several accounts."""
    rows = [{"attributes": {"type": "Account"}, "id": each, **body} for each in ids]
    reply = org.patch("/composite/sobjects", {"allOrNone": True, "records": rows})
    assert reply.status == 200, reply.text


def test_a_new_record_is_there_in_full_without_bits(org: EventOrg) -> None:
    created = org.account(Name="Acme", QBO_Balance__c=Decimal("1500.5"), NumberOfEmployees=7, BillingCity="Reno")
    event = org.last()
    assert (event.type, event.header["recordIds"], event.changed, event.nulled) == ("CREATE", [created], set(), set())
    assert event.body["Name"] == "Acme"
    assert (event.body["QBO_Balance__c"], event.body["NumberOfEmployees"]) == (1500.5, 7)
    assert event.body["BillingAddress"] == {"City": "Reno"}
    assert event.body["QBO_Active__c"] is False
    assert event.body["CreatedDate"] == event.header["commitTimestamp"] == 1767614430000
    assert {"CreatedById", "LastModifiedById", "OwnerId"} < set(event.body)


def test_an_update_has_what_changed_and_the_stamps_that_moved(org: EventOrg) -> None:
    account = org.account(Name="Acme", Phone="1", BillingCity="Reno", BillingStreet="1 Main")
    org.tick()
    org.patch(f"/sobjects/Account/{account}", {"Name": "Apex", "BillingCity": None, "Phone": None, "Fax": None})
    event = org.last()
    assert event.type == "UPDATE"
    assert event.body == {"Name": "Apex", "LastModifiedDate": 1767614431000}
    assert event.changed == {"Name", "BillingAddress.City", "Phone", "LastModifiedDate"}
    assert event.nulled == {"BillingAddress.City", "Phone"}


def test_cleared_fields_may_be_in_one_map_only(org: EventOrg) -> None:
    org.bus_switches.nulled_in_changed = False
    account = org.account(Phone="1")
    org.patch(f"/sobjects/Account/{account}", {"Phone": None, "Fax": "2"})
    assert (org.last().changed, org.last().nulled) == ({"Fax", "LastModifiedDate"}, {"Phone"})


def test_another_user_shows_in_the_stamps(org: EventOrg) -> None:
    account = org.account()
    org.act("update", "Account", Id=account, Site="X")
    event = org.last()
    assert event.changed == {"Site", "LastModifiedDate", "LastModifiedById"}
    assert (event.header["changeOrigin"], event.header["commitUser"]) == (UI, event.body["LastModifiedById"])


@pytest.mark.parametrize(
    ("options", "origin"),
    [
        ({}, "com/salesforce/api/rest/67.0"),
        ({"sforce_call_options": "client=ml-connector"}, "com/salesforce/api/rest/67.0;client=ml-connector"),
    ],
)
def test_the_origin_names_the_client(org: EventOrg, options: dict[str, str], origin: str) -> None:
    org.post("/sobjects/Account", {"Name": "A"}, **options)
    assert org.last().header["changeOrigin"] == origin


def test_automation_goes_into_the_same_event(org: EventOrg) -> None:
    org.switches.automations.append(Automation("Account", lambda record: {"Rating": "Hot"}))
    account = org.account(Rating="Cold")
    org.patch(f"/sobjects/Account/{account}", {"Rating": "Warm", "Site": "X"}, sforce_call_options="client=c")
    assert [event.body.get("Rating") for event in org.events()] == ["Hot", None]
    assert org.last().header["changeOrigin"].endswith("client=c")


def test_deleted_and_brought_back(org: EventOrg) -> None:
    account = org.account(Name="Acme", QBO_Id__c="17")
    org.delete(f"/sobjects/Account/{account}")
    org.act("undelete", "Account", Id=account)
    _, gone, back = org.events()
    assert (gone.type, gone.body, gone.changed) == ("DELETE", {}, set())
    assert (back.type, back.body["Name"], back.body["QBO_Id__c"]) == ("UNDELETE", "Acme", "17")


@pytest.mark.parametrize("later", [0, 1])
def test_every_update_says_that_its_date_has_changed(org: EventOrg, later: int) -> None:
    account = org.account(Name="Acme")
    org.tick(later)
    org.patch(f"/sobjects/Account/{account}", {"Name": "Acme"})
    assert org.last().changed == {"LastModifiedDate"}
    org.patch(f"/sobjects/Account/{account}", {"Site": "North"})
    assert org.last().changed == {"Site", "LastModifiedDate"}
    assert org.last().body["LastModifiedDate"] == 1767614430000 + 1000 * later


def test_what_events_do_not_show_makes_no_event(org: EventOrg) -> None:
    account = org.account()
    org.tick()
    with org.vendor.world.transact(org.vendor.world.sales, "com/salesforce/api/soap/67.0") as tx:
        tx.adjust("Account", tx.live("Account", account) or {}, LastActivityDate="2026-01-05")
    assert len(org.events()) == 1


def test_the_commit_has_whole_seconds_and_the_time_of_the_commit(org: EventOrg) -> None:
    org.tick(0.75)
    org.account()
    org.tick(3600)
    assert org.last().header["commitTimestamp"] == 1767614430000
    org.account()
    org.tick(80 * 3600)
    assert org.events() == []


def test_dates_are_midnight_utc(org: EventOrg) -> None:
    org.opportunity(CloseDate="2026-03-31", Amount=Decimal("12.34"))
    assert (org.last().body["CloseDate"], org.last().body["Amount"]) == (1774915200000, 12.34)


def test_a_persons_name_is_one_field(org: EventOrg) -> None:
    contact = org.add("Contact", LastName="Lee", FirstName="Ann")
    assert org.last().body["Name"] == {"FirstName": "Ann", "LastName": "Lee"}
    org.patch(f"/sobjects/Contact/{contact}", {"LastName": "Poe"})
    assert (org.last().changed, org.last().body["Name"]) == ({"Name.LastName", "LastModifiedDate"}, {"LastName": "Poe"})


def test_a_person_account_is_told_by_two_events(org: EventOrg) -> None:
    org.switches.person_accounts = True
    account = org.add("Account", FirstName="Ann", LastName="Lee")
    first, second = org.events()
    assert (first.header["entityName"], first.body["Name"], first.body["IsPersonAccount"]) == (
        *("Account", "Ann Lee", True),
    )
    assert (second.header["entityName"], second.body["Name"]) == ("Contact", {"FirstName": "Ann", "LastName": "Lee"})
    org.patch(f"/sobjects/Account/{account}", {"LastName": "Poe"})
    assert [event.header["entityName"] for event in org.events()[2:]] == ["Account", "Contact"]


def test_sequence_counts_objects_that_are_not_selected(org: EventOrg) -> None:
    org.switches.opportunity_takes_price_book = True
    order, item = org.order(), org.price()
    org.item(order, item)
    rows = [event.line for event in org.events() if event.header["entityName"] == "Order"]
    assert rows == [("Order", "CREATE", 1), ("Order", "UPDATE", 2)]


def test_the_same_change_of_many_records_comes_merged_and_split(org: EventOrg) -> None:
    ids = [org.account() for _ in range(20)]
    org.tick()
    rename(org, ids, Rating="Hot")
    stamps, business = org.events()[20:]
    assert (stamps.changed, stamps.header["recordIds"]) == ({"LastModifiedDate"}, ids)
    assert (business.changed, business.header["recordIds"], business.body) == ({"Rating"}, ids, {"Rating": "Hot"})
    assert [each.header["sequenceNumber"] for each in (stamps, business)] == [1, 2]
    for name in ("transactionKey", "commitNumber", "commitTimestamp"):
        assert stamps.header[name] == business.header[name]
    first, second = (int.from_bytes(each.event.replay_id[:8], "big") for each in (stamps, business))
    assert second - first == 1


@pytest.mark.parametrize(
    ("merging", "changes"),
    [
        ("same", [{"LastModifiedDate"}, {"Site"}, {"Site", "LastModifiedDate"}]),
        ("fields", [{"LastModifiedDate"}, {"Site"}, {"Site"}]),
        ("none", [{"Site", "LastModifiedDate"}] * 3),
    ],
)
def test_how_much_is_merged_is_a_switch(org: EventOrg, merging: str, changes: list[set[str]]) -> None:
    org.bus_switches.merging = merging
    ids = [org.account() for _ in range(3)]
    org.tick()
    rows = [
        {"attributes": {"type": "Account"}, "id": each, "Site": site} for each, site in zip(ids, "AAB", strict=True)
    ]
    org.patch("/composite/sobjects", {"allOrNone": True, "records": rows})
    assert [event.changed for event in org.events()[3:]] == changes


def test_deletions_of_one_transaction_are_merged(org: EventOrg) -> None:
    account = org.account()
    people = [org.add("Contact", LastName=name, AccountId=account) for name in ("Lee", "Poe")]
    org.delete(f"/sobjects/Account/{account}")
    gone = {event.header["entityName"]: event.header["recordIds"] for event in org.events() if event.type == "DELETE"}
    assert gone == {"Account": [account], "Contact": people}


def test_too_many_changes_overflow_by_object(org: EventOrg) -> None:
    org.bus_switches.overflow_at = 9
    ids = [org.account() for _ in range(10)]
    rename(org, ids, Rating="Hot")
    event = org.last()
    assert (event.type, event.header["recordIds"], event.body) == ("GAP_OVERFLOW", ["000000000000000AAA"], {})


def test_formula_values_come_without_a_bit(org: EventOrg) -> None:
    objects = org.vendor.world.schema.objects
    formula = replace(derived(text("Tier__c", 20)), calculated=True)
    objects["Account"] = objects["Account"].with_fields(formula)
    org.vendor.world.state.tables["Account"].kind = objects["Account"]
    account = org.account()
    org.switches.automations.append(Automation("Account", lambda record: {"Tier__c": "gold"}))
    for _ in range(2):
        org.patch(f"/sobjects/Account/{account}", {"Site": f"{org.last().body.get('Site')}X"})
        assert (org.last().body["Tier__c"], org.last().changed) == ("gold", {"Site", "LastModifiedDate"})
    org.bus_switches.formulas = False
    org.patch(f"/sobjects/Account/{account}", {"Site": "Y"})
    assert "Tier__c" not in org.last().body


def test_hidden_fields_are_null_and_leave_no_bit(org: EventOrg) -> None:
    account = org.account(Phone="1", Site="A")
    org.switches.hidden_fields["Account"] = {"Phone"}
    org.patch(f"/sobjects/Account/{account}", {"Site": "B"})
    org.act("update", "Account", Id=account, Phone="2", Site="C")
    created, _, updated = org.events()
    assert ("Phone" in created.body, created.body["Site"]) == (False, "A")
    assert (updated.changed, updated.body.get("Phone")) == ({"Site", "LastModifiedDate", "LastModifiedById"}, None)
    org.bus_switches.hidden_bits = True
    assert "Phone" in org.last().changed


def test_long_texts_may_come_as_a_difference(org: EventOrg) -> None:
    org.bus_switches.text_diffs = True
    account = org.account(Description="a\n" * 600)
    org.patch(f"/sobjects/Account/{account}", {"Description": "a\n" * 600 + "b"})
    event = org.last()
    assert (event.diffs, event.changed) == ({"Description"}, {"LastModifiedDate"})
    assert event.body["Description"].startswith("--- ")


def test_geocoding_follows_a_second_later(org: EventOrg) -> None:
    org.bus_switches.geocode = True
    account = org.account(ShippingStreet="1 Main", ShippingCity="Reno")
    assert len(org.events()) == 1
    org.tick()
    event = org.last()
    assert event.changed == {"ShippingAddress.Latitude", "ShippingAddress.Longitude"}
    assert event.header["changedFields"] == ["5-0x60"]
    assert (event.header["changeOrigin"], "LastModifiedDate" in event.body) == ("", False)
    assert event.header["commitUser"] not in (org.vendor.world.integration.user_id, org.vendor.world.sales.user_id)
    assert org.record("Account", account)["ShippingLatitude"] == Decimal(str(event.body["ShippingAddress"]["Latitude"]))
    org.tick()
    assert len(org.events()) == 2


def test_enrichment_names_our_key_on_updates_and_deletions(org: EventOrg) -> None:
    ids = [org.account(QBO_Id__c=str(number)) for number in (1, 2)]
    rename(org, ids, Rating="Hot")
    for each in ids:
        org.delete(f"/sobjects/Account/{each}")
    plain, own = (
        [event for event in org.events(channel)[2:] if event.changed != {"LastModifiedDate"}] for channel in (ALL, OWN)
    )
    assert [(event.type, len(event.header["recordIds"])) for event in plain] == [
        *[("UPDATE", 2), ("DELETE", 1), ("DELETE", 1)],
    ]
    assert [(event.type, event.header["recordIds"], event.body["QBO_Id__c"]) for event in own] == [
        ("UPDATE", [ids[0]], "1"),
        ("UPDATE", [ids[1]], "2"),
        ("DELETE", [ids[0]], "1"),
        ("DELETE", [ids[1]], "2"),
    ]
    assert all("QBO_Id__c" not in event.changed for event in own)


def test_a_new_price_has_no_stamps(org: EventOrg) -> None:
    channels = org.pubsub.bus.channels
    channels.deselect("Product2")
    channels.deselect("Product2", "QboSync__chn")
    channels.select(org.vendor.world.schema.objects["PricebookEntry"])
    org.price()
    assert not {"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"} & set(org.last().body)


def test_the_same_seed_makes_the_same_events() -> None:
    runs = []
    for _ in range(2):
        org = EventOrg(seed=3)
        org.account(Name="Acme")
        runs.append([event.event for event in org.events()])
    assert runs[0] == runs[1]

"""Event schemas and topics as clients ask for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml_emulators.pubsub import Refusal
from ml_emulators.salesforce.schema import default_schema
from ml_emulators.salesforce.schema.words import text

from .event_org import ALL, OWN, EventOrg


def schema(org: EventOrg, kind: str) -> dict[str, Any]:
    facts = org.pubsub.get_topic(f"/data/{kind}ChangeEvent")
    return dict(json.loads(org.pubsub.get_schema(facts.schema_id).json))


def branch(entry: dict[str, Any]) -> Any:
    return entry["type"][-1]


def test_header_first_and_everything_else_optional(org: EventOrg) -> None:
    made = schema(org, "Account")
    header, *rest = made["fields"]
    assert (made["name"], made["namespace"]) == ("AccountChangeEvent", "com.sforce.eventbus")
    assert [each["name"] for each in header["type"]["fields"]] == [
        *("entityName", "recordIds", "changeType", "changeOrigin", "transactionKey", "sequenceNumber"),
        *("commitTimestamp", "commitNumber", "commitUser", "nulledFields", "diffFields", "changedFields"),
    ]
    assert {each["type"][0] for each in rest} == {"null"}
    assert {each["default"] for each in rest} == {None}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            "Account",
            [
                *("Name", "Type", "ParentId", "BillingAddress", "ShippingAddress", "Phone", "Fax", "AccountNumber"),
                *("Website", "Sic", "Industry", "AnnualRevenue", "NumberOfEmployees", "Ownership", "TickerSymbol"),
                *("Description", "Rating", "Site", "CurrencyIsoCode", "OwnerId", "CreatedDate", "CreatedById"),
                *("LastModifiedDate", "LastModifiedById"),
            ],
        ),
        ("Contact", ["AccountId", "Name", "OtherAddress", "MailingAddress", "Phone", "Fax", "MobilePhone"]),
        (
            "Opportunity",
            ["AccountId", "IsPrivate", "Name", "Description", "StageName", "Amount", "Probability", "ExpectedRevenue"],
        ),
    ],
)
def test_order_of_fields(org: EventOrg, kind: str, names: list[str]) -> None:
    found = [each["name"] for each in schema(org, kind)["fields"]][1:]
    assert found[: len(names)] == names
    assert not {"Id", "IsDeleted", "SystemModstamp", "LastViewedDate", "PhotoUrl"} & set(found)
    custom = [name.endswith("__c") for name in found]
    assert custom == sorted(custom)


@pytest.mark.parametrize(
    ("kind", "field", "avro", "doc"),
    [
        ("Account", "Phone", "string", "Data:Text"),
        ("Account", "AnnualRevenue", "double", "Data:Currency"),
        ("Account", "NumberOfEmployees", "int", "Data:Integer"),
        ("Account", "Description", "string", "Data:StringPlusClob"),
        ("Account", "OwnerId", "string", "ForeignKey:EntityId"),
        ("Account", "CreatedDate", "long", "CreatedDate:DateTime"),
        ("Account", "LastModifiedDate", "long", "Data:DateTime"),
        ("Account", "Industry", "string", "Data:DynamicEnum"),
        ("Account", "CurrencyIsoCode", "string", "Data:StaticEnum"),
        ("Opportunity", "CloseDate", "long", "Data:DateOnly"),
        ("Opportunity", "Probability", "double", "Data:Percent"),
        ("Opportunity", "IsWon", "boolean", "Data:Boolean"),
        ("Opportunity", "TotalOpportunityQuantity", "double", "Data:Double"),
    ],
)
def test_types_and_hints(org: EventOrg, kind: str, field: str, avro: str, doc: str) -> None:
    entry = next(each for each in schema(org, kind)["fields"] if each["name"] == field)
    assert (branch(entry), entry["doc"]) == (avro, doc)


def test_custom_fields_name_their_definition(org: EventOrg) -> None:
    docs = {each["name"]: each["doc"] for each in schema(org, "Account")["fields"][1:]}
    assert docs["QBO_Balance__c"].startswith("Data:Currency:00N")
    assert len({doc.rpartition(":")[2] for name, doc in docs.items() if name.endswith("__c")}) == 11


def test_compounds(org: EventOrg) -> None:
    account = {each["name"]: each for each in schema(org, "Account")["fields"]}
    contact = {each["name"]: each for each in schema(org, "Contact")["fields"]}
    assert account["Name"]["type"][:2] == ["null", "string"]
    assert branch(account["Name"])["name"] == "Switchable_PersonName"
    assert [each["name"] for each in branch(contact["Name"])["fields"]] == ["Salutation", "FirstName", "LastName"]
    parts = ["Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy"]
    assert [each["name"] for each in branch(account["BillingAddress"])["fields"]] == parts
    assert branch(account["ShippingAddress"]) == "com.sforce.eventbus.Address"


def test_the_id_changes_with_the_fields_and_the_old_one_stays_good(org: EventOrg) -> None:
    objects = org.vendor.world.schema.objects
    before = org.pubsub.get_topic("/data/AccountChangeEvent").schema_id
    first = org.account()
    objects["Account"] = objects["Account"].with_fields(text("Region__c", 20))
    org.account()
    after = org.pubsub.get_topic("/data/AccountChangeEvent").schema_id
    assert (len(before), len(after), before == after) == (22, 22, False)
    events = org.events()
    assert [event.event.schema_id for event in events] == [before, after]
    assert events[0].header["recordIds"] == [first]
    objects["Account"] = default_schema().objects["Account"]


def test_the_same_org_has_the_same_ids_again() -> None:
    ids = {EventOrg(seed=seed).pubsub.get_topic("/data/OrderChangeEvent").schema_id for seed in (1, 2, 3)}
    assert len(ids) == 1


@pytest.mark.parametrize("name", [ALL, OWN])
def test_channels_of_several_objects_have_no_schema_of_their_own(org: EventOrg, name: str) -> None:
    facts = org.pubsub.get_topic(name)
    assert (facts.tenant, facts.can_publish, facts.can_subscribe, facts.schema_id) == (
        org.vendor.connection_info()["org_id"],
        False,
        True,
        "",
    )


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "topic.validation.empty"),
        ("/data/changeevents", "topic.not.found"),
        ("/data/InvoiceChangeEvent", "topic.not.found"),
        ("/data/OrderItemChangeEvent", "topic.not.found"),
        ("/event/Note__e", "topic.not.found"),
        ("ChangeEvents", "topic.not.found"),
    ],
)
def test_topics_that_are_not_there(org: EventOrg, name: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        org.pubsub.get_topic(name)
    assert refused.value.full_code == f"sfdc.platform.eventbus.grpc.{code}"


def test_schemas_that_are_not_there(org: EventOrg) -> None:
    with pytest.raises(Refusal) as refused:
        org.pubsub.get_schema("nonsense")
    assert (refused.value.code, refused.value.status) == ("schema.validation.failed", "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("kind", "channel", "fields", "said"),
    [
        ("OrderItem", "ChangeEvents", [], "at most 5"),
        ("CurrencyType", "ChangeEvents", [], "no change events"),
        ("Account", "Mine", [], "__chn"),
        ("Account", "ChangeEvents", ["QBO_Id__c"], "only members of a custom channel"),
        ("Account", "Mine__chn", ["Description"], "cannot be enriched"),
        ("Account", "Mine__chn", ["BillingCity"], "cannot be enriched"),
        ("Account", "Mine__chn", ["Owner.Name"], "cannot be enriched"),
        ("Account", "Mine__chn", ["Name"] * 11, "at most 10"),
    ],
)
def test_selections_that_are_refused(org: EventOrg, kind: str, channel: str, fields: list[str], said: str) -> None:
    found = org.vendor.world.schema.objects[kind]
    with pytest.raises(ValueError, match=said):
        org.pubsub.bus.channels.select(found, channel, fields)

"""Setting an org up by the Tooling API: custom fields, event channels and members (salesforce reference 8.2, 8.3)."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from emulators.pubsub.event_org import EventOrg
from emulators.salesforce.loads import load
from emulators.salesforce.orgs import Reply, TestOrg, V

FIELD = "/tooling/sobjects/CustomField"
CHANNEL = "/tooling/sobjects/PlatformEventChannel"
MEMBER = "/tooling/sobjects/PlatformEventChannelMember"
TEXT = {"label": "Region", "type": "Text", "length": 20}


def add_field(org: TestOrg, name: str = "Account.Region__c", **metadata: Any) -> Reply:
    return org.post(FIELD, {"FullName": name, "Metadata": TEXT | metadata})


def grant(org: TestOrg, name: str = "Region__c", kind: str = "Account") -> None:
    org.act("set_fls", "", object=kind, field=name)


def described(org: TestOrg, name: str, kind: str = "Account") -> dict[str, Any]:
    fields = {entry["name"]: entry for entry in org.get(f"/sobjects/{kind}/describe").body["fields"]}
    return dict(fields[name])


# Custom fields


def test_a_field_that_is_made_can_be_used_once_it_is_granted(org: TestOrg) -> None:
    made = add_field(org)
    assert made.status == 201
    assert made.body == {"id": made.body["id"], "success": True, "errors": [], "warnings": [], "infos": []}
    assert (made.body["id"][:3], len(made.body["id"])) == ("00N", 18)
    assert org.query("SELECT Region__c FROM Account").code == "INVALID_FIELD"
    refused = org.post("/sobjects/Account", {"Name": "Acme", "Region__c": "West"})
    assert refused.code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    grant(org)
    acme = org.add("Account", Name="Acme", Region__c="West")
    assert org.rows("SELECT Id, Region__c FROM Account WHERE Region__c = 'west'") == [{"Id": acme, "Region__c": "West"}]
    entry = described(org, "Region__c")
    assert (entry["custom"], entry["label"], entry["length"], entry["type"]) == (True, "Region", 20, "string")
    assert load(org, "insert").run("Name,Region__c\nBeta,East\n")["numberRecordsFailed"] == 0


def test_an_admin_may_have_new_fields_granted_at_once(org: TestOrg) -> None:
    org.switches.new_fields_visible = True
    add_field(org)
    assert org.record("Account", org.add("Account", Name="Acme", Region__c="West"))["Region__c"] == "West"


def test_a_key_of_ones_own(org: TestOrg) -> None:
    org.switches.new_fields_visible = True
    made = add_field(org, "Contact.Foreign_Key__c", externalId=True, unique=True, caseSensitive=True)
    assert made.status == 201
    assert org.patch("/sobjects/Contact/Foreign_Key__c/a", {"LastName": "Roe"}).status == 201
    assert org.patch("/sobjects/Contact/Foreign_Key__c/A", {"LastName": "Doe"}).status == 201
    assert org.patch("/sobjects/Contact/Foreign_Key__c/a", {"LastName": "Poe"}).status == 200
    entry = described(org, "Foreign_Key__c", "Contact")
    assert all(entry[key] for key in ("externalId", "unique", "caseSensitive", "idLookup"))


@pytest.mark.parametrize(
    ("metadata", "value", "shown"),
    [
        ({"type": "Text", "length": 5}, "abc", "abc"),
        ({"type": "TextArea"}, "two\nlines", "two\nlines"),
        ({"type": "LongTextArea", "length": 1000, "visibleLines": 3}, "x" * 900, "x" * 900),
        ({"type": "Checkbox", "defaultValue": "false"}, True, True),
        ({"type": "Number", "precision": 5, "scale": 1}, 12.34, 12.34),
        ({"type": "Currency", "precision": 18, "scale": 2}, 12, 12),
        ({"type": "Percent", "precision": 5, "scale": 2}, 50, 50),
        ({"type": "Date"}, "2026-01-05", "2026-01-05"),
        ({"type": "DateTime"}, "2026-01-05T12:00:00Z", "2026-01-05T12:00:00.000+0000"),
        ({"type": "Email"}, "a@b.example", "a@b.example"),
        ({"type": "Phone"}, "555", "555"),
        ({"type": "Url"}, "https://b.example", "https://b.example"),
        ({"type": "Picklist", "valueSet": {"valueSetDefinition": {"value": [{"fullName": "Big"}]}}}, "Big", "Big"),
    ],
)
def test_every_type(org: TestOrg, metadata: dict[str, Any], value: Any, shown: Any) -> None:
    org.switches.new_fields_visible = True
    reply = add_field(org, "Account.Thing__c", **metadata)
    assert reply.status == 201, reply.text
    stored = org.record("Account", org.add("Account", Name="Acme", Thing__c=value))["Thing__c"]
    assert str(stored) == str(shown) or float(stored) == shown


def test_a_lookup_leads_both_ways(org: TestOrg) -> None:
    org.switches.new_fields_visible = True
    lookup = {"type": "Lookup", "referenceTo": "Account", "relationshipName": "Partners"}
    assert add_field(org, "Contact.Partner__c", **lookup).status == 201
    acme = org.account(Name="Acme")
    org.add("Contact", LastName="Roe", Partner__c=acme)
    assert org.column("SELECT Partner__r.Name FROM Contact")[0]["Name"] == "Acme"
    (row,) = org.rows("SELECT (SELECT LastName FROM Partners__r) FROM Account")
    assert row["Partners__r"]["totalSize"] == 1


def test_records_that_were_there_before(org: TestOrg) -> None:
    org.switches.new_fields_visible = True
    acme = org.account()
    add_field(org)
    add_field(org, "Account.Vip__c", type="Checkbox", defaultValue="true")
    record = org.record("Account", acme)
    assert (record["Region__c"], record["Vip__c"]) == (None, True)


@pytest.mark.parametrize(
    ("name", "metadata", "code"),
    [
        ("", {}, "REQUIRED_FIELD_MISSING"),
        ("Nope__c.Region__c", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("User.Region__c", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Two__Parts__c", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.1st__c", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.QBO_Id__c", {}, "DUPLICATE_DEVELOPER_NAME"),
        ("Account.qbo_id__c", {}, "DUPLICATE_DEVELOPER_NAME"),
        ("Account.Region__c", {"label": ""}, "REQUIRED_FIELD_MISSING"),
        ("Account.Region__c", {"type": "Nope"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region__c", {"length": 256}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region__c", {"length": "20"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region__c", {"type": "Date", "externalId": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region__c", {"type": "Number", "precision": 2, "scale": 3}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region__c", {"type": "Checkbox"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region__c", {"type": "Picklist"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Account.Region__c", {"type": "Lookup", "referenceTo": "Nope"}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_fields_that_cannot_be(org: TestOrg, name: str, metadata: dict[str, Any], code: str) -> None:
    reply = add_field(org, name, **metadata)
    assert (reply.status, reply.code) == (400, code)


def test_at_most_25_external_ids(org: TestOrg) -> None:
    has = sum(entry["externalId"] for entry in org.get("/sobjects/Account/describe").body["fields"])
    for number in range(25 - has):
        assert add_field(org, f"Account.Key{number}__c", externalId=True).status == 201
    assert add_field(org, "Account.Key_More__c", externalId=True).status == 400


def test_fields_are_queried_with_their_metadata(org: TestOrg) -> None:
    made = add_field(org).body["id"]
    rows = org.get(
        "/tooling/query?q=SELECT+Id,DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Account'+ORDER+BY+DeveloperName"
    ).body["records"]
    names = [row["DeveloperName"] for row in rows]
    assert {"Region", "QBO_Id", "Department"} <= set(names)
    assert rows[0]["attributes"]["url"].startswith("/services/data/v67.0/tooling/sobjects/CustomField/00N")
    queried = org.get(f"/tooling/query?q=SELECT+FullName,Metadata+FROM+CustomField+WHERE+Id='{made}'").body["records"][
        0
    ]
    assert (queried["FullName"], queried["Metadata"]["type"], queried["Metadata"]["length"]) == (
        "Account.Region__c",
        "Text",
        20,
    )
    many = org.get("/tooling/query?q=SELECT+FullName,Metadata+FROM+CustomField")
    assert (many.status, many.code) == (400, "MALFORMED_QUERY")
    assert org.get(f"{FIELD}/{made}").body["Metadata"]["label"] == "Region"


def test_a_field_is_changed(org: TestOrg) -> None:
    org.switches.new_fields_visible = True
    made = add_field(org).body["id"]
    acme = org.add("Account", Name="Acme", Region__c="West")
    changed = org.patch(f"{FIELD}/{made}", {"Metadata": TEXT | {"length": 40, "label": "Area", "externalId": True}})
    assert changed.status == 204
    assert (described(org, "Region__c")["length"], described(org, "Region__c")["label"]) == (40, "Area")
    assert org.get("/sobjects/Account/Region__c/west").body["Id"] == acme
    assert org.patch(f"{FIELD}/{made}", {"Metadata": {"label": "Area", "type": "Date"}}).status == 400
    org.add("Account", Name="Beta", Region__c="west")
    assert org.patch(f"{FIELD}/{made}", {"Metadata": TEXT | {"unique": True}}).code == "FIELD_INTEGRITY_EXCEPTION"


def test_a_field_is_taken_away_with_its_values(org: TestOrg) -> None:
    org.switches.new_fields_visible = True
    made = add_field(org).body["id"]
    acme = org.add("Account", Name="Acme", Region__c="West")
    assert org.delete(f"{FIELD}/{made}").status == 204
    assert (org.get(f"{FIELD}/{made}").status, org.delete(f"{FIELD}/{made}").status) == (404, 404)
    assert "Region__c" not in org.record("Account", acme)
    add_field(org)
    assert org.record("Account", acme)["Region__c"] is None


def test_set_up_goes_back_with_a_snapshot(org: TestOrg) -> None:
    org.switches.new_fields_visible = True
    org.account()
    before = org.vendor.snapshot()
    add_field(org, externalId=True)
    org.add("Account", Name="Acme", Region__c="West")
    after = pickle.loads(pickle.dumps(org.vendor.snapshot()))
    org.vendor.restore(before)
    assert org.query("SELECT Region__c FROM Account").status == 400
    assert "Region" not in org.get("/tooling/query?q=SELECT+DeveloperName+FROM+CustomField").text
    org.vendor.restore(after)
    assert org.column("SELECT Region__c FROM Account WHERE Region__c = 'WEST'") == ["West"]
    assert org.get("/sobjects/Account/Region__c/west").status == 200


def test_the_right_to_customize(org: TestOrg) -> None:
    org.switches.customize_application = False
    assert (add_field(org).status, add_field(org).code) == (403, "INSUFFICIENT_ACCESS")


def test_any_user_with_the_right_may_customize(org: TestOrg) -> None:
    org.act("add_user", "", Username="ada@acme.example", LastName="Admin")
    token = org.act("open_session", "", username="ada@acme.example")["access_token"]
    for url in ("/tooling/query?q=SELECT+Id,DeveloperName+FROM+CustomField", "/tooling/sobjects/CustomField/describe"):
        assert org.raw("GET", f"{V}{url}", headers={"authorization": f"Bearer {token}"}).status == 200


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/tooling", 404),
        ("GET", "/tooling/sobjects", 200),
        ("GET", "/tooling/sobjects/CustomField", 200),
        ("GET", "/tooling/sobjects/CustomField/describe", 200),
        ("GET", "/tooling/sobjects/Nope", 404),
        ("GET", "/tooling/sobjects/CustomField/nope", 404),
        ("PUT", "/tooling/sobjects/CustomField/00NHs00000ZZZZZ", 405),
        ("PATCH", "/tooling/sobjects/CustomField/00NHs00000ZZZZZ", 404),
        ("GET", "/tooling/sobjects/CustomField/00NHs00000ZZZZZ/more", 404),
        ("GET", "/tooling/query/01gHs00000ZZZZZ-2000", 400),
        ("GET", "/tooling/query?q=SELECT+Id+FROM+Account", 400),
        ("POST", "/tooling/sobjects/PlatformEventChannel", 404),
    ],
)
def test_addresses(org: TestOrg, method: str, url: str, status: int) -> None:
    body: dict[str, Any] | None = {} if method in ("POST", "PATCH", "PUT") else None
    assert org.send(method, url, body).status == status


# Event channels


@pytest.fixture
def event_org() -> EventOrg:
    return EventOrg()


def add_member(event_org: EventOrg, entity: str, channel: str = "ChangeEvents", name: str = "", **more: Any) -> Reply:
    full = name or f"{channel.removesuffix('__chn')}_{entity}"
    return event_org.post(
        MEMBER, {"FullName": full, "Metadata": {"eventChannel": channel, "selectedEntity": entity} | more}
    )


def members(event_org: EventOrg) -> set[tuple[str, str]]:
    rows = event_org.get("/tooling/query?q=SELECT+EventChannel,SelectedEntity+FROM+PlatformEventChannelMember")
    return {(row["EventChannel"], row["SelectedEntity"]) for row in rows.body["records"]}


def count(event_org: EventOrg) -> int:
    text = "SELECT+COUNT_DISTINCT(SelectedEntity)+FROM+PlatformEventChannelMember"
    return int(event_org.get(f"/tooling/query?q={text}").body["records"][0]["expr0"])


def free(event_org: EventOrg, *entities: str) -> None:
    """Take entities out of every channel."""
    rows = event_org.get("/tooling/query?q=SELECT+Id,SelectedEntity+FROM+PlatformEventChannelMember").body["records"]
    for row in rows:
        if row["SelectedEntity"] in entities:
            assert event_org.delete(f"{MEMBER}/{row['Id']}").status == 204


def test_members_are_what_the_bus_has_selected(event_org: EventOrg) -> None:
    assert ("ChangeEvents", "AccountChangeEvent") in members(event_org)
    assert count(event_org) == 5
    event_org.pubsub.bus.channels.deselect("Account")
    assert ("ChangeEvents", "AccountChangeEvent") not in members(event_org)


def test_a_new_member_makes_the_object_tell_its_changes(event_org: EventOrg) -> None:
    free(event_org, "Product2ChangeEvent")
    event_org.add("PricebookEntry", **price_of(event_org))
    assert not [seen for seen in event_org.events() if seen.line[0] == "PricebookEntry"]
    assert add_member(event_org, "PricebookEntryChangeEvent").status == 201
    event_org.add("PricebookEntry", **price_of(event_org))
    events = [seen.line for seen in event_org.events()]
    assert ("PricebookEntry", "CREATE", 1) in events


def price_of(event_org: EventOrg) -> dict[str, Any]:
    product = event_org.add("Product2", Name="Widget", IsActive=True)
    return {"Product2Id": product, "Pricebook2Id": event_org.standard_book, "UnitPrice": 10, "IsActive": True}


def test_a_channel_of_ones_own_with_an_enriched_member(event_org: EventOrg) -> None:
    made = event_org.post(CHANNEL, {"FullName": "Sync__chn", "Metadata": {"channelType": "data", "label": "Sync"}})
    assert (made.status, made.body["id"][:3]) == (201, "0YL")
    member = add_member(event_org, "AccountChangeEvent", "Sync__chn", enrichedFields=[{"name": "QBO_Id__c"}])
    assert (member.status, member.body["id"][:3]) == (201, "0v8")
    assert event_org.pubsub.bus.channels.members["Sync__chn"] == {"Account": ("QBO_Id__c",)}
    row = event_org.get(f"{MEMBER}/{member.body['id']}").body
    assert (row["FullName"], row["Metadata"]["enrichedFields"]) == ("Sync_AccountChangeEvent", [{"name": "QBO_Id__c"}])
    changed = event_org.patch(f"{MEMBER}/{member.body['id']}", {"Metadata": {"enrichedFields": []}})
    assert (changed.status, event_org.pubsub.bus.channels.members["Sync__chn"]) == (204, {"Account": ()})
    channel = f"{CHANNEL}/{made.body['id']}"
    assert event_org.delete(channel).code == "DELETE_FAILED"
    assert event_org.delete(f"{MEMBER}/{member.body['id']}").status == 204
    assert (event_org.delete(channel).status, event_org.get(channel).status) == (204, 404)


def test_a_channel_gets_another_label(event_org: EventOrg) -> None:
    row = event_org.get("/tooling/query?q=SELECT+Id,MasterLabel+FROM+PlatformEventChannel").body["records"][0]
    reply = event_org.patch(f"{CHANNEL}/{row['Id']}", {"Metadata": {"channelType": "data", "label": "Ours"}})
    assert (reply.status, event_org.get(f"{CHANNEL}/{row['Id']}").body["MasterLabel"]) == (204, "Ours")


@pytest.mark.parametrize(
    ("entity", "channel", "name", "more", "code"),
    [
        ("AccountChangeEvent", "ChangeEvents", "Other_Name", {}, "DUPLICATE_VALUE"),
        ("ContactChangeEvent", "QboSync__chn", "ChangeEvents_AccountChangeEvent", {}, "DUPLICATE_VALUE"),
        ("Account", "ChangeEvents", "", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("accountChangeEvent", "ChangeEvents", "", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("NopeChangeEvent", "ChangeEvents", "", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("PricebookEntryChangeEvent", "/data/ChangeEvents", "A_b", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("PricebookEntryChangeEvent", "Nope__chn", "", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("PricebookEntryChangeEvent", "ChangeEvents", "Two__Bars", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("PricebookEntryChangeEvent", "ChangeEvents", "", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("OrganizationChangeEvent", "ChangeEvents", "", {}, "FIELD_INTEGRITY_EXCEPTION"),
        (
            "PricebookEntryChangeEvent",
            "ChangeEvents",
            "",
            {"filterExpression": "Id != null"},
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ],
)
def test_members_that_cannot_be(
    event_org: EventOrg, entity: str, channel: str, name: str, more: dict[str, Any], code: str
) -> None:
    reply = add_member(event_org, entity, channel, name, **more)
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"FullName": "Sync", "Metadata": {"channelType": "data"}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Sync__chn", "Metadata": {"channelType": "event"}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "QboSync__chn", "Metadata": {"channelType": "data"}}, "DUPLICATE_DEVELOPER_NAME"),
    ],
)
def test_channels_that_cannot_be(event_org: EventOrg, body: dict[str, Any], code: str) -> None:
    reply = event_org.post(CHANNEL, body)
    assert (reply.status, reply.code) == (400, code)


def test_deliveries_count_in_the_limits(event_org: EventOrg) -> None:
    event_org.account()
    delivered = len(event_org.events())
    assert delivered
    assert event_org.get("/limits").body["DailyDeliveredPlatformEvents"] == {
        "Max": 25_000,
        "Remaining": 25_000 - delivered,
    }


def test_a_new_field_has_its_place_in_the_events(event_org: EventOrg) -> None:
    event_org.switches.new_fields_visible = True
    add_field(event_org)
    event_org.add("Account", Name="Acme", Region__c="West")
    (seen,) = [seen for seen in event_org.events() if seen.line[0] == "Account"]
    assert seen.body["Region__c"] == "West"

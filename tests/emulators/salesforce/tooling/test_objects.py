"""Objects of ones own by the Tooling API: made, filled, told of, taken away (salesforce reference 6.1, 8.2)."""

from __future__ import annotations

import pickle
from datetime import timedelta
from typing import Any

import pytest

from emulators.pubsub.event_org import EventOrg
from emulators.salesforce.loads import extract, load
from emulators.salesforce.orgs import Reply, TestOrg

from .test_routes import FIELD, MEMBER

OBJECT = "/tooling/sobjects/CustomObject"
THING = {"label": "Thing", "pluralLabel": "Things", "nameField": {"type": "Text", "label": "Thing Name"}}


def add_object(org: TestOrg, name: str = "Thing__c", **metadata: Any) -> Reply:
    return org.post(OBJECT, {"FullName": name, "Metadata": THING | {"deploymentStatus": "Deployed"} | metadata})


@pytest.fixture
def org() -> TestOrg:
    org = TestOrg()
    org.switches.new_fields_visible = True
    return org


def test_an_object_is_there_at_once(org: TestOrg) -> None:
    made = add_object(org)
    assert (made.status, made.body["id"][:3], made.body["infos"]) == (201, "01I", [])
    thing = org.add("Thing__c", Name="One")
    assert thing.startswith("a00")
    entry = next(shown for shown in org.get("/sobjects").body["sobjects"] if shown["name"] == "Thing__c")
    assert (entry["custom"], entry["label"], entry["labelPlural"], entry["keyPrefix"]) == (
        True,
        "Thing",
        "Things",
        "a00",
    )
    assert org.patch(f"/sobjects/thing__c/{thing}", {"Name": "Two"}).status == 204
    assert org.rows("SELECT Id, Name, Owner.Name FROM Thing__c")[0]["Name"] == "Two"
    assert org.delete(f"/sobjects/Thing__c/{thing}").status == 204
    assert org.get("/queryAll?q=SELECT+COUNT()+FROM+Thing__c").body["totalSize"] == 1


def test_names_may_be_numbers(org: TestOrg) -> None:
    add_object(org, nameField={"type": "AutoNumber", "label": "No"})
    org.add("Thing__c")
    assert org.post("/sobjects/Thing__c", {"Name": "x"}).code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert org.column("SELECT Name FROM Thing__c") == ["0000000001"]


def test_with_fields_it_is_loaded_and_linked(org: TestOrg) -> None:
    add_object(org)
    key = {"label": "Key", "type": "Text", "length": 20, "unique": True, "externalId": True}
    up = {"label": "Account", "type": "Lookup", "referenceTo": "Account", "relationshipName": "Things"}
    for name, metadata in (("Thing__c.Key__c", key), ("Thing__c.Account__c", up)):
        assert org.post(FIELD, {"FullName": name, "Metadata": metadata}).status == 201
    org.account(Name="Acme", QBO_Id__c="1")
    job = load(org, "upsert", "Thing__c", externalIdFieldName="Key__c")
    assert job.run("Key__c,Name,Account__r.QBO_Id__c\nk,One,1\n")["numberRecordsFailed"] == 0
    assert org.rows("SELECT Name, Account__r.Name FROM Thing__c")[0]["Account__r"]["Name"] == "Acme"
    (row,) = org.rows("SELECT (SELECT Key__c FROM Things__r) FROM Account")
    assert row["Things__r"]["records"][0]["Key__c"] == "k"
    assert org.get("/sobjects/Thing__c/Key__c/K").status == 200


def test_two_objects_have_two_prefixes(org: TestOrg) -> None:
    add_object(org)
    add_object(org, "Other__c")
    assert [org.add(kind, Name="x")[:3] for kind in ("Thing__c", "Other__c")] == ["a00", "a01"]


def test_an_object_is_renamed_and_taken_away(org: TestOrg) -> None:
    made = add_object(org).body["id"]
    org.add("Thing__c", Name="One")
    assert org.patch(f"{OBJECT}/{made}", {"Metadata": {"label": "Ding", "pluralLabel": "Dinge"}}).status == 204
    assert org.get(f"{OBJECT}/{made}").body["Metadata"]["pluralLabel"] == "Dinge"
    assert org.get("/sobjects/Thing__c/describe").body["label"] == "Ding"
    up = {"label": "Thing", "type": "Lookup", "referenceTo": "Thing__c", "relationshipName": "Contacts"}
    lookup = org.post(FIELD, {"FullName": "Contact.Thing__c", "Metadata": up}).body["id"]
    assert org.delete(f"{OBJECT}/{made}").code == "DELETE_FAILED"
    org.delete(f"{FIELD}/{lookup}")
    assert org.delete(f"{OBJECT}/{made}").status == 204
    assert org.get("/sobjects/Thing__c/describe").status == 404
    add_object(org)
    assert org.rows("SELECT Id FROM Thing__c") == []


@pytest.mark.parametrize(
    ("name", "metadata", "code"),
    [
        ("Thing", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("A__B__c", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Thing__c", {"label": ""}, "REQUIRED_FIELD_MISSING"),
        ("Thing__c", {"nameField": {"type": "Date"}}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_objects_that_cannot_be(org: TestOrg, name: str, metadata: dict[str, Any], code: str) -> None:
    reply = add_object(org, name, **metadata)
    assert (reply.status, reply.code) == (400, code)


def test_no_object_twice(org: TestOrg) -> None:
    assert [add_object(org).status, add_object(org, "thing__c").code] == [201, "DUPLICATE_DEVELOPER_NAME"]


def test_objects_go_back_with_a_snapshot(org: TestOrg) -> None:
    org.account()
    before = org.vendor.snapshot()
    add_object(org)
    org.add("Thing__c", Name="One")
    after = pickle.loads(pickle.dumps(org.vendor.snapshot()))
    org.vendor.restore(before)
    assert org.query("SELECT Id FROM Thing__c").code == "INVALID_TYPE"
    org.vendor.restore(after)
    assert org.column("SELECT Name FROM Thing__c") == ["One"]


def test_a_job_whose_object_is_gone_fails(org: TestOrg) -> None:
    made = add_object(org).body["id"]
    org.switches.bulk_queue_seconds = 10
    waiting, other = load(org, "insert", "Thing__c"), load(org, "insert", "Thing__c")
    waiting.run("Name\nOne\n")
    other.upload("Name\nTwo\n")
    url = extract(org, "SELECT Id FROM Thing__c")
    assert org.delete(f"{OBJECT}/{made}").status == 204
    org.clock.advance(timedelta(seconds=10))
    info = waiting.info()
    assert (info["state"], info["errorMessage"]) == ("Failed", "InvalidEntity : Unable to find object: Thing__c")
    assert waiting.text("unprocessedrecords") == 'Name\n"One"\n'
    assert org.patch(other.url, {"state": "Aborted"}).status == 200
    assert org.get(url).body["state"] == "Failed"


def test_its_changes_are_told_once_it_is_selected() -> None:
    org = EventOrg()
    assert add_object(org).status == 201
    given = {"eventChannel": "ChangeEvents", "selectedEntity": "Thing__ChangeEvent"}
    refused = org.post(MEMBER, {"FullName": "A_Thing", "Metadata": given})
    assert refused.code == "FIELD_INTEGRITY_EXCEPTION"  # five objects are selected already
    org.pubsub.bus.channels.more_kinds = True
    assert org.post(MEMBER, {"FullName": "A_Thing", "Metadata": given}).status == 201
    org.add("Thing__c", Name="One")
    (seen,) = org.events("/data/Thing__ChangeEvent")
    assert (seen.line, seen.body["Name"]) == (("Thing__c", "CREATE", 1), "One")
    made = org.get("/tooling/query?q=SELECT+Id+FROM+CustomObject").body["records"][0]["Id"]
    assert org.delete(f"{OBJECT}/{made}").status == 204
    assert "Thing__c" not in org.pubsub.bus.channels.members["ChangeEvents"]

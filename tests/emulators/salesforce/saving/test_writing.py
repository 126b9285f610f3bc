"""Upsert by external id (salesforce reference 2.5)."""

from __future__ import annotations

import pytest

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce import Org

ACME = "/sobjects/Account/QBO_Id__c/r%3A42"


def test_first_201_then_200_with_created_told(org: TestOrg) -> None:
    made = org.patch(ACME, {"Name": "Acme"})
    account = made.body["id"]
    assert made.status == 201
    assert made.body == {"id": account, "success": True, "errors": [], "created": True}
    assert made.headers["Location"].endswith(f"/sobjects/Account/{account}")
    changed = org.patch(ACME, {"Phone": "1"})
    assert changed.status == 200
    assert changed.body == {"id": account, "success": True, "errors": [], "created": False}
    assert changed.headers["Location"] == made.headers["Location"]
    body = org.get(ACME).body
    assert (body["Id"], body["QBO_Id__c"], body["Name"], body["Phone"]) == (account, "r:42", "Acme", "1")


def test_older_versions_answer_an_update_with_204() -> None:
    org = TestOrg(Org(versions=(31, 68)))
    old = f"/services/data/v45.0{ACME}"
    assert org.send("PATCH", old, {"Name": "Acme"}).status == 201
    reply = org.send("PATCH", old, {"Phone": "1"})
    assert (reply.status, reply.text) == (204, "")


@pytest.mark.parametrize(
    ("url", "body", "status", "code"),
    [
        (ACME, {"Name": "A", "QBO_Id__c": "r:42"}, 400, "INVALID_FIELD"),
        (ACME, {"Name": "A", "qbo_id__C": "x"}, 400, "INVALID_FIELD"),
        (ACME, {"Name": "A", "Id": "001Hs0000000001IAA"}, 400, "INVALID_FIELD"),
        (ACME, {}, 400, "REQUIRED_FIELD_MISSING"),
        ("/sobjects/Account/Nope__c/1", {"Name": "A"}, 404, "NOT_FOUND"),
        ("/sobjects/Account/Phone/1", {"Name": "A"}, 404, "NOT_FOUND"),
        (f"{ACME}?updateOnly=true", {"Name": "A"}, 404, "NOT_FOUND"),
    ],
)
def test_refused(org: TestOrg, url: str, body: dict[str, str], status: int, code: str) -> None:
    reply = org.patch(url, body)
    assert (reply.status, reply.code) == (status, code)
    assert org.vendor.records("Account") == []


def test_update_only_updates(org: TestOrg) -> None:
    org.patch(ACME, {"Name": "Acme"})
    assert org.patch(f"{ACME}?updateOnly=true", {"Name": "B"}).status == 200


def test_several_matches_are_300_with_their_addresses_and_nothing_is_written(org: TestOrg) -> None:
    two = [org.add("Contact", LastName=name, Email="a@b.example") for name in ("One", "Two")]
    reply = org.patch("/sobjects/Contact/Email/a%40b.example", {"LastName": "Three"})
    assert reply.status == 300
    assert reply.body == [f"/services/data/v67.0/sobjects/Contact/{contact}" for contact in two]
    assert org.get("/sobjects/Contact/Email/A%40b.example").status == 300
    assert org.column("SELECT LastName FROM Contact ORDER BY Id") == ["One", "Two"]


@pytest.mark.parametrize("value", ["a/b", "a.b", "a+b", "a b", "ä:ö", "100%", "x.json"])
def test_the_value_is_decoded(org: TestOrg, value: str) -> None:
    from urllib.parse import quote

    url = f"/sobjects/Account/QBO_Id__c/{quote(value, safe='')}"
    assert org.patch(url, {"Name": "A"}).status == 201
    assert org.get(url).body["QBO_Id__c"] == value


def test_a_relation_by_external_id(org: TestOrg) -> None:
    account = org.account(QBO_Id__c="r:42")
    contact = org.add("Contact", LastName="Roe", Account={"QBO_Id__c": "r:42"})
    assert org.record("Contact", contact)["AccountId"] == account
    assert org.patch(f"/sobjects/Contact/{contact}", {"Account": None}).status == 204
    assert org.record("Contact", contact)["AccountId"] is None


def test_an_upsert_by_id_updates(org: TestOrg) -> None:
    account = org.account()
    assert org.patch(f"/sobjects/Account/Id/{account}", {"Phone": "1"}).body["created"] is False
    assert org.patch("/sobjects/Account/Id/001Hs0000000zzz", {"Phone": "1"}).status == 404


def test_a_record_can_be_deleted_by_its_external_id(org: TestOrg) -> None:
    org.patch(ACME, {"Name": "Acme"})
    assert org.delete(ACME).status == 204
    assert org.get(ACME).status == 404

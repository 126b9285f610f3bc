"""`/composite/sobjects`: 200 records a call (salesforce reference 2.8)."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg

UPSERT = "/composite/sobjects/Account/QBO_Id__c"


def rec(kind: str = "Account", **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind}, **fields}


def many(*records: dict[str, Any], all_or_none: bool = False) -> dict[str, Any]:
    return {"allOrNone": all_or_none, "records": list(records)}


NO_NAME = {
    "success": False,
    "errors": [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [Name]",
            "fields": ["Name"],
        }
    ],
}


def test_create_answers_in_order_and_a_failed_row_has_no_id(org: TestOrg) -> None:
    reply = org.post("/composite/sobjects", many(rec(Name="A"), rec(), rec("Contact", LastName="Roe")))
    assert reply.status == 200
    assert reply.body[0] == {"id": reply.body[0]["id"], "success": True, "errors": []}
    assert reply.body[1] == NO_NAME
    assert reply.body[2]["id"].startswith("003")
    assert org.column("SELECT COUNT(Id) FROM Account") == [1]


def test_all_or_none_rolls_back_and_says_so(org: TestOrg) -> None:
    reply = org.post("/composite/sobjects", many(rec(Name="A"), rec(), all_or_none=True))
    assert reply.status == 200
    assert reply.body[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert reply.body[1] == NO_NAME
    assert org.vendor.records("Account") == []


def test_upsert_creates_and_updates(org: TestOrg) -> None:
    first = org.patch(UPSERT, many(rec(QBO_Id__c="1", Name="A"), rec(QBO_Id__c="2", Name="B"), rec(QBO_Id__c="3")))
    assert [item.get("created") for item in first.body] == [True, True, None]
    second = org.patch(UPSERT, many(rec(QBO_Id__c="2", Name="BB"), rec(QBO_Id__c="1", Phone="1")))
    assert [item["created"] for item in second.body] == [False, False]
    assert [item["id"] for item in second.body] == [first.body[1]["id"], first.body[0]["id"]]
    assert list(second.body[0]) == ["id", "success", "errors", "created"]


@pytest.mark.parametrize(
    ("records", "codes"),
    [
        ([rec(Name="A")], ["MISSING_ARGUMENT"]),
        ([rec(Name="A", QBO_Id__c=None)], ["MISSING_ARGUMENT"]),
        ([rec(Name="A", QBO_Id__c="1"), rec(Name="B", QBO_Id__c="1")], [None, "DUPLICATE_VALUE"]),
        ([rec("Contact", LastName="A", QBO_Id__c="1"), rec(Name="B", QBO_Id__c="1")], ["INVALID_TYPE", None]),
        ([rec(Name="A" * 256, QBO_Id__c="1"), rec(Name="B", QBO_Id__c="2")], ["STRING_TOO_LONG", None]),
    ],
)
def test_items_fail_alone(org: TestOrg, records: list[dict[str, Any]], codes: list[str | None]) -> None:
    reply = org.patch(UPSERT, many(*records))
    answered = [item["errors"][0]["statusCode"] if item["errors"] else None for item in reply.body]
    assert (reply.status, answered) == (200, codes)


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "code"),
    [
        ("POST", "/composite/sobjects", {"records": "x"}, 400, "JSON_PARSER_ERROR"),
        ("POST", "/composite/sobjects", {}, 400, "JSON_PARSER_ERROR"),
        ("POST", "/composite/sobjects", many({"Name": "A"}), 400, "INVALID_TYPE"),
        ("POST", "/composite/sobjects", many(rec("Nope")), 400, "INVALID_TYPE"),
        ("POST", "/composite/sobjects", many(rec(Name="A"), rec(Name="B", Nope=1)), 400, "INVALID_FIELD"),
        ("POST", "/composite/sobjects", many(rec(Name="A", AnnualRevenue="x")), 400, "JSON_PARSER_ERROR"),
        ("POST", "/composite/sobjects", many(*[rec(Name="A")] * 201), 400, "LIMIT_EXCEEDED"),
        ("POST", "/composite/sobjects", many(*[rec(Name="A"), rec("Contact")] * 6), 400, "LIMIT_EXCEEDED"),
        ("PATCH", "/composite/sobjects/Account/Nope__c", many(), 404, "NOT_FOUND"),
        ("PATCH", "/composite/sobjects/Nope/Id", many(), 404, "NOT_FOUND"),
        ("POST", UPSERT, many(), 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_a_malformed_request_fails_as_a_whole(
    org: TestOrg, method: str, url: str, body: dict[str, Any], status: int, code: str
) -> None:
    reply = org.send(method, url, body)
    assert (reply.status, reply.code) == (status, code)
    assert org.vendor.records("Account") == []


def test_an_unknown_column_may_fail_its_item_only(org: TestOrg) -> None:
    org.switches.bad_column_fails = "item"
    reply = org.post("/composite/sobjects", many(rec(Name="A"), rec(Name="B", Nope=1)))
    assert [item["success"] for item in reply.body] == [True, False]


def test_update_by_id(org: TestOrg) -> None:
    account = org.account()
    gone = org.account()
    org.delete(f"/sobjects/Account/{gone}")
    body = many(
        rec(id=account, Phone="1"),
        rec(Id=gone, Phone="1"),
        rec(id="001Hs0000000zzz", Phone="1"),
        rec(id="nope", Phone="1"),
        rec(Phone="1"),
        rec(id=account[:15], Phone="2"),
    )
    reply = org.patch("/composite/sobjects", body)
    assert reply.body[0] == {"id": account, "success": True, "errors": []}
    assert [item["errors"][0]["statusCode"] for item in reply.body[1:]] == [
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
        "DUPLICATE_VALUE",
    ]


def test_delete_by_ids(org: TestOrg) -> None:
    first, second = org.account(), org.account()
    reply = org.delete(f"/composite/sobjects?ids={first},nope&allOrNone=true")
    assert [item["success"] for item in reply.body] == [False, False]
    reply = org.delete(f"/composite/sobjects?ids={first},nope,{second}")
    assert [item["success"] for item in reply.body] == [True, False, True]
    assert org.column("SELECT COUNT(Id) FROM Account") == [0]


def test_retrieve_by_get_and_by_post(org: TestOrg) -> None:
    first, second = org.account(Name="A"), org.account(Name="B")
    missing = "001Hs0000000zzz"
    got = org.get(f"/composite/sobjects/Account?ids={second},{missing},{first}&fields=Name")
    posted = org.post("/composite/sobjects/Account", {"ids": [second, missing, first], "fields": ["Name"]})
    assert got.status == posted.status == 200
    assert got.body == posted.body
    assert [row and row["Name"] for row in got.body] == ["B", None, "A"]


def test_retrieve_takes_2000_ids_by_post(org: TestOrg) -> None:
    account = org.account()
    url = "/composite/sobjects/Account"
    assert len(org.post(url, {"ids": [account] * 2000, "fields": ["Id"]}).body) == 2000
    assert org.post(url, {"ids": [account] * 2001, "fields": ["Id"]}).code == "EXCEEDED_ID_LIMIT"


def test_email_is_a_key_too_and_several_matches_fail_their_item(org: TestOrg) -> None:
    for name in ("One", "Two"):
        org.add("Contact", LastName=name, Email="two@b.example")
    body = many(
        rec("Contact", Email="new@b.example", LastName="New"), rec("Contact", Email="two@b.example", LastName="X")
    )
    reply = org.patch("/composite/sobjects/Contact/Email", body)
    assert reply.body[0]["created"] is True
    assert reply.body[1]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


def test_the_code_of_a_repeated_key_is_a_switch(org: TestOrg) -> None:
    org.switches.repeated_key_code = "DUPLICATE_EXTERNAL_ID"
    reply = org.patch(UPSERT, many(rec(Name="A", QBO_Id__c="1"), rec(Name="B", QBO_Id__c="1")))
    assert reply.body[1]["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"

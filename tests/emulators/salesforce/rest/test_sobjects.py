"""Single records: statuses, checks, nulls, stamps (salesforce reference 2.2, 2.5, 2.6)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce import ValidationRule


def test_create_answers_201_with_a_relative_location(org: TestOrg) -> None:
    reply = org.post("/sobjects/Account", {"Name": "Acme"})
    record_id = reply.body["id"]
    assert reply.status == 201
    assert reply.body == {"id": record_id, "success": True, "errors": []}
    assert reply.headers["Location"] == f"/services/data/v67.0/sobjects/Account/{record_id}"
    assert record_id.startswith("001")
    assert len(record_id) == 18


def test_update_and_delete_answer_204_without_a_body(org: TestOrg) -> None:
    account = org.account()
    changed = org.patch(f"/sobjects/Account/{account}", {"Phone": "1"})
    assert (changed.status, changed.text) == (204, "")
    gone = org.delete(f"/sobjects/Account/{account}")
    assert (gone.status, gone.text) == (204, "")
    again = org.delete(f"/sobjects/Account/{account}")
    assert (again.status, again.code) == (404, "ENTITY_IS_DELETED")
    assert org.get(f"/sobjects/Account/{account}").status == 404
    assert org.patch(f"/sobjects/Account/{account}", {}).code == "ENTITY_IS_DELETED"


def test_a_record_shows_every_field_nulls_too_and_attributes_first(org: TestOrg) -> None:
    account = org.account(BillingStreet="1 Main\nSuite 2", BillingCity="Salem")
    body = org.record("Account", account)
    assert list(body)[:4] == ["attributes", "Id", "IsDeleted", "MasterRecordId"]
    assert body["attributes"] == {"type": "Account", "url": f"/services/data/v67.0/sobjects/Account/{account}"}
    assert body["Phone"] is None
    assert body["BillingAddress"] == {
        "city": "Salem",
        "country": None,
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": None,
        "state": None,
        "street": "1 Main\nSuite 2",
    }
    assert body["ShippingAddress"] is None
    assert body["SystemModstamp"] == "2026-01-05T12:00:30.000+0000"


def test_fields_may_be_chosen_over_relationships_too(org: TestOrg) -> None:
    account = org.account(Name="Acme")
    contact = org.add("Contact", LastName="Roe", FirstName="Jo", AccountId=account)
    body = org.get(f"/sobjects/Contact/{contact}?fields=Name,Account.Name").body
    assert body["Name"] == "Jo Roe"
    assert body["Account"]["Name"] == "Acme"
    assert org.get(f"/sobjects/Contact/{contact}?fields=Nope").code == "INVALID_FIELD"


@pytest.mark.parametrize("spell", [lambda x: x, lambda x: x[:15], lambda x: x.lower(), lambda x: x.upper()])
def test_ids_are_taken_in_any_spelling(org: TestOrg, spell: Any) -> None:
    account = org.account()
    assert org.get(f"/sobjects/Account/{spell(account)}?fields=Id").body["Id"] == account
    contact = org.add("Contact", LastName="Roe", AccountId=spell(account))
    assert org.column(f"SELECT AccountId FROM Contact WHERE Id = '{spell(contact)}'") == [account]


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/sobjects/Nope", 404, "NOT_FOUND"),
        ("/sobjects/Account/nope", 404, "NOT_FOUND"),
        ("/sobjects/Account/003Hs0000000001IAA", 404, "NOT_FOUND"),
        ("/sobjects/Account/001Hs0000000zzzIAA", 404, "NOT_FOUND"),
        ("/sobjects/Account/Nope__c/1", 404, "NOT_FOUND"),
        ("/sobjects/Account/Phone/1", 404, "NOT_FOUND"),
        ("/sobjects/Account/QBO_Id__c/nobody", 404, "NOT_FOUND"),
        ("/sobjects/Account/QBO_Id__c/a/b", 404, "NOT_FOUND"),
        ("/nothing", 404, "NOT_FOUND"),
        ("/query/01gxx-2000", 400, "INVALID_QUERY_LOCATOR"),
    ],
)
def test_what_is_not_there(org: TestOrg, url: str, status: int, code: str) -> None:
    reply = org.get(url)
    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize(
    ("method", "url"),
    [("PUT", "/sobjects/Account"), ("POST", "/limits"), ("DELETE", "/query?q=x"), ("GET", "/composite")],
)
def test_other_methods_are_refused(org: TestOrg, method: str, url: str) -> None:
    reply = org.send(method, url, {})
    assert (reply.status, reply.code) == (405, "METHOD_NOT_ALLOWED")


TOO_LONG = "x" * 256

REFUSED: list[tuple[str, dict[str, Any], str, list[str] | None]] = [
    ("Account", {}, "REQUIRED_FIELD_MISSING", ["Name"]),
    ("Account", {"Name": None}, "REQUIRED_FIELD_MISSING", ["Name"]),
    ("Account", {"Name": ""}, "REQUIRED_FIELD_MISSING", ["Name"]),
    ("Account", {"Name": "   "}, "REQUIRED_FIELD_MISSING", ["Name"]),
    ("Account", {"Name": TOO_LONG}, "STRING_TOO_LONG", ["Name"]),
    ("Account", {"Name": "A", "Nope": 1}, "INVALID_FIELD", None),
    ("Account", {"Name": "A", "Id": "001"}, "INVALID_FIELD", None),
    ("Account", {"Name": "A", "IsDeleted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsDeleted"]),
    ("Account", {"Name": "A", "CreatedDate": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
    ("Account", {"Name": "A", "BillingAddress": {}}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["BillingAddress"]),
    ("Account", {"Name": "A", "AnnualRevenue": "much"}, "JSON_PARSER_ERROR", None),
    ("Account", {"Name": "A", "AnnualRevenue": [1]}, "JSON_PARSER_ERROR", None),
    ("Account", {"Name": ["A"]}, "JSON_PARSER_ERROR", None),
    ("Account", {"Name": "A", "QBO_Active__c": None}, "JSON_PARSER_ERROR", None),
    ("Account", {"Name": "A", "QBO_Active__c": "yes"}, "JSON_PARSER_ERROR", None),
    ("Account", {"Name": "A", "NumberOfEmployees": 1.5}, "JSON_PARSER_ERROR", None),
    ("Account", {"Name": "A", "NumberOfEmployees": 2**31}, "NUMBER_OUTSIDE_VALID_RANGE", ["NumberOfEmployees"]),
    ("Account", {"Name": "A", "QBO_Balance__c": 10**16}, "NUMBER_OUTSIDE_VALID_RANGE", ["QBO_Balance__c"]),
    (
        "Account",
        {"Name": "A", "CurrencyIsoCode": "GBP"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ["CurrencyIsoCode"],
    ),
    ("Account", {"Name": "A", "ParentId": "nope"}, "MALFORMED_ID", ["ParentId"]),
    ("Account", {"Name": "A", "ParentId": "001Hs0000000zzz999"}, "MALFORMED_ID", ["ParentId"]),
    ("Account", {"Name": "A", "ParentId": "001Hs0000000zzz"}, "INVALID_CROSS_REFERENCE_KEY", []),
    ("Account", {"Name": "A", "ParentId": "003Hs0000000001"}, "FIELD_INTEGRITY_EXCEPTION", ["ParentId"]),
    ("Contact", {"LastName": "R", "Email": "nobody"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
    ("Contact", {"LastName": "R", "Email": "a b@c.de"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
    ("Contact", {"LastName": "R", "Name": "R"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"]),
    ("Contact", {"LastName": "R", "Account": {"QBO_Id__c": "no"}}, "INVALID_FIELD", []),
    ("Contact", {"LastName": "R", "Account": {"Phone": "no"}}, "INVALID_FIELD", None),
    ("Contact", {"LastName": "R", "Account": {"Nope": "no"}}, "INVALID_FIELD", None),
    ("Contact", {"LastName": "R", "Account": {}}, "INVALID_FIELD", None),
    ("Contact", {"LastName": "R", "Birthdate": "5.1.1990"}, "JSON_PARSER_ERROR", None),
    ("Contact", {"LastName": "R", "Birthdate": "1990-02-30"}, "JSON_PARSER_ERROR", None),
    ("User", {"LastName": "R"}, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", []),
]


@pytest.mark.parametrize(("kind", "body", "code", "fields"), REFUSED)
def test_refused_on_create(org: TestOrg, kind: str, body: dict[str, Any], code: str, fields: list[str] | None) -> None:
    reply = org.post(f"/sobjects/{kind}", body)
    assert (reply.status, reply.code, reply.body[0].get("fields")) == (400, code, fields)
    assert org.vendor.records("Contact") == []


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("Name", "  Acme  ", "Acme"),
        ("Name", 42, "42"),
        ("Phone", "", None),
        ("Description", "a\nb", "a\nb"),
        ("NumberOfEmployees", "10000", 10000),
        ("QBO_Balance__c", "1234.565", Decimal("1234.565")),
        ("QBO_Balance__c", 5, Decimal("5.0")),
        ("AnnualRevenue", Decimal(250000000), Decimal("2.5E8")),
        ("QBO_Active__c", "true", True),
        ("Type", "Something new", "Something new"),
        ("qbo_currency__C", "EUR", "EUR"),
    ],
)
def test_kept_on_create(org: TestOrg, field: str, given: Any, kept: Any) -> None:
    account = org.add("Account", **({"Name": "A"} | {field: given}))
    shown = {key.lower(): value for key, value in org.record("Account", account).items()}
    assert shown[field.lower()] == kept


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_no_json_object(org: TestOrg, body: bytes) -> None:
    headers = {"authorization": f"Bearer {org.token}"}
    reply = org.raw("POST", "/services/data/v67.0/sobjects/Account", body, headers)
    assert (reply.status, reply.code) == (400, "JSON_PARSER_ERROR")


def test_null_clears_and_what_is_left_out_stays(org: TestOrg) -> None:
    account = org.account(Phone="1", Fax="2", QBO_Balance__c=3)
    org.patch(f"/sobjects/Account/{account}", {"Phone": None, "QBO_Balance__c": None})
    body = org.record("Account", account)
    assert (body["Phone"], body["QBO_Balance__c"], body["Fax"]) == (None, None, "2")
    refused = org.patch(f"/sobjects/Account/{account}", {"Name": None})
    assert (refused.code, refused.body[0]["fields"]) == ("REQUIRED_FIELD_MISSING", ["Name"])


def test_a_null_checkbox_is_false_when_switched(org: TestOrg) -> None:
    org.switches.null_checkbox = "false"
    account = org.account(QBO_Active__c=None)
    assert org.record("Account", account)["QBO_Active__c"] is False


def test_writing_the_same_values_still_moves_the_stamps(org: TestOrg) -> None:
    account = org.account(Name="Acme")
    org.clock.advance(timedelta(minutes=1))
    assert org.patch(f"/sobjects/Account/{account}", {"Name": "Acme"}).status == 204
    body = org.record("Account", account)
    assert body["CreatedDate"] == "2026-01-05T12:00:30.000+0000"
    assert body["LastModifiedDate"] == body["SystemModstamp"] == "2026-01-05T12:01:30.000+0000"


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [("r:1", "r:1", True), ("r:a", "r:A", False), ("r:1", " r:1 ", True), ("r:1", None, False)],
)
def test_a_unique_case_sensitive_field(org: TestOrg, first: str, second: str | None, clash: bool) -> None:
    account = org.account(QBO_Id__c=first)
    reply = org.post("/sobjects/Account", {"Name": "Other", "QBO_Id__c": second})
    if not clash:
        assert reply.status == 201
        return
    assert (reply.status, reply.code, reply.body[0]["fields"]) == (400, "DUPLICATE_VALUE", [])
    assert reply.message == f"duplicate value found: QBO_Id__c duplicates value on record with id: {account[:15]}"


def test_a_deleted_record_frees_its_unique_value_and_comes_back_only_without_a_clash(org: TestOrg) -> None:
    account = org.account(QBO_Id__c="r:1")
    org.delete(f"/sobjects/Account/{account}")
    other = org.account(QBO_Id__c="r:1")
    with pytest.raises(Exception, match="DUPLICATE_VALUE"):
        org.act("undelete", "Account", Id=account)
    org.patch(f"/sobjects/Account/{other}", {"QBO_Id__c": None})
    assert org.act("undelete", "Account", Id=account)["IsDeleted"] is False
    assert org.record("Account", account)["QBO_Id__c"] == "r:1"


def test_the_hierarchy_of_accounts_has_no_loop(org: TestOrg) -> None:
    top = org.account()
    middle = org.account(ParentId=top)
    bottom = org.account(ParentId=middle)
    for parent in (bottom, middle, top):
        reply = org.patch(f"/sobjects/Account/{top}", {"ParentId": parent})
        assert (reply.status, reply.code) == (400, "CIRCULAR_DEPENDENCY")


def test_deleting_an_account_takes_its_contacts_along_and_brings_them_back(org: TestOrg) -> None:
    account = org.account()
    contact = org.add("Contact", LastName="Roe", AccountId=account)
    child = org.account(ParentId=account)
    assert org.delete(f"/sobjects/Account/{account}").status == 204
    assert org.get(f"/sobjects/Contact/{contact}").status == 404
    assert org.record("Account", child)["ParentId"] is None
    org.act("undelete", "Account", Id=account)
    assert org.record("Contact", contact)["AccountId"] == account


def test_a_deleted_parent_cannot_be_named(org: TestOrg) -> None:
    account = org.account()
    org.delete(f"/sobjects/Account/{account}")
    reply = org.post("/sobjects/Contact", {"LastName": "Roe", "AccountId": account})
    assert (reply.status, reply.code) == (400, "ENTITY_IS_DELETED")


def test_the_name_of_a_contact_follows_its_parts(org: TestOrg) -> None:
    contact = org.add("Contact", LastName="Roe")
    assert org.record("Contact", contact)["Name"] == "Roe"
    org.patch(f"/sobjects/Contact/{contact}", {"FirstName": "Jo", "LastName": "Doe"})
    assert org.record("Contact", contact)["Name"] == "Jo Doe"


def test_a_method_may_be_named_in_the_address(org: TestOrg) -> None:
    account = org.account()
    assert org.post(f"/sobjects/Account/{account}?_HttpMethod=PATCH", {"Phone": "9"}).status == 204
    assert org.record("Account", account)["Phone"] == "9"


def test_pretty_print(org: TestOrg) -> None:
    account = org.account(Name="Acme")
    reply = org.get(f"/sobjects/Account/{account}?fields=Name,Phone", x_prettyprint="1")
    assert reply.text == (
        '{\n  "attributes" : {\n    "type" : "Account",\n    "url" : '
        f'"/services/data/v67.0/sobjects/Account/{account}"\n  }},\n  "Name" : "Acme",\n  "Phone" : null\n}}'
    )
    failed = org.send("GET", "/sobjects/Nope", x_prettyprint="1")
    assert failed.text.startswith('[ {\n  "message" : "The requested')


def test_field_level_security(org: TestOrg) -> None:
    account = org.account(Phone="1")
    org.act("set_fls", "", object="Account", field="Phone", readable=False)
    org.act("set_fls", "", object="Account", field="Fax", editable=False)
    assert "Phone" not in org.record("Account", account)
    assert org.query("SELECT Phone FROM Account").code == "INVALID_FIELD"
    for name in ("Phone", "Fax"):
        reply = org.patch(f"/sobjects/Account/{account}", {name: "2"})
        assert (reply.code, reply.body[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", [name])
    assert org.act("update", "Account", Id=account, Phone="3")["Phone"] == "3"
    org.act("set_fls", "", object="Account", field="Phone")
    assert org.record("Account", account)["Phone"] == "3"


def test_a_hidden_object_is_not_there(org: TestOrg) -> None:
    org.switches.hidden_objects.add("Order")
    assert org.get("/sobjects/Order/describe").status == 404
    assert org.query("SELECT Id FROM Order").code == "INVALID_TYPE"
    assert "Order" not in {entry["name"] for entry in org.get("/sobjects").body["sobjects"]}


def test_a_validation_rule_speaks_in_its_own_words(org: TestOrg) -> None:
    rule = ValidationRule("Account", "Phone = null", "Please add a phone.", "Phone")
    org.switches.validation_rules.append(rule)
    reply = org.post("/sobjects/Account", {"Name": "A"})
    assert (reply.status, reply.code) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    assert (reply.message, reply.body[0]["fields"]) == ("Please add a phone.", ["Phone"])


@pytest.mark.parametrize("path", ["/sobjects/Account/Nothing__c/7", "/composite/sobjects/Account/Nothing__c"])
def test_an_unknown_key_field_is_named(org: TestOrg, path: str) -> None:
    reply = org.patch(path, {"Name": "A"})
    assert (reply.status, reply.code) == (404, "NOT_FOUND")
    assert reply.message == "Provided external ID field does not exist or is not accessible: Nothing__c"


@pytest.mark.parametrize(
    ("mode", "header", "saved"),
    [
        ("alert", {}, False),
        ("alert", {"sforce_duplicate_rule_header": "allowSave=true"}, True),
        ("block", {"sforce_duplicate_rule_header": "allowSave=true"}, False),
    ],
)
def test_duplicate_rules(org: TestOrg, mode: Literal["alert", "block"], header: dict[str, str], saved: bool) -> None:
    account = org.account(Name="Acme")
    org.switches.duplicate_rules["Account"] = mode
    reply = org.post("/sobjects/Account", {"Name": "ACME"}, **header)
    if saved:
        assert reply.status == 201
        return
    assert (reply.status, reply.code) == (400, "DUPLICATES_DETECTED")
    result = reply.body[0]["duplicateResut"]
    assert result["allowSave"] is (mode == "alert")
    assert result["matchResults"][0]["matchRecords"][0]["record"]["Id"] == account
    org.switches.duplicate_key = "duplicateResult"
    assert "duplicateResult" in org.post("/sobjects/Account", {"Name": "ACME"}).body[0]


def test_row_locks(org: TestOrg) -> None:
    account = org.account()
    org.switches.lock_next = 1
    assert org.patch(f"/sobjects/Account/{account}", {"Phone": "1"}).code == "UNABLE_TO_LOCK_ROW"
    assert org.patch(f"/sobjects/Account/{account}", {"Phone": "1"}).status == 204
    org.switches.locked_ids.add(account)
    reply = org.post("/sobjects/Contact", {"LastName": "Roe", "AccountId": account})
    assert (reply.status, reply.code) == (400, "UNABLE_TO_LOCK_ROW")


def test_a_record_cannot_be_given_to_somebody_who_left(org: TestOrg) -> None:
    left = org.column("SELECT Id FROM User WHERE IsActive = false")[0]
    reply = org.post("/sobjects/Account", {"Name": "A", "OwnerId": left})
    assert (reply.code, reply.body[0]["fields"]) == ("INACTIVE_OWNER_OR_USER", ["OwnerId"])

"""A customer's org adds rules to every save: required fields, validation rules, automation, locks, storage."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from emulators.salesforce.orgs import Reply, TestOrg
from ml_emulators.kit.emulation import Refused
from ml_emulators.salesforce import ValidationRule
from ml_emulators.scenarios import new_emulation


def _rule(org: TestOrg, kind: str, condition: str) -> None:
    org.switches.validation_rules.append(ValidationRule(kind, condition, "Ask finance first.", "Phone"))


def test_a_required_field_is_asked_for_on_create_and_on_every_later_save(org: TestOrg) -> None:
    old = org.account()
    org.switches.required_fields = {"Account": {"Class__c"}}
    field = next(entry for entry in org.get("/sobjects/Account/describe").body["fields"] if entry["name"] == "Class__c")
    assert (field["nillable"], field["permissionable"]) == (False, False)
    refused = org.post("/sobjects/Account", {"Name": "Acme"})
    assert (refused.code, refused.body[0]["fields"]) == ("REQUIRED_FIELD_MISSING", ["Class__c"])
    assert org.patch(f"/sobjects/Account/{old}", {"Phone": "1"}).code == "REQUIRED_FIELD_MISSING"
    assert org.patch(f"/sobjects/Account/{old}", {"Phone": "1", "Class__c": "SaaS"}).status == 204
    assert org.patch(f"/sobjects/Account/{old}", {"Class__c": None}).code == "REQUIRED_FIELD_MISSING"
    assert org.post("/sobjects/Account", {"Name": "Acme", "Class__c": "SaaS"}).status == 201


def test_a_required_field_that_the_user_may_not_see_stops_every_create(org: TestOrg) -> None:
    org.switches.required_fields = {"Account": {"Class__c"}}
    org.switches.hidden_fields = {"Account": {"Class__c"}}
    assert org.post("/sobjects/Account", {"Name": "Acme"}).code == "REQUIRED_FIELD_MISSING"


@pytest.mark.parametrize(
    ("condition", "body", "refused"),
    [
        ("Phone = null", {"Phone": None}, True),
        ("Phone = null", {"Phone": "1"}, False),
        ("BillingCountry = 'US' AND BillingPostalCode = null", {"BillingCountry": "us"}, True),
        ("BillingCountry = 'US' AND BillingPostalCode = null", {"BillingCountry": "DE"}, False),
        ("Name LIKE 'Test%'", {"Name": "test company"}, True),
        ("NumberOfEmployees > 10 OR QBO_Ready__c = true", {"NumberOfEmployees": 11}, True),
        ("NumberOfEmployees > 10 OR QBO_Ready__c = true", {"NumberOfEmployees": 10}, False),
        ("Parent.Name = 'Blocked'", {}, False),
    ],
)
def test_a_validation_rule(org: TestOrg, condition: str, body: dict[str, Any], refused: bool) -> None:
    _rule(org, "Account", condition)
    answer = org.post("/sobjects/Account", {"Name": "Acme"} | body)
    assert (answer.status == 400) is refused
    if refused:
        refusal = {
            "message": "Ask finance first.",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": ["Phone"],
        }
        assert answer.body == [refusal]


def test_a_validation_rule_looks_at_the_parent(org: TestOrg) -> None:
    blocked = org.account(Name="Blocked")
    _rule(org, "Contact", "Account.Name = 'blocked'")
    body = {"LastName": "Roe", "AccountId": blocked}
    assert org.post("/sobjects/Contact", body).code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert org.post("/sobjects/Contact", body | {"AccountId": org.account()}).status == 201


def test_a_validation_rule_in_a_collection_fails_its_row_only(org: TestOrg) -> None:
    _rule(org, "Account", "Phone = null")
    rows = [
        {"attributes": {"type": "Account"}, "Name": "A"},
        {"attributes": {"type": "Account"}, "Name": "B", "Phone": "1"},
    ]
    made = org.post("/composite/sobjects", {"records": rows}).body
    assert [result["success"] for result in made] == [False, True]
    assert made[0]["errors"][0]["statusCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


@pytest.mark.parametrize("code", ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR"])
def test_automation_that_fails_takes_the_save_with_it(org: TestOrg, code: Any) -> None:
    text = "AccountTrigger: execution of BeforeInsert caused by: UNABLE_TO_LOCK_ROW"
    org.switches.failing_automations, org.switches.automation_code = {"Account": text}, code
    refused = org.post("/sobjects/Account", {"Name": "Acme"})
    assert (refused.code, refused.message) == (code, text)
    assert org.column("SELECT Id FROM Account") == []
    assert org.post("/sobjects/Contact", {"LastName": "Roe"}).status == 201


def test_a_record_in_approval_is_locked(org: TestOrg) -> None:
    account = org.account()
    org.switches.approval_locked_ids.add(account)
    assert org.patch(f"/sobjects/Account/{account}", {"Phone": "1"}).code == "ENTITY_IS_LOCKED"
    org.switches.approval_locked_ids.clear()
    assert org.patch(f"/sobjects/Account/{account}", {"Phone": "1"}).status == 204


@pytest.mark.parametrize("status", [400, 403])
def test_a_full_org_takes_changes_but_no_new_records(org: TestOrg, status: int) -> None:
    account = org.account()
    org.switches.data_storage_mb, org.switches.storage_status = 0, status
    refused = org.post("/sobjects/Account", {"Name": "Acme"})
    assert (refused.status, refused.code) == (status, "STORAGE_LIMIT_EXCEEDED")
    assert org.patch(f"/sobjects/Account/{account}", {"Phone": "1"}).status == 204
    assert org.get("/limits").body["DataStorageMB"] == {"Max": 0, "Remaining": 0}


def test_storage_counts_two_kilobytes_a_record(org: TestOrg) -> None:
    most = org.get("/limits").body["DataStorageMB"]
    for turn in range(3):
        rows = [{"attributes": {"type": "Product2"}, "Name": f"P{turn} {number}"} for number in range(200)]
        assert org.post("/composite/sobjects", {"records": rows}).status == 200
    now = org.get("/limits").body["DataStorageMB"]
    assert most["Remaining"] - now["Remaining"] == 1


def _duplicate(org: TestOrg, mode: Literal["alert", "block"], **headers: str) -> Reply:
    org.switches.duplicate_rules = {"Contact": mode}
    org.add("Contact", LastName="Roe", Email="roe@acme.example")
    return org.post("/sobjects/Contact", {"LastName": "Roe", "Email": "ROE@acme.example"}, **headers)


@pytest.mark.parametrize(
    ("mode", "header", "saved", "passable"),
    [
        ("alert", "", False, True),
        ("alert", "allowSave=false", False, True),
        ("alert", "allowSave=true; runAsCurrentUser=true", True, True),
        ("block", "allowSave=true", False, False),
    ],
)
def test_alert_can_be_passed_by_header_and_block_cannot(
    org: TestOrg, mode: Literal["alert", "block"], header: str, saved: bool, passable: bool
) -> None:
    answer = _duplicate(org, mode, sforce_duplicate_rule_header=header)
    assert (answer.status == 201) is saved
    if not saved:
        assert answer.code == "DUPLICATES_DETECTED"
        result = answer.body[0]["duplicateResut"]
        assert result["allowSave"] is passable
        assert result["matchResults"][0]["matchRecords"][0]["record"]["Id"] in org.column("SELECT Id FROM Contact")


def test_rules_come_through_the_control_door() -> None:
    emulation = new_emulation(1)
    rule = {"kind": "Account", "condition": "Phone = null", "message": "No phone.", "field": "Phone"}
    given = {
        "validation_rules": [rule],
        "required_fields": {"Account": ["Class__c"]},
        "duplicate_rules": {"Account": "block"},
    }
    emulation.set_switches("salesforce", given)
    with pytest.raises(Refused, match="REQUIRED_FIELD_MISSING"):
        emulation.act("salesforce", "create", "Account", {"Name": "Acme"})
    with pytest.raises(Refused, match="No phone"):
        emulation.act("salesforce", "create", "Account", {"Name": "Acme", "Class__c": "SaaS"})
    assert emulation.get_switches()["salesforce"]["validation_rules"][0].message == "No phone."

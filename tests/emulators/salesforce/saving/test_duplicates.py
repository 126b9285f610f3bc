"""Duplicate rules: names that are nearly the same, every way to write, and the header that passes an alert."""

from __future__ import annotations

from typing import Any

import pytest

from emulators.salesforce.loads import load
from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce.saving.duplicates import likeness

PASS = "allowSave=true"


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        ("Acme Inc.", "ACME, Incorporated", True),
        ("The Café Company", "Cafe", True),
        ("Children’s Museum", "Childrens Museum", True),
        ("Smith & Sons Ltd", "Smith and Sons", True),
        ("Globex Industries", "Globex Industrie", True),
        ("Acme", "Apex", False),
        ("North Star Coffee", "South Star Coffee", True),
        ("Müller GmbH", "Schmidt GmbH", False),
        ("Inc.", "LLC", False),
    ],
)
def test_how_names_are_matched(name: str, other: str, same: bool) -> None:
    assert (likeness(name, other) >= 0.85) is same


def test_the_answer_names_the_rule_and_every_match_the_surest_first(org: TestOrg) -> None:
    near, exact = org.account(Name="Globex Industrie"), org.account(Name="Globex Industries, Inc.")
    org.account(Name="Initech")
    org.switches.duplicate_rules = {"Account": "block"}
    org.switches.duplicate_rule_names = {"Account": "No_Doubles"}
    reply = org.post("/sobjects/Account", {"Name": "Globex Industries"}, sforce_duplicate_rule_header=PASS)
    assert (reply.status, reply.code, reply.message) == (400, "DUPLICATES_DETECTED", "Use one of these records?")
    result = reply.body[0]["duplicateResut"]
    assert (result["duplicateRule"], result["allowSave"], result["duplicateRuleEntityType"]) == (
        *("No_Doubles", False, "Account"),
    )
    (match,) = result["matchResults"]
    assert (match["size"], match["rule"]) == (2, "Standard_Account_Match_Rule_v1_0")
    matches = [(entry["record"]["Id"], float(entry["matchConfidence"])) for entry in match["matchRecords"]]
    assert [record for record, _ in matches] == [exact, near]
    assert matches[0][1] == 100.0 > matches[1][1] > 85


def _single(org: TestOrg, header: dict[str, str]) -> Any:
    reply = org.post("/sobjects/Account", {"Name": "Acme"}, **header)
    return None if reply.status == 201 else reply.code


def _upsert(org: TestOrg, header: dict[str, str]) -> Any:
    reply = org.patch("/sobjects/Account/QBO_Id__c/9", {"Name": "Acme"}, **header)
    return None if reply.status == 201 else reply.code


def _collection(org: TestOrg, header: dict[str, str]) -> Any:
    row = {"attributes": {"type": "Account"}, "Name": "Acme"}
    (item,) = org.post("/composite/sobjects", {"records": [row]}, **header).body
    return item["errors"][0]["statusCode"] if item["errors"] else None


def _composite(org: TestOrg, header: dict[str, str]) -> Any:
    call: dict[str, Any] = {"method": "POST", "url": "/services/data/v67.0/sobjects/Account", "referenceId": "a"}
    call |= {"body": {"Name": "Acme"}, "httpHeaders": {name.replace("_", "-"): v for name, v in header.items()}}
    (part,) = org.post("/composite", {"compositeRequest": [call]}).body["compositeResponse"]
    return part["body"][0]["errorCode"] if part["httpStatusCode"] == 400 else None


@pytest.mark.parametrize("write", [_single, _upsert, _collection, _composite])
@pytest.mark.parametrize(("mode", "passed"), [("alert", True), ("block", False)])
def test_only_an_alert_is_passed_by_header_however_it_is_written(
    org: TestOrg, write: Any, mode: Any, passed: bool
) -> None:
    org.account(Name="ACME Inc")
    org.switches.duplicate_rules = {"Account": mode}
    assert write(org, {}) == "DUPLICATES_DETECTED"
    assert write(org, {"sforce_duplicate_rule_header": PASS}) == (None if passed else "DUPLICATES_DETECTED")


def test_the_header_counts_from_v52(org: TestOrg) -> None:
    org.account(Name="Acme")
    org.switches.duplicate_rules = {"Account": "alert"}
    old = "/services/data/v51.0/sobjects/Account"
    assert org.post(old, {"Name": "Acme"}, sforce_duplicate_rule_header=PASS).code == "DUPLICATES_DETECTED"


def test_a_row_of_a_load_is_refused(org: TestOrg) -> None:
    org.account(Name="Acme")
    org.switches.duplicate_rules = {"Account": "alert"}
    job = load(org, "insert")
    job.run("Name\nACME Inc.\nInitech\n")
    assert job.errors() == ["DUPLICATES_DETECTED:Use one of these records?: --"]


def test_a_change_that_leaves_the_name_alone_is_not_looked_at(org: TestOrg) -> None:
    org.account(Name="Acme")
    other = org.account(Name="Acme")
    org.switches.duplicate_rules = {"Account": "block"}
    assert org.patch(f"/sobjects/Account/{other}", {"Phone": "1"}).status == 204
    assert org.patch(f"/sobjects/Account/{other}", {"Name": "Acme Corp"}).code == "DUPLICATES_DETECTED"

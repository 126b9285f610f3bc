"""What an administrator changes while clients are at work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import pytest

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce import ActError

TOKEN = "/services/oauth2/token"


def sign_in(org: TestOrg) -> Any:
    info = org.vendor.connection_info()
    given = {name: info[name] for name in ("client_id", "client_secret")}
    return org.form(TOKEN, {"grant_type": "client_credentials", **given})


@pytest.mark.parametrize(
    ("error", "words"), [("invalid_grant", "authentication failure"), ("inactive_user", "user is inactive")]
)
def test_a_frozen_user_has_no_session_and_gets_none(
    org: TestOrg, error: Literal["invalid_grant", "inactive_user"], words: str
) -> None:
    org.switches.frozen_error = error
    assert org.get("/limits").status == 200
    org.act("freeze_user", "")
    assert (org.get("/limits").status, org.get("/limits").code) == (401, "INVALID_SESSION_ID")
    refused = sign_in(org)
    assert (refused.status, refused.body) == (400, {"error": error, "error_description": words})
    org.act("freeze_user", "", frozen=False)
    assert sign_in(org).status == 200


def test_only_a_user_can_be_frozen(org: TestOrg) -> None:
    with pytest.raises(ActError, match="no user nobody"):
        org.act("freeze_user", "", username="nobody")
    org.act("freeze_user", "", username=org.vendor.org.sales_user.username)
    assert org.get("/limits").status == 200


def test_a_late_commit_carries_the_stamps_of_a_while_ago(org: TestOrg) -> None:
    early = org.account(Name="Early")
    org.clock.advance(timedelta(seconds=60))
    late = org.act("late_commit", "Account", record={"Name": "Late"}, seconds=90)
    assert late["SystemModstamp"] < org.record("Account", early)["SystemModstamp"]
    assert late["SystemModstamp"] == late["LastModifiedDate"] == late["CreatedDate"] == "2026-01-05T12:00:00.000+0000"
    org.act("late_commit", "Account", record={"Id": early, "Phone": "1"}, seconds=70)
    assert org.record("Account", early)["SystemModstamp"] == "2026-01-05T12:00:20.000+0000"
    seen = "SELECT Name FROM Account WHERE SystemModstamp > 2026-01-05T12:00:30Z"
    assert org.column(seen) == []


@pytest.mark.parametrize("body", [{"seconds": 3}, {"record": {"Name": "A"}, "seconds": -1}, {"record": 5}])
def test_late_commits_that_make_no_sense(org: TestOrg, body: dict[str, Any]) -> None:
    with pytest.raises(ActError, match="late_commit takes"):
        org.act("late_commit", "Account", **body)


def test_a_custom_field_comes_hidden_and_goes_with_its_values(org: TestOrg) -> None:
    account = org.account(Class__c="SaaS")
    org.act("add_field", "", object="Account", field="Region__c", metadata={"type": "Text", "length": 9})
    assert org.query("SELECT Region__c FROM Account").code == "INVALID_FIELD"
    org.act("set_fls", "", object="Account", field="Region__c", readable=True, editable=True)
    assert org.patch(f"/sobjects/Account/{account}", {"Region__c": "West"}).status == 204
    org.act("remove_field", "", object="Account", field="Class__c")
    names = [field["name"] for field in org.get("/sobjects/Account/describe").body["fields"]]
    assert ("Region__c" in names, "Class__c" in names) == (True, False)
    reply = org.query("SELECT Id, Class__c FROM Account")
    assert (reply.code, "No such column 'Class__c' on entity 'Account'" in reply.message) == ("INVALID_FIELD", True)
    assert org.patch(f"/sobjects/Account/{account}", {"Class__c": "x"}).code == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("op", "body", "words"),
    [
        ("remove_field", {"object": "Account", "field": "Phone"}, "no such custom field"),
        ("remove_field", {"object": "Nothing", "field": "A__c"}, "no such object"),
        ("add_field", {"object": "Account", "field": "Class__c"}, "has a field"),
        ("set_stage", {"name": "A", "renames": "B"}, "no stage B"),
        ("set_stage", {}, "Required fields are missing"),
        ("set_stage", {"name": "A", "probability": "much"}, "must be a number"),
    ],
)
def test_changes_that_cannot_be(org: TestOrg, op: str, body: dict[str, Any], words: str) -> None:
    with pytest.raises(ActError, match=words):
        org.act(op, "", **body)


def test_stages_are_renamed_added_and_closed(org: TestOrg) -> None:
    deal = org.opportunity(StageName="Closed Won")
    notices: list[Any] = []
    org.vendor.on_change.append(notices.append)
    org.act("set_stage", "", name="Gewonnen", renames="Closed Won")
    assert (org.record("Opportunity", deal)["StageName"], notices) == ("Gewonnen", [])
    org.act("set_stage", "", name="Signed", won=True, probability=90)
    org.act("set_stage", "", name="Prospecting", active=False)
    stages = {row["ApiName"]: row for row in org.rows("SELECT ApiName, IsWon, IsActive FROM OpportunityStage")}
    assert (stages["Gewonnen"]["IsWon"], stages["Signed"]["IsWon"], "Closed Won" in stages) == (True, True, False)
    fields = {field["name"]: field for field in org.get("/sobjects/Opportunity/describe").body["fields"]}
    choices = {value["value"]: value["active"] for value in fields["StageName"]["picklistValues"]}
    assert (choices["Signed"], choices["Prospecting"]) == (True, False)
    signed = org.record("Opportunity", org.opportunity(StageName="Signed"))
    assert (signed["IsClosed"], signed["Probability"]) == (True, 90)


def test_a_stage_that_is_not_offered_is_refused_where_the_list_is_restricted(org: TestOrg) -> None:
    body = {"Name": "Deal", "CloseDate": "2026-01-31", "StageName": "Closed Lost?"}
    assert org.post("/sobjects/Opportunity", body).status == 201
    org.switches.restricted_picklists = {"Opportunity.StageName"}
    reply = org.post("/sobjects/Opportunity", body)
    assert (reply.status, reply.code) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
    assert reply.message == "Stage: bad value for restricted picklist field: Closed Lost?"
    assert org.post("/sobjects/Opportunity", body | {"StageName": "Closed Won"}).status == 201


def test_picklists_with_other_values_and_restricted_ones(org: TestOrg) -> None:
    assert org.post("/sobjects/Account", {"Name": "A", "Type": "Odd"}).status == 201
    org.switches.picklist_values = {"Account.Type": ("Kunde", "Partner")}
    org.switches.restricted_picklists = {"Account.Type", "OpportunityContactRole.Role"}
    fields = {field["name"]: field for field in org.get("/sobjects/Account/describe").body["fields"]}
    assert [value["value"] for value in fields["Type"]["picklistValues"]] == ["Kunde", "Partner"]
    assert (fields["Type"]["restrictedPicklist"], fields["Type"]["length"]) == (True, 255)
    reply = org.post("/sobjects/Account", {"Name": "A", "Type": "Prospect"})
    assert (reply.code, reply.body[0]["fields"]) == ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Type"])
    assert reply.message == "Account Type: bad value for restricted picklist field: Prospect"
    assert org.record("Account", org.account(Type="kunde"))["Type"] == "Kunde"


def test_several_choices_of_a_restricted_list(org: TestOrg) -> None:
    values = {"value": [{"fullName": "Red"}, {"fullName": "Blue"}]}
    metadata = {"type": "MultiselectPicklist", "valueSet": {"valueSetDefinition": values}}
    org.switches.new_fields_visible = True
    org.act("add_field", "", object="Account", field="Colours__c", metadata=metadata)
    org.switches.restricted_picklists = {"Account.Colours__c"}
    assert org.record("Account", org.account(Colours__c="blue;red"))["Colours__c"] == "Blue;Red"
    assert org.post("/sobjects/Account", {"Name": "A", "Colours__c": "Blue;Green"}).status == 400


@pytest.mark.parametrize(("code", "status"), [("INVALID_FIELD_FOR_INSERT_UPDATE", 400), ("INVALID_FIELD", 400)])
def test_a_hidden_field_is_refused_in_one_of_two_ways(org: TestOrg, code: Any, status: int) -> None:
    org.switches.hidden_field_code = code
    org.act("set_fls", "", object="Account", field="Website", readable=False, editable=False)
    org.act("set_fls", "", object="Account", field="Phone", readable=True, editable=False)
    assert org.post("/sobjects/Account", {"Name": "A", "Website": "https://a.example"}).code == code
    assert org.post("/sobjects/Account", {"Name": "A", "Phone": "1"}).code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    org.act("set_fls", "", object="Account", field="Website", readable=True, editable=True)
    assert org.post("/sobjects/Account", {"Name": "A", "Website": "https://a.example"}).status == 201

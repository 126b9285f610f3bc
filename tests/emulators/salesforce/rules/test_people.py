"""Person accounts: accounts that are people (salesforce reference 6.2, 6.4, 7.1)."""

from __future__ import annotations

import pytest

from emulators.salesforce.orgs import TestOrg


@pytest.fixture
def org() -> TestOrg:
    org = TestOrg()
    org.switches.person_accounts = True
    return org


def test_off_there_is_no_trace_of_them() -> None:
    org = TestOrg()
    names = {field["name"] for field in org.get("/sobjects/Account/describe").body["fields"]}
    assert not names & {"IsPersonAccount", "LastName", "PersonEmail"}
    assert org.query("SELECT IsPersonAccount FROM Account").code == "INVALID_FIELD"


def test_describe_tells_that_the_org_has_them(org: TestOrg) -> None:
    fields = {field["name"]: field for field in org.get("/sobjects/Account/describe").body["fields"]}
    assert (fields["IsPersonAccount"]["type"], fields["IsPersonAccount"]["updateable"]) == ("boolean", False)
    assert fields["LastName"]["createable"] is True
    contacts = [field["name"] for field in org.get("/sobjects/Contact/describe").body["fields"]]
    assert "IsPersonAccount" in contacts


def test_a_person_has_a_derived_name_and_a_contact(org: TestOrg) -> None:
    account = org.add("Account", FirstName="Ann", LastName="Roe", PersonEmail="ann@roe.example")
    row = org.record("Account", account)
    assert (row["Name"], row["IsPersonAccount"]) == ("Ann Roe", True)
    contact = org.record("Contact", row["PersonContactId"])
    assert (contact["Name"], contact["AccountId"], contact["IsPersonAccount"]) == ("Ann Roe", account, True)
    assert org.patch(f"/sobjects/Account/{account}", {"FirstName": "Bea", "PersonEmail": None}).status == 204
    assert org.record("Account", account)["Name"] == "Bea Roe"
    contact = org.record("Contact", row["PersonContactId"])
    assert (contact["Name"], contact["Email"]) == ("Bea Roe", None)


def test_a_person_takes_no_name_of_a_business(org: TestOrg) -> None:
    account = org.add("Account", LastName="Roe")
    for reply in (
        org.patch(f"/sobjects/Account/{account}", {"Name": "Acme"}),
        org.post("/sobjects/Account", {"Name": "Acme", "LastName": "Roe"}),
    ):
        assert (reply.status, reply.code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
        assert reply.message == "Account: bad field names on insert/update call: Name"
    assert org.record("Account", org.account(Name="Acme"))["IsPersonAccount"] is False

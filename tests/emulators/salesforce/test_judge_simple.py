"""simple-salesforce, as its users use it and unchanged, judges the org over a real socket.

It speaks https to the vendor's host names; an adapter mounted on its own `session` parameter
leads these to the loopback port.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id, format_soql

from .key_pairs import key_pair
from .orgs import TestOrg
from .sockets import listening, session_to

HOST = "acme.my.salesforce.com"


class Stage:
    """An org on a socket, and the judge signed in to it."""

    def __init__(self, org: TestOrg, port: int) -> None:
        self.org = org
        self.session = session_to(port)
        self.info = org.vendor.connection_info()
        self.sf: Any = self.direct()

    def direct(self, **more: Any) -> Any:
        return Salesforce(session_id=self.org.token, instance=HOST, session=self.session, **more)

    def by_secret(self, **more: Any) -> Any:
        key, secret = self.info["client_id"], self.info["client_secret"]
        given = {"consumer_key": key, "consumer_secret": secret, "domain": "acme.my"} | more
        return Salesforce(session=self.session, **given)


def contents(caught: pytest.ExceptionInfo[Any]) -> list[Any]:
    """The body of the refusal that an error of the judge carries."""
    return list(caught.value.content)


def refusal(caught: pytest.ExceptionInfo[Any]) -> dict[str, Any]:
    return dict(contents(caught)[0])


@pytest.fixture(scope="module")
def port_and_org() -> Iterator[tuple[TestOrg, int]]:
    org = TestOrg()
    with listening(org) as port:
        yield org, port


@pytest.fixture
def stage(port_and_org: tuple[TestOrg, int]) -> Iterator[Stage]:
    org, port = port_and_org
    org.vendor.reset()
    org.__dict__.pop("token", None)
    stage = Stage(org, port)
    yield stage
    stage.session.close()


# Signing in


def test_client_credentials(stage: Stage) -> None:
    sf = stage.by_secret()
    assert sf.sf_instance == HOST
    assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 0


@pytest.mark.parametrize("where", [{}, {"domain": "acme.my"}, {"instance_url": "acme.my"}])
def test_a_private_key(stage: Stage, where: dict[str, str]) -> None:
    stage.org.switches.check_assertion_expiry = False  # the judge's clock is this machine's
    private, certificate = key_pair(1)
    stage.org.act("register_certificate", "", certificate=certificate)
    who = stage.org.vendor.org.integration_user.username
    given: dict[str, Any] = {"username": who, "consumer_key": stage.info["client_id"], "privatekey": private} | where
    sf: Any = Salesforce(session=stage.session, **given)
    assert sf.sf_instance == HOST
    assert sf.oauth2("userinfo")["preferred_username"] == who


@pytest.mark.parametrize("trusted", [False, True])
def test_a_username_and_a_password(stage: Stage, trusted: bool) -> None:
    stage.org.switches.trusted_network = trusted
    proof = {"organizationId": stage.info["org_id"]} if trusted else {"security_token": stage.info["security_token"]}
    given: dict[str, Any] = {name: stage.info[name] for name in ("username", "password")} | proof
    sf: Any = Salesforce(session=stage.session, domain="acme.my", **given)
    assert sf.sf_instance == HOST
    assert sf.query("SELECT Id FROM Account")["done"] is True
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        Salesforce(session=stage.session, **given | {"password": "wrong"})
    assert caught.value.code == "INVALID_LOGIN"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"consumer_secret": "wrong"}, "invalid_client"), ({"consumer_key": "wrong"}, "invalid_client_id")],
)
def test_refused_at_the_door(stage: Stage, changes: dict[str, str], code: str) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        stage.by_secret(**changes)
    assert caught.value.code == code


def test_a_session_that_ends_is_opened_again(stage: Stage) -> None:
    sf = stage.by_secret()
    stage.org.act("kill_sessions", "")
    assert sf.query("SELECT Id FROM Account")["done"] is True
    assert sf.Account.create({"Name": "Acme"})["success"] is True


def test_a_given_session_that_ends_is_an_error(stage: Stage) -> None:
    stage.org.act("kill_sessions", "")
    with pytest.raises(SalesforceExpiredSession) as caught:
        stage.sf.limits()
    assert (caught.value.status, refusal(caught)["errorCode"]) == (401, "INVALID_SESSION_ID")


# Records


def test_the_life_of_a_record(stage: Stage) -> None:
    made = stage.sf.Account.create({"Name": "Acme", "QBO_Id__c": "4/2 +x"})
    assert (made["success"], made["errors"], len(made["id"])) == (True, [], 18)
    assert stage.sf.Account.update(made["id"], {"Site": "Here"}) == 204
    assert stage.sf.Account.get(made["id"])["Site"] == "Here"
    assert stage.sf.Account.get(made["id"][:15])["Id"] == made["id"]
    assert stage.sf.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound) as caught:
        stage.sf.Account.get(made["id"])
    assert refusal(caught)["errorCode"] == "NOT_FOUND"


def test_records_by_a_key_of_our_own(stage: Stage) -> None:
    key = format_external_id("QBO_Id__c", "4/2 ä")
    assert stage.sf.Account.upsert(key, {"Name": "Acme"}) == 201
    assert stage.sf.Account.upsert(key, {"Name": "Beta"}) == 200
    again = stage.sf.Account.upsert(key, {"Name": "Beta"}, raw_response=True)
    assert isinstance(again, requests.Response)
    assert again.json()["created"] is False
    assert stage.sf.Account.get(key)["Name"] == "Beta"
    assert stage.sf.Account.upsert("QBO_Id__c/43", {"Name": "Plain"}) == 201
    assert stage.sf.Account.get_by_custom_id("QBO_Id__c", "43")["Name"] == "Plain"


def test_a_key_that_several_have(stage: Stage) -> None:
    for name in ("One", "Two"):
        stage.sf.Contact.create({"LastName": name, "Email": "a@b.example"})
    with pytest.raises(SalesforceMoreThanOneRecord) as caught:
        stage.sf.Contact.get_by_custom_id("Email", "a@b.example")
    assert len(contents(caught)) == 2


def test_refused_writes(stage: Stage) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        stage.sf.Account.create({})
    assert refusal(caught) == {
        "message": "Required fields are missing: [Name]",
        "errorCode": "REQUIRED_FIELD_MISSING",
        "fields": ["Name"],
    }
    with pytest.raises(SalesforceMalformedRequest) as caught:
        stage.sf.Account.create({"Name": "x" * 300})
    assert refusal(caught)["errorCode"] == "STRING_TOO_LONG"


def test_what_changed_and_what_was_deleted(stage: Stage) -> None:
    kept = stage.sf.Account.create({"Name": "Kept"})["id"]
    gone = stage.sf.Account.create({"Name": "Gone"})["id"]
    stage.sf.Account.delete(gone)
    now = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    window = (now - timedelta(hours=1), now + timedelta(hours=1))
    assert stage.sf.Account.updated(*window)["ids"] == [kept]
    assert [row["id"] for row in stage.sf.Account.deleted(*window)["deletedRecords"]] == [gone]


# Descriptions


def test_descriptions(stage: Stage) -> None:
    everything = stage.sf.describe()
    names = {entry["name"] for entry in everything["sobjects"]}
    assert {"Account", "Contact", "Opportunity", "Order", "Product2"} <= names
    assert stage.sf.Account.metadata()["objectDescribe"]["name"] == "Account"
    fields = {entry["name"]: entry for entry in stage.sf.Account.describe()["fields"]}
    assert (fields["QBO_Id__c"]["externalId"], fields["Name"]["length"]) == (True, 255)
    with pytest.raises(SalesforceResourceNotFound):
        stage.sf.Nope__c.describe()
    assert stage.sf.is_sandbox() is False


def test_limits_and_what_is_used(stage: Stage) -> None:
    assert stage.sf.limits()["DailyApiRequests"]["Max"] == 110_000
    used = stage.sf.api_usage["api-usage"]
    assert (used.used, used.total) == (1, 110_000)


# Queries


def test_queries_page_by_page(stage: Stage) -> None:
    stage.sf.bulk2.Account.insert(records=[{"Name": f"A{number:04d}"} for number in range(4100)], wait=0)
    text = "SELECT Id, Name FROM Account ORDER BY Name"
    first = stage.sf.query(text)
    assert (first["totalSize"], first["done"], len(first["records"])) == (4100, False, 2000)
    by_url = stage.sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    by_id = stage.sf.query_more(first["nextRecordsUrl"].rpartition("/")[2])
    assert by_url == by_id
    everything = stage.sf.query_all(text)
    assert (everything["totalSize"], everything["done"]) == (4100, True)
    assert [row["Name"] for row in stage.sf.query_all_iter(text)] == [f"A{number:04d}" for number in range(4100)]


def test_queries_with_deleted_rows(stage: Stage) -> None:
    gone = stage.sf.Account.create({"Name": "Gone"})["id"]
    stage.sf.Account.delete(gone)
    text = "SELECT Id, IsDeleted FROM Account"
    assert stage.sf.query_all(text)["records"] == []
    assert stage.sf.query_all(text, include_deleted=True)["records"][0]["IsDeleted"] is True


def test_formatted_queries(stage: Stage) -> None:
    name = 'O\'Neil \\ "50%"_\n'
    made = stage.sf.Account.create({"Name": name, "AnnualRevenue": 100})["id"]
    since = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    exact = format_soql("SELECT Id FROM Account WHERE Name IN {} AND CreatedDate >= {}", [name.strip(), "x"], since)
    assert [row["Id"] for row in stage.sf.query(exact)["records"]] == [made]
    alike = format_soql("SELECT Id FROM Account WHERE Name LIKE '%{:like}%' AND AnnualRevenue = {}", '50%"_', 100)
    assert [row["Id"] for row in stage.sf.query(alike)["records"]] == [made]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
    ],
)
def test_refused_queries(stage: Stage, text: str, code: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as caught:
        stage.sf.query(text)
    assert refusal(caught)["errorCode"] == code


# Anything else over REST


def test_any_resource(stage: Stage) -> None:
    body = {"allOrNone": True, "compositeRequest": []}
    assert stage.sf.restful("limits/recordCount", params={"sObjects": "Account"})["sObjects"][0]["count"] == 0
    made = stage.sf.restful(
        "composite/sobjects",
        method="POST",
        data=json.dumps({"records": [{"attributes": {"type": "Account"}, "Name": "Acme"}]}),
    )
    assert made[0]["success"] is True
    assert stage.sf.restful("composite", method="POST", data=json.dumps(body)) == {"compositeResponse": []}
    with pytest.raises(SalesforceResourceNotFound):
        stage.sf.search("FIND {Acme}")


def test_set_up_by_tooling(stage: Stage) -> None:
    stage.org.switches.new_fields_visible = True
    metadata = {"label": "Region", "type": "Text", "length": 20}
    body = {"FullName": "Account.Region__c", "Metadata": metadata}
    made = stage.sf.toolingexecute("sobjects/CustomField", "POST", body)
    assert made["success"] is True
    assert stage.sf.toolingexecute(f"sobjects/CustomField/{made['id']}")["FullName"] == "Account.Region__c"
    assert "Region__c" in {entry["name"] for entry in stage.sf.Account.describe()["fields"]}
    acme = stage.sf.Account.create({"Name": "Acme", "Region__c": "West"})["id"]
    assert stage.sf.Account.get(acme)["Region__c"] == "West"
    text = "query/?q=SELECT+DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Account'"
    names = {row["DeveloperName"] for row in stage.sf.toolingexecute(text)["records"]}
    assert {"Region", "QBO_Id"} <= names
    with pytest.raises(SalesforceMalformedRequest) as caught:
        stage.sf.toolingexecute("sobjects/CustomField", "POST", body)
    assert refusal(caught)["errorCode"] == "DUPLICATE_DEVELOPER_NAME"
    assert stage.sf.toolingexecute(f"sobjects/CustomField/{made['id']}", "DELETE") == ""


@pytest.mark.parametrize("version", ["50.0", "59.0", "68.0"])
def test_versions_in_service(stage: Stage, version: str) -> None:
    sf = stage.direct(version=version)
    made = sf.Account.create({"Name": version})
    assert sf.Account.get(made["id"])["attributes"]["url"].startswith(f"/services/data/v{version}/")


@pytest.mark.parametrize("version", ["49.0", "69.0"])
def test_versions_out_of_service(stage: Stage, version: str) -> None:
    with pytest.raises((SalesforceMalformedRequest, SalesforceResourceNotFound)) as caught:
        stage.direct(version=version).describe()
    expected = {"49.0": "UNSUPPORTED_API_VERSION", "69.0": "NOT_FOUND"}[version]
    assert refusal(caught)["errorCode"] == expected


# Bulk API 2.0


def test_loads_by_every_operation(stage: Stage) -> None:
    bulk = stage.sf.bulk2.Account
    (done,) = bulk.insert(records=[{"Name": "One", "QBO_Id__c": "1"}, {"Name": "", "QBO_Id__c": "2"}], wait=0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    assert "REQUIRED_FIELD_MISSING" in bulk.get_failed_records(done["job_id"])
    good = bulk.get_successful_records(done["job_id"])
    assert bulk.get_unprocessed_records(done["job_id"]).strip() in ("Name,QBO_Id__c", "QBO_Id__c,Name")
    bulk.upsert(records=[{"Name": "Uno", "QBO_Id__c": "1"}], external_id_field="QBO_Id__c", wait=0)
    rows = stage.sf.query("SELECT Id, Name FROM Account")["records"]
    assert [row["Name"] for row in rows] == ["Uno"]
    assert rows[0]["Id"] in good
    bulk.update(records=[{"Id": rows[0]["Id"], "Name": "Eins"}], wait=0)
    assert stage.sf.Account.get(rows[0]["Id"])["Name"] == "Eins"
    bulk.delete(records=[{"Id": rows[0]["Id"]}], wait=0)
    assert stage.sf.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_a_load_from_a_file(stage: Stage, tmp_path: Path) -> None:
    sheet = tmp_path / "accounts.csv"
    sheet.write_text("Name,Site\nAcme,Here\n")
    (done,) = stage.sf.bulk2.Account.insert(str(sheet), wait=0)
    assert done["numberRecordsFailed"] == 0
    parts = stage.sf.bulk2.Account.get_all_ingest_records(done["job_id"])
    assert [len(part) for part in parts.values()] == [1, 0, 0]


def test_extracts_in_pages_and_to_files(stage: Stage, tmp_path: Path) -> None:
    stage.sf.bulk2.Account.insert(records=[{"Name": f"A{number}"} for number in range(5)], wait=0)
    text = "SELECT Name FROM Account ORDER BY Name"
    pages = list(stage.sf.bulk2.Account.query(text, max_records=2, wait=0))
    assert pages[0] == '"Name"\n"A0"\n"A1"\n'
    assert len(pages) == 3
    assert len(list(stage.sf.bulk2.Account.query_all(text, wait=0))) == 1
    files = stage.sf.bulk2.Account.download(text, path=str(tmp_path), max_records=4, wait=0)
    assert [file["number_of_records"] for file in files] == [4, 1]
    assert Path(files[1]["file"]).read_text() == '"Name"\n"A4"\n'

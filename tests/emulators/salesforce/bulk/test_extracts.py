"""Query jobs of Bulk API 2.0: states, pages, versions, what they refuse (salesforce reference 4.4)."""

from __future__ import annotations

import pickle
from datetime import timedelta
from decimal import Decimal

import pytest

from emulators.salesforce.loads import extract, load, table
from emulators.salesforce.orgs import TestOrg


def test_a_query_job_from_making_to_results(org: TestOrg) -> None:
    acme = org.account(Name="Acme")
    made = org.post("/jobs/query", {"operation": "query", "query": "select id, name from account"})
    assert (made.status, made.body["state"], made.body["object"]) == (200, "UploadComplete", "Account")
    assert "contentUrl" not in made.body
    url = f"/jobs/query/{made.body['id']}"
    info = org.get(url).body
    assert (info["state"], info["jobType"], info["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 1)
    reply = org.get(f"{url}/results")
    assert reply.text == f'"Id","Name"\n"{acme}","Acme"\n'
    assert (reply.headers["Sforce-Locator"], reply.headers["Sforce-NumberOfRecords"]) == ("null", "1")
    assert reply.headers["Content-Type"] == "text/csv"


def test_values_as_csv_shows_them(org: TestOrg) -> None:
    deal = org.opportunity(AccountId=org.account(Name="Acme"), Amount=Decimal(12500000))
    org.opportunity(Name='Say "x"')
    columns = "Id, Name, Account.Name, Amount, CloseDate, IsWon, CreatedDate"
    url = extract(org, f"SELECT {columns} FROM Opportunity ORDER BY Name")
    first, second = table(org.get(f"{url}/results").text)
    assert first == {
        "Id": deal,
        "Name": "Deal",
        "Account.Name": "Acme",
        "Amount": "1.25E7",
        "CloseDate": "2026-03-31",
        "IsWon": "false",
        "CreatedDate": "2026-01-05T12:00:30.000Z",
    }
    assert (second["Name"], second["Account.Name"], second["Amount"]) == ('Say "x"', "", "")


def test_pages_follow_the_locator(org: TestOrg) -> None:
    load(org, "insert").run("Name\n" + "".join(f"A{number}\n" for number in range(5)))
    url = extract(org, "SELECT Name FROM Account ORDER BY Name")
    pages, locator = [], ""
    while locator != "null":
        reply = org.get(f"{url}/results?maxRecords=2" + (f"&locator={locator}" if locator else ""))
        pages.append([row["Name"] for row in table(reply.text)])
        assert reply.headers["Sforce-NumberOfRecords"] == str(len(pages[-1]))
        locator = reply.headers["Sforce-Locator"]
    assert pages == [["A0", "A1"], ["A2", "A3"], ["A4"]]


def test_pages_side_by_side(org: TestOrg) -> None:
    load(org, "insert").run("Name\n" + "".join(f"A{number}\n" for number in range(13)))
    url = extract(org, "SELECT Name FROM Account ORDER BY Name")
    first = org.get(f"{url}/resultPages?maxRecords=2").body
    assert (len(first["resultPages"]), first["done"]) == (5, False)
    second = org.get(first["nextRecordsUrl"]).body
    assert (len(second["resultPages"]), second["done"], "nextRecordsUrl" in second) == (2, True, False)
    urls = [page["resultUrl"] for page in first["resultPages"] + second["resultPages"]]
    names = [row["Name"] for url in urls for row in table(org.get(url).text)]
    assert names == org.column("SELECT Name FROM Account ORDER BY Name")


def test_pages_side_by_side_are_newer_than_v57(org: TestOrg) -> None:
    made = org.post("/services/data/v57.0/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"})
    url = f"/services/data/v57.0/jobs/query/{made.body['id']}"
    assert (org.get(f"{url}/results").status, org.get(f"{url}/resultPages").status) == (200, 404)


def test_results_are_read_with_the_version_of_the_job(org: TestOrg) -> None:
    url = extract(org, "SELECT Id FROM Account")
    assert org.get(f"/services/data/v66.0{url}/results").status == 409
    assert org.get(f"/services/data/v66.0{url}").status == 200


def test_query_all_shows_what_is_in_the_bin(org: TestOrg) -> None:
    org.delete(f"/sobjects/Account/{org.account()}")
    sizes = [
        len(table(org.get(f"{extract(org, 'SELECT Id FROM Account', operation)}/results").text))
        for operation in ("query", "queryAll")
    ]
    assert sizes == [0, 1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT COUNT(Id) FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT Name FROM Account GROUP BY Name", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT Id FROM Account OFFSET 5", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT BillingAddress FROM Account", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 200", "FUNCTIONALITY_NOT_ENABLED"),
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT", "MALFORMED_QUERY"),
        ("", "INVALIDJOB"),
    ],
)
def test_refused_queries(org: TestOrg, query: str, code: str) -> None:
    reply = org.post("/jobs/query", {"operation": "query", "query": query})
    assert (reply.status, reply.code) == (400, code)


def test_results_wait_for_the_end(org: TestOrg) -> None:
    org.switches.bulk_queue_seconds = org.switches.bulk_run_seconds = 5
    url = extract(org, "SELECT Id FROM Account")
    assert org.get(f"{url}/results").code == "INVALIDJOBSTATE"
    org.clock.advance(timedelta(seconds=5))
    assert org.get(url).body["state"] == "InProgress"
    org.clock.advance(timedelta(seconds=5))
    assert org.get(f"{url}/results").status == 200


def test_a_query_job_can_be_aborted_and_deleted(org: TestOrg) -> None:
    org.switches.bulk_queue_seconds = 5
    url = extract(org, "SELECT Id FROM Account")
    assert org.delete(url).code == "INVALIDJOBSTATE"
    assert org.patch(url, {"state": "UploadComplete"}).code == "INVALIDJOBSTATE"
    assert org.patch(url, {"state": "Aborted"}).body["state"] == "Aborted"
    assert (org.delete(url).status, org.get(url).status) == (204, 404)


def test_a_query_that_lost_its_field_fails(org: TestOrg) -> None:
    org.switches.bulk_queue_seconds = 5
    url = extract(org, "SELECT Id, Site FROM Account")
    org.act("set_fls", "", object="Account", field="Site", readable=False)
    org.clock.advance(timedelta(seconds=5))
    info = org.get(url).body
    assert (info["state"], info["errorMessage"].partition(" ")[0]) == ("Failed", "INVALID_FIELD")


@pytest.mark.parametrize("asked", ["locator=%21", "locator=OTk5", "maxRecords=0", "maxRecords=x"])
def test_wrong_places(org: TestOrg, asked: str) -> None:
    assert org.get(f"{extract(org, 'SELECT Id FROM Account')}/results?{asked}").status == 400


def test_shape_of_the_file(org: TestOrg) -> None:
    acme = org.account(Name="Acme")
    url = extract(org, "SELECT Id, Name FROM Account", columnDelimiter="PIPE", lineEnding="CRLF")
    assert org.get(f"{url}/results").text == f'"Id"|"Name"\r\n"{acme}"|"Acme"\r\n'


def test_results_survive_a_restart(org: TestOrg) -> None:
    org.account(Name="Acme")
    url = extract(org, "SELECT Name FROM Account")
    kept = pickle.loads(pickle.dumps(org.vendor.snapshot()))
    org.vendor.reset()
    org.vendor.restore(kept)
    assert table(org.get(f"{url}/results").text) == [{"Name": "Acme"}]

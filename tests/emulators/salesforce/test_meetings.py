"""Faults at records: the org refuses where a request meets the record, in its own manner."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from ml_emulators.kit.faults import Fault, FaultBook, RecordMatch
from ml_emulators.kit.wire import Request, dumps, loads

from .loads import Load
from .orgs import TestOrg, V


class Meeting:
    """An org with one fault at its accounts named Bad."""

    def __init__(self, on: Any, *, whole: bool = False) -> None:
        self.org = TestOrg()
        self.good, self.bad = self.org.account(Name="Good"), self.org.account(Name="Bad")
        self.book = FaultBook(Random(1))
        record = RecordMatch("Account", where={"Name": "Bad"}, on=on)
        fault = Fault(
            "status",
            vendor="salesforce",
            status=400,
            code="STORM",
            message="Not this one.",
            element="Name",
            record=record,
            whole=whole,
        )
        self.book.add(fault)

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        address, _, query = (V + path).partition("?")
        headers = {"authorization": f"Bearer {self.org.token}"}
        request = Request(method, address, query, headers, b"" if body is None else dumps(body))
        response = self.org.vendor.handle_meeting(request, self.book.at_records("salesforce", request))
        return response.status, loads(response.body) if response.body else None

    def upload(self, job: str, sheet: str) -> None:
        headers = {"authorization": f"Bearer {self.org.token}", "content-type": "text/csv"}
        request = Request("PUT", f"{V}/jobs/ingest/{job}/batches", "", headers, sheet.encode())
        response = self.org.vendor.handle_meeting(request, self.book.at_records("salesforce", request))
        assert response.status == 201


REFUSED = (400, [{"message": "Not this one.", "errorCode": "STORM", "fields": ["Name"]}])


def test_reading_it_by_its_id() -> None:
    meeting = Meeting("read")
    assert meeting.send("GET", f"/sobjects/Account/{meeting.bad}") == REFUSED
    assert meeting.send("GET", f"/sobjects/Account/{meeting.good}")[0] == 200
    asked = {"ids": [meeting.good, meeting.bad], "fields": ["Name"]}
    assert meeting.send("POST", "/composite/sobjects/Account", asked) == REFUSED
    assert meeting.send("GET", "/query?q=SELECT+Name+FROM+Account")[0] == 200


def test_finding_it_among_the_answers() -> None:
    meeting = Meeting("list")
    assert meeting.send("GET", "/query?q=SELECT+Name+FROM+Account") == REFUSED
    assert meeting.send("GET", "/query?q=SELECT+Name+FROM+Account+WHERE+Name='Good'")[0] == 200
    assert meeting.send("GET", f"/sobjects/Account/{meeting.bad}")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/sobjects/Account/{bad}", {"Phone": "1"}),
        ("DELETE", "/sobjects/Account/{bad}", None),
        ("POST", "/sobjects/Account", {"Name": "Bad"}),
        ("PATCH", "/sobjects/Account/{good}", {"Name": "Bad"}),
    ],
)
def test_writing_it_as_it_is_or_as_it_shall_be(method: str, path: str, body: Any) -> None:
    meeting = Meeting("write")
    assert meeting.send(method, path.format(good=meeting.good, bad=meeting.bad), body) == REFUSED
    assert meeting.send("PATCH", f"/sobjects/Account/{meeting.good}", {"Phone": "1"})[0] == 204
    assert sorted(meeting.org.column("SELECT Name FROM Account")) == ["Bad", "Good"]


@pytest.mark.parametrize("whole", [False, True])
def test_in_a_list_its_neighbours_are_done_unless_the_whole_is_refused(whole: bool) -> None:
    meeting = Meeting("write", whole=whole)
    rows = [{"attributes": {"type": "Account"}, "id": account, "Phone": "1"} for account in (meeting.good, meeting.bad)]
    status, answer = meeting.send("PATCH", "/composite/sobjects", {"records": rows})
    if whole:
        assert (status, answer) == REFUSED
    else:
        assert [item["success"] for item in answer] == [True, False]
        assert answer[1]["errors"] == [{"statusCode": "STORM", "message": "Not this one.", "fields": ["Name"]}]
    phones = meeting.org.column("SELECT Phone FROM Account ORDER BY Name")
    assert phones == [None, None if whole else "1"]


def test_a_parent_or_a_child_that_is_shown_in_an_answer() -> None:
    meeting = Meeting("list")
    for account in (meeting.good, meeting.bad):
        meeting.org.act("create", "Contact", LastName="Roe", AccountId=account)
    assert meeting.send("GET", "/query?q=SELECT+Account.Name+FROM+Contact") == REFUSED
    assert meeting.send("GET", "/query?q=SELECT+LastName+FROM+Contact+WHERE+Account.Name='Bad'")[0] == 200
    assert meeting.send("GET", "/query?q=SELECT+Account.Name+FROM+Contact+WHERE+Account.Name='Good'")[0] == 200
    meeting.org.act("create", "Account", Name="Bad", ParentId=meeting.good)
    children = "/query?q=SELECT+Name,(SELECT+Name+FROM+ChildAccounts)+FROM+Account+WHERE+Id='{}'"
    assert meeting.send("GET", children.format(meeting.good)) == REFUSED
    assert meeting.send("GET", children.format(meeting.org.account(Name="Fine")))[0] == 200


@pytest.mark.parametrize("whole", [False, True])
def test_a_row_of_a_bulk_job(whole: bool) -> None:
    meeting = Meeting("write", whole=whole)
    job = meeting.send("POST", "/jobs/ingest", {"object": "Account", "operation": "update"})[1]["id"]
    meeting.upload(job, f"Id,Phone\n{meeting.good},1\n{meeting.bad},1\n")
    meeting.send("PATCH", f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    info = meeting.send("GET", f"/jobs/ingest/{job}")[1]
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (
        "JobComplete", 2, 2 if whole else 1,
    )  # fmt: skip
    phones = meeting.org.column("SELECT Phone FROM Account ORDER BY Name")
    assert phones == [None, None if whole else "1"]
    failed = Load(meeting.org, job).rows("failedResults")
    assert {row["sf__Error"] for row in failed} == {"STORM:Not this one.:Name --"}
    assert meeting.bad in [row["Id"] for row in failed]


def test_a_query_job_whose_rows_meet_one_fails() -> None:
    meeting = Meeting("list")
    body = {"operation": "query", "query": "SELECT Id, Name FROM Account"}
    job = meeting.send("POST", "/jobs/query", body)[1]["id"]
    info = meeting.send("GET", f"/jobs/query/{job}")[1]
    assert (info["state"], info["errorMessage"]) == ("Failed", "STORM : Not this one.")


def test_users_of_the_screens_meet_no_fault() -> None:
    meeting = Meeting("any")
    meeting.org.act("update", "Account", Id=meeting.bad, Phone="1")
    assert meeting.org.record("Account", meeting.bad)["Phone"] == "1"

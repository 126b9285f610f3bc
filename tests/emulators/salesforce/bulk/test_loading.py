"""Loading records by Bulk API 2.0: the life of a job, its CSV, its results (salesforce reference 4.1 to 4.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emulators.salesforce.loads import Load, load
from emulators.salesforce.orgs import TestOrg


def test_a_job_is_made_filled_closed_and_polled(org: TestOrg) -> None:
    made = org.post(
        "/jobs/ingest",
        {"object": "Account", "operation": "upsert", "externalIdFieldName": "QBO_Id__c", "contentType": "CSV"},
    )
    job = Load(org, made.body["id"])
    assert made.status == 200
    assert made.body | {"id": "", "createdById": ""} == {
        "id": "",
        "operation": "upsert",
        "object": "Account",
        "createdById": "",
        "createdDate": "2026-01-05T12:00:30.000+0000",
        "systemModstamp": "2026-01-05T12:00:30.000+0000",
        "state": "Open",
        "externalIdFieldName": "QBO_Id__c",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": made.body["apiVersion"],
        "jobType": "V2Ingest",
        "contentUrl": f"services/data/v67.0/jobs/ingest/{job.id}/batches",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert (job.id[:3], len(job.id), '"apiVersion":67.0' in made.text) == ("750", 18, True)
    sent = job.upload("QBO_Id__c,Name\n42,Acme\n")
    assert (sent.status, sent.text) == (201, "")
    assert job.close().body["state"] == "UploadComplete"
    info = job.info()
    assert info["state"] == "JobComplete"
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"], info["retries"]) == (1, 0, 0)
    assert {"totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"} <= set(info)
    assert org.column("SELECT Name FROM Account WHERE QBO_Id__c = '42'") == ["Acme"]


def test_results_name_the_record_and_whether_it_is_new(org: TestOrg) -> None:
    known = org.account(QBO_Id__c="1", Name="Old")
    job = load(org, "upsert", externalIdFieldName="QBO_Id__c")
    job.run("QBO_Id__c,Name\n1,New\n2,Other\n3,\n")
    good = {row["QBO_Id__c"]: row for row in job.rows("successfulResults")}
    assert job.text("successfulResults").startswith('"sf__Id","sf__Created",QBO_Id__c,Name\n"')
    assert (good["1"]["sf__Id"], good["1"]["sf__Created"], good["2"]["sf__Created"]) == (known, "false", "true")
    (bad,) = job.rows("failedResults")
    assert bad == {
        "sf__Id": "",
        "sf__Error": "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
        "QBO_Id__c": "3",
        "Name": "",
    }
    assert job.text("unprocessedrecords") == job.text("unprocessedRecords") == "QBO_Id__c,Name\n"


def test_results_come_in_another_order_than_the_rows(org: TestOrg) -> None:
    job = load(org, "insert")
    names = [f"Account {number:03d}" for number in range(50)]
    job.run("Name\n" + "\n".join(names))
    loaded = [row["Name"] for row in job.rows("successfulResults")]
    assert loaded != names
    assert sorted(loaded) == names


@pytest.mark.parametrize(
    ("operation", "left"), [("update", [("Beta", None)]), ("delete", []), ("insert", [("Acme", "1 Main"), ("x", None)])]
)
def test_operations(org: TestOrg, operation: str, left: list[Any]) -> None:
    acme = org.account(Name="Acme", BillingStreet="1 Main")
    text = {"update": f"Id,Name,BillingStreet\n{acme[:15]},Beta,#N/A", "delete": f"Id\n{acme}", "insert": "Name\nx"}
    info = load(org, operation).run(text[operation])
    assert (info["state"], info["numberRecordsFailed"]) == ("JobComplete", 0)
    rows = org.rows("SELECT Name, BillingStreet FROM Account ORDER BY Name")
    assert [(row["Name"], row["BillingStreet"]) for row in rows] == left


def test_hard_delete_wants_a_right_of_its_own(org: TestOrg) -> None:
    acme = org.account()
    refused = org.post("/jobs/ingest", {"object": "Account", "operation": "hardDelete"})
    assert (refused.status, refused.code) == (400, "FEATURENOTENABLED")
    org.switches.bulk_hard_delete = True
    load(org, "hardDelete").run(f"Id\n{acme}")
    assert org.get(f"/queryAll?q=SELECT+Id+FROM+Account+WHERE+Id='{acme}'").body["totalSize"] == 0


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("not-an-id,x", "MALFORMED_ID:Id: id value of incorrect type: not-an-id:Id --"),
        (",x", "MISSING_ARGUMENT:Id not specified: --"),
        ("001Hs00000ZZZZZ,x", "INVALID_CROSS_REFERENCE_KEY:The requested resource does not exist: --"),
        ("{id},x,y", "CLIENTINPUTERROR:the row has more fields than the header row: --"),
        ("{id},#N/A", "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"),
        ("{id}," + "x" * 256, "STRING_TOO_LONG:"),
    ],
)
def test_a_bad_row_fails_alone(org: TestOrg, row: str, error: str) -> None:
    acme, good = org.account(), org.account()
    job = load(org, "update")
    info = job.run("Id,Name\n" + row.replace("{id}", acme) + f"\n{good},Fine\n")
    assert (info["state"], info["numberRecordsProcessed"], info["numberRecordsFailed"]) == ("JobComplete", 2, 1)
    assert job.errors()[0].startswith(error)
    assert org.record("Account", good)["Name"] == "Fine"


def test_a_key_twice_in_one_load_is_taken_once(org: TestOrg) -> None:
    job = load(org, "upsert", externalIdFieldName="qbo_id__c")
    job.run("QBO_Id__c,Name\n7,One\n7,Two\n,None\n")
    assert sorted(error.partition(":")[0] for error in job.errors()) == ["DUPLICATE_VALUE", "MISSING_ARGUMENT"]
    assert org.column("SELECT Name FROM Account") == ["One"]


def test_values_of_every_kind(org: TestOrg) -> None:
    head = "Name,AnnualRevenue,NumberOfEmployees,QBO_Active__c,Description"
    load(org, "insert").run(f'{head}\nAcme,"1500.5",12,TRUE,"two\nlines, ""quoted"""\nBeta,,,0,\n')
    rows = org.rows("SELECT AnnualRevenue, NumberOfEmployees, QBO_Active__c, Description FROM Account ORDER BY Name")
    assert [list(map(str, row.values())) for row in rows] == [
        ["1500.5", "12", "True", 'two\nlines, "quoted"'],
        ["None", "None", "False", "None"],
    ]
    bad = load(org, "insert", "Opportunity")
    bad.run(
        "Name,StageName,CloseDate,IsPrivate\nDeal,Prospecting,2026-02-30,false\nDeal,Prospecting,2026-02-03,maybe\n"
    )
    assert {error.partition(":")[0] for error in bad.errors()} == {"INVALID_TYPE_ON_FIELD_IN_RECORD"}


def test_a_parent_is_named_by_its_key(org: TestOrg) -> None:
    acme = org.account(QBO_Id__c="42")
    job = load(org, "insert", "Contact")
    job.run("LastName,Account.QBO_Id__c\nRoe,42\nDoe,43\nPoe,#N/A\n")
    assert org.rows("SELECT LastName, AccountId FROM Contact ORDER BY LastName") == [
        {"LastName": "Poe", "AccountId": None},
        {"LastName": "Roe", "AccountId": acme},
    ]
    assert job.errors()[0].startswith("INVALID_FIELD:Foreign key external ID: 43 not found")


@pytest.mark.parametrize(
    ("name", "mark"),
    [("TAB", "\t"), ("PIPE", "|"), ("SEMICOLON", ";"), ("CARET", "^"), ("BACKQUOTE", "`"), ("COMMA", ",")],
)
@pytest.mark.parametrize(("ending", "end"), [("LF", "\n"), ("CRLF", "\r\n")])
def test_delimiters_and_line_ends(org: TestOrg, name: str, mark: str, ending: str, end: str) -> None:
    job = load(org, "insert", columnDelimiter=name, lineEnding=ending)
    job.run(f"Name{mark}Site{end}Acme{mark}Here{end}")
    assert job.rows("successfulResults", mark)[0]["Site"] == "Here"
    assert job.text("successfulResults").count(end) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Name,Nope\nAcme,1\n", "InvalidBatch : Field name not found : Nope"),
        ("Name;Site\nAcme;1\n", "InvalidBatch : Field name not found : Name;Site"),
        ("Name,Name\nAcme,1\n", "InvalidBatch : Duplicate field name in the header row"),
        ("Name\r\nAcme\r\n", "LineEnding is invalid on user data. Current LineEnding setting is LF"),
        (b"Name\n\xff\xfe\n", "InvalidBatch : the data is not UTF-8"),
        ("", "InvalidBatch : the data has no header row"),
    ],
)
def test_a_sheet_that_cannot_be_read_fails_the_job(org: TestOrg, text: str | bytes, message: str) -> None:
    info = load(org, "insert").run(text)
    assert (info["state"], info["errorMessage"], info["numberRecordsProcessed"]) == ("Failed", message, 0)


@pytest.mark.parametrize(
    ("operation", "more"), [("update", {}), ("delete", {}), ("upsert", {"externalIdFieldName": "QBO_Id__c"})]
)
def test_the_column_that_names_the_record_must_be_there(org: TestOrg, operation: str, more: dict[str, str]) -> None:
    info = load(org, operation, **more).run("Name\nAcme\n")
    assert (info["state"], info["errorMessage"][:36]) == ("Failed", "InvalidBatch : Field name not found ")


def test_a_hidden_field_is_no_column(org: TestOrg) -> None:
    org.act("set_fls", "", object="Account", field="Site", readable=False)
    assert load(org, "insert").run("Name,Site\nAcme,1\n")["state"] == "Failed"


def test_a_job_takes_the_time_the_switches_say(org: TestOrg) -> None:
    org.switches.bulk_queue_seconds, org.switches.bulk_run_seconds = 10, 20
    job = load(org, "insert")
    seen = [job.run("Name\nAcme\n")["state"]]
    for _ in range(3):
        org.clock.advance(timedelta(seconds=10))
        seen.append(job.info()["state"])
    assert seen == ["UploadComplete", "InProgress", "InProgress", "JobComplete"]
    assert org.record("Account", org.column("SELECT Id FROM Account")[0])["CreatedDate"][11:19] == "12:01:00"


def test_work_that_is_due_is_done_before_anybody_looks(org: TestOrg) -> None:
    org.switches.bulk_run_seconds = 20
    load(org, "insert").run("Name\nAcme\n")
    assert org.vendor.records("Account") == []
    org.clock.advance(timedelta(seconds=20))
    assert [row["Name"] for row in org.vendor.records("Account")] == ["Acme"]


def test_a_job_that_breaks_off_tells_what_it_did_not_do(org: TestOrg) -> None:
    org.switches.bulk_fail_after = 2
    job = load(org, "upsert", externalIdFieldName="QBO_Id__c")
    info = job.run("QBO_Id__c,Name\n1,A\n2,B\n3,C\n")
    assert (info["state"], info["numberRecordsProcessed"]) == ("Failed", 2)
    assert job.text("unprocessedrecords") == 'QBO_Id__c,Name\n"3","C"\n'
    assert len(job.rows("successfulResults")) == 2


def test_an_aborted_job_did_nothing(org: TestOrg) -> None:
    job = load(org, "insert")
    job.upload("Name\nAcme\n")
    assert org.patch(job.url, {"state": "Aborted"}).body["state"] == "Aborted"
    assert job.text("unprocessedrecords") == 'Name\n"Acme"\n'
    assert org.patch(job.url, {"state": "UploadComplete"}).code == "INVALIDJOBSTATE"
    assert org.rows("SELECT Id FROM Account") == []


def test_only_an_ended_job_can_be_deleted(org: TestOrg) -> None:
    job = load(org, "insert")
    assert org.delete(job.url).code == "INVALIDJOBSTATE"
    job.run("Name\nAcme\n")
    assert (org.delete(job.url).status, org.delete(job.url).status) == (204, 404)
    assert len(org.rows("SELECT Id FROM Account")) == 1


def test_data_is_uploaded_once_and_in_time(org: TestOrg) -> None:
    job = load(org, "insert")
    assert job.upload("Name\nA\n", "application/json").status == 415
    assert job.upload("Name\nA\n", "text/csv; charset=UTF-8").status == 201
    assert job.upload("Name\nB\n").code == "INVALIDJOBSTATE"
    assert org.get(f"{job.url}/successfulResults").code == "INVALIDJOBSTATE"
    late = load(org, "insert")
    org.clock.advance(timedelta(hours=25))
    del org.token  # that session has ended
    assert late.upload("Name\nB\n").code == "INVALIDJOBSTATE"
    assert late.info()["state"] == "Aborted"


def test_an_ended_job_is_forgotten_after_a_week(org: TestOrg) -> None:
    org.switches.session_minutes = 60 * 24 * 30
    job = load(org, "insert")
    job.run("Name\nA\n")
    org.clock.advance(timedelta(days=7))
    assert org.get(job.url).status == 200
    org.clock.advance(timedelta(minutes=1))
    assert org.get(job.url).status == 404
    assert org.get("/jobs/ingest").body["records"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "Nope", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Account", "operation": "merge"}, "JSON_PARSER_ERROR"),
        ({"object": "Account"}, "JSON_PARSER_ERROR"),
        ({"object": "Account", "operation": "insert", "contentType": "XML"}, "JSON_PARSER_ERROR"),
        ({"object": "Account", "operation": "insert", "columnDelimiter": "SPACE"}, "JSON_PARSER_ERROR"),
        ({"object": "Account", "operation": "insert", "lineEnding": "CR"}, "JSON_PARSER_ERROR"),
        ({"object": "Account", "operation": "upsert"}, "INVALIDJOB"),
        ({"object": "Account", "operation": "upsert", "externalIdFieldName": "Phone"}, "INVALIDJOB"),
    ],
)
def test_jobs_that_cannot_be_made(org: TestOrg, body: dict[str, str], code: str) -> None:
    reply = org.post("/jobs/ingest", body)
    assert (reply.status, reply.code) == (400, code)


def test_jobs_are_listed_oldest_first(org: TestOrg) -> None:
    made = [load(org, "insert").id for _ in range(3)]
    body = org.get("/jobs/ingest").body
    assert ([job["id"] for job in body["records"]], body["done"], body["nextRecordsUrl"]) == (made, True, None)
    assert org.get("/jobs/query").body["records"] == []


def test_results_are_read_with_the_version_of_the_job(org: TestOrg) -> None:
    job = load(org, "insert")
    job.run("Name\nA\n")
    assert org.get(f"/services/data/v66.0{job.url}/successfulResults").status == 409


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/jobs", 404),
        ("GET", "/jobs/nope", 404),
        ("GET", "/jobs/ingest/750Hs00000ZZZZZ", 404),
        ("DELETE", "/jobs/ingest", 405),
        ("GET", "/jobs/ingest/{id}/batches", 405),
        ("GET", "/jobs/ingest/{id}/nope", 404),
        ("GET", "/jobs/ingest/{id}/batches/1", 404),
        ("GET", "/jobs/query/{id}", 404),
        ("PUT", "/jobs/ingest/{id}", 405),
    ],
)
def test_wrong_addresses(org: TestOrg, method: str, url: str, status: int) -> None:
    job = load(org, "insert")
    assert org.send(method, url.replace("{id}", job.id)).status == status


def test_allocations_are_counted_and_refused_when_enforced(org: TestOrg) -> None:
    load(org, "insert").run("Name\nA\n")
    assert org.get("/limits").body["DailyBulkApiBatches"] == {"Max": 15000, "Remaining": 14999}
    org.switches.enforce_limits = True
    job = load(org, "insert")
    job.upload("Name\n" + "A\n" * 200)
    from ml_emulators.salesforce.bulk import routes

    used = org.vendor._bulk._batches
    used.count(org.clock.now(), routes._MOST_BATCHES)
    assert job.close().code == "EXCEEDEDQUOTA"


def test_changes_of_a_load_name_their_origin(org: TestOrg) -> None:
    heard: list[Any] = []
    org.vendor.on_change.append(heard.append)
    made = org.post("/jobs/ingest", {"object": "Account", "operation": "insert"}, sforce_call_options="client=qb")
    Load(org, made.body["id"]).run("Name\n" + "".join(f"A{number}\n" for number in range(201)))
    assert {notice.origin for notice in heard} == {"com/salesforce/api/bulkapi/67.0;client=qb"}
    assert len({notice.transaction_key for notice in heard}) == 2


def test_jobs_come_back_with_a_snapshot(org: TestOrg) -> None:
    job = load(org, "insert")
    job.upload("Name\nA\n")
    kept = org.vendor.snapshot()
    job.close()
    org.vendor.restore(kept)
    assert (job.info()["state"], job.close().status, job.info()["state"]) == ("Open", 200, "JobComplete")

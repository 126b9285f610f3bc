"""Whatever is uploaded, asked of a job or of the set-up is answered: rows are accounted for, and nothing is a 500."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..pubsub.event_org import EventOrg
from .loads import Load, table
from .orgs import TestOrg

ORG = EventOrg()
ACCOUNT = ORG.account(Name="Acme", QBO_Id__c="1")
START = ORG.vendor.snapshot()
PATIENT = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))

COLUMNS = ("Id", "Name", "QBO_Id__c", "AnnualRevenue", "QBO_Active__c", "Parent.QBO_Id__c", "ParentId", "CreatedDate")
columns = st.lists(st.sampled_from((*COLUMNS, "Nope", "name")), min_size=1, max_size=4)
cells = st.one_of(
    st.sampled_from(
        ["", "#N/A", "1", "1", "Acme", ACCOUNT, ACCOUNT[:15], "true", "-1.5", "1e400", "2026-01-05", "x" * 300]
    ),
    st.text(max_size=5),
)
operations = st.sampled_from(["insert", "update", "upsert", "delete", "hardDelete"])
delimiters = st.sampled_from(["COMMA", "TAB", "PIPE", "SEMICOLON", "CARET", "BACKQUOTE"])
MARKS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}


def made(operation: str, delimiter: str, ending: str) -> Load:
    ORG.vendor.restore(START)
    ORG.switches.bulk_hard_delete = True
    body = {"object": "Account", "operation": operation, "columnDelimiter": delimiter, "lineEnding": ending}
    reply = ORG.post("/jobs/ingest", body | {"externalIdFieldName": "QBO_Id__c"})
    assert reply.status == 200, reply.text
    return Load(ORG, reply.body["id"])


@PATIENT
@given(
    operations, delimiters, st.sampled_from(["LF", "CRLF"]), columns, st.lists(st.lists(cells, max_size=5), max_size=5)
)
def test_every_row_of_a_sheet_is_accounted_for(
    operation: str, delimiter: str, ending: str, names: list[str], rows: list[list[str]]
) -> None:
    job = made(operation, delimiter, ending)
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=MARKS[delimiter], lineterminator={"LF": "\n", "CRLF": "\r\n"}[ending])
    writer.writerows([names, *rows])
    info = job.run(text.getvalue())
    assert info["state"] in ("JobComplete", "Failed")
    good, bad, unprocessed = (
        table(job.text(name), MARKS[delimiter]) for name in ("successfulResults", "failedResults", "unprocessedrecords")
    )
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (len(good) + len(bad), len(bad))
    if info["state"] == "JobComplete":
        assert unprocessed == []
        assert len(good) + len(bad) == sum(1 for row in rows if row)
    else:
        assert good == bad == []
        assert info["errorMessage"]


@PATIENT
@given(operations, st.binary(max_size=60))
def test_any_bytes_end_a_job(operation: str, content: bytes) -> None:
    assert made(operation, "COMMA", "LF").run(content)["state"] in ("JobComplete", "Failed")


words = st.sampled_from(
    [
        "insert",
        "upsert",
        "query",
        "Account",
        "Nope",
        "QBO_Id__c",
        "CSV",
        "COMMA",
        "LF",
        "SELECT Id FROM Account",
        "Open",
    ]
)
plain: st.SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), st.integers(), words, st.text(max_size=5))
keys = st.sampled_from(
    ["object", "operation", "contentType", "externalIdFieldName", "columnDelimiter", "lineEnding", "query", "state"]
)
methods = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"])
paths = st.sampled_from(
    [
        *(
            "/jobs",
            "/jobs/ingest",
            "/jobs/query",
            "/jobs/query/750Hs0000000001IAA",
            "/jobs/query/750Hs0000000001IAA/results",
        ),
        *("/jobs/ingest/750Hs0000000001IAA", "/jobs/ingest/750Hs0000000001IAA/batches", "/jobs/ingest/x/failedResults"),
        *("/jobs/ingest?queryLocator=x", "/jobs/query/750Hs0000000001IAA/resultPages?maxRecords=-1", "/jobs/a/b/c/d"),
        *("/tooling", "/tooling/sobjects", "/tooling/query", "/tooling/query?q=SELECT+Id+FROM+CustomField"),
        *("/tooling/sobjects/CustomField", "/tooling/sobjects/PlatformEventChannel", "/event/eventSchema/x"),
        *("/tooling/sobjects/PlatformEventChannelMember", "/tooling/sobjects/CustomField/x", "/sobjects/x/eventSchema"),
    ]
)


def answered(org: TestOrg, method: str, path: str, body: Any) -> None:
    reply = org.send(method, path, body)
    assert reply.status < 500, reply.text
    assert reply.status < 400 or method == "HEAD" or reply.code


@PATIENT
@given(st.lists(st.tuples(methods, paths, st.dictionaries(keys, plain, max_size=5)), min_size=1, max_size=5))
def test_any_calls_about_jobs_and_set_up(calls: list[tuple[str, str, dict[str, Any]]]) -> None:
    ORG.vendor.restore(START)
    for method, path, body in calls:
        answered(ORG, method, path, body)


names = st.sampled_from(
    ["Thing__c", "Account.A__c", "Account.B__c", "Account", "Nope.A__c", "Sync__chn", "Member", "", None, 5]
)
settings_of = st.dictionaries(
    st.sampled_from(
        [
            *("label", "type", "length", "precision", "scale", "unique", "externalId", "required", "defaultValue"),
            *("referenceTo", "relationshipName", "valueSet", "channelType", "eventChannel", "selectedEntity"),
            *("enrichedFields", "pluralLabel", "nameField"),
        ]
    ),
    st.one_of(
        plain,
        st.sampled_from(
            ["Text", "Number", "Checkbox", "Lookup", "Picklist", "Date", "data", "ChangeEvents", "false", 18, 2]
        ),
        st.sampled_from(
            [
                "QboSync__chn",
                "AccountChangeEvent",
                "OrderItemChangeEvent",
                [{"name": "QBO_Id__c"}],
                [1],
                {},
                {"type": "Text"},
            ]
        ),
    ),
    max_size=9,
)
resources = st.sampled_from(["CustomField", "CustomObject", "PlatformEventChannel", "PlatformEventChannelMember"])


@PATIENT
@given(resources, names, st.one_of(settings_of, plain))
def test_any_set_up(resource: str, name: Any, metadata: Any) -> None:
    ORG.vendor.restore(START)
    ORG.switches.new_fields_visible = True
    answered(ORG, "POST", f"/tooling/sobjects/{resource}", {"FullName": name, "Metadata": metadata})
    assert ORG.get("/sobjects/Account/describe").status == 200
    assert ORG.get(f"/sobjects/Account/{ACCOUNT}").status == 200

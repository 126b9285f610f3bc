"""Whatever an org knows survives a restart: records, sessions, open queries, jobs, set-up."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from .loads import load
from .orgs import TestOrg


def restarted(org: TestOrg) -> None:
    """The org's state through bytes and back into it, after it was lost."""
    kept = pickle.dumps(org.vendor.snapshot())
    org.vendor.reset()
    org.vendor.restore(pickle.loads(kept))


@pytest.fixture
def org() -> TestOrg:
    return TestOrg()


def test_an_open_query_goes_on(org: TestOrg) -> None:
    rows = "".join(f"A{number:03d},{number}0000000\n" for number in range(300))
    load(org, "insert").run(f"Name,AnnualRevenue\n{rows}")
    text = "SELECT Name, AnnualRevenue, Parent.Name FROM Account ORDER BY Name"
    first = org.query(text, sforce_query_options="batchSize=200")
    before = org.get(first.body["nextRecordsUrl"]).text
    restarted(org)
    after = org.get(first.body["nextRecordsUrl"])
    assert (after.status, after.text) == (200, before)
    assert after.body["records"][0]["AnnualRevenue"] == Decimal("2.0E9")


def test_records_indexes_and_numbers_go_on(org: TestOrg) -> None:
    acme = org.account(QBO_Id__c="1")
    gone = org.account(QBO_Id__c="2")
    org.delete(f"/sobjects/Account/{gone}")
    restarted(org)
    assert org.get("/sobjects/Account/QBO_Id__c/1").body["Id"] == acme
    assert org.get(f"/sobjects/Account/deleted?{WINDOW}").body["deletedRecords"][0]["id"] == gone
    assert org.account() > gone


WINDOW = "start=2026-01-05T00:00:00Z&end=2026-01-06T00:00:00Z"


def test_a_waiting_job_goes_on(org: TestOrg) -> None:
    org.switches.bulk_queue_seconds = 10
    job = load(org, "insert")
    job.run("Name\nA\n")
    restarted(org)  # a reset puts the switches back: nothing waits any more
    assert job.info()["state"] == "JobComplete"
    assert org.column("SELECT Name FROM Account") == ["A"]

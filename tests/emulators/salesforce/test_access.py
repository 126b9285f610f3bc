"""Which conditions an index answers, so that a query over a million records need not scan."""

from __future__ import annotations

import pytest

from ml_emulators.salesforce.soql.access import Access
from ml_emulators.salesforce.soql.parse import parse
from ml_emulators.salesforce.soql.run import _Run
from ml_emulators.salesforce.soql.scope import Scope

from .orgs import TestOrg


def _access(org: TestOrg, condition: str) -> tuple[Access, object]:
    text = f"SELECT Id FROM Contact WHERE {condition}"
    query = parse(text)
    world = org.vendor.world
    run = _Run(Scope(world, world.integration, text, world.schema.objects["Contact"], None, "v67.0"), query)
    return run._access, query.where


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("Id = '{c}'", 1),
        ("Id IN ('{c}', '003Hs0000000zzz')", 1),
        ("QBO_Id__c IN ('1', '2')", 2),
        ("Email = 'TWO@b.example'", 1),
        ("Name = 'One'", 1),
        ("AccountId = '{a}'", 2),
        ("Account.QBO_Id__c = 'k'", 2),
        ("Account.Name IN ('acme')", 2),
        ("Account.Parent.QBO_Id__c = 'top'", 2),
        ("AccountId IN (SELECT Id FROM Account WHERE QBO_Id__c = 'k')", 2),
        ("AccountId = '{a}' AND QBO_Id__c = '1'", 1),
        ("QBO_Id__c = '1' OR Name = 'Two'", 2),
        ("QBO_Id__c = '1' AND Title = 'x'", 1),
        ("QBO_Id__c = '1' OR Title = 'x'", None),
        ("QBO_Id__c = null", None),
        ("NOT QBO_Id__c = '1'", None),
        ("Owner.Name = 'x'", None),
        ("Title = 'x'", None),
    ],
)
def test_candidates(org: TestOrg, condition: str, count: int | None) -> None:
    top = org.account(QBO_Id__c="top")
    account = org.account(Name="Acme", QBO_Id__c="k", ParentId=top)
    contact = org.add("Contact", LastName="One", AccountId=account, QBO_Id__c="1")
    org.add("Contact", LastName="Two", AccountId=account, QBO_Id__c="2", Email="two@b.example")
    org.add("Contact", LastName="Three")
    access, where = _access(org, condition.format(a=account, c=contact))
    found = access.candidates(where)  # type: ignore[arg-type]  # the parsed condition
    assert (found and found.count) == count


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("SystemModstamp >= 2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+0000", "9999"),
        ("SystemModstamp < 2026-01-01T00:00:00Z", "", "2026-01-01T00:00:00.000+0000"),
        ("CreatedDate > 2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+0000~", "9999"),
        ("CreatedDate < 2026-01-01T00:00:00Z", "", "9999"),
        ("Name = 'x'", "", "9999"),
    ],
)
def test_ranges_of_the_stamp(org: TestOrg, condition: str, low: str, high: str) -> None:
    access, where = _access(org, condition)
    assert access.stamp_range(where) == (low, high)  # type: ignore[arg-type]  # the parsed condition

"""Which conditions an index answers, so that a query over a million records need not scan."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.salesforce.orgs import TestOrg
from ml_emulators.salesforce.query.access import Access
from ml_emulators.salesforce.query.parse import parse
from ml_emulators.salesforce.query.run import _Run
from ml_emulators.salesforce.query.scope import Scope


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
    candidates = access.candidates(where)  # type: ignore[arg-type]  # the parsed condition
    assert (candidates and candidates.count) == count


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


def _mixed() -> TestOrg:
    """Sixty contacts of three accounts, made in six different seconds."""
    org = TestOrg()
    accounts = [org.account(Name=f"A{number}", QBO_Id__c=f"a{number}") for number in range(3)]
    for number in range(60):
        if number % 10 == 0:
            org.clock.advance(timedelta(seconds=1))
        parent = {"AccountId": accounts[number % 3]} if number % 4 else {}
        body = {"LastName": f"N{number % 7}", "Email": f"e{number % 5}@b.example", "QBO_Id__c": f"c{number}"}
        org.act("create", "Contact", **body, **parent)
    return org


MIXED = _mixed()
_instants = st.integers(29, 38).map(lambda second: f"2026-01-05T12:00:{second}Z")
_simple = st.one_of(
    st.builds("QBO_Id__c IN ('c{}', 'C{}')".format, st.integers(0, 60), st.integers(0, 60)),
    st.builds("Name {} 'n{}'".format, st.sampled_from(["=", "!=", "<", ">="]), st.integers(0, 7)),
    st.builds("Email = 'E{}@b.example'".format, st.integers(0, 6)),
    st.builds("Account.QBO_Id__c = 'a{}'".format, st.integers(0, 4)),
    st.builds(
        "AccountId {} (SELECT Id FROM Account WHERE Name = 'A{}')".format,
        st.sampled_from(["IN", "NOT IN"]),
        st.integers(0, 4),
    ),
    st.builds(
        "{} {} {}".format,
        st.sampled_from(["SystemModstamp", "CreatedDate"]),
        st.sampled_from(["=", "<", "<=", ">", ">="]),
        _instants,
    ),
    st.builds(
        "Id {} '003Hs000000000{}'".format, st.sampled_from(["<", "<=", ">", ">=", "="]), st.sampled_from("39AZaz")
    ),
    st.sampled_from(["Account.Name = null", "CreatedDate = TODAY", "Name LIKE 'N%'"]),
)
_conditions = st.recursive(
    _simple,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("(NOT {})".format, inner),
    ),
    max_leaves=5,
)
_endings = st.sampled_from(
    ["ORDER BY Id", "ORDER BY Id LIMIT 7", "ORDER BY SystemModstamp, Id LIMIT 7 OFFSET 3", "ORDER BY Name, Id LIMIT 9"]
)


@settings(max_examples=150, deadline=None)
@given(_conditions, _endings)
def test_an_index_finds_what_a_scan_finds(condition: str, ending: str) -> None:
    text = f"SELECT Id FROM Contact WHERE {condition} {ending}"
    quick = MIXED.column(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Access, "candidates", lambda *_: None)
        patch.setattr(Access, "stamp_range", lambda *_: ("", "9999"))
        patch.setattr(Access, "id_range", lambda *_: (None, None))
        patch.setattr(_Run, "_stop_early", lambda *_: None)
        assert MIXED.column(text) == quick

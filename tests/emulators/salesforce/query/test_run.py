"""Queries: what they find, in which order, and how it is shown (salesforce reference 2.4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.salesforce.orgs import TestOrg, V


@pytest.fixture(scope="module")
def org() -> TestOrg:
    """Four accounts in a hierarchy, contacts, opportunities; nobody writes."""
    org = TestOrg()
    a = org.account(Name="Alpha", Type="Prospect", AnnualRevenue=100, NumberOfEmployees=5, QBO_Id__c="r:a", Phone="1")
    b = org.account(Name="beta", Type="Prospect", AnnualRevenue=300, ParentId=a, QBO_Id__c="r:A", CurrencyIsoCode="EUR")
    org.account(Name="Gamma 100%", AnnualRevenue=200, ParentId=b, QBO_Active__c=True, Type="Other")
    org.account(Name="O'Brien_Co", Description="long text", BillingCity="Salem")
    org.add("Contact", LastName="Roe", FirstName="Jo", AccountId=a, Email="Jo@Alpha.example", Birthdate="1990-01-05")
    org.add("Contact", LastName="Doe", AccountId=a, Birthdate="1991-12-31")
    org.add("Contact", LastName="Poe", AccountId=b)
    org.add("Contact", LastName="Private")
    for name, close, stage, amount in (
        ("Big", "2026-01-05", "Closed Won", 1000),
        ("Small", "2026-01-06", "Prospecting", 10),
        ("Old", "2025-12-29", "Closed Lost", 50),
    ):
        org.opportunity(Name=name, CloseDate=close, StageName=stage, Amount=amount, AccountId=a)
    org.opportunity(Name="Euro", CloseDate="2025-10-01", Amount=92, AccountId=b, CurrencyIsoCode="EUR")
    dead = org.account(Name="Dead")
    org.delete(f"/sobjects/Account/{dead}")
    return org


ALL = ["Alpha", "beta", "Gamma 100%", "O'Brien_Co"]
ALPHA, BETA, GAMMA, OBRIEN = ALL

FOUND: list[tuple[str, list[str]]] = [
    ("Name = 'alpha'", [ALPHA]),
    ("name = 'ALPHA'", [ALPHA]),
    ("NOT Name = 'Alpha'", [BETA, GAMMA, OBRIEN]),
    ("Name != 'Alpha'", [BETA, GAMMA, OBRIEN]),
    ("Name <> 'Alpha'", [BETA, GAMMA, OBRIEN]),
    ("Name > 'Beta'", [GAMMA, OBRIEN]),
    ("Name >= 'BETA' AND Name < 'h'", [BETA, GAMMA]),
    ("QBO_Id__c = 'r:a'", [ALPHA]),
    ("QBO_Id__c = 'r:A'", [BETA]),
    ("QBO_Id__c IN ('r:a', 'r:A', 'r:x')", [ALPHA, BETA]),
    ("QBO_Id__c NOT IN ('r:a')", [BETA, GAMMA, OBRIEN]),
    ("QBO_Id__c = null", [GAMMA, OBRIEN]),
    ("QBO_Id__c = ''", [GAMMA, OBRIEN]),
    ("QBO_Id__c != null", [ALPHA, BETA]),
    ("QBO_Id__c IN ('r:a', null)", [ALPHA, GAMMA, OBRIEN]),
    ("Type IN ('Prospect')", [ALPHA, BETA]),
    ("Type != 'Prospect'", [GAMMA, OBRIEN]),
    ("AnnualRevenue = 100", [ALPHA]),
    ("AnnualRevenue = 100.00", [ALPHA]),
    ("AnnualRevenue > 1e2", [BETA, GAMMA]),
    ("AnnualRevenue <= 200", [ALPHA, GAMMA]),
    ("AnnualRevenue < null", []),
    ("AnnualRevenue = NULL", [OBRIEN]),
    ("AnnualRevenue IN (100, 200.0)", [ALPHA, GAMMA]),
    ("NumberOfEmployees = 5", [ALPHA]),
    ("QBO_Active__c = TRUE", [GAMMA]),
    ("QBO_Active__c != true", [ALPHA, BETA, OBRIEN]),
    ("Name LIKE 'al%'", [ALPHA]),
    ("Name LIKE '%A'", [ALPHA, BETA]),
    ("Name LIKE '_eta'", [BETA]),
    ("Name LIKE '%100\\%'", [GAMMA]),
    ("Name LIKE '%\\_Co'", [OBRIEN]),
    ("Name LIKE '%a\\_Co'", []),
    ("Name = 'O\\'Brien_Co'", [OBRIEN]),
    ("Name LIKE 'O\\'%'", [OBRIEN]),
    ("Name = '\\u0041lpha'", [ALPHA]),
    ("(Name = 'Alpha' OR Name = 'Beta') AND Phone = '1'", [ALPHA]),
    ("Name = 'Alpha' OR (Name = 'Beta' AND Phone = '1')", [ALPHA]),
    ("NOT (Name = 'Alpha' OR Name = 'Beta')", [GAMMA, OBRIEN]),
    ("NOT NOT Name = 'Alpha'", [ALPHA]),
    ("Parent.Name = 'alpha'", [BETA]),
    ("Parent.Parent.Name = 'alpha'", [GAMMA]),
    ("Parent.QBO_Id__c IN ('r:a', 'r:A')", [BETA, GAMMA]),
    ("Parent.Name = null", [ALPHA, OBRIEN]),
    ("Owner.Name LIKE 'Connector%'", ALL),
    ("Account.Name = 'Alpha'", [ALPHA]),
    ("BillingCity = 'salem'", [OBRIEN]),
    ("Id IN (SELECT AccountId FROM Contact)", [ALPHA, BETA]),
    ("Id NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'Poe')", [ALPHA, GAMMA, OBRIEN]),
    ("Id IN (SELECT AccountId FROM Contact WHERE LastName LIKE '%oe') AND Name LIKE 'A%'", [ALPHA]),
    ("SystemModstamp >= 2026-01-05T12:00:30Z", ALL),
    ("SystemModstamp > 2026-01-05T12:00:30Z", []),
    ("SystemModstamp = 2026-01-05T13:00:30+01:00", ALL),
    ("SystemModstamp < 2026-01-05T12:00:30.001Z", ALL),
    ("LastModifiedDate > 2026-01-05T12:00:29Z AND Name = 'Beta'", [BETA]),
    ("CreatedDate = TODAY", ALL),
    ("CreatedDate = YESTERDAY", []),
    ("CreatedDate = LAST_N_DAYS:1", ALL),
    ("CreatedDate > TODAY", []),
    ("CreatedDate >= TODAY", ALL),
    ("CreatedDate < TOMORROW", ALL),
    ("CreatedDate <= TODAY", ALL),
]


@pytest.mark.parametrize(("condition", "names"), FOUND)
def test_where(org: TestOrg, condition: str, names: list[str]) -> None:
    assert org.column(f"SELECT Name FROM Account WHERE {condition} ORDER BY Name") == names


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("CloseDate = 2026-01-05", ["Big"]),
        ("CloseDate > 2026-01-05", ["Small"]),
        ("CloseDate = TODAY", ["Big"]),
        ("CloseDate = TOMORROW", ["Small"]),
        ("CloseDate = LAST_N_DAYS:7", ["Big", "Old"]),
        ("CloseDate = THIS_WEEK", ["Big", "Small"]),
        ("CloseDate = LAST_WEEK", ["Old"]),
        ("CloseDate = THIS_MONTH", ["Big", "Small"]),
        ("CloseDate = LAST_MONTH", ["Old"]),
        ("CloseDate = LAST_QUARTER", ["Euro", "Old"]),
        ("CloseDate = LAST_YEAR", ["Euro", "Old"]),
        ("CloseDate = LAST_N_MONTHS:3", ["Euro", "Old"]),
        ("CloseDate = N_DAYS_AGO:7", ["Old"]),
        ("CloseDate != THIS_YEAR", ["Euro", "Old"]),
        ("IsClosed = true AND IsWon = false", ["Old"]),
        ("Account.Parent.Name = 'Alpha'", ["Euro"]),
        ("AccountId IN (SELECT Id FROM Account WHERE QBO_Id__c IN ('r:a'))", ["Big", "Old", "Small"]),
    ],
)
def test_where_on_opportunities(org: TestOrg, condition: str, names: list[str]) -> None:
    assert org.column(f"SELECT Name FROM Opportunity WHERE {condition} ORDER BY Name") == names


def test_date_literals_are_of_the_users_zone() -> None:
    """At 03:00 UTC it is still yesterday evening in Los Angeles."""
    org = TestOrg()
    org.switches.session_minutes = 10_000
    org.clock.set(datetime.fromisoformat("2026-01-05T03:00:00+00:00"))
    org.account(Name="Night")
    org.clock.set(datetime.fromisoformat("2026-01-05T08:00:00+00:00"))
    assert org.column("SELECT Name FROM Account WHERE CreatedDate = YESTERDAY") == ["Night"]
    assert org.column("SELECT Name FROM Account WHERE CreatedDate = TODAY") == []


@pytest.mark.parametrize(
    ("clauses", "names"),
    [
        ("ORDER BY Name", ALL),
        ("ORDER BY Name DESC", ALL[::-1]),
        ("ORDER BY AnnualRevenue", [OBRIEN, ALPHA, GAMMA, BETA]),
        ("ORDER BY AnnualRevenue ASC NULLS LAST", [ALPHA, GAMMA, BETA, OBRIEN]),
        ("ORDER BY AnnualRevenue DESC", [OBRIEN, BETA, GAMMA, ALPHA]),
        ("ORDER BY AnnualRevenue DESC NULLS LAST", [BETA, GAMMA, ALPHA, OBRIEN]),
        ("ORDER BY Type NULLS LAST, Name DESC", [GAMMA, BETA, ALPHA, OBRIEN]),
        ("ORDER BY Parent.Name NULLS LAST, Name", [BETA, GAMMA, ALPHA, OBRIEN]),
        ("ORDER BY Name LIMIT 2", ALL[:2]),
        ("ORDER BY Name LIMIT 2 OFFSET 1", ALL[1:3]),
        ("ORDER BY Name OFFSET 3", ALL[3:]),
        ("ORDER BY Id LIMIT 3", ALL[:3]),
        ("ORDER BY SystemModstamp, Id LIMIT 3", ALL[:3]),
        ("ORDER BY SystemModstamp DESC, Id DESC LIMIT 1", [OBRIEN]),
        ("LIMIT 0", []),
        ("USING SCOPE mine", None),
        ("FOR VIEW", ALL),
    ],
)
def test_order_and_cut(org: TestOrg, clauses: str, names: list[str] | None) -> None:
    text = f"SELECT Name FROM Account {clauses}"
    if names is None:
        assert org.query(text).code == "MALFORMED_QUERY"
    else:
        assert org.column(text) == names


def test_paging_by_stamp_and_id_finds_each_row_once() -> None:
    org = TestOrg()
    made = []
    for number in range(25):
        made.append(org.account(Name=f"N{number}"))
        if number % 10 == 9:
            org.clock.advance(timedelta(seconds=1))
    read: list[str] = []
    stamp, last = "2000-01-01T00:00:00Z", "000000000000000AAA"
    while True:
        where = f"SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{last}')"
        text = f"SELECT Id, SystemModstamp FROM Account WHERE {where} ORDER BY SystemModstamp, Id LIMIT 4"
        rows = org.rows(text)
        if not rows:
            break
        read += [row["Id"] for row in rows]
        stamp, last = rows[-1]["SystemModstamp"].replace("+0000", "Z"), rows[-1]["Id"]
    assert read == made


def test_parents_are_nested_at_their_first_place_and_null_when_there_is_none(org: TestOrg) -> None:
    rows = org.query("SELECT Account.Name, LastName, account.parent.name FROM Contact ORDER BY LastName").body[
        "records"
    ]
    by_name = {row["LastName"]: row for row in rows}
    assert list(by_name["Poe"]) == ["attributes", "Account", "LastName"]
    assert by_name["Poe"]["attributes"]["type"] == "Contact"
    assert by_name["Poe"]["Account"]["Name"] == "beta"
    assert by_name["Poe"]["Account"]["Parent"]["Name"] == "Alpha"
    assert by_name["Roe"]["Account"]["Parent"] is None
    assert by_name["Private"]["Account"] is None


def test_children_are_a_small_answer_of_their_own_or_null(org: TestOrg) -> None:
    text = "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName != 'Doe' ORDER BY LastName) FROM Account"
    rows = {row["Name"]: row["Contacts"] for row in org.rows(text)}
    assert rows["Gamma 100%"] is None
    assert (rows["Alpha"]["totalSize"], rows["Alpha"]["done"]) == (1, True)
    assert rows["Alpha"]["records"][0]["LastName"] == "Roe"
    assert rows["Alpha"]["records"][0]["attributes"]["type"] == "Contact"
    nested = org.rows("SELECT (SELECT Name, Account.Name FROM Opportunities LIMIT 1) FROM Account WHERE Name='Beta'")
    assert nested[0]["Opportunities"]["records"][0]["Account"]["Name"] == "beta"


def test_counts(org: TestOrg) -> None:
    assert org.query("SELECT COUNT() FROM Account").body == {"totalSize": 4, "done": True, "records": []}
    assert org.query("SELECT COUNT() FROM Account WHERE Name LIKE 'a%'").body["totalSize"] == 1


AGGREGATES: list[tuple[str, list[dict[str, Any]]]] = [
    ("COUNT(Id) FROM Account", [{"expr0": 4}]),
    ("COUNT(Phone) n, COUNT_DISTINCT(Type) FROM Account", [{"n": 1, "expr0": 2}]),
    ("MIN(Name), MAX(NumberOfEmployees) m FROM Account", [{"expr0": "Alpha", "m": 5}]),
    ("MAX(CloseDate) FROM Opportunity", [{"expr0": "2026-01-06"}]),
    ("SUM(Amount) FROM Opportunity WHERE Name = 'None'", [{"expr0": None}]),
    ("SUM(Amount) total FROM Opportunity", [{"total": Decimal("1160.0")}]),
    ("AVG(Amount) FROM Opportunity WHERE CurrencyIsoCode = 'USD'", [{"expr0": Decimal("353.333333333333")}]),
    (
        "CurrencyIsoCode, SUM(Amount) FROM Opportunity GROUP BY CurrencyIsoCode ORDER BY CurrencyIsoCode",
        [
            {"CurrencyIsoCode": "EUR", "expr0": Decimal("92.0")},
            {"CurrencyIsoCode": "USD", "expr0": Decimal("1060.0")},
        ],
    ),
    (
        "Type t, COUNT(Id) FROM Account GROUP BY Type ORDER BY COUNT(Id) DESC, Type NULLS LAST",
        [{"t": "Prospect", "expr0": 2}, {"t": "Other", "expr0": 1}, {"t": None, "expr0": 1}],
    ),
    ("Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name HAVING COUNT(Id) > 1", [{"Name": "Alpha", "n": 2}]),
    ("AccountId, COUNT(Id) n FROM Contact WHERE AccountId = null GROUP BY AccountId", [{"AccountId": None, "n": 1}]),
]


@pytest.mark.parametrize(("text", "rows"), AGGREGATES)
def test_aggregates(org: TestOrg, text: str, rows: list[dict[str, Any]]) -> None:
    reply = org.query(f"SELECT {text}")
    assert [row.pop("attributes") for row in reply.body["records"]] == [{"type": "AggregateResult"}] * len(rows)
    assert reply.body["records"] == rows
    assert reply.body["totalSize"] == len(rows)


def test_fields_functions(org: TestOrg) -> None:
    row = org.query("SELECT FIELDS(ALL) FROM Account LIMIT 200").body["records"][0]
    assert {"Id", "Name", "QBO_Id__c", "BillingAddress"} <= set(row)
    custom = org.query("SELECT Id, FIELDS(CUSTOM) FROM Account LIMIT 1").body["records"][0]
    assert all(name.endswith("__c") for name in set(custom) - {"attributes", "Id"})
    assert org.query("SELECT FIELDS(ALL) FROM Account").code == "MALFORMED_QUERY"
    assert org.query("SELECT FIELDS(STANDARD) FROM Account").status == 200


def test_query_all_shows_the_deleted(org: TestOrg) -> None:
    reply = org.get("/queryAll?q=SELECT+Name,IsDeleted+FROM+Account+WHERE+IsDeleted=true")
    assert [(row["Name"], row["IsDeleted"]) for row in reply.body["records"]] == [("Dead", True)]
    assert org.column("SELECT Name FROM Account WHERE IsDeleted = true") == []
    assert org.column("SELECT COUNT(Id) FROM Account ALL ROWS") == [5]


REFUSED: list[tuple[str, str]] = [
    ("", "MALFORMED_QUERY"),
    ("SELECT", "MALFORMED_QUERY"),
    ("SELECT FROM Account", "MALFORMED_QUERY"),
    ("SELECT Id", "MALFORMED_QUERY"),
    ("DELETE FROM Account", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE Name = 'a\\q'", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE Name = '100\\%'", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE Name = 'open", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE CreatedDate = SOMEDAY", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE AnnualRevenue = 1e99999999999999999999", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account LIMIT 1.5", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account ORDER BY Name FOR UPDATE", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account USING SCOPE mine", "MALFORMED_QUERY"),
    ("SELECT Id, Name, COUNT(Id) FROM Account", "MALFORMED_QUERY"),
    ("SELECT Name FROM Account GROUP BY Type", "MALFORMED_QUERY"),
    ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY"),
    ("SELECT SOMETHING(Name) FROM Account", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)", "MALFORMED_QUERY"),
    ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ("SELECT Nope FROM Account", "INVALID_FIELD"),
    ("SELECT Nope.Name FROM Account", "INVALID_FIELD"),
    ("SELECT Parent.Nope FROM Account", "INVALID_FIELD"),
    ("SELECT Id FROM Account WHERE Nope = 1", "INVALID_FIELD"),
    ("SELECT Id FROM Account ORDER BY Nope", "INVALID_FIELD"),
    ("SELECT Id, Id FROM Account", "INVALID_FIELD"),
    ("SELECT Id FROM Account WHERE AnnualRevenue = '1'", "INVALID_FIELD"),
    ("SELECT Id FROM Account WHERE Name = 1", "INVALID_FIELD"),
    ("SELECT Id FROM Account WHERE CreatedDate = '2026-01-01'", "INVALID_FIELD"),
    ("SELECT Id FROM Account WHERE CreatedDate = 2026-01-01", "INVALID_FIELD"),
    ("SELECT Id FROM Opportunity WHERE CloseDate = 2026-01-01T00:00:00Z", "INVALID_FIELD"),
    ("SELECT Id FROM Opportunity WHERE CloseDate = 1500-01-01", "INVALID_FIELD"),
    ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
    ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD"),
    ("SELECT Id FROM Account WHERE Id = 'nope'", "INVALID_QUERY_FILTER_OPERATOR"),
    ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR"),
    ("SELECT Id FROM Account WHERE QBO_Active__c > true", "INVALID_QUERY_FILTER_OPERATOR"),
    ("SELECT Id FROM Account WHERE Type INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR"),
    ("SELECT Id FROM Nope", "INVALID_TYPE"),
    ("SELECT Id, (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_refused(org: TestOrg, text: str, code: str) -> None:
    reply = org.query(text)
    assert (reply.status, reply.code) == (400, code)


def test_an_unknown_column_is_pointed_at(org: TestOrg) -> None:
    message = org.query("SELECT Nope FROM Account").message
    assert message.startswith("\nSELECT Nope FROM Account\n       ^\nERROR at Row:1:Column:8\n")
    assert "No such column 'Nope' on entity 'Account'" in message


def test_an_object_named_like_a_keyword(org: TestOrg) -> None:
    assert org.column("SELECT Id, Account.Name FROM Order WHERE Status = 'Draft' ORDER BY OrderNumber") == []
    assert org.query("SELECT Id, Order.Account.Name FROM OrderItem ORDER BY Order.OrderNumber, Id").status == 200
    assert org.column("select o.Name from Opportunity o where o.Name = 'Big' order by o.Name") == ["Big"]


def test_deep_nesting_is_refused_not_a_crash(org: TestOrg) -> None:
    deep = "Name = 'a'"
    for turn in range(200):
        deep = f"({deep}) {'AND' if turn % 2 else 'OR'} Name = 'b'"
    assert (
        org.post("/composite", {"compositeRequest": [_query(deep)]}).body["compositeResponse"][0]["httpStatusCode"]
        == 400
    )
    brackets = f"{'(' * 500}Name = 'Alpha'{')' * 500}"
    assert org.column(f"SELECT Name FROM Account WHERE {brackets}") == ["Alpha"]


def _query(where: str) -> dict[str, str]:
    url = f"{V}/query?q=SELECT Name FROM Account WHERE {where}"
    return {"method": "GET", "url": url, "referenceId": "q"}


def test_thousands_of_values_inside_a_composite(org: TestOrg) -> None:
    values = ",".join(f"'r:{n}'" for n in range(4000)) + ",'r:a'"
    reply = org.post("/composite", {"compositeRequest": [_query(f"QBO_Id__c IN ({values})")]})
    body = reply.body["compositeResponse"][0]["body"]
    assert [row["Name"] for row in body["records"]] == ["Alpha"]
    too_long = org.post("/composite", {"compositeRequest": [_query(f"Name = '{'x' * 100_000}'")]})
    assert too_long.body["compositeResponse"][0]["body"][0]["errorCode"] == "MALFORMED_QUERY"


def test_pages_and_locators() -> None:
    org = TestOrg()
    for number in range(450):
        org.act("create", "Account", Name=f"N{number}")
    first = org.query("SELECT Name FROM Account ORDER BY Id", sforce_query_options="batchSize=200")
    assert list(first.body) == ["totalSize", "done", "nextRecordsUrl", "records"]
    assert (first.body["totalSize"], first.body["done"], len(first.body["records"])) == (450, False, 200)
    following = first.body["nextRecordsUrl"]
    assert following.startswith(f"{V}/query/01g")
    assert following.endswith("-200")
    second = org.get(following, sforce_query_options="batchSize=200").body
    third = org.get(second["nextRecordsUrl"], sforce_query_options="batchSize=200").body
    assert (third["done"], "nextRecordsUrl" in third, len(third["records"])) == (True, False, 50)
    names = [row["Name"] for page in (first.body, second, third) for row in page["records"]]
    assert names == [f"N{number}" for number in range(450)]
    org.switches.session_minutes = 100_000
    org.clock.set(datetime.fromisoformat("2026-01-07T12:00:30+00:00"))
    assert org.get(following).status == 200
    org.clock.set(datetime.fromisoformat("2026-01-07T12:00:31+00:00"))
    assert (org.get(following).status, org.get(following).code) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize(("asked", "size"), [("5", 200), ("200", 200), ("9999", 450), ("x", 450)])
def test_the_batch_size_is_kept_between_200_and_2000(asked: str, size: int) -> None:
    org = TestOrg()
    for number in range(450):
        org.act("create", "Account", Name=f"N{number}")
    reply = org.query("SELECT Id FROM Account", sforce_query_options=f"batchSize={asked}")
    assert len(reply.body["records"]) == size


def test_rows_without_a_unique_order_may_come_in_any(org: TestOrg) -> None:
    fresh = TestOrg()
    for number in range(50):
        fresh.account(Name=f"N{number:02}")
    fresh.switches.unstable_order = True
    ordered = [f"N{number:02}" for number in range(50)]
    assert fresh.column("SELECT Name FROM Account") != ordered
    assert fresh.column("SELECT Name FROM Account ORDER BY Name") == ordered

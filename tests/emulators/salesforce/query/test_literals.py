"""Date literals count in the zone of the running user; what a query may carry besides (salesforce reference 2.4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from emulators.salesforce.orgs import TestOrg

# Thursday, 20 August 2026, late in the evening in Los Angeles; in UTC it is the 21st already.
EVENING = datetime(2026, 8, 21, 5, 30, tzinfo=UTC)
DAYS = (
    *("2024-08-20", "2025-01-01", "2025-08-20", "2025-12-31", "2026-01-01", "2026-03-31", "2026-04-01", "2026-05-15"),
    *("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01", "2026-08-09", "2026-08-15", "2026-08-16", "2026-08-18"),
    *("2026-08-19", "2026-08-20", "2026-08-21", "2026-08-22", "2026-08-23", "2026-08-31", "2026-09-01", "2026-10-01"),
    *("2026-12-31", "2027-01-01", "2028-06-01"),
)


@pytest.fixture(scope="module")
def org() -> TestOrg:
    org = TestOrg()
    org.clock.freeze(EVENING)
    for day in DAYS:
        org.opportunity(Name=day, CloseDate=day)
    return org


@pytest.mark.parametrize(
    ("literal", "first", "last"),
    [
        ("YESTERDAY", "2026-08-19", "2026-08-19"),
        ("TODAY", "2026-08-20", "2026-08-20"),
        ("today", "2026-08-20", "2026-08-20"),
        ("TOMORROW", "2026-08-21", "2026-08-21"),
        ("LAST_WEEK", "2026-08-09", "2026-08-15"),
        ("THIS_WEEK", "2026-08-16", "2026-08-22"),
        ("NEXT_WEEK", "2026-08-23", "2026-08-29"),
        ("LAST_MONTH", "2026-07-01", "2026-07-31"),
        ("THIS_MONTH", "2026-08-01", "2026-08-31"),
        ("NEXT_MONTH", "2026-09-01", "2026-09-30"),
        ("LAST_90_DAYS", "2026-05-22", "2026-08-20"),
        ("NEXT_90_DAYS", "2026-08-21", "2026-11-18"),
        ("LAST_QUARTER", "2026-04-01", "2026-06-30"),
        ("THIS_QUARTER", "2026-07-01", "2026-09-30"),
        ("NEXT_QUARTER", "2026-10-01", "2026-12-31"),
        ("LAST_YEAR", "2025-01-01", "2025-12-31"),
        ("THIS_YEAR", "2026-01-01", "2026-12-31"),
        ("NEXT_YEAR", "2027-01-01", "2027-12-31"),
        ("LAST_FISCAL_QUARTER", "2026-04-01", "2026-06-30"),
        ("THIS_FISCAL_QUARTER", "2026-07-01", "2026-09-30"),
        ("NEXT_FISCAL_QUARTER", "2026-10-01", "2026-12-31"),
        ("LAST_FISCAL_YEAR", "2025-01-01", "2025-12-31"),
        ("THIS_FISCAL_YEAR", "2026-01-01", "2026-12-31"),
        ("NEXT_FISCAL_YEAR", "2027-01-01", "2027-12-31"),
        ("LAST_N_DAYS:2", "2026-08-18", "2026-08-20"),
        ("NEXT_N_DAYS:2", "2026-08-21", "2026-08-22"),
        ("N_DAYS_AGO:2", "2026-08-18", "2026-08-18"),
        ("LAST_N_WEEKS:2", "2026-08-02", "2026-08-15"),
        ("NEXT_N_WEEKS:2", "2026-08-23", "2026-09-05"),
        ("N_WEEKS_AGO:1", "2026-08-09", "2026-08-15"),
        ("LAST_N_MONTHS:2", "2026-06-01", "2026-07-31"),
        ("NEXT_N_MONTHS:2", "2026-09-01", "2026-10-31"),
        ("N_MONTHS_AGO:2", "2026-06-01", "2026-06-30"),
        ("LAST_N_QUARTERS:2", "2026-01-01", "2026-06-30"),
        ("NEXT_N_QUARTERS:2", "2026-10-01", "2027-03-31"),
        ("N_QUARTERS_AGO:2", "2026-01-01", "2026-03-31"),
        ("LAST_N_YEARS:2", "2024-01-01", "2025-12-31"),
        ("NEXT_N_YEARS:2", "2027-01-01", "2028-12-31"),
        ("N_YEARS_AGO:2", "2024-01-01", "2024-12-31"),
        ("LAST_N_FISCAL_QUARTERS:1", "2026-04-01", "2026-06-30"),
        ("NEXT_N_FISCAL_QUARTERS:1", "2026-10-01", "2026-12-31"),
        ("N_FISCAL_QUARTERS_AGO:1", "2026-04-01", "2026-06-30"),
        ("LAST_N_FISCAL_YEARS:1", "2025-01-01", "2025-12-31"),
        ("NEXT_N_FISCAL_YEARS:1", "2027-01-01", "2027-12-31"),
        ("N_FISCAL_YEARS_AGO:1", "2025-01-01", "2025-12-31"),
    ],
)
def test_date_literals(org: TestOrg, literal: str, first: str, last: str) -> None:
    expected = [day for day in DAYS if first <= day <= last]
    assert org.column(f"SELECT CloseDate FROM Opportunity WHERE CloseDate = {literal} ORDER BY CloseDate") == expected
    assert expected


@pytest.mark.parametrize("literal", ["NEVER", "LAST_N_EONS:3", "LAST_N_DAYS:99999999"])
def test_what_is_no_date_literal(org: TestOrg, literal: str) -> None:
    assert org.query(f"SELECT Id FROM Opportunity WHERE CloseDate = {literal}").code == "MALFORMED_QUERY"


def test_a_query_that_wants_to_lock_or_to_see_everything(org: TestOrg) -> None:
    for text in ("SELECT Id FROM Opportunity LIMIT 1 FOR UPDATE", "SELECT Id FROM Opportunity USING SCOPE Everything"):
        assert org.query(text).status == 200


@pytest.mark.parametrize(("version", "status"), [("v57.0", 400), ("v58.0", 200), ("v68.0", 200)])
def test_children_of_children_came_with_v58(org: TestOrg, version: str, status: int) -> None:
    text = "SELECT+Id,(SELECT+Id,(SELECT+Id+FROM+OrderItems)+FROM+Orders)+FROM+Account"
    url = f"/services/data/{version}/query?q={text}"
    assert org.get(url).status == status


def test_at_most_55_ways_to_parents(org: TestOrg) -> None:
    ends = ["Owner", "CreatedBy", "LastModifiedBy", "Account"]
    ends += [f"Account.{parent}" for parent in ("Owner", "CreatedBy", "LastModifiedBy", "Parent")]
    ways = [f"{'ReportsTo.' * up}{end}.Id" for up in range(4) for end in ends if up + end.count(".") < 5]
    ways += [f"Account.{'Parent.' * up}{end}.Id" for up in (1, 2, 3) for end in ends[:3]]
    more = [f"ReportsTo.Account.Parent.{end}.Id" for end in (*ends[:3], "Parent")]
    more += [f"ReportsTo.ReportsTo.Account.Parent.{end}.Id" for end in (*ends[:3], "Parent")]
    more += [f"{'ReportsTo.' * 4}{end}.Id" for end in ends[:4]]
    assert org.query(f"SELECT Id, {', '.join(ways)} FROM Contact").status == 200
    assert org.query(f"SELECT Id, {', '.join(ways + more)} FROM Contact").code == "MALFORMED_QUERY"


def test_children_go_five_levels_deep(org: TestOrg) -> None:
    def nested(levels: int) -> str:
        inner = "SELECT Id FROM ChildAccounts"
        for _ in range(levels - 2):
            inner = f"SELECT Id, ({inner}) FROM ChildAccounts"
        return f"SELECT Id, ({inner}) FROM Account"

    assert [org.query(nested(levels)).status for levels in (2, 5, 6)] == [200, 200, 400]

"""`columns=true`: what a query would give, and no records."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from emulators.salesforce.orgs import TestOrg

KEYS = [
    *("aggregate", "apexType", "booleanType", "columnName", "custom", "displayName", "foreignKeyName", "insertable"),
    *("joinColumns", "numberType", "textType", "updatable"),
]


def asked(org: TestOrg, text: str) -> Any:
    return org.get(f"/query?q={quote(text)}&columns=true")


def test_the_columns_of_plain_fields(org: TestOrg) -> None:
    org.account()
    answer = asked(org, "SELECT Id, Name, AnnualRevenue, QBO_Ready__c FROM Account").body
    assert list(answer) == ["columnMetadata", "entityName", "groupBy", "idSelected", "keyPrefix"]
    assert (answer["entityName"], answer["groupBy"], answer["idSelected"], answer["keyPrefix"]) == (
        *("Account", False, True, "001"),
    )
    assert [list(column) for column in answer["columnMetadata"]] == [KEYS] * 4
    columns = {column["columnName"]: column for column in answer["columnMetadata"]}
    assert (columns["Id"]["apexType"], columns["Id"]["updatable"]) == ("Id", False)
    assert (columns["Name"]["textType"], columns["Name"]["insertable"]) == (True, True)
    assert (columns["AnnualRevenue"]["numberType"], columns["QBO_Ready__c"]["booleanType"]) == (True, True)
    assert [name for name, column in columns.items() if column["custom"]] == ["QBO_Ready__c"]


def test_parents_and_children_are_nested(org: TestOrg) -> None:
    answer = asked(org, "SELECT Name, Owner.Name, Owner.Username, (SELECT LastName FROM Contacts) FROM Account").body
    name, owner, contacts = answer["columnMetadata"]
    assert (answer["idSelected"], name["joinColumns"]) == (False, [])
    assert (owner["columnName"], owner["foreignKeyName"]) == ("Owner", "OwnerId")
    assert [column["columnName"] for column in owner["joinColumns"]] == ["Name", "Username"]
    assert (contacts["columnName"], [column["columnName"] for column in contacts["joinColumns"]]) == (
        *("Contacts", ["LastName"]),
    )


def test_aggregates(org: TestOrg) -> None:
    answer = asked(org, "SELECT AccountId, SUM(Amount), COUNT(Id) n FROM Opportunity GROUP BY AccountId").body
    columns = [(column["columnName"], column["aggregate"], column["numberType"]) for column in answer["columnMetadata"]]
    assert columns == [("AccountId", False, False), ("expr0", True, True), ("n", True, True)]
    assert answer["groupBy"] is True


@pytest.mark.parametrize("text", ["SELECT Nothing FROM Account", "SELECT Owner.Nothing FROM Account"])
def test_a_query_that_would_be_refused_is_refused(org: TestOrg, text: str) -> None:
    assert (asked(org, text).status, asked(org, text).code) == (400, "INVALID_FIELD")


def test_all_fields_by_one_word(org: TestOrg) -> None:
    answer = asked(org, "SELECT FIELDS(STANDARD) FROM Contact LIMIT 1").body
    assert "LastName" in [column["columnName"] for column in answer["columnMetadata"]]

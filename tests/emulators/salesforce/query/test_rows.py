"""Queries by time that end early: they give what the whole list in that order begins with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emulators.salesforce.orgs import TestOrg


@pytest.fixture
def busy() -> TestOrg:
    """Thirty accounts over ten seconds, some of them changed later."""
    org = TestOrg()
    made = []
    for number in range(30):
        made.append(org.account(Name=f"N{number % 7}"))
        if number % 3 == 2:
            org.clock.advance(timedelta(seconds=1))
    for number in (4, 5, 17):
        org.patch(f"/sobjects/Account/{made[number]}", {"Site": "moved"})
        org.clock.advance(timedelta(seconds=1))
    return org


WHERE = [
    "",
    "WHERE Name != 'N3'",
    "WHERE SystemModstamp > 2026-01-05T12:00:34Z",
    "WHERE SystemModstamp >= 2026-01-05T12:00:34Z AND SystemModstamp < 2026-01-05T12:00:38Z",
    "WHERE SystemModstamp > 2026-01-05T12:00:40Z OR SystemModstamp = 2026-01-05T12:00:33Z",
    "WHERE CreatedDate > 2026-01-05T12:00:34Z AND (Name = 'N1' OR SystemModstamp > 2026-01-05T12:00:40Z)",
]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    "order",
    [
        "Id",
        "Id DESC",
        "SystemModstamp, Id",
        "SystemModstamp DESC, Id DESC",
        "SystemModstamp DESC, Id",
        "CreatedDate DESC, Id",
        "CreatedDate, Id DESC",
        "LastModifiedDate DESC NULLS LAST, Id DESC",
    ],
)
@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (1, 0), (4, 0), (4, 3), (100, 2)])
def test_a_cut_list_is_the_beginning_of_the_whole(
    busy: TestOrg, where: str, order: str, limit: int, offset: int
) -> None:
    text = f"SELECT Id, SystemModstamp FROM Account {where} ORDER BY {order}"
    whole = busy.column(text)
    assert busy.column(f"{text} LIMIT {limit} OFFSET {offset}") == whole[offset : offset + limit]


@pytest.mark.parametrize(("where", "count"), list(zip(WHERE, [30, 26, 17, 11, 5, 4], strict=True)))
def test_conditions_on_time_find_the_same_with_and_without_a_limit(busy: TestOrg, where: str, count: int) -> None:
    ids = busy.column(f"SELECT Id FROM Account {where}")
    every = busy.rows("SELECT Id, Name, SystemModstamp, CreatedDate FROM Account")
    assert len(ids) == len(set(ids)) == count
    assert set(ids) <= {row["Id"] for row in every}

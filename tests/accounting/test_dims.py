"""Departments and classes by text (accounting-rules F, S17)."""

from __future__ import annotations

from datetime import date

import pytest

from accounting.books import CLASSES, DEPARTMENTS
from ml_connector.accounting.dims import (
    Alias,
    Ambiguous,
    Inactive,
    Resolution,
    Resolved,
    Unmapped,
    aliases_of,
    label,
    nearest,
    resolve,
)
from ml_connector.systems.quickbooks.records import Department


def department(id_: str, path: str, *, active: bool = True) -> Department:
    return Department(id=id_, name=path.rpartition(":")[2], fully_qualified_name=path, active=active)


TABLE = {
    each.id: each
    for each in (
        *DEPARTMENTS.values(),
        department("40", "East:Ops"),
        department("41", "West:Ops"),
        department("50", "South (deleted)", active=False),
        department("51", "South (deleted):Rome (deleted)", active=False),
        department("60", "North"),
        department("61", "Old:North (deleted)", active=False),
        department("70", "Straße:Köln"),
        department("90", "Depot (deleted)"),
        department("91", "Depot (deleted)", active=False),
        department("80", "L" * 130 + ":" + "M" * 130),
    )
}
RENAMED = {**DEPARTMENTS, "11": department("11", "North East:Boston")}
SINCE = date(2026, 11, 1)
ALIAS = Alias.renamed("East:Boston", "11", SINCE)

RESOLVED: list[tuple[str, Resolution]] = [
    ("East:Boston", Resolved("11", "East:Boston")),
    ("  east : BOSTON ", Resolved("11", "East:Boston")),
    ("Boston", Resolved("11", "East:Boston")),
    ("hq", Resolved("30", "HQ")),
    ("Ops", Ambiguous("Ops", ("East:Ops", "West:Ops"))),
    ("East:Ops", Resolved("40", "East:Ops")),
    ("South", Inactive("South", "50")),
    ("South:Rome", Inactive("South:Rome", "51")),
    ("Rome", Inactive("Rome", "51")),
    ("South (deleted)", Inactive("South (deleted)", "50")),  # as QuickBooks shows it
    ("Depot (deleted)", Resolved("90", "Depot (deleted)")),  # an active one is really called so
    ("Depot", Inactive("Depot", "91")),
    ("North", Resolved("60", "North")),  # the active one, though an inactive leaf has the same name
    ("STRASSE:KÖLN", Resolved("70", "Straße:Köln")),
    ("Ko\u0308ln", Resolved("70", "Straße:Köln")),
    ("M [#80]", Resolved("80", "L" * 130 + ":" + "M" * 130)),
    ("Rome [#51]", Inactive("Rome [#51]", "51")),
]


@pytest.mark.parametrize(("text", "expected"), RESOLVED)
def test_resolve(text: str, expected: Resolution) -> None:
    assert resolve(text, TABLE) == expected


@pytest.mark.parametrize("text", ["Hardware", "East:Bost", "Bost", "[#99]", "East:Ops:More", "Eastern Boston"])
def test_nothing_is_guessed(text: str) -> None:
    assert isinstance(resolve(text, TABLE), Unmapped)


def test_unmapped_names_the_three_nearest() -> None:
    assert resolve("Hardware", CLASSES) == Unmapped("Hardware", nearest("Hardware", CLASSES))
    assert nearest("east bosten", TABLE)[0] == "East:Boston"
    assert len(nearest("x", TABLE)) == 3
    assert "South (deleted)" not in nearest("South", TABLE, 99)
    assert nearest("x", {}) == ()


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 22), Resolved("11", "North East:Boston")),
        (date(2027, 1, 30), Resolved("11", "North East:Boston")),  # the 90th day
        (date(2027, 1, 31), Unmapped("East:Boston", nearest("East:Boston", RENAMED))),
        (None, Unmapped("East:Boston", nearest("East:Boston", RENAMED))),
    ],
)
def test_s17_the_old_name_counts_for_90_days(today: date | None, expected: Resolution) -> None:
    assert resolve("East:Boston", RENAMED, [ALIAS], today) == expected


def test_s17_another_name_is_not_touched_by_the_rename() -> None:
    assert isinstance(resolve("Eastern Boston", RENAMED, [ALIAS], SINCE), Unmapped)


def test_a_new_entry_with_the_old_name_wins_over_the_alias() -> None:
    table = {**RENAMED, "90": department("90", "East:Boston")}
    assert resolve("East:Boston", table, [ALIAS], SINCE) == Resolved("90", "East:Boston")


def test_a_successor_can_be_chosen_for_an_inactive_entry() -> None:
    assert resolve("South", TABLE, [Alias("South", "30")]) == Resolved("30", "HQ")
    assert resolve("South", TABLE, [Alias("South", "99")]) == Inactive("South", "50")


def test_two_aliases_for_one_text_are_ambiguous() -> None:
    assert resolve("X", TABLE, [Alias("X", "10"), Alias("x", "20")]) == Ambiguous("X", ("East", "West"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"department:Old East": "10"}, [Alias("Old East", "10")]),
        ({"Department:Old East": "east"}, [Alias("Old East", "10")]),
        ({"class:Old East": "10"}, []),
        ({"Old:East": "East:Boston"}, [Alias("Old:East", "11")]),
        ({"Old East": "10"}, []),  # an id alone could be a class's
        ({"department:Old": "no such"}, []),
    ],
)
def test_aliases_from_settings(settings: dict[str, str], expected: list[Alias]) -> None:
    assert list(aliases_of(settings, "department", DEPARTMENTS)) == expected


def test_label_is_resolved_to_the_same_id() -> None:
    for entry in TABLE.values():
        text = label(entry, TABLE)
        found = resolve(text, {entry.id: entry})
        assert len(text) <= 255
        assert isinstance(found, Resolved if entry.active else Inactive)
    assert label(TABLE["80"], TABLE) == "M" * 130 + " [#80]"

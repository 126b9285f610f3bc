"""The page of fields says what the flows write, and the program nothing else."""

from __future__ import annotations

import re

from ml_connector.systems.salesforce.records import EXTERNAL_ID, WRITTEN, fields_needed

from .pages import text_of


def rows(columns: int) -> list[list[str]]:
    """The rows of the page's tables with this many columns, without their heads."""
    cells = [line.strip("| ").split(" | ") for line in text_of("salesforce-fields.md").splitlines() if line[:1] == "|"]
    return [row for row in cells if len(row) == columns and "`" in row[1]]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_custom_fields_are_those_that_are_written() -> None:
    told = {(row[0], name) for row in rows(5) for name in names(row[1]) if "connector" in row[3]}
    assert told == {(kind, name) for kind, fields in WRITTEN.items() for name in fields if name.endswith("__c")}


def test_all_other_custom_fields_are_read() -> None:
    told = {(row[0], name) for row in rows(5) for name in names(row[1])}
    assert all(name in fields_needed(kind) for kind, name in told)


def test_standard_fields_are_told_with_when_and_whether_they_are_needed() -> None:
    told = {(row[0], name): (row[2], row[3]) for row in rows(4) for name in names(row[1])}
    spoken = {(True, True): "both", (True, False): "new", (False, True): "later"}
    assert told == {
        (kind, name): (spoken[rule.create, rule.update], "yes" if rule.needed else "no")
        for kind, fields in WRITTEN.items()
        for name, rule in fields.items()
        if not name.endswith("__c")
    }


def test_of_the_custom_fields_only_the_key_is_needed() -> None:
    needed = {name for fields in WRITTEN.values() for name, rule in fields.items() if rule.needed}
    assert {name for name in needed if name.endswith("__c")} == {EXTERNAL_ID}

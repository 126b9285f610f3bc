"""A list of entries in parts: what its first link keeps, what is missing, on which day the rest falls (B.11)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.entry import EntryPart, build_entry
from ml_connector.accounting.parts import (
    cut_as_posted,
    facts,
    kept,
    mark,
    missing,
    on_open_day,
    part_ref,
    posted_numbers,
    rest_of,
)
from ml_connector.model.held import Held
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules

RULES = Rules(realm_id="1", org_id="2")
ENTRY = Ref("quickbooks", "JournalEntry", "9")
NUMBERS = ["SFO-00001234-01", "SFO-00001234-02", "SFO-00001234-03"]


def parts() -> tuple[EntryPart, ...]:
    """Three parts of one order."""
    lines = [books.line(number, "10.00", "4000", dims) for number, dims in enumerate(("East/SaaS", "West/-", "HQ/-"))]
    return build_entry(books.inputs(*lines, max_lines=2)).parts


def first_link(of: tuple[EntryPart, ...] | None = None) -> Link:
    """The link of the first of these parts."""
    listed = of or parts()
    return Link(Role.JOURNAL, ENTRY, ENTRY, {"doc_number": listed[0].draft.doc_number, **kept(listed, 2)})


def test_the_rest_comes_back_as_it_was() -> None:
    assert rest_of(first_link()) == parts()[1:]
    assert kept(parts()[:1], 2) == {}, "an entry in one part keeps nothing"
    assert rest_of(Link(Role.JOURNAL, ENTRY, ENTRY)) == ()


def test_what_is_missing_and_what_is_posted() -> None:
    second = part_ref(books.ORDER_ID, parts()[1])
    posted = {second: Link(Role.JOURNAL, second, ENTRY)}
    still = missing(books.ORDER_ID, first_link(), posted.get)
    assert still == parts()[2:]
    assert posted_numbers(first_link(), still) == NUMBERS[:2]
    assert missing(books.ORDER_ID, None, posted.get) == ()
    assert facts(NUMBERS[:2], still) == {"posted": f"{NUMBERS[0]}, {NUMBERS[1]}", "missing": NUMBERS[2]}


def test_long_lists_of_numbers_are_counted() -> None:
    numbers = [f"SFO-1-{number:02}" for number in range(1, 6)]
    assert facts(numbers, ())["posted"] == "SFO-1-01 to SFO-1-05 (5 entries)"


def test_an_entry_is_cut_as_it_was_cut() -> None:
    assert cut_as_posted(RULES, None) == RULES
    assert cut_as_posted(RULES, first_link()).max_lines == 2
    assert cut_as_posted(RULES, Link(Role.JOURNAL, ENTRY, ENTRY)).max_lines > RULES.max_lines, "it was not cut at all"


def test_the_mark_names_all_parts_while_they_fit() -> None:
    assert mark(first_link()) == ", ".join(NUMBERS)
    assert mark(first_link(parts() * 20)) == f"{NUMBERS[0]} to {NUMBERS[-1]}"
    assert mark(Link(Role.JOURNAL, ENTRY, ENTRY)) is None


def on_day(given: tuple[EntryPart, ...], closed: date | None, policy: Any) -> tuple[tuple[EntryPart, ...], bool]:
    rules = msgspec.structs.replace(RULES, closed_policy=policy)
    return on_open_day(given, closed, rules, date(2026, 12, 24))


@pytest.mark.parametrize("closed", [None, date(2026, 11, 9)])
def test_the_rest_keeps_its_day_while_that_is_open(closed: date | None) -> None:
    assert on_day(parts(), closed, "hold") == (parts(), False)


def test_the_rest_is_held_or_moved_when_its_day_is_closed() -> None:
    given, closed = parts(), date(2026, 11, 10)
    with pytest.raises(Held) as held:
        on_day(given, closed, "hold")
    assert held.value.code == "H-CLOSED"
    found, moved = on_day(given, closed, "next_open")
    assert moved
    assert {part.draft.txn_date for part in found} == {date(2026, 11, 11)}
    assert all(part.draft.private_note.split("\n")[0].endswith("|orig=2026-11-10") for part in found)
    assert [part.draft.lines for part in found] == [part.draft.lines for part in given]
    assert on_day(found, closed, "next_open") == (found, True), "a moved part stays, and keeps its first day"

"""The conflict log on a screen: values only for who asks, nothing that a terminal would obey."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ml_connector.actions.conflicts import ConflictView
from ml_connector.cli.output import Screen
from ml_connector.cli.render_conflicts import conflict_lines
from ml_connector.cli.text import width_of

from .samples import LONG

PACIFIC = ZoneInfo("America/Los_Angeles")
PHONE = ConflictView(
    at=datetime(2026, 11, 22, 22, 3, tzinfo=UTC), record="quickbooks:Customer:58", other="salesforce:Account:001",
    field="phone", winner="salesforce", certain=True, kept=True, write="w1",
)  # fmt: skip
MAIL = msgspec.structs.replace(
    PHONE, record="salesforce:Account:001", other="quickbooks:Customer:58", field="billing_email", winner="quickbooks"
)
LISTED = """\
When                  Record                  Field          Kept its own
2026-11-22 14:03 PST  quickbooks:Customer:58  phone          Salesforce, salesforce:Account:001
2026-11-22 14:03 PST  salesforce:Account:001  billing email  QuickBooks, quickbooks:Customer:58
2 conflicts. The values that gave way are sealed, and kept for the retention period.
Next:  ml-connector conflicts --values
"""


def with_value(value: str | None, each: ConflictView = PHONE) -> ConflictView:
    return msgspec.structs.replace(each, lost=value)


def test_the_log_without_values() -> None:
    lines = conflict_lines([PHONE, MAIL], 120, zone=PACIFIC)
    assert "\n".join(lines) + "\n" == LISTED


def test_without_the_option_no_value_is_shown_even_if_it_is_known() -> None:
    assert "617-555" not in "".join(conflict_lines([with_value("617-555-0001")], 120))


@pytest.mark.parametrize(
    ("value", "shown"),
    [("617-555-0001", "617-555-0001"), ("", "(none)"), (None, "(no longer kept)")],
)
def test_the_values_for_who_asks(value: str | None, shown: str) -> None:
    lines = conflict_lines([with_value(value)], None, values=True)
    assert lines[1].endswith(f"  {shown}")
    assert lines[-1] == "Next:  ml-connector explain quickbooks:Customer:58"


def test_what_is_not_certain_says_so() -> None:
    lines = conflict_lines([msgspec.structs.replace(PHONE, certain=False), MAIL], None)
    assert "Salesforce, perhaps, salesforce:Account:001" in lines[1]
    assert "perhaps" not in lines[2]
    assert lines[4].startswith("Perhaps: ")


def test_an_empty_log() -> None:
    assert conflict_lines([], 80) == ["No field was changed on both sides.", "Next:  ml-connector status"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    lines = conflict_lines([with_value(LONG), with_value(LONG, MAIL)], width, values=True)
    assert [line for line in lines if width_of(line) > width] == []
    assert "".join(lines).count("Ä") == 600


def test_foreign_text_is_harmless() -> None:
    evil = "\x1b[2J\u202e"
    view = msgspec.structs.replace(PHONE, record=evil, other=evil, field=evil, winner=evil, lost=evil)
    assert not set("".join(conflict_lines([view], 120, values=True))) & {"\x1b", "\u202e"}


@pytest.mark.parametrize(
    ("view", "lost"), [(PHONE, {}), (with_value("1"), {"lost": "1"}), (with_value(None), {"lost": None})]
)
def test_machines_get_the_field_only_with_values(view: ConflictView, lost: dict[str, str | None]) -> None:
    out = io.StringIO()
    Screen(json=True, out=out).document([view], "conflicts")
    document = json.loads(out.getvalue())
    assert document["schema"] == "ml-connector/conflicts/1"
    assert document["items"] == [
        {
            "at": "2026-11-22T22:03:00Z", "record": "quickbooks:Customer:58", "other": "salesforce:Account:001",
            "field": "phone", "winner": "salesforce", "certain": True, "kept": True, "write": "w1",
            **lost,
        }
    ]  # fmt: skip

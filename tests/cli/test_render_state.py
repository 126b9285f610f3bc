"""Doctor, status, holds, one record, and what a run did."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ml_connector.actions.doctor import Finding, Level
from ml_connector.actions.explain import Explained
from ml_connector.cli.render_records import explained_lines, hold_lines
from ml_connector.cli.render_state import (
    finding_lines,
    report_lines,
    status_lines,
    worst,
)
from ml_connector.cli.text import width_of
from ml_connector.engine.worker import DrainReport

from .samples import AFTER, CALM, COMPARED, EXPLAINED, FINDINGS, LATE, LONG, RUN, STATUS, WAITING, WIDTHS, hold
from .test_render_conflicts import PHONE

PACIFIC = ZoneInfo("America/Los_Angeles")

DOCTOR = """\
ok    QuickBooks   Acme Inc., PRODUCTION, Plus, sign-in ends 2031-09-14
warn  Salesforce   certificate ends 2026-12-01
                   fix:  replace it in Setup
FAIL  Salesforce   field Order.Department__c is missing
                   fix:  ml-connector setup salesforce
1 ok, 1 warn, 1 FAIL
Next: mend what says FAIL, then  ml-connector doctor
"""
STATUS_LINES = """\
Acme Inc., PRODUCTION
  writes       live
  waiting      3 records to look at (3 order to journal)
  unsure       1 write being checked
  held         3 records (2 H-TAX, 1 H-CLOSED)
  plans        1 plan to apply
  QuickBooks   read up to 2026-11-22 13:39 PST
Next:  ml-connector plan --list
"""
HOLDS = """\
held  H-DIM-AMBIGUOUS  2 records  6,000.00 USD  oldest 2026-11-19 09:12 PST
      salesforce:Order:801  3,000.00 USD  since 2026-11-19 09:12 PST
      "Ops" could be East:Ops or West:Ops.
      Order 00001301, 3,000.00 USD, waits; nothing is guessed.
      fix:  Write the full name in Salesforce.
      1 more:  ml-connector holds H-DIM-AMBIGUOUS
2 records held, 6,000.00 USD. A hold ends by itself when its cause is gone.
Next:  ml-connector explain salesforce:Order:801
"""
RECORD = """\
salesforce:Order:801
  order to journal: in agreement
  linked   journal: salesforce:Posting:801:O:01 -> quickbooks:JournalEntry:901
  written  2026-11-22T21:41:07+00:00 journal done quickbooks:JournalEntry:901
  listed   REDATED
Next:  ml-connector status
"""
REPORT = """\
2026-11-22 13:40 PST to 2026-11-22 13:41 PST
                              Created  Updated  Held now  Unchanged or skipped
customer to account: account      400       12         0                     0
order to journal                    0        0         3                 1,240
412 writes, 3 held.
warn  3 records are held:  ml-connector holds
Next:  ml-connector holds
"""


PLANS = "Next:  ml-connector plan --list"


def text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def test_the_doctor_of_the_design() -> None:
    assert text(finding_lines(FINDINGS, 80, again="doctor")) == DOCTOR


@pytest.mark.parametrize(
    ("levels", "status", "last"),
    [
        (["ok", "ok"], 0, "Next:  ml-connector plan"),
        (["ok", "warn"], 0, "Next:  ml-connector plan"),
        (["FAIL", "ok"], 1, "Next: mend what says FAIL, then  ml-connector doctor"),
        ([], 0, "Next:  ml-connector plan"),
    ],
)
def test_only_what_fails_changes_the_exit_status(levels: list[Level], status: int, last: str) -> None:
    findings = [Finding(level, "QuickBooks", "checked", "mend it") for level in levels]
    assert worst(findings) == status
    assert finding_lines(findings, 80, again="doctor")[-1] == last


def test_status() -> None:
    assert text(status_lines(STATUS, 80, PACIFIC)) == STATUS_LINES


@pytest.mark.parametrize(
    ("changes", "line", "last"),
    [
        ({"audit": "It was cut off."}, "  audit log    FAIL: It was cut off.", "Next:  ml-connector audit verify"),
        ({"flags": 12}, "  flags        12 marks to look at:  ml-connector flags", PLANS),
        ({"paused": "month end"}, "  writes       stopped: month end", "Next:  ml-connector resume"),
        ({"dry_run": True}, "  writes       dry run, nothing is written to either side", PLANS),
        ({"dry_run": True, "plans_open": 0}, "  plans        0 plans to apply", "Next:  ml-connector plan"),
        ({"plans_open": 0, "open_writes": 0}, "  plans        0 plans to apply", "Next:  ml-connector holds"),
        ({"plans_open": 0, "holds": {}}, "  held         0 records", "Next:  ml-connector sync --once"),
        ({"swept": {}}, "  coverage   neither side was read yet", PLANS),
    ],
)  # fmt: skip
def test_status_says_what_to_do_next(changes: dict[str, object], line: str, last: str) -> None:
    lines = status_lines(msgspec.structs.replace(STATUS, **changes), 80)
    assert line in lines
    assert lines[-1] == last


def test_what_waits_too_long_needs_attention() -> None:
    lines, by_code = status_lines(LATE, None, PACIFIC), "(2 WAIT_CUSTOMER, 1 WAIT_PARENT)"
    assert lines[5:7] == [
        f"  too late     3 records wait too long {by_code}, the oldest since 2026-11-20 14:03 PST, 1 day",
        "  conflicts    1 value gave way to the other side's:  ml-connector conflicts",
    ]
    assert lines[-1] == "Next:  ml-connector holds WAIT_CUSTOMER"
    assert (LATE.attention, STATUS.attention) == (True, False)


def test_status_says_when_all_ids_were_compared() -> None:
    for rows, sentence in (
        (COMPARED[:1], "all ids, last 2026-11-22 13:40 PST"),
        (COMPARED, "all ids, last 2026-11-22 13:40 PST; under way: Account"),
        ([msgspec.structs.replace(COMPARED[1], ended_at=None)], "under way: Account"),
    ):
        status = msgspec.structs.replace(STATUS, compared=rows)
        assert f"  compared     {sentence}" in status_lines(status, 80, PACIFIC)


@pytest.mark.parametrize(("hours", "age"), [(23, "23 h"), (24, "1 day"), (47, "1 day"), (48, "2 days")])
def test_the_age_of_what_waits(hours: int, age: str) -> None:
    (line,) = [line for line in hold_lines([msgspec.structs.replace(WAITING, hours=hours)], None) if "for " in line][:1]
    assert f"for {age}, too long: preparer looks after it" in line


def test_what_waits_too_long_is_listed_first() -> None:
    waiting = msgspec.structs.replace(WAITING, record="quickbooks:Invoice:8", overdue=False, hours=1)
    about = "quickbooks:Invoice:7  250.00 USD  since 2026-11-20 14:03 PST"
    lines = hold_lines([WAITING, hold(), hold("salesforce:Order:802"), waiting], None, zone=PACIFIC)
    assert lines[:5] == [
        "warn  WAIT_CUSTOMER  2 records  500.00 USD  oldest 2026-11-20 14:03 PST  1 too long",
        f"      {about}  for 1 day, too long: preparer looks after it",
        "      Invoice 7 waits.",
        "      250.00 USD is not shown.",
        "      fix:  See what keeps the customer.",
    ]
    assert lines[6].startswith("held  H-DIM-AMBIGUOUS")
    assert lines[-1] == "Next:  ml-connector explain quickbooks:Invoice:7"


def test_a_record_names_its_conflicts_without_the_values() -> None:
    known = msgspec.structs.replace(PHONE, lost="617-555-0001")
    lines = explained_lines(msgspec.structs.replace(EXPLAINED, conflicts=[known]), None, PACIFIC)
    assert lines[-2] == (
        "  conflict 2026-11-22 14:03 PST phone of quickbooks:Customer:58 gave way, Salesforce kept its own:"
        "  ml-connector conflicts"
    )
    assert "617" not in "".join(lines)


def test_holds_by_reason() -> None:
    assert text(hold_lines([hold(), hold("salesforce:Order:802")], 80, zone=PACIFIC)) == HOLDS


def test_holds_of_one_reason_name_every_record() -> None:
    lines = text(hold_lines([hold(), hold("salesforce:Order:802")], 80, code="H-DIM-AMBIGUOUS"))
    assert "salesforce:Order:801" in lines
    assert "salesforce:Order:802" in lines


def test_an_empty_list_says_so() -> None:
    assert hold_lines([], 80)[0] == "Nothing is held."
    assert hold_lines([], 80, code="H-TAX")[0] == "Nothing is held for H-TAX."


def test_one_record() -> None:
    assert text(explained_lines(EXPLAINED, 80)) == RECORD


def test_a_held_record_shows_its_hold() -> None:
    held = Explained(record="salesforce:Order:801", verdicts={}, links=[], writes=[], holds=[hold()], flags=[])
    lines = explained_lines(held, 80)
    assert "held  H-DIM-AMBIGUOUS" in lines
    assert lines[-1] == "Next:  ml-connector holds"


def test_what_a_run_did() -> None:
    assert text(report_lines(RUN, AFTER, 80, PACIFIC)) == REPORT
    assert report_lines(DrainReport(), CALM, 80)[1:] == [
        "Nothing was due.", "0 writes, 0 held.", "Next:  ml-connector status",
    ]  # fmt: skip


def test_a_run_that_left_something_undone_never_says_that_nothing_was_due() -> None:
    lines = report_lines(DrainReport(), msgspec.structs.replace(CALM, open_writes=2), 80)
    assert lines[1:] == [
        "Nothing was done in this run.", "0 writes, 0 held.",
        "warn  2 writes are being checked:  ml-connector sync --once",
        "Next:  ml-connector sync --once",
    ]  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
def test_every_amount_is_whole_at_every_width(width: int | None) -> None:
    long = msgspec.structs.replace(hold(LONG, LONG), amount=Decimal("912345678901.23"), remedy=LONG)
    lines = hold_lines([long, hold()], width)
    assert {"912,345,678,901.23", "912,345,681,901.23"} <= {word for line in lines for word in line.split()}
    assert width is None or all(width_of(line) <= width for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_wider_than_the_screen(width: int) -> None:
    long = [Finding("FAIL", LONG, LONG, LONG), *FINDINGS]
    blocks = [
        finding_lines(FINDINGS, width, again="doctor"),
        finding_lines(long, 40, again="doctor") if width == 40 else [],
        status_lines(msgspec.structs.replace(STATUS, company=LONG, paused=LONG), width),
        explained_lines(EXPLAINED, width),
        report_lines(RUN, STATUS, width),
    ]
    assert [line for block in blocks for line in block if width_of(line) > width] == []


def test_foreign_text_is_harmless() -> None:
    evil = "\x1b[2J\u202e"
    status = msgspec.structs.replace(STATUS, company=evil, paused=evil, waiting={evil: 1}, holds={evil: 1})
    blocks = [
        finding_lines([Finding("FAIL", evil, evil, evil)], 80, again="doctor"),
        status_lines(status, 80),
        hold_lines([hold(evil, evil)], 80),
        explained_lines(msgspec.structs.replace(EXPLAINED, record=evil, links=[evil], writes=[evil], flags=[evil]), 80),
        report_lines(DrainReport(created={evil: 1}), status, 80),
    ]
    assert not set("".join(line for block in blocks for line in block)) & {"\x1b", "\u202e"}

"""The tie-out and the final tables of the demo."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.cli.render_proof import demo_lines, tie_out_lines
from ml_connector.cli.text import width_of
from ml_connector.tieout import TieOut
from ml_connector.tieout.report import Cell, Item, Report, Row

from .samples import AGREED, DEMO, LONG, NAMES, NOON, TIE_OUT, WIDTHS, row

PROOF = """\
2026-11, read 2026-11-22 21:40 UTC; differences are QuickBooks - Salesforce

R1 Invoices
Where  Cur  QuickBooks  Salesforce  Difference  Explained by              Unexplained
East   USD   45,210.55   44,010.55    1,200.00  U1 Invoice:1043 1,200.00         0.00
West   USD   18,400.00   18,900.00     -500.00  U3 Invoice:1050 -500.00          0.00
-      USD    1,250.00    1,250.00        0.00                                   0.00
Total  USD   64,860.55   64,160.55      700.00                                   0.00
open  U1 Invoice:1043 1,200.00 USD: no link
open  U3 Invoice:1050 -500.00 USD: amounts differ

R2 Orders
Nothing is dated in this month.
ok    41 activated = 36 posted + 3 held + 1 skipped + 1 pending
      131,400.00 USD = 118,900.00 + 9,000.00 + 0.00 + 3,500.00

FAIL  Explained, but open: 2 differences to be ended.
Next:  ml-connector holds
"""
REHEARSAL = """\
What moved
From, to                Created  Updated  Held
customer to account         400       12     3
invoice to opportunity    2,000       61     9

Journal entries
Currency  Count      Debits     Credits
USD         118  812,345.67  812,345.67  balanced
JPY           9      40,100      40,100  balanced

Held
held  H-DIM-UNMAPPED  salesforce:Order:801
      Class "Hardware" is not in QuickBooks.
      fix:  Choose SaaS, or add it in QuickBooks.

Tie-out, QuickBooks - Salesforce
Report       Cur  QuickBooks  Salesforce  Explained  Unexplained
R1 Invoices  USD   64,860.55   64,160.55     700.00         0.00
  R1 U1 no link: 1 record, 1,200.00 USD
  R1 U3 amounts differ: 1 record, -500.00 USD

API calls
                   Calls  Least possible
quickbooks reads      31              24
quickbooks writes      9               8
salesforce            64              52

Second run over the unchanged pair: 0 writes, 4 quickbooks reads, 6 salesforce
ok    After 41.2 s (seed 7) both sides agree, but for 2 held differences.
Next: do the same by hand, as docs/rehearse.md goes through it.
"""


def text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def test_the_month_of_the_worked_example() -> None:
    assert text(tie_out_lines(TIE_OUT, None)) == PROOF


def test_what_is_not_explained_fails() -> None:
    lines = tie_out_lines(
        TieOut(
            months=["2026-11"], read_at=NOON, reports=[Report("R1", [row("East", "10", "7.5")], ["one to look at"])]
        ),
        80,
    )
    assert lines[-2:] == ["FAIL  Something is not explained yet.", "Next:  ml-connector holds"]
    assert "warn  one to look at" in lines


def test_what_agrees_is_said_to_add_up_and_nothing_else_is() -> None:
    assert tie_out_lines(AGREED, None)[-2:] == [
        "ok    Everything adds up: unexplained 0.00, nothing open.", "Next:  ml-connector status",
    ]  # fmt: skip
    for other in (TIE_OUT, TieOut(months=["2026-11"], read_at=NOON, reports=[Report("R1", [row("-", "1", "2")])])):
        assert "adds up" not in text(tie_out_lines(other, None))


def test_open_differences_are_named_one_by_one() -> None:
    copied = Item("U7", "salesforce:Opportunity:006", Decimal(-1000), "INV 7 - \u202eAcme")
    places = Item("U4", "quickbooks:Invoice:8", Decimal(0), "QuickBooks PAID, Salesforce OPEN")
    old = Item("U1", "quickbooks:Invoice:9", Decimal("70.00"), "before the start date", open=False)
    yen = Row(Cell("2026-11", "JPY", "-"), 1, Decimal(0), 1, Decimal(1000), (copied, places))
    report = Report("R1", [yen, row("-", "70.00", "0.00", old)])
    lines = tie_out_lines(TieOut(months=["2026-11"], read_at=NOON, reports=[report]), None)
    assert [line for line in lines if line.startswith("open")] == [
        "open  U7 Opportunity:006 -1,000 JPY: marks of ours without a link, as on a copy (INV 7 - \\u202eAcme)",
        "open  U4 Invoice:8: status differs (QuickBooks PAID, Salesforce OPEN)",
    ]
    assert any("U1 Invoice:9 70.00 closed" in line for line in lines)


def test_many_open_differences_are_counted() -> None:
    items = [Item("U1", f"quickbooks:Invoice:{number}", Decimal("1.00")) for number in range(25)]
    report = Report("R1", [row("-", "25.00", "0.00", *items)])
    lines = tie_out_lines(TieOut(months=["2026-11"], read_at=NOON, reports=[report]), None)
    assert len([line for line in lines if line.startswith("open")]) == 20
    assert "      ... 5 more" in lines


def test_accounts_and_dims_have_their_names() -> None:
    report = Report("R2", [row("85|10|", "10", "10")])
    shown = tie_out_lines(TieOut(months=["2026-11"], read_at=NOON, reports=[report]), None, names=NAMES)
    assert any(line.startswith("1250 Unbilled Receivable, East, -  USD") for line in shown)


def test_the_demo_of_the_design() -> None:
    assert text(demo_lines(DEMO, 80)) == REHEARSAL


@pytest.mark.parametrize("width", WIDTHS)
def test_every_amount_is_whole_at_every_width(width: int | None) -> None:
    tie_out = TieOut(
        months=[LONG],
        read_at=NOON,
        reports=[*TIE_OUT.reports, Report("R1", [row(LONG, "912345678901.23", "-1")], [LONG])],
    )
    demo = copy.deepcopy(DEMO)
    demo["journal_entries"]["USD"]["debits"] = "912345678901.23"
    for lines in (tie_out_lines(tie_out, width), demo_lines(demo, width)):
        shown = [word for line in lines for word in line.split()]
        assert {"912,345,678,901.23", "64,860.55", "64,160.55", "700.00", "-500.00"} <= set(shown)
        assert width is None or all(width_of(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"converged": False}, "FAIL  After 41.2 s (seed 7) the two sides do not agree yet."),
        ({"journal_entries": {}}, "none"),
        ({"holds": []}, "nothing"),
        ({"holds": DEMO["holds"] * 12}, "      ... 2 more holds"),
        ({"conflicts": 1}, "1 value gave way, sealed in the log:  ml-connector conflicts"),
        (
            {"planted": {"expected": 26, "missing": [], "unexpected": []}},
            "ok    All 26 planted records are held, and no other.",
        ),
        (
            {"planted": {"expected": 1, "missing": ["V-EMAIL salesforce:Account:001"], "unexpected": []}},
            "FAIL  not held, though planted: V-EMAIL salesforce:Account:001",
        ),
        (
            {"planted": {"expected": 0, "missing": [], "unexpected": ["UNEXPECTED quickbooks:Invoice:7"]}},
            "FAIL  held, though not planted: UNEXPECTED quickbooks:Invoice:7",
        ),
        (
            {"journal_entries": {"USD": {"count": 1, "debits": "2.00", "credits": "1.00"}}},
            "USD           1    2.00     1.00  FAIL",
        ),
        (
            {"emulators": {"control_url": "http://127.0.0.1:4"}, "home": "/tmp/h"},
            "Everything keeps running until Ctrl+C: control door http://127.0.0.1:4, home /tmp/h",
        ),
        (
            {"live": [{"what": "an address in QuickBooks, on the account", "source": "webhook", "seconds": "0.37"}]},
            " 0.37 s  an address in QuickBooks, on the account, by a webhook",
        ),
    ],
)
def test_other_ends_of_the_demo(change: dict[str, Any], line: str) -> None:
    assert line in demo_lines({**DEMO, **change}, None)


def test_orders_must_add_up_in_count_and_money() -> None:
    orders = {"currency": "USD", "activated": 2, "posted": 1, "held": 1, "skipped": 0, "pending": 0}
    amounts = {"activated": "10.00", "posted": "6.00", "held": "4.00"}
    shown = text(demo_lines({**DEMO, "completeness": [{**orders, "amounts": amounts}]}, 80))
    assert "ok    2 activated = 1 posted + 1 held + 0 skipped + 0 pending" in shown
    assert "      10.00 USD = 6.00 + 4.00 + 0.00 + 0.00" in shown
    for wrong in ({"amounts": {**amounts, "held": "3.00"}}, {"amounts": amounts, "held": 0}):
        assert "FAIL  2 activated" in text(demo_lines({**DEMO, "completeness": [{**orders, **wrong}]}, 80))


def test_a_document_with_parts_missing_is_still_shown() -> None:
    assert demo_lines({}, 80)[-2].startswith("FAIL")

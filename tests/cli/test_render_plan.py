"""A plan as an accountant reads it, at every width."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ml_connector.cli.render_plan import plan_lines, plan_rows, question
from ml_connector.cli.text import width_of

from .samples import ACCOUNT, LINES, LONG, NAMES, WIDTHS, entry, held, line, plan

WIDE = """\
Acme Inc., PRODUCTION
Made 2026-11-22 21:40 UTC by mia

+ SFO-00001234-01  2026-11-10  USD  salesforce:Order:801000000001234AAA
    Dr 1250 Unbilled Receivable      East  SaaS        912.40
    Dr 1250 Unbilled Receivable      East  Services  2,500.00
    Dr 1250 Unbilled Receivable      West  -            45.00
    Cr 2450 Deferred Revenue [4000]  East  SaaS                  912.40
    Cr 2450 Deferred Revenue [4100]  East  Services            2,500.00
    Cr 2450 Deferred Revenue [4200]  West  -                      45.00
    balanced                                         3,457.40  3,457.40
+ 1 Account to create or match in Salesforce (customer to account)
held  salesforce:Order:00001301 salesforce:Order:00001302  9,000.00 USD  "Ops"
      could be East:Ops or West:Ops.
      fix:  Write the full name in Salesforce, or choose one in Mappings.

Plan 2026-11-22-03: 1 journal entry, 1 other write, 14 unchanged or skipped, 2
held.
Debits = credits 3,457.40 USD.
Nothing has been written.
Next: another person approves, then  ml-connector apply 2026-11-22-03
"""
NARROW = """\
+ SFO-00001234-01  2026-11-10  USD
  salesforce:Order:801000000001234AAA
  Dr 1250 Unbilled Receivable
    department  East
    class       SaaS
    debit       912.40
"""


def test_the_plan_of_the_design() -> None:
    view = plan(entry(), ACCOUNT, holds=(held(), held("00001302", "6000.00")))
    assert "\n".join(plan_lines(view, 80, title="Acme Inc., PRODUCTION", names=NAMES)) + "\n" == WIDE


def test_below_72_columns_each_field_has_its_line() -> None:
    assert NARROW in "\n".join(plan_lines(plan(entry()), 40, names=NAMES))


def test_wide_screens_say_why() -> None:
    assert "items 101,103,104" in "\n".join(plan_lines(plan(entry()), 120, names=NAMES))
    assert "items 101,103,104" not in "\n".join(plan_lines(plan(entry()), 119, names=NAMES))


@pytest.mark.parametrize("width", WIDTHS)
def test_every_amount_is_whole_at_every_width(width: int | None) -> None:
    big = [line("Debit", LONG, "912345678901.23", LONG, LONG, LONG), line("Credit", LONG, "912345678901.23", LONG)]
    lines = plan_lines(plan(entry(*big), entry(), holds=(held(text=LONG),)), width)
    shown = [word for text in lines for word in text.split()]
    assert shown.count("912,345,678,901.23") == 4
    assert {"912.40", "2,500.00", "45.00", "3,457.40", "912,345,682,358.63", "3,000.00"} <= set(shown)
    assert width is None or all(width_of(text) <= width for text in lines)


def test_an_entry_out_of_balance_says_so() -> None:
    lines = "\n".join(plan_lines(plan(entry(*LINES[:5])), None))
    assert "FAIL  out of balance by 45.00" in lines
    assert "FAIL  debits 3,457.40, credits 3,412.40 USD." in lines


def test_currencies_are_added_up_apart() -> None:
    yen = entry(line("Debit", "1", "40100"), line("Credit", "2", "40100"), currency="JPY")
    lines = plan_lines(plan(entry(), yen), None)
    assert "Debits = credits 3,457.40 USD." in lines
    assert "Debits = credits 40,100 JPY." in lines


def test_ten_entries_are_shown_and_all_on_demand() -> None:
    view = plan(*(entry(number=f"SFO-{number:08}-01") for number in range(12)))
    assert "  ... 2 more (--all)" in plan_lines(view, 80)
    assert sum(text.startswith("+ SFO") for text in plan_lines(view, 80)) == 10
    assert sum(text.startswith("+ SFO") for text in plan_lines(view, 80, whole=True)) == 12


def test_names_from_outside_are_harmless() -> None:
    posting = entry(line("Debit", "\x1b[2J", "1.00"), line("Credit", "\u202e9", "1.00"))
    view = plan(posting, holds=(held(text="\x1b]0;x\x07"),))
    shown = "\n".join(plan_lines(view, 80, title="\x1b[31mAcme"))
    assert not set(shown) & set("\x1b\x07\u202e")
    assert "\\u202e9" in shown


@pytest.mark.parametrize(
    ("state", "writes", "holds", "last"),
    [
        ("open", (entry(),), (), "Next: another person approves, then  ml-connector apply 2026-11-22-03"),
        ("open", (ACCOUNT,), (), "Next:  ml-connector apply 2026-11-22-03"),
        ("applied", (ACCOUNT,), (), "This plan is applied. Next:  ml-connector status"),
        ("open", (), (held(),), "Nothing is to be written. Next:  ml-connector holds"),
        ("open", (), (), "Nothing is to be written. Next:  ml-connector status"),
    ],
)
def test_the_last_line_says_what_to_do_next(state: str, writes: Any, holds: Any, last: str) -> None:
    assert plan_lines(plan(*writes, holds=holds, state=state), 80)[-1] == last


def test_in_a_rehearsal_nobody_else_is_needed() -> None:
    unproved = msgspec.structs.replace(plan(entry()), made_by="os:ana")
    assert plan_lines(unproved, None)[-2:] == [
        "Nobody has proved to be its maker: as nobody could be the second person, its entries cannot be approved.",
        "Next:  ml-connector plan  in a terminal, which asks who you are; a machine gives  --token-file FILE",
    ]
    assert plan_lines(unproved, 80, four_eyes=False)[-1] == "Next:  ml-connector apply 2026-11-22-03"
    assert plan_lines(plan(entry()), 80, four_eyes=False)[-1] == "Next:  ml-connector apply 2026-11-22-03"


def test_the_list_of_plans() -> None:
    assert plan_rows([plan(entry(), ACCOUNT)], 80) == [
        "Plan           State  Made                  By   Entries         Total",
        "2026-11-22-03  open   2026-11-22 21:40 UTC  mia        1  3,457.40 USD",
        "Next:  ml-connector apply 2026-11-22-03",
    ]
    assert plan_rows([], 80)[-1] == "Next:  ml-connector plan"


@pytest.mark.parametrize(
    ("writes", "asked"),
    [
        ((entry(), ACCOUNT, ACCOUNT), "1 journal entry, 3,457.40 USD, and 2 other writes to Acme Inc., PRODUCTION?"),
        ((entry(),), "1 journal entry, 3,457.40 USD to Acme Inc., PRODUCTION?"),
        ((ACCOUNT,), "1 other write to Acme Inc., PRODUCTION?"),
    ],
)
def test_the_question_repeats_count_total_and_company(writes: Any, asked: str) -> None:
    assert question(plan(*writes), "Acme Inc., PRODUCTION") == f"Apply plan 2026-11-22-03: {asked}"

"""The words of every hold (accounting-rules 0.5, design-brief section 6)."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ml_connector.model import holds
from ml_connector.model.plans import Hold
from ml_connector.model.triggers import on_day

REFERENCE_CODES = """
H-CUST-UNLINKED H-CUST-INACTIVE H-CUR-MISMATCH H-NO-RATE H-ITEM-UNMAPPED H-ITEM-INACTIVE H-ITEM-TYPE H-ACCT-MISSING
H-ACCT-INACTIVE H-ACCT-TYPE H-DIM-UNMAPPED H-DIM-AMBIGUOUS H-DIM-INACTIVE H-ALLOC-SUM H-TOTAL-MISMATCH H-CLOSED H-FUTURE
H-DOUBLE-COUNT H-TAX H-TERM H-SCHED-NEG H-OVER-REDUCTION H-REDUCTION-PRICE H-DEACTIVATED H-DRIFT H-DOCNUM H-PLAN-STALE
WAIT_CUSTOMER WAIT_PARENT CUSTOMER-MISSING PARENT-NOT-READY REVIEW-MATCH REVIEW-OPPORTUNITY
V-READY V-NAME V-CUR V-COUNTRY V-EMAIL V-LEN V-PARENT V-DUP CURRENCY-INACTIVE NAME-TAKEN
DUPLICATE-ALERT DUPLICATE-BLOCKED REFUSED-BY-QUICKBOOKS REFUSED-BY-SALESFORCE H-STAGE-MISSING
"""
NEVER = ["please", "sorry", "oops", "invalid", "illegal", "failed to", "error", "went wrong", "administrator", "!"]
ROOMS = [Path(holds.__file__).parents[1] / room for room in ("flows", "accounting")]


def texts(name: str) -> str:
    each = holds.WORDS[name]
    return " ".join((each.sentence, each.meaning, each.remedy, *((each.late.remedy,) if each.late else ())))


def test_every_code_of_the_rules_has_words() -> None:
    assert set(REFERENCE_CODES.split()) <= set(holds.CODES)
    assert all(each.code in holds.CODES for each in holds.WORDS.values())


@pytest.mark.parametrize("name", holds.WORDS)
def test_long_names_and_odd_characters_are_carried_whole(name: str) -> None:
    long = "Ä" * 298 + "{x"
    code, _, case = name.partition("/")
    facts = dict.fromkeys(holds.fact_names(name), long) | {"case": case}
    rendered = holds.render(code, facts, Decimal(4200), "USD")
    whole = f"{rendered.sentence} {rendered.meaning} {rendered.remedy}"
    assert whole.count(long) >= len(holds.fact_names(name))
    assert "(not known)" not in whole


@pytest.mark.parametrize("name", holds.WORDS)
def test_missing_facts_still_make_sentences(name: str) -> None:
    code, _, case = name.partition("/")
    rendered = holds.render(code, {"case": case} if case else {})
    for text in (rendered.sentence, rendered.meaning, rendered.remedy):
        assert re.fullmatch(r"[^a-z{}\s][^{}]*", text)


@pytest.mark.parametrize("name", holds.WORDS)
def test_the_words_keep_to_the_house_style(name: str) -> None:
    each = holds.WORDS[name]
    lowered = texts(name).lower()
    assert not [word for word in NEVER if word in lowered]
    assert "{code}" not in each.sentence
    assert each.code not in each.sentence
    assert all(text.endswith((".", "{message}", "{what}")) for text in (each.sentence, each.meaning, each.remedy))


def test_every_wait_that_is_nobodys_comes_to_an_end() -> None:
    """A day comes by itself; anything else is somebody's after a day (accounting-rules D.1)."""
    nobodys = [
        each for each in holds.WORDS.values() if each.actor == "nobody" and on_day("date") not in each.released_by
    ]
    assert [nobody.name for nobody in nobodys] == ["WAIT_CUSTOMER", "WAIT_PARENT"]
    assert {nobody.code: holds.ALLOWED[nobody.code] for nobody in nobodys} == dict.fromkeys(
        holds.ALLOWED, timedelta(days=1)
    )
    assert [nobody.late.actor for nobody in nobodys if nobody.late] == ["preparer", "preparer"]


LATE = [
    ({"customer": "Acme", "awaited": "quickbooks:Customer:7"}, "explain quickbooks:Customer:7  and settle that"),
    ({"customer": "Acme"}, "explain SYSTEM:KIND:ID  and settle that"),
]


@pytest.mark.parametrize(("facts", "remedy"), LATE)
def test_what_waits_too_long_has_an_owner_and_a_remedy(facts: dict[str, str], remedy: str) -> None:
    on_time, late = (holds.render("WAIT_CUSTOMER", facts, late=late) for late in (False, True))
    assert "Nothing to do" in on_time.remedy
    assert remedy in late.remedy
    assert on_time.sentence == late.sentence
    assert [holds.who_acts("WAIT_CUSTOMER", facts, late=late) for late in (False, True)] == ["nobody", "preparer"]


def test_what_has_no_end_is_never_late() -> None:
    facts = {"order": "7", "dim": "Class", "text": "Ops"}
    assert holds.render("H-DIM-UNMAPPED", facts, late=True) == holds.render("H-DIM-UNMAPPED", facts)
    assert holds.who_acts("H-DIM-UNMAPPED", facts, late=True) == "preparer"
    assert holds.who_acts("NO-SUCH-CODE", {}) == "preparer"


ABOUT_MONEY = {name for name in holds.WORDS if name.startswith("H-") and name != "H-STAGE-MISSING"}


@pytest.mark.parametrize("name", sorted(ABOUT_MONEY))
def test_a_held_order_names_its_amount(name: str) -> None:
    assert "{money}" in texts(name)


RENDERED = [
    (
        Hold(
            code="H-CLOSED",
            facts={"order": "00001008", "date": "2026-10-28", "closed_to": "2026-10-31"},
            amount=Decimal(4200),
            currency="USD",
        ),
        "Order 00001008 is dated 2026-10-28, the books are closed to 2026-10-31.",
        "4,200.00 USD is in no month yet.",
    ),
    (
        Hold(code="H-DIM-UNMAPPED", facts={"dim": "Class", "text": "Hard\tware\n", "order": "7"}),
        'Class "Hard ware" is not in QuickBooks.',
        "Order 7, an amount not known, waits; nothing is created there by us.",
    ),
    (
        Hold(code="H-DIM-UNMAPPED", facts={"case": "none", "dim": "class", "line": "01", "order": "7"}),
        "Line 01 of order 7 has no class.",
        "An amount not known would stand outside every report by class.",
    ),
    (
        Hold(code="V-EMAIL", facts={"account": "Globex {0.__class__}", "case": "no such case"}),
        "The billing e-mail of account Globex {0.__class__} is not an e-mail address.",
        "No customer is created for it; its orders wait.",
    ),
    (
        Hold(code="H-NEW", facts={"name": "Order 7"}, amount=Decimal(5), currency="JPY"),
        "Order 7 is held for the reason H-NEW.",
        "Nothing was changed by it; 5 JPY waits.",
    ),
]


@pytest.mark.parametrize(("hold", "sentence", "meaning"), RENDERED)
def test_rendered(hold: Hold, sentence: str, meaning: str) -> None:
    rendered = holds.render_hold(hold)
    assert (rendered.sentence, rendered.meaning) == (sentence, meaning)
    assert rendered.remedy


def codes_in(path: Path) -> set[str]:
    """The literal codes that a file gives to `Hold(code=...)` or to a helper as `code=`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    values = [word.value for call in calls for word in call.keywords if word.arg == "code"]
    return {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def test_flows_hold_only_for_reasons_that_have_words() -> None:
    used = {code for room in ROOMS for path in room.rglob("*.py") for code in codes_in(path)}
    assert used <= set(holds.CODES), used - set(holds.CODES)

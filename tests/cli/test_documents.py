"""What machines get: the same figures as people, as decimal text, in one document."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ml_connector.cli.documents import plan_document, tie_out_document
from ml_connector.cli.output import Screen

from .samples import ACCOUNT, AGREED, DEMO, STATUS, TIE_OUT, entry, held, hold, plan


def document(value: Any, schema: str) -> Any:
    out = io.StringIO()
    Screen(json=True, out=out).document(value, schema)
    assert out.getvalue().count("\n") == 1
    return json.loads(out.getvalue())


def test_a_plan_has_its_holds_in_words_and_its_totals() -> None:
    shown = document(plan_document(plan(entry(), ACCOUNT, holds=(held(),)), "Acme Inc."), "plan")
    assert shown["schema"] == "ml-connector/plan/1"
    assert shown["counts"] == {"journal_entries": 1, "other_writes": 1, "held": 1, "unchanged_or_skipped": 14}
    assert shown["totals"] == {"USD": {"debits": "3457.40", "credits": "3457.40"}}
    assert shown["holds"][0]["sentence"] == '"Ops" could be East:Ops or West:Ops.'
    assert shown["holds"][0]["amount"] == "3000.00"
    assert shown["writes"][0]["body"]["DocNumber"] == "SFO-00001234-01"
    assert shown["made_at"] == "2026-11-22T21:40:00Z"


def test_a_tie_out_has_what_people_see() -> None:
    shown = document(tie_out_document(TIE_OUT), "tie-out")
    total = shown["reports"][0]["totals"][0]
    assert (total["difference"], total["explained"], total["unexplained"]) == ("700.00", "700.00", "0.00")
    assert shown["reports"][0]["rows"][0]["items"] == [
        {"reason": "U1", "record": "quickbooks:Invoice:1043", "amount": "1200.00", "says": "", "open": True}
    ]
    assert shown["reports"][1]["completeness"][0]["adds_up"] is True
    assert (shown["agrees"], shown["adds_up"], shown["open"]) == (False, True, 2)
    assert document(tie_out_document(AGREED), "tie-out")["agrees"] is True


@pytest.mark.parametrize(("value", "schema", "name"), [(STATUS, "status", "holds"), ([hold()], "holds", "items")])
def test_values_of_actions_go_out_as_they_are(value: Any, schema: str, name: str) -> None:
    shown = document(value, schema)
    assert shown["schema"] == f"ml-connector/{schema}/1"
    assert name in shown


def test_the_demo_goes_out_unchanged() -> None:
    assert document(DEMO, "") == DEMO

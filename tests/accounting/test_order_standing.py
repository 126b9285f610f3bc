"""How far an order is, by itself, its posting and the rules (accounting-rules A.2, B.1, C.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.entry import EntryPart
from ml_connector.accounting.order_standing import Standing, standing_of
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Template

ENTRY = Ref("quickbooks", "JournalEntry", "9")
POSTED = Link(Role.JOURNAL, ENTRY, ENTRY, {"date": "2026-11-10"})


def standing(
    fields: Mapping[str, Any], posted: Link | None = None, missing: tuple[EntryPart, ...] = (), **rules: Any
) -> Standing:
    order = books.sales_order(**fields)
    return standing_of(order, posted, missing, msgspec.structs.replace(books.RULES, **rules))


ZERO = {"OrderItems": (books.sales_line(1, "5.00"), books.sales_line(2, "-5.00"))}
STANDINGS: list[tuple[str, Mapping[str, Any], Mapping[str, Any], Standing]] = [
    ("due", {}, {}, "due"),
    ("a reduction order", {"IsReductionOrder": True}, {}, Reason.REDUCTION_ORDER),
    ("a draft", {"StatusCode": "Draft"}, {}, Reason.NOT_ACTIVATED),
    ("no template", {}, {"template": None}, Reason.NO_TEMPLATE),
    ("a template that posts nothing", {}, {"template": Template(id="T0")}, Reason.NO_TEMPLATE),
    ("activated before the start", {}, {"start_date": date(2026, 11, 11)}, Reason.BEFORE_START),
    ("on the first day", {}, {"start_date": date(2026, 11, 10)}, "due"),
    ("no amount on any line", {"OrderItems": (books.sales_line(1, "0.00"),)}, {}, Reason.ZERO),
    ("amounts that may fall on different keys", ZERO, {}, "due"),
]


@pytest.mark.parametrize(("name", "fields", "rules", "expected"), STANDINGS)
def test_standing(name: str, fields: Mapping[str, Any], rules: Mapping[str, Any], expected: Standing) -> None:
    assert standing(fields, **rules) == expected


def test_what_is_posted_stays_posted_whatever_the_settings() -> None:
    part = books.build().parts[0]
    assert standing({}, POSTED, template=None) == "posted"
    assert standing({}, POSTED, (part,), start_date=date(2026, 12, 1)) == "in_parts"


@pytest.mark.parametrize("missing", [(), (1,)])
def test_posted_and_set_back_to_draft(missing: tuple[int, ...]) -> None:
    parts = tuple(books.build().parts[0] for _ in missing)
    assert books.held(lambda: standing({"StatusCode": "Draft"}, POSTED, parts)) == "H-DEACTIVATED"


def test_no_go_live_day() -> None:
    assert books.held(lambda: standing({}, start_date=None)) == "H-START-DATE"


def test_a_line_that_shows_no_amount() -> None:
    fields = {"OrderItems": (books.sales_line(1, None),)}
    assert books.held(lambda: standing(fields)) == "H-ORDER-DATA"


def test_while_the_template_is_not_signed_as_it_stands_all_that_is_due_waits() -> None:
    part = books.build().parts[0]
    doubted: dict[str, Any] = {"template": None, "template_doubted": True}
    assert books.held(lambda: standing({}, **doubted)) == "H-UNSIGNED"
    assert books.held(lambda: standing({}, POSTED, (part,), **doubted)) == "H-UNSIGNED"
    assert standing({}, POSTED, **doubted) == "posted"
    assert standing({"StatusCode": "Draft"}, **doubted) == Reason.NOT_ACTIVATED

"""What a posted order must have posted, whatever changed since (accounting-rules G, R2)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.dim_names import name_ref, renames
from ml_connector.accounting.expected import expected_posting, order_then
from ml_connector.accounting.order_entry import Rates, order_posting
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Department, Reference
from ml_connector.systems.salesforce.records import SObject

ENTRY = Ref("quickbooks", "JournalEntry", "9")
MOVED = Department(id="11", name="Bay", fully_qualified_name="North East:Bay")


def posted(**agreed: str) -> Link:
    return Link(Role.JOURNAL, ENTRY, ENTRY, agreed)


def departments(scope: Any, link: Link | None = None) -> set[str]:
    return {line.department for line in expected_posting(scope, link).entry.parts[0].draft.lines}


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("text", ["East:Boston", "Boston"])
def test_neither_the_end_of_a_name_nor_a_deactivation_changes_history(text: str, active: bool) -> None:
    entry = msgspec.structs.replace(MOVED, active=active)
    key = "11" if ":" in text else "leaf 11"
    name = name_ref("department", text)
    link = Link(Role.DIM_ALIAS, name, Ref("quickbooks", "Department", "11"), {key: "2026-11-01"})
    aliases = renames([("department", text)], lambda _: [link], past=True)
    tables = books.tables(departments={**books.DEPARTMENTS, "11": entry}, renames=aliases)
    order = books.sales_order(books.sales_line(1, dims=f"{text}/SaaS"))
    assert departments(books.scope(order, tables=tables, today=date(2027, 11, 22))) == {"11"}


def test_books_closed_since_do_not_matter() -> None:
    closed = books.tables(preferences=books.preferences(closed="2026-11-30"))
    scope = books.scope(tables=closed, rules=msgspec.structs.replace(books.RULES, lock_date=date(2026, 12, 31)))
    assert books.held(lambda: order_posting(scope)) == "H-CLOSED"
    assert expected_posting(scope, None).entry.parts[0].draft.txn_date == date(2026, 11, 10)


def test_a_list_is_cut_as_it_was_posted() -> None:
    order = books.sales_order(books.sales_line(1), books.sales_line(2, dims="West/SaaS"))
    rules = msgspec.structs.replace(books.RULES, max_lines=2)
    assert len(expected_posting(books.scope(order, rules=rules), posted()).entry.parts) == 1
    assert len(expected_posting(books.scope(order), posted(max_lines="2")).entry.parts) == 2


def test_the_rate_is_the_one_it_was_posted_at() -> None:
    customer = msgspec.structs.replace(books.CUSTOMER, currency_ref=Reference("EUR"))
    later = Rates(quickbooks=Decimal("1.2"), last=Decimal("1.2"))
    scope = books.scope(books.sales_order(CurrencyIsoCode="EUR"), customer=customer, rates=lambda _: later)
    rates = [expected_posting(scope, link).entry.parts[0].draft.exchange_rate for link in (posted(rate="1.085"), None)]
    assert rates == [Decimal("1.085000"), Decimal("1.200000")]


def test_the_allocation_is_that_of_its_day() -> None:
    account = SObject("Account", books.ACCOUNT_ID, {"Name": "Globex LLC", "Department__c": "West", "Class__c": "SaaS"})
    order = books.sales_order(books.sales_line(1, dims="-/-"), Account=account)
    link = posted(account_department="East", account_class="SaaS")
    assert departments(books.scope(order_then(order, link)), link) == {"10"}
    assert order_then(order, None) is order


def test_a_product_that_lost_its_item_is_told() -> None:
    scope = books.scope(tables=books.tables(items={}))
    assert books.held(lambda: expected_posting(scope, posted())) == "H-ITEM-UNMAPPED"

"""From order lines to entry lines: item, account, department, class (accounting-rules B.3, B.4, B.7)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accounting import books
from ml_connector.accounting.order_lines import ResolvedLine, dim_names, gross_of, line_number, net_of, resolve_line
from ml_connector.model.flags import Flag
from ml_connector.model.rules import AccountRule, DimDefault
from ml_connector.systems.quickbooks.records import Item, Reference
from ml_connector.systems.salesforce.records import SObject

CLASS_OF_ITEM = msgspec.structs.replace(books.ITEMS["501"], class_ref=Reference("400"))


def text(kind: str, department: str = "", class_: str = "", family: str = "") -> SObject:
    return SObject(kind, "", {"Department__c": department, "Class__c": class_, "Family": family})


def resolved(line: SObject, tables: dict[str, Any] | None = None, order: Any = None, **rules: Any) -> ResolvedLine:
    return resolve_line(
        books.sales_order(line, **(order or {})), line, books.tables(**(tables or {})),
        msgspec.structs.replace(books.RULES, **rules), books.scope().today,
    )  # fmt: skip


LEVELS: list[tuple[str, str, dict[str, Any], tuple[str, str]]] = [
    ("the line", "East/SaaS", {"Department__c": "West", "Class__c": "Services"}, ("10", "300")),
    ("then the order", "-/-", {"Department__c": "West", "Class__c": "SaaS"}, ("20", "300")),
    ("then the opportunity", "-/-", {"Opportunity": text("Opportunity", "HQ", "SaaS"),
                                     "Account": text("Account", "East", "Services")}, ("30", "300")),
    ("then the account", "-/-", {"Account": text("Account", "East:Boston", "Services")}, ("11", "400")),
    ("each by itself", "West/-", {"Account": text("Account", "East", "SaaS")}, ("20", "300")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "dims", "order", "expected"), LEVELS)
def test_b4_which_text_counts(name: str, dims: str, order: dict[str, Any], expected: tuple[str, str]) -> None:
    line = resolved(books.sales_line(1, dims=dims), order=order).entry_line
    assert (line.department, line.class_) == expected


def test_b4_the_class_of_the_item_comes_before_the_default() -> None:
    default = (DimDefault(department="30", class_="300"),)
    line = resolved(books.sales_line(1, dims="-/-"), {"items": {"501": CLASS_OF_ITEM}}, dim_defaults=default).entry_line
    assert (line.department, line.class_) == ("30", "400")


def test_b4_a_default_may_be_blank_and_that_of_the_family_comes_first() -> None:
    defaults = (DimDefault(department="30", class_="300"), DimDefault(family="shipping", class_="blank"))
    product = SObject("Product2", "01t", {"StockKeepingUnit": "SHIP", "Family": "Shipping"})
    line = resolved(books.sales_line(1, dims="-/-", Product2=product), dim_defaults=defaults).entry_line
    assert (line.department, line.class_) == ("30", "")


def test_b4_nothing_says_it() -> None:
    assert books.held(lambda: resolved(books.sales_line(1, dims="-/SaaS"))) == "H-DIM-UNMAPPED"


def test_tracking_that_is_off_is_left_out_only_where_a_person_said_so() -> None:
    off = {"preferences": books.preferences(tracking=False)}
    assert books.held(lambda: resolved(books.sales_line(1), off)) == "H-DIM-INACTIVE"
    found = resolved(books.sales_line(1), off, dim_defaults=(DimDefault(department="blank", class_="blank"),))
    assert (found.entry_line.department, found.entry_line.class_, found.flags) == ("", "", (Flag.DIM_OMITTED,))


def test_b3_the_account_by_rule_or_item() -> None:
    rule = AccountRule(account=books.ID["4100"], sku="SUB")
    assert resolved(books.sales_line(1)).entry_line.account == books.ID["4000"]
    found = resolved(books.sales_line(1), account_rules=(rule,))
    assert (found.entry_line.account, found.item) == (books.ID["4100"], "501"), "the item is required all the same"


def test_b7_shipping_without_an_item_goes_to_its_account() -> None:
    product = SObject("Product2", "01t", {"Name": "Freight", "Family": "Shipping"})
    line = books.sales_line(1, Product2=product)
    assert resolved(line, shipping_account=books.ID["4200"]).entry_line.account == books.ID["4200"]
    assert books.held(lambda: resolved(line)) == "H-ITEM-UNMAPPED"


def test_stock_is_not_moved_by_an_entry() -> None:
    stock = Item(id="9", name="Box", type="Inventory", sku="SUB", income_account_ref=Reference(books.ID["4000"]))
    found = resolved(books.sales_line(1), {"items": {"9": stock}})
    assert (found.flags, found.matched_item) == ((Flag.INVENTORY_NOT_MOVED,), "9")


def test_dim_names_are_those_that_count() -> None:
    lines = (books.sales_line(1, dims="West/-"), books.sales_line(2, dims="-/SaaS"))
    order = books.sales_order(*lines, Department__c="East", Class__c="Services")
    assert dim_names(order) == [
        ("department", "West"),
        ("class", "Services"),
        ("department", "East"),
        ("class", "SaaS"),
    ]


def test_b1_amounts_of_a_line() -> None:
    line = books.sales_line(1, "33.335", ListPrice=None, AdjustedLineAmount=None)
    assert (str(net_of(line)), gross_of(line), line_number(line)) == ("33.335", None, "0000000001")
    assert books.held(lambda: net_of(books.sales_line(1, None))) == "H-ORDER-DATA"

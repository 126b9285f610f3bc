"""From product to item to account (accounting-rules B.3, B.3a)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accounting.books import ID, ITEMS, posted
from ml_connector.accounting.chart import Chart, Mapped, Product, income_account, mapped_item, required_item
from ml_connector.model.held import Held
from ml_connector.model.rules import AccountRule, Template
from ml_connector.systems.quickbooks.records import Account, Item

SUB = ITEMS["501"]
TWIN = Item(id="510", name="Subscription old", type="Service", sku="sub")


def product(**given: Any) -> Product:
    return Product(**{"id": "01t1", "name": "SaaS seat", **given})


def attempt(wanted: Product, items: dict[str, Item], stored: dict[str, str], shared: frozenset[str]) -> Any:
    try:
        return mapped_item(wanted, items, stored, shared)
    except Held as held:
        return held.code, held.facts.get("case")


MAPPINGS: list[tuple[str, Product, dict[str, Any], Any]] = [
    ("stored first", product(item_id="502", sku="SHIP"), {"stored": {"01t1": "501"}}, Mapped(SUB, "mapping")),
    ("then the id on it", product(item_id="501", sku="SHIP"), {}, Mapped(SUB, "QBO_Item_Id__c")),
    ("then its SKU", product(sku="sub", product_code="SHIP"), {}, Mapped(SUB, "SKU", by_code=True)),
    ("else its code", product(product_code="Sub"), {}, Mapped(SUB, "SKU", by_code=True)),
    ("SKU hides the code", product(sku="NOPE", product_code="SUB"), {}, None),
    ("never by name", product(name="Subscription"), {}, None),
    ("an id that is not there", product(item_id="999", sku="SUB"), {}, ("H-ITEM-UNMAPPED", "gone")),
    ("two items", product(sku="SUB"), {"more": [TWIN]}, ("H-ITEM-UNMAPPED", "several")),
    (
        "an inactive item does not count beside an active one",
        product(sku="SUB"),
        {"more": [msgspec.structs.replace(TWIN, active=False)]},
        Mapped(SUB, "SKU", by_code=True),
    ),
    ("two products", product(sku="SUB"), {"shared": frozenset({"01t1"})}, ("H-ITEM-UNMAPPED", "shared")),
]


@pytest.mark.parametrize(("name", "wanted", "given", "expected"), MAPPINGS)
def test_mapped_item(name: str, wanted: Product, given: dict[str, Any], expected: Any) -> None:
    items = {**ITEMS, **{each.id: each for each in given.get("more", [])}}
    found = attempt(wanted, items, given.get("stored", {}), given.get("shared", frozenset()))
    assert found == expected


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"active": False, "name": "Subscription (deleted)"}, "H-ITEM-INACTIVE"),
        ({"type": "Group"}, "H-ITEM-TYPE"),
        ({"type": "Category"}, "H-ITEM-TYPE"),
        ({"type": ""}, "H-ITEM-TYPE"),
    ],
)
def test_items_that_cannot_be_posted(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Held) as caught:
        required_item(product(sku="SUB"), {"501": msgspec.structs.replace(SUB, **change)}, {})
    assert (caught.value.code, caught.value.facts["item"]) == (code, "Subscription")


SKU_RULE = AccountRule(account="80", sku="SUB")
FAMILY_RULE = AccountRule(account="9", family="Software")


@pytest.mark.parametrize(
    ("wanted", "rules", "expected"),
    [
        (product(sku="SUB", family="Software"), (FAMILY_RULE, SKU_RULE), ("80", "rule for SKU SUB")),
        (product(sku="SRV", family="Software"), (FAMILY_RULE, SKU_RULE), ("9", "rule for family Software")),
        (product(sku="sub"), (SKU_RULE,), (ID["4000"], "item Subscription")),  # exact means exact
        (product(), (), (ID["4000"], "item Subscription")),
    ],
)
def test_income_account(wanted: Product, rules: tuple[AccountRule, ...], expected: tuple[str, str]) -> None:
    assert income_account(wanted, SUB, rules) == expected


def test_an_item_without_an_income_account() -> None:
    with pytest.raises(Held) as caught:
        income_account(product(sku="API-CALLS"), Item(id="1", name="API", type="Service"), ())
    assert (caught.value.code, caught.value.facts) == ("H-ACCT-MISSING", {"product": "API-CALLS"})


def chart(accounts: dict[str, Account], currency: str = "USD", *, by_number: bool = True) -> Chart:
    return Chart(accounts=accounts, currency=currency, home="USD", by_number=by_number)


def test_accounts_go_by_number_where_numbers_are_on() -> None:
    assert chart(posted()).number(ID["4000"]) == "4000"
    assert chart(posted(), by_number=False).number(ID["4000"]) == ID["4000"]
    assert chart(posted(**{"4000": {"acct_num": ""}})).number(ID["4000"]) == ID["4000"]
    assert chart(posted(), by_number=False).label(ID["4000"]) == "Subscription"


@pytest.mark.parametrize(
    ("currency", "number", "code"),
    [
        ("USD", "1250", None),
        ("EUR", "1250", None),
        ("EUR", "1110", None),
        ("GBP", "1110", "H-CUR-MISMATCH"),
        ("USD", "1110", "H-CUR-MISMATCH"),
    ],
)
def test_unbilled_may_be_in_home_or_entry_currency(currency: str, number: str, code: str | None) -> None:
    accounts = posted(**{"1110": {"account_type": "Other Current Asset"}})
    try:
        chart(accounts, currency).unbilled(Template(id="T2", unbilled=ID[number]))
        found = None
    except Held as held:
        found = held.code
    assert found == code

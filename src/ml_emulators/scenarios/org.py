"""Setting up the Salesforce org: products and price books in both currencies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from .books import Books
from .goods import Good, euros
from .stage import Json, Stage

CURRENCIES = ("USD", "EUR")


@dataclass
class Shop:
    """Ids of products by SKU, of the custom price book, and of its entries by (SKU, currency)."""

    products: dict[str, str] = field(default_factory=dict)
    book: str = ""
    entries: dict[tuple[str, str], str] = field(default_factory=dict)


def set_up(stage: Stage, books: Books, goods: Iterable[Good], currencies: Iterable[str] = CURRENCIES) -> Shop:
    """Products that map to items in the ways of accounting-rules B.3a, standard prices, then a custom book."""
    shop = Shop()
    standard = _standard(stage)
    shop.book = stage.sf("create", "Pricebook2", {"Name": "Direct Sales", "IsActive": True})["Id"]
    for good in goods:
        shop.products[good.sku] = stage.sf("create", "Product2", _product_body(books, good))["Id"]
        for currency in (stage.shape.home,) if stage.shape.home else currencies:
            price = good.price if currency == "USD" else euros(good.price)
            _entry(stage, shop, standard, good.sku, currency, price)
            shop.entries[good.sku, currency] = _entry(stage, shop, shop.book, good.sku, currency, price)
    return shop


def _standard(stage: Stage) -> str:
    books = stage.emulation.vendors["salesforce"].records("Pricebook2")
    return next(str(book["Id"]) for book in books if book.get("IsStandard"))


def _entry(stage: Stage, shop: Shop, book: str, sku: str, currency: str, price: Decimal) -> str:
    body = {
        "Pricebook2Id": book,
        "Product2Id": shop.products[sku],
        "CurrencyIsoCode": currency,
        "UnitPrice": price,
        "IsActive": True,
    }
    return str(stage.sf("create", "PricebookEntry", body)["Id"])


def _product_body(books: Books, good: Good) -> Json:
    body: Json = {"Name": good.name, "Family": good.family, "IsActive": True}
    if good.mapping == "sku":
        return body | {"StockKeepingUnit": good.sku, "ProductCode": good.sku}
    if good.mapping == "other case":
        return body | {"StockKeepingUnit": good.sku.lower()}
    if good.mapping == "product code":
        return body | {"ProductCode": good.sku}
    if good.mapping == "item id":
        return body | {"ProductCode": f"P-{good.name[:3].upper()}", "QBO_Item_Id__c": books.items[good.sku]}
    return body | {"StockKeepingUnit": good.sku}

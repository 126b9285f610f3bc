"""Records that are as they should be, among those full of random texts, and what must become of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from .company import QUICKBOOKS, SALESFORCE, Company, Json, book, order, sales

_PRICE = 185
_NAMES = (
    ("Quince Quarry", "Ottoline Press", "Umber Gate"), ("Vesper Glass", "Juniper Rail", "Ibex Optics"),
    ("Walnut Ferry", "Nimbus Cork", "Yarrow Mint"), ("Gannet Loom", "Zinc Harbor", "Ermine Tools"),
    ("Krill Canoe", "Xenon Bakery", "Dahlia Forge"), ("Raven Salt", "Lupine Tiles", "Hazel Pumps"),
)  # fmt: skip
MOST = len(_NAMES)


class Stall:
    """What the neighbours sell, and where: an item and its product, a department and a class."""

    def __init__(self, company: Company) -> None:
        keep, income = company.keep_clean, company.rows(QUICKBOOKS, "Item")[0]["IncomeAccountRef"]
        product: Json = {"Name": "Stall Hour", "StockKeepingUnit": "STALL-1", "IsActive": True}
        self.item = keep(
            QUICKBOOKS, "Item", {"Name": "Stall Hour", "Sku": "STALL-1", "Type": "Service", "IncomeAccountRef": income}
        )
        made = keep(SALESFORCE, "Product2", product)
        standard = next(row["Id"] for row in company.rows(SALESFORCE, "Pricebook2") if row.get("IsStandard"))
        price: Json = {"Product2Id": made, "CurrencyIsoCode": "USD", "UnitPrice": Decimal(_PRICE), "IsActive": True}
        keep(SALESFORCE, "PricebookEntry", {**price, "Pricebook2Id": standard})
        self.entry = keep(SALESFORCE, "PricebookEntry", {**price, "Pricebook2Id": book(company)})
        keep(QUICKBOOKS, "Department", {"Name": "Stall"})
        keep(QUICKBOOKS, "Class", {"Name": "Stalls"})


class Neighbour:
    """Customer and account in step, a new customer, a new account, an invoice and an order."""

    def __init__(self, company: Company, stall: Stall, number: int) -> None:
        self._company = company
        self._stall = stall
        self._pair_name, self._books_name, self._sales_name = _NAMES[number]
        self._amount = 1_000 + 37 * number
        self._quantity = number + 1
        self._account = self._order = ""

    def plant(self) -> None:
        keep, currency = self._company.keep_clean, {"value": "USD"}
        customer = keep(QUICKBOOKS, "Customer", {"DisplayName": self._pair_name, "CurrencyRef": currency})
        mark = f"{self._company.realm}:{customer}"
        self._account = keep(
            SALESFORCE, "Account", {"Name": self._pair_name, "QBO_Id__c": mark, "CurrencyIsoCode": "USD"}
        )
        place = {"Line1": "1 Elm Street", "City": "Salem", "Country": "US"}
        keep(QUICKBOOKS, "Customer", {"DisplayName": self._books_name, "CurrencyRef": currency, "BillAddr": place})
        billing = {"BillingStreet": "2 Elm Street", "BillingCity": "Salem", "BillingCountry": "United States"}
        account: Json = {"Name": self._sales_name, "CurrencyIsoCode": "USD", "QBO_Ready__c": True}
        keep(SALESFORCE, "Account", {**account, **billing})
        keep(QUICKBOOKS, "Invoice", sales(customer, self._stall.item, self._amount))
        self._sell()

    def _sell(self) -> None:
        keep, where = self._company.keep_clean, {"Department__c": "Stall", "Class__c": "Stalls"}
        self._order = keep(SALESFORCE, "Order", {**order(self._company, self._account), **where})
        line = {"Quantity": Decimal(self._quantity), "UnitPrice": Decimal(_PRICE)}
        keep(SALESFORCE, "OrderItem", {"OrderId": self._order, "PricebookEntryId": self._stall.entry, **line})
        self._company.act(SALESFORCE, "update", "Order", {"Id": self._order, "Status": "Activated"})

    def lost(self) -> Iterator[str]:
        """What did not arrive on the other side as it should."""
        yield from self._one(SALESFORCE, "Account", "Name", self._books_name, BillingCity="Salem")
        yield from self._one(QUICKBOOKS, "Customer", "DisplayName", self._sales_name)
        yield from self._invoice()
        yield from self._posting()

    def _one(self, system: str, kind: str, field: str, value: str, **values: object) -> Iterator[str]:
        rows = [row for row in self._company.rows(system, kind) if row.get(field) == value]
        if len(rows) != 1:
            yield f"{len(rows)} {kind} {value}"
        for name, expected in values.items():
            yield from (f"{kind} {value}: {name} is {row.get(name)!r}" for row in rows if row.get(name) != expected)

    def _invoice(self) -> Iterator[str]:
        rows = self._company.rows(SALESFORCE, "Opportunity")
        amounts = [row.get("Amount") for row in rows if row.get("AccountId") == self._account]
        if amounts != [Decimal(self._amount)]:
            yield f"{self._pair_name}: the invoice over {self._amount} shows as {amounts}"

    def _posting(self) -> Iterator[str]:
        row = next(row for row in self._company.rows(SALESFORCE, "Order") if row["Id"] == self._order)
        entries = self._company.rows(QUICKBOOKS, "JournalEntry")
        debits = [_debits(entry) for entry in entries if self._order in str(entry.get("PrivateNote"))]
        if debits != [Decimal(_PRICE * self._quantity)] or not row.get("QBO_Journal_Entry__c"):
            yield f"{self._pair_name}: the order is posted as {debits}, marked {row.get('QBO_Journal_Entry__c')!r}"


def _debits(entry: Json) -> Decimal:
    sides = [(line.get("JournalEntryLineDetail") or {}, line.get("Amount")) for line in entry["Line"]]
    return sum((Decimal(amount) for detail, amount in sides if detail.get("PostingType") == "Debit"), Decimal(0))

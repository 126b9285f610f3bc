"""Everyday bookkeeping in QuickBooks: invoices, payments, credit memos, voids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from .books import Books, ref
from .goods import Good, euros
from .people import Client
from .stage import Json, Stage

TAX_RATE = Decimal("0.0825")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """A line of an invoice or an order: `price` per unit, in the document's currency."""

    good: Good
    quantity: Decimal
    price: Decimal
    class_name: str = ""
    department: str = ""

    @property
    def net(self) -> Decimal:
        """Quantity times price, to the cent."""
        return (self.quantity * self.price).quantize(CENT)


@dataclass(frozen=True)
class Invoice:
    """What an invoice shall say. `discount` is an amount off the sum of the lines; `note` the private note."""

    client: Client
    day: date
    lines: Sequence[Line]
    department: str = ""
    discount: Decimal = Decimal(0)
    taxed: bool = False
    email: str = ""
    note: str = ""
    memo: str = ""
    number: str = ""

    @property
    def net(self) -> Decimal:
        """The lines less the discount, without tax, in the document's currency."""
        return sum((line.net for line in self.lines), Decimal(0)) - self.discount


def price(good: Good, currency: str) -> Decimal:
    """Per unit: in USD as the good has it, else worked out in euros."""
    return good.price if currency == "USD" else euros(good.price)


def random_lines(random: Random, goods: Sequence[Good], currency: str, most: Decimal) -> list[Line]:
    """One to three lines whose sum is at most `most`."""
    lines: list[Line] = []
    left = most
    fitting = [good for good in goods if price(good, currency) <= most]
    for good in random.sample(fitting, random.choice((1, 1, 2, 2, 3))):
        unit_price = price(good, currency)
        quantity = min(random.randrange(1, 13), int(left // unit_price))
        if quantity:
            lines.append(Line(good, Decimal(quantity), unit_price, good.class_name))
            left -= unit_price * quantity
    return lines


def add_invoice(stage: Stage, books: Books, invoice: Invoice) -> Json:
    """Make the invoice; the record."""
    return stage.qbo("create", "Invoice", invoice_body(books, invoice))


def invoice_body(books: Books, invoice: Invoice) -> Json:
    """The body of an Invoice; amounts in the client's currency."""
    body: Json = {
        "CustomerRef": ref(invoice.client.customer),
        "TxnDate": invoice.day.isoformat(),
        "CurrencyRef": ref(invoice.client.currency),
        "Line": [_item_line(books, line) for line in invoice.lines],
    }
    if invoice.discount:
        detail = {"PercentBased": False, "DiscountAccountRef": ref(books.accounts["4900"])}
        off = {"DetailType": "DiscountLineDetail", "Amount": invoice.discount, "DiscountLineDetail": detail}
        body["Line"].append(off)
    if invoice.taxed:
        body["TxnTaxDetail"] = {"TotalTax": (invoice.net * TAX_RATE).quantize(CENT)}
    if invoice.department:
        body["DepartmentRef"] = ref(books.departments[invoice.department])
    texts = {"PrivateNote": invoice.note, "DocNumber": invoice.number}
    body |= {name: text for name, text in texts.items() if text}
    if invoice.memo:
        body["CustomerMemo"] = {"value": invoice.memo}
    email = invoice.email or invoice.client.bill_email
    if email:
        body["BillEmail"] = {"Address": email}
    return body


def _item_line(books: Books, line: Line) -> Json:
    """The body of a sales line."""
    detail: Json = {"ItemRef": ref(books.items[line.good.sku]), "Qty": line.quantity, "UnitPrice": line.price}
    if line.class_name:
        detail["ClassRef"] = ref(books.classes[line.class_name])
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": line.net,
        "Description": line.good.name,
        "SalesItemLineDetail": detail,
    }


def pay(stage: Stage, customer: str, currency: str, day: date, parts: Sequence[tuple[str, Decimal]]) -> Json:
    """A payment of invoices: (invoice id, amount) for each."""
    lines = [{"Amount": amount, "LinkedTxn": [linked("Invoice", invoice)]} for invoice, amount in parts]
    body = {
        "CustomerRef": ref(customer),
        "CurrencyRef": ref(currency),
        "TxnDate": day.isoformat(),
        "TotalAmt": sum((amount for _, amount in parts), Decimal(0)),
        "PaymentRefNum": f"chk {stage.done}",
        "Line": lines,
    }
    return stage.qbo("create", "Payment", body)


def linked(kind: str, record_id: str) -> Json:
    """A link to a transaction, as payments carry it."""
    return {"TxnId": record_id, "TxnType": kind}


def credit(stage: Stage, books: Books, client: Client, day: date, lines: Sequence[Line]) -> Json:
    """Make a credit memo of these lines; the record."""
    body = {
        "CustomerRef": ref(client.customer),
        "CurrencyRef": ref(client.currency),
        "TxnDate": day.isoformat(),
        "Line": [_item_line(books, line) for line in lines],
    }
    return stage.qbo("create", "CreditMemo", body)


def apply_credit(stage: Stage, client: Client, day: date, invoice: str, memo: str, amount: Decimal) -> Json:
    """Set a credit memo off against an invoice: a payment of nothing that links both (reference 6.3)."""
    body = {
        "CustomerRef": ref(client.customer),
        "CurrencyRef": ref(client.currency),
        "TxnDate": day.isoformat(),
        "TotalAmt": Decimal(0),
        "Line": [
            {"Amount": amount, "LinkedTxn": [linked("Invoice", invoice)]},
            {"Amount": amount, "LinkedTxn": [linked("CreditMemo", memo)]},
        ],
    }
    return stage.qbo("create", "Payment", body)


def void(stage: Stage, invoice: str) -> Json:
    """Void an invoice by its id."""
    return stage.qbo("void", "Invoice", {"Id": invoice})

"""Invoices, credit memos, receipts, payments and entries by hand, as bookkeepers key them in QuickBooks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ml_connector.model import money
from ml_connector.model.errors import WrongUse

from .catalog import pair_for
from .lines import Line
from .parties import Json, ref, remember, without_blanks
from .play import Play, Ready
from .sales import quantity_and_price

_KINDS = {"invoice": "Invoice", "credit_memo": "CreditMemo", "sales_receipt": "SalesReceipt"}


async def form(play: Play, entry: Ready) -> None:
    """An invoice, credit memo or sales receipt."""
    verb = entry.entry.verb.name
    customer = await play.names.ref(entry.text("customer"), "customer")
    body = await _head(play, entry)
    body |= {"CustomerRef": ref(customer.id), "Line": [await _line(play, entry, line) for line in _lines(entry)]}
    if off := entry.get("discount"):
        detail = {"PercentBased": False, "DiscountAccountRef": ref((await play.names.ref("4900", "gl_account")).id)}
        body["Line"].append({"DetailType": "DiscountLineDetail", "Amount": off, "DiscountLineDetail": detail})
    if (tax := entry.get("tax")) is not None:
        body["TxnTaxDetail"] = {"TotalTax": tax}
    if due := entry.get("due"):
        body["DueDate"] = due.isoformat()
    made = await play.stage.act("quickbooks", "create", _KINDS[verb], {**body, **(entry.get("fields") or {})})
    await remember(play, entry, verb, made)


async def _head(play: Play, entry: Ready) -> Json:
    """What all documents have: number, date, currency, notes, department."""
    body = without_blanks(
        {
            "DocNumber": str(entry.value),
            "TxnDate": (entry.get("date") or play.stage.today()).isoformat(),
            "CurrencyRef": without_blanks({"value": entry.get("currency") or await _currency(play, entry)}),
            "ExchangeRate": entry.get("rate"),
            "PrivateNote": await _note(play, entry),
            "CustomerMemo": without_blanks({"value": entry.get("memo")}),
            "BillEmail": without_blanks({"Address": entry.get("email")}),
        }
    )
    if entry.entry.verb.name != "manual_entry" and (named := entry.text("department")):
        body["DepartmentRef"] = ref((await play.names.ref(named, "department")).id)
    return body


async def _currency(play: Play, entry: Ready) -> str:
    if not (name := entry.text("customer")):
        return ""
    record = await play.stage.record(await play.names.ref(name, "customer"))
    return str(record.get("CurrencyRef", {}).get("value", ""))


async def _note(play: Play, entry: Ready) -> str:
    """The private note, with the token that names the order (accounting-rules A.10, L1)."""
    if not (name := entry.text("order")):
        return entry.text("note")
    order = await play.stage.record(await play.names.ref(name, "order"))
    return f"{entry.text('note')} SF-ORD:{order['OrderNumber']}".strip()


def _lines(entry: Ready) -> list[Mapping[str, Any]]:
    if lines := entry.get("lines"):
        return list(lines)
    if entry.get("net") is None:
        raise WrongUse(f"{entry.entry.where}: {entry.entry.verb.name} has neither lines nor net.", "Give it lines.")
    return [{key: entry.args[key] for key in ("net", "account", "sku") if key in entry.args}]


async def _line(play: Play, entry: Ready, line: Mapping[str, Any]) -> Json:
    sku = line.get("sku") or await pair_for(play, line.get("account") or "4000")
    detail: Json = {"ItemRef": ref((await play.names.ref(sku, "item")).id)}
    quantity, price = quantity_and_price(line)
    detail |= {"Qty": quantity, "UnitPrice": price}
    if named := line.get("class") or entry.text("class"):
        detail["ClassRef"] = ref((await play.names.ref(named, "class")).id)
    amount = money.q(quantity * price, "USD")
    body = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": detail}
    return {**body, **without_blanks({"Description": line.get("description")}), **line.get("fields", {})}


async def payment(play: Play, entry: Ready) -> None:
    """Money for invoices; credit memos set off against them make it smaller, down to nothing."""
    customer = await play.names.ref(entry.text("customer"), "customer")
    parts = entry.get("parts") or [without_blanks({"invoice": entry.get("invoice"), "amount": entry.get("amount")})]
    if any("amount" not in part for part in parts):
        raise WrongUse(f"{entry.entry.where}: payment has no amount.", "Give it an amount, or parts.")
    total = sum((-part["amount"] if "credit_memo" in part else part["amount"] for part in parts), Decimal(0))
    body = {
        "CustomerRef": ref(customer.id),
        "TxnDate": (entry.get("date") or play.stage.today()).isoformat(),
        "PaymentRefNum": str(entry.value)[:21],
        "TotalAmt": total,
        "Line": [await _applied(play, part) for part in parts if {"invoice", "credit_memo"} & part.keys()],
    }
    body |= without_blanks(
        {"CurrencyRef": without_blanks({"value": entry.get("currency") or await _currency(play, entry)})}
    )
    made = await play.stage.act("quickbooks", "create", "Payment", {**body, **(entry.get("fields") or {})})
    await remember(play, entry, "payment", made)


async def _applied(play: Play, part: Mapping[str, Any]) -> Json:
    kind = "invoice" if "invoice" in part else "credit_memo"
    target = await play.names.ref(part[kind], kind)
    return {"Amount": part["amount"], "LinkedTxn": [{"TxnId": target.id, "TxnType": target.kind}]}


async def manual_entry(play: Play, entry: Ready) -> None:
    """`manual_entry`: a journal entry that a bookkeeper keys, without any mark of ours."""
    body = await _head(play, entry)
    customer = entry.text("customer")
    body["Line"] = [await _posting(play, line, customer) for line in entry.get("lines")]
    made = await play.stage.act("quickbooks", "create", "JournalEntry", {**body, **(entry.get("fields") or {})})
    await remember(play, entry, "manual_entry", made)


async def _posting(play: Play, line: Line, customer: str) -> Json:
    detail: Json = {"PostingType": line.side, "AccountRef": ref((await play.names.ref(line.account, "gl_account")).id)}
    if line.department:
        detail["DepartmentRef"] = ref((await play.names.ref(line.department, "department")).id)
    if line.class_:
        detail["ClassRef"] = ref((await play.names.ref(line.class_, "class")).id)
    if named := line.customer or customer:
        entity = await play.names.ref(named, "customer")
        detail["Entity"] = {"Type": "Customer", "EntityRef": ref(entity.id)}
    return {"DetailType": "JournalEntryLineDetail", "Amount": line.amount, "JournalEntryLineDetail": detail}

"""`POST /invoice/{id}/send`: a form goes out by mail: here it is marked, and announced (reference 6.2)."""

from __future__ import annotations

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.fields import Problems, email
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.values import Json, stamp

_ADDRESSES = {"PurchaseOrder": "POEmail"}


def can_be_sent(kind: str) -> bool:
    """Kinds whose webhooks know `Emailed` (reference 9.4)."""
    return "email" in KINDS[kind].notices


def send(context: WriteContext, kind: str, record_id: str, to: str) -> Json:
    """Mark a form as sent, to its own address or to another one. Raises 610, 2040 and 6000."""
    if context.books.row(kind, record_id) is None:
        raise faults.not_found()
    data = context.books.data(kind, record_id)
    name = _ADDRESSES.get(kind, "BillEmail")
    if to:
        data[name] = _address(to)
    if name not in data and kind != "Payment":
        raise faults.business("An e-mail address is required to send the form.", name)
    if "EmailStatus" in data:
        data["EmailStatus"] = "EmailSent"
    if "DeliveryInfo" in KINDS[kind].order:
        data["DeliveryInfo"] = {"DeliveryType": "Email", "DeliveryTime": stamp(context.now)}
    if kind == "Payment":
        data.pop(name, None)
    context.replace(kind, data)
    context.notify(kind, record_id, "email")
    return {kind: context.books.data(kind, record_id)}


def _address(to: str) -> Json:
    problems: Problems = []
    address: Json | None = email({"Address": to}, "sendTo", problems)
    if problems or address is None:
        raise faults.Fault(problems or [faults.missing("sendTo")])
    return address

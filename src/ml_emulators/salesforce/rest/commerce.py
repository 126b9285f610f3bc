"""Billing's own calls: taking invoices in, posting them, applying payments (salesforce reference 7.6).

The reference gives the ingestion's records and rules, but not every key of the other bodies: see GAPS.md.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ml_emulators.salesforce import ids, rights
from ml_emulators.salesforce.calls import Answer, Call
from ml_emulators.salesforce.errors import ApiError, not_found
from ml_emulators.salesforce.rules.billing import post, refused
from ml_emulators.salesforce.saving.writing import create
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx

_FIRST_VERSION = 63
_MOST_RECORDS = 500
_COLLECTION = ("invoicing", "invoices", "collection", "actions")
_REFERENCE = re.compile(r"@\{([A-Za-z][A-Za-z0-9_]*)\.id\}\Z")
_TAKEN_IN = ("Invoice", "InvoiceAddressGroup", "InvoiceLine", "InvoiceLineTax")
_DATA_ERRORS = frozenset(
    {
        *("REQUIRED_FIELD_MISSING", "INVALID_FIELD", "JSON_PARSER_ERROR", "MALFORMED_ID", "STRING_TOO_LONG"),
        *("INVALID_CROSS_REFERENCE_KEY", "NUMBER_OUTSIDE_VALID_RANGE", "FIELD_INTEGRITY_EXCEPTION"),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    }
)


def commerce(call: Call, parts: tuple[str, ...]) -> Answer:
    """`parts` is the path after `/commerce`. Raises `ApiError`; 404 in an org without Billing."""
    if "Invoice" not in call.world.schema.objects or call.number < _FIRST_VERSION:
        raise not_found()
    call.only("POST")
    if parts == (*_COLLECTION, "ingest"):
        return _ingest(call)
    if parts == (*_COLLECTION, "post"):
        return _post(call)
    if parts[:2] == ("billing", "payments") and parts[3:] == ("actions", "apply"):
        return _apply(call, parts[2])
    raise not_found()


def _records(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The graph of the one invoice of the call."""
    invoices = body.get("invoices")
    if not isinstance(invoices, list) or len(invoices) != 1 or not isinstance(invoices[0], dict):
        raise refused("invoices: exactly one invoice is taken in with a call")
    records = invoices[0].get("records")
    if not isinstance(records, list) or not records or not all(_is_node(record) for record in records):
        raise refused("records: each needs a referenceId and a record with attributes of type and method")
    if len(records) > _MOST_RECORDS:
        raise refused(f"records: {len(records)} are more than the {_MOST_RECORDS} that a call takes")
    names = [record["referenceId"] for record in records]
    if len(set(names)) < len(names):
        raise refused("referenceId: every record needs one of its own")
    return records


def _is_node(node: Any) -> bool:
    record = node.get("record") if isinstance(node, dict) else None
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict) or not isinstance(node.get("referenceId"), str):
        return False
    return all(isinstance(attributes.get(name), str) for name in ("type", "method"))


def _ingest(call: Call) -> Answer:
    records = _records(call.object_body())
    _check_whole(records)
    head = next(record["record"] for record in records if record["record"]["attributes"]["type"] == "Invoice")
    with call.work() as tx:
        known = _known(tx, head)
        invoice_id = known if known is not None else _Graph(call, tx).take(records)
        identifier = tx.world.secret(32)
    answer = {
        "invoiceId": invoice_id,
        "requestIdentifier": identifier,
        "statusURL": f"/services/data/{call.version}/sobjects/Invoice/{invoice_id}",
        "success": True,
        "errors": [],
    }
    return Answer(201, answer)


def _check_whole(records: list[dict[str, Any]]) -> None:
    """One invoice, at least one address and one line."""
    kinds = Counter(record["record"]["attributes"]["type"] for record in records)
    if kinds["Invoice"] != 1:
        raise refused("records: exactly one Invoice is needed")
    for kind in ("InvoiceAddressGroup", "InvoiceLine"):
        if not kinds[kind]:
            raise refused(f"records: at least one {kind} is needed")


def _value(record: dict[str, Any], name: str) -> Any:
    return next((value for key, value in record.items() if key.lower() == name.lower()), None)


def _known(tx: Tx, head: dict[str, Any]) -> str | None:
    """The invoice that was taken in before under this key; nothing is written then."""
    key = _value(head, "UniqueIdentifier")
    if not isinstance(key, str) or not key:
        raise refused("uniqueIdentifier: it makes a repeated call harmless, and is needed", "UniqueIdentifier")
    invoice = next(iter(tx.find("Invoice", "UniqueIdentifier", key)), None)
    if invoice is not None and tx.switches.repeated_ingest == "refused":
        raise refused(f"uniqueIdentifier: {key} was taken in before", "UniqueIdentifier")
    return invoice["Id"] if invoice is not None else None


class _Graph:
    """Takes the records of one invoice in, in their order; a later one may name an earlier one."""

    def __init__(self, call: Call, tx: Tx) -> None:
        self._call = call
        self._tx = tx
        self._ids: dict[str, str] = {}

    def take(self, records: list[dict[str, Any]]) -> str:
        """The invoice's id. Raises INVALID_API_INPUT for what does not fit."""
        invoice, posted = "", False
        for node in records:
            name, kind = node["referenceId"], node["record"]["attributes"]["type"]
            given = {key: self._resolved(value) for key, value in node["record"].items() if key != "attributes"}
            if kind == "Invoice":
                posted = _value(given, "Status") == "Posted"
                _need(given, "Invoice", ["BillToContactId", *(["InvoiceNumber"] if posted else [])])
            self._ids[name] = self._take_one(node["record"]["attributes"], given)
            invoice = self._ids[name] if kind == "Invoice" else invoice
        if posted:
            post(self._tx, self._tx.world.state.tables["Invoice"].live[invoice])
        return invoice

    def _resolved(self, value: Any) -> Any:
        reference = _REFERENCE.match(value) if isinstance(value, str) else None
        if reference is None:
            return value
        if reference[1] not in self._ids:
            raise refused(f"{value}: no earlier record has this referenceId")
        return self._ids[reference[1]]

    def _take_one(self, attributes: dict[str, str], given: dict[str, Any]) -> str:
        kind, method = attributes["type"], attributes["method"].upper()
        if kind == "Account":
            return self._account(method, given)
        if kind not in _TAKEN_IN or method != "POST":
            raise refused(f"{method} of {kind} is not taken in")
        whole = self._tx.world.state.schema.objects[kind]
        if kind == "InvoiceLine":
            _need(given, kind, ["TaxTreatmentId", "BillingAddressId", "ShippingAddressId"])
        if kind == "Invoice":
            given = {key: value for key, value in given.items() if key.lower() not in ("status", "creationmode")}
            given["CreationMode"] = "External"
        return self._made(whole, given)

    def _made(self, kind: SObject, given: dict[str, Any]) -> str:
        try:
            return create(self._tx, kind, given)
        except ApiError as error:
            if error.code not in _DATA_ERRORS:
                raise
            raise refused(f"{kind.name}: {error.message}", *(error.fields or ())) from None

    def _account(self, method: str, given: dict[str, Any]) -> str:
        """Accounts are looked up, never written, by this call."""
        account_id = ids.normalise(str(_value(given, "Id")))
        if method != "GET":
            raise refused("Account can only be read by this call: its method is GET")
        if account_id is None or self._tx.live("Account", account_id) is None:
            raise refused("Account: no such record", "Id")
        return account_id


def _need(given: dict[str, Any], kind: str, names: list[str]) -> None:
    missing = [name for name in names if _value(given, name) in (None, "")]
    if missing:
        raise refused(f"{kind}: required fields are missing: [{', '.join(missing)}]", *missing)


def _live(tx: Tx, call: Call, kind: str, given: Any) -> Record:
    record = tx.live(kind, ids.normalise(given)) if isinstance(given, str) else None
    if record is None:
        raise refused(f"no such {kind}: {given}")
    rights.require(call.world, call.actor, call.world.schema.objects[kind], "edit")
    return record


def _post(call: Call) -> Answer:
    """`{"invoiceIds": [...]}`: all of them, or none."""
    asked = call.object_body().get("invoiceIds")
    if not isinstance(asked, list) or not asked:
        raise refused("invoiceIds: name at least one invoice")
    with call.work() as tx:
        made = [post(tx, _live(tx, call, "Invoice", invoice_id))["Id"] for invoice_id in asked]
    return Answer(200, {"success": True, "errors": [], "invoiceIds": made})


def _apply(call: Call, payment: str) -> Answer:
    """`{"appliedToId", "amount"}`: a line of the payment."""
    body = call.object_body()
    with call.work() as tx:
        paid = _live(tx, call, "Payment", payment)
        invoice = _live(tx, call, "Invoice", body.get("appliedToId"))
        line = {"PaymentId": paid["Id"], "InvoiceId": invoice["Id"], "Amount": body.get("amount"), "Type": "Applied"}
        made = create(tx, call.world.schema.objects["PaymentLineInvoice"], line)
    return Answer(201, {"success": True, "errors": [], "id": made})

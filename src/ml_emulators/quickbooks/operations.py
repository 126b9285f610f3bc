"""What can be asked of a company, one operation at a time: shared by single calls and batch items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks import attachments, faults, trouble
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.references import PARTIES
from ml_emulators.quickbooks.query import parse as query
from ml_emulators.quickbooks.query.run import count, page, select
from ml_emulators.quickbooks.rules import writes
from ml_emulators.quickbooks.rules.auxiliary import write_rate
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.rulebook import RULES
from ml_emulators.quickbooks.values import Json

_READ_ONLY_KEYS = ("V4IDPseudonym", "ClientEntityId")
_PORTAL = "https://connect.intuit.com/t"
_ONLY_IN_LISTS = "ClientEntityId"


def read(context: WriteContext, kind: str, record_id: str) -> Json:
    """One record by Id, inactive ones too; 2030 when that is no Id, 610 when there is none."""
    writes.refuse_bad_id(record_id)
    if context.books.row(kind, record_id) is None:
        raise faults.not_found()
    data = context.books.data(kind, record_id)
    context.meet("read", kind, data)
    data.pop(_ONLY_IN_LISTS, None)
    if kind == "Invoice" and "invoicelink" in context.include and "BillEmail" in data:
        data = {"InvoiceLink": f"{_PORTAL}/scs-v1-{context.books.company.realm_id}-{record_id}", **data}
    return {kind: attachments.shown(context, data) if kind == "Attachable" else data}


def run_query(context: WriteContext, text: str) -> Json:
    """A statement of section 3; raises 4000, 4001 or 4002."""
    switches = context.switches
    if switches.query_letters == "latin-1":
        query.refuse_beyond_latin_1(text)
    asked = query.parse(text, switches.maxresults_over_limit)
    if asked.count:
        return {"QueryResponse": {"totalCount": count(context.books, asked, exact_case=switches.query_case_sensitive)}}
    if switches.one_row_more:
        asked = replace(asked, limit=asked.limit + 1)
    ids = select(context.books, asked, exact_case=switches.query_case_sensitive)
    if not ids:
        return _nothing(switches.zero_rows, asked)
    rows: list[Any] = page(context.books, asked, ids)
    if asked.shows_records:
        trouble.refuse_unanswerable(context, asked.kind.name, ids, rows)
    if asked.kind.name == "Attachable" and asked.columns is None:
        rows = [attachments.shown(context, loads(bytes(row))) for row in rows]
    if switches.stale_list_sync_tokens:
        rows = [_outdated(loads(bytes(row)) if not isinstance(row, dict) else row) for row in rows]
    return {"QueryResponse": {asked.kind.name: rows, "startPosition": asked.start, "maxResults": len(rows)}}


def _nothing(shape: str, asked: query.Query) -> Json:
    if shape == "omitted":
        return {}
    listed = {asked.kind.name: [], "startPosition": asked.start, "maxResults": 0}
    return {"QueryResponse": listed if shape == "list" else {}}


def _outdated(row: Json) -> Json:
    if "SyncToken" in row:
        row["SyncToken"] = str(max(0, int(row["SyncToken"]) - 1))
    return row


def write(context: WriteContext, kind: str, operation: str, body: Any) -> Json:
    """`operation` is create, update, delete or void; a create with an Id is taken as an update."""
    if KINDS[kind].read_only:
        raise faults.unsupported(f"{operation} {kind}")
    if kind == "ExchangeRate" and operation in ("create", "update"):
        return write_rate(context, body)
    trouble.refuse_unwritable(context, kind, body)
    if operation == "delete":
        return {kind: writes.delete(context, RULES[kind], body)}
    if operation == "void":
        return {kind: _written(kind, writes.void(context, RULES[kind], body), created=False)}
    has_id = isinstance(body, dict) and body.get("Id") not in (None, "")
    single = kind in ("Preferences", "CompanyInfo")
    if operation == "update" or has_id or single:
        return {kind: _written(kind, writes.update(context, RULES[kind], body), created=False)}
    return {kind: _written(kind, writes.create(context, RULES[kind], body), created=True)}


def _written(kind: str, data: Json, *, created: bool) -> Json:
    """Answers to writes lack what only reads show."""
    if kind in PARTIES:
        return {key: value for key, value in data.items() if key not in _READ_ONLY_KEYS}
    if kind == "Item" and created:
        data["DeferredRevenue"] = False
        return {key: data[key] for key in KINDS[kind].order if key in data}
    return data

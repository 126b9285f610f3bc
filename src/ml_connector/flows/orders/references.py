"""Whether all that an entry refers to is there and active: QuickBooks refuses it otherwise, and says not for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ml_connector.accounting.dims import TABLES, Dim
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, NeedRecord, NeedReference
from ml_connector.model.refs import Gone, Ref
from ml_connector.model.triggers import ACCOUNTS, SETTINGS, record_changed, table_changed
from ml_connector.systems.quickbooks.records import Account, Customer, JournalDraft, Named, plain_path


def check_references(draft: JournalDraft, context: Context) -> None:
    """Raises `Held` that names the first account, department, class or customer of the entry that is not."""
    customers = [Ref("quickbooks", "Customer", id_) for id_ in _each(line.entity for line in draft.lines)]
    names = ("accounts", *TABLES.values())
    context.want(*(NeedReference("quickbooks", name) for name in names), *map(NeedRecord, customers))
    _check_accounts(_each(line.account for line in draft.lines), context.reference("quickbooks", "accounts"))
    _check_dim("department", _each(line.department for line in draft.lines), context)
    _check_dim("class", _each(line.class_ for line in draft.lines), context)
    for ref in customers:
        _check_customer(ref, context)


def _each(ids: Iterable[str]) -> list[str]:
    return [id_ for id_ in dict.fromkeys(ids) if id_]


def _check_accounts(ids: Iterable[str], accounts: Mapping[str, Account]) -> None:
    for id_ in ids:
        account = accounts.get(id_)
        if account is None:
            raise Held(code="H-ACCT-MISSING", case="unknown", waits_for=ACCOUNTS, gl_account=id_, purpose="A line")
        if not account.active:
            shown = f"{account.acct_num} {account.plain_name}".strip() or id_
            raise Held(code="H-ACCT-INACTIVE", waits_for=ACCOUNTS, gl_account=shown)


def _check_dim(dim: Dim, ids: Iterable[str], context: Context) -> None:
    table: Mapping[str, Named] = context.reference("quickbooks", TABLES[dim])
    waits = (table_changed(TABLES[dim]), SETTINGS)
    for id_ in ids:
        entry = table.get(id_)
        if entry is None:
            raise Held(code="H-DIM-UNMAPPED", waits_for=waits, dim=dim.capitalize(), text=id_)
        if not entry.active:
            raise Held(code="H-DIM-INACTIVE", waits_for=waits, dim=dim.capitalize(), text=plain_path(entry, table))


def _check_customer(ref: Ref, context: Context) -> None:
    customer: Customer | Gone = context.record(ref)
    if isinstance(customer, Gone):
        raise Held(code="H-CUST-INACTIVE", case="gone", waits_for=(record_changed(ref),), account=f"customer {ref.id}")
    if not customer.active:
        raise Held(code="H-CUST-INACTIVE", waits_for=(record_changed(ref),), customer=customer.plain_name)

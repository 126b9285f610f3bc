"""Merging two customers, which only a user can do: the loser's Id dies, its transactions go to the survivor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.names import forget_name
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.settings import ChangeNotice
from ml_emulators.quickbooks.values import Json, fold, seconds

_NAMED = ("Invoice", "SalesReceipt", "RefundReceipt", "CreditMemo", "Estimate", "Payment")


def merge(context: WriteContext, survivor: str, loser: str) -> Json:
    """Raises 610 for unknown customers and 6000 when the two cannot become one."""
    books = context.books
    if books.row("Customer", survivor) is None or books.row("Customer", loser) is None:
        raise faults.not_found()
    gone, kept = books.data("Customer", loser), books.data("Customer", survivor)
    if survivor in books.family("Customer", loser):
        raise faults.business("A customer cannot be merged into itself or below itself.")
    if gone["CurrencyRef"]["value"] != kept["CurrencyRef"]["value"]:
        raise faults.business("Customers in different currencies cannot be merged.")
    for kind, txn_id in list(_transactions(context, loser)):
        _hand_over(context, kind, txn_id, loser, survivor)
    for child in books.children.get(("Customer", loser), ()):
        _adopt(context, child, kept)
    _remove(context, gone)
    moved = books.customer_balances.pop(loser, Decimal(0))
    books.customer_balances[survivor] = books.customer_balances.get(survivor, Decimal(0)) + moved
    books.touch("Customer", survivor, seconds(context.now))
    realm = books.company.realm_id
    context.notices.append(ChangeNotice(realm, "Customer", survivor, "Merge", context.now, loser))
    return books.data("Customer", survivor)


def _transactions(context: WriteContext, customer: str) -> Iterator[tuple[str, str]]:
    for kind in _NAMED:
        table = context.books.tables[kind]
        index = table.all[table.kind.place["CustomerRef"]]
        key = fold(customer)
        for number in index.ids(index.rank((key, -1)), index.rank((key, 10**19))):
            yield kind, str(number)
    mark = f'"EntityRef":{{"value":"{customer}"'.encode()
    for number, row in context.books.tables["JournalEntry"].rows.items():
        if mark in row.wire:
            yield "JournalEntry", str(number)


def _hand_over(context: WriteContext, kind: str, txn_id: str, loser: str, survivor: str) -> None:
    """Put the survivor's name on a transaction; its SyncToken stays."""
    books = context.books
    data = books.data(kind, txn_id)
    if kind == "JournalEntry":
        for line in data["Line"]:
            entity = line.get("JournalEntryLineDetail", {}).get("Entity", {})
            if ref_value(entity, "EntityRef") == loser:
                entity["EntityRef"] = {"value": survivor}
    else:
        data["CustomerRef"] = {"value": survivor}
    context.replace(kind, data, bump=False)
    swap = _swapper(loser, survivor)
    if txn_id in books.posted:
        books.posted[txn_id] = tuple(replace(part, customer=swap(part.customer)) for part in books.posted[txn_id])
    if txn_id in books.applied:
        books.applied[txn_id] = tuple((payment, swap(who) or who, part) for payment, who, part in books.applied[txn_id])


def _swapper(loser: str, survivor: str) -> Callable[[str | None], str | None]:
    return lambda customer: survivor if customer == loser else customer


def _adopt(context: WriteContext, child: str, parent: Json) -> None:
    books = context.books
    former = books.data("Customer", child)

    def change(data: Json) -> None:
        data["ParentRef"] = {"value": parent["Id"]}
        data["FullyQualifiedName"] = f"{parent['FullyQualifiedName']}:{data['DisplayName']}"

    context.edit("Customer", child, change)
    books.reparent("Customer", child, ref_value(former, "ParentRef"), parent["Id"])


def _remove(context: WriteContext, gone: Json) -> None:
    kind = KINDS["Customer"]
    forget_name(context, kind, gone)
    context.books.reparent(kind.name, gone["Id"], ref_value(gone, "ParentRef"), None)
    stub = context.switches.merge_leaves_stub
    context.books.drop(kind.name, gone["Id"], seconds(context.now) if stub else None)

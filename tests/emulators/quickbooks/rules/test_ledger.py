"""Whatever is written, the books add up: random days of a small company."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_emulators.quickbooks import Fault

from ..client import Json, Shop, journal_line, named, ref

SHOP = Shop()
SECOND = SHOP.make("Customer", DisplayName="Second")["Id"]
BEFORE = SHOP.server.snapshot()
CENTS = st.integers(0, 20000).map(lambda cents: Decimal(cents) / 100)

steps = st.lists(
    st.tuples(
        st.sampled_from(["invoice", "memo", "pay", "pay", "apply", "journal", "void", "delete", "change", "receipt"]),
        st.integers(0, 7),
        st.integers(0, 7),
        CENTS,
    ),
    max_size=14,
)


def everything(kind: str) -> list[Json]:
    return [record for record in SHOP.server.records(kind) if record.get("status") != "Deleted"]


def pick(kinds: tuple[str, ...], number: int) -> tuple[str, Json] | None:
    found = [(kind, one) for kind in kinds for one in everything(kind)]
    return found[number % len(found)] if found else None


def step(what: str, first: int, second: int, amount: Decimal) -> None:
    """One act of a user; refusals are fine."""
    customer = (SHOP.customer, SECOND)[first % 2]
    act = SHOP.server.act
    if what in ("invoice", "memo", "receipt"):
        kind = {"invoice": "Invoice", "memo": "CreditMemo", "receipt": "SalesReceipt"}[what]
        body = {"CustomerRef": ref(customer), "Line": [SHOP.line(amount), SHOP.line(second)]}
        act({"op": "create", "kind": kind, "body": body})
    elif what in ("pay", "apply"):
        target = pick(("Invoice", "CreditMemo", "JournalEntry"), second)
        applied = [] if target is None else [(target[0], target[1]["Id"], amount)]
        other = pick(("Invoice",), first)
        if what == "apply" and other is not None and target is not None:
            applied.append(("Invoice", other[1]["Id"], amount))
        act({"op": "create", "kind": "Payment", "body": SHOP.payment(amount, applied, CustomerRef=ref(customer))})
    elif what == "journal":
        lines = [
            journal_line("Debit", amount, SHOP.receivable, Entity=named("Customer", customer)),
            journal_line("Credit", amount, SHOP.sales),
        ]
        act({"op": "create", "kind": "JournalEntry", "body": {"Line": lines}})
    else:
        change(what, pick(("Invoice", "Payment", "SalesReceipt", "CreditMemo", "JournalEntry"), second), amount)


def change(what: str, target: tuple[str, Json] | None, amount: Decimal) -> None:
    if target is None:
        return
    kind, record = target
    body: Json = {"Id": record["Id"]}
    if what == "change":
        body |= {"TotalAmt": amount} if kind == "Payment" else {"Line": lines_like(kind, record, amount)}
    SHOP.server.act({"op": "update" if what == "change" else what, "kind": kind, "body": body})


def lines_like(kind: str, record: Json, amount: Decimal) -> list[Json]:
    return [{**line, "Amount": amount} for line in record["Line"]] if kind == "JournalEntry" else [SHOP.line(amount)]


def total(values: Any) -> Decimal:
    return sum(values, Decimal(0))


def open_amount(customer: str) -> Decimal:
    """What a customer owes, from the open amounts of the single transactions."""
    mine = {
        kind: [one for one in everything(kind) if one["CustomerRef"]["value"] == customer]
        for kind in ("Invoice", "CreditMemo", "Payment")
    }
    journal = Decimal(0)
    for entry in everything("JournalEntry"):
        for line in entry["Line"]:
            detail = line["JournalEntryLineDetail"]
            if detail.get("Entity", {}).get("EntityRef", {}).get("value") == customer:
                journal += line["Amount"]
    for one in everything("Payment"):
        for line in one["Line"]:
            if line["LinkedTxn"][0]["TxnType"] == "JournalEntry" and one["CustomerRef"]["value"] == customer:
                journal -= line["Amount"]
    owed = total(one["Balance"] for one in mine["Invoice"])
    return (
        owed
        + journal
        - total(one["Balance"] for one in mine["CreditMemo"])
        - total(one["UnappliedAmt"] for one in mine["Payment"])
    )


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_books_add_up(days: list[tuple[str, int, int, Decimal]]) -> None:
    SHOP.server.restore(BEFORE)
    for day in days:
        with suppress(Fault):
            step(*day)
    accounts = {one["Name"]: one for one in everything("Account")}
    balances = {one["Id"]: one["Balance"] for one in everything("Customer")}
    for customer in (SHOP.customer, SECOND):
        assert balances[customer] == open_amount(customer)
    assert accounts["Accounts Receivable (A/R)"]["CurrentBalance"] == total(balances.values())
    for invoice in everything("Invoice"):
        paid = total(
            line["Amount"]
            for payment in everything("Payment")
            for line in payment["Line"]
            if line["LinkedTxn"][0] == {"TxnId": invoice["Id"], "TxnType": "Invoice"}
        )
        assert invoice["Balance"] == invoice["TotalAmt"] - paid
        payments = {link["TxnId"] for link in invoice["LinkedTxn"]}
        assert payments == {
            payment["Id"]
            for payment in everything("Payment")
            for line in payment["Line"]
            if line["LinkedTxn"][0] == {"TxnId": invoice["Id"], "TxnType": "Invoice"} and line["Amount"]
        }

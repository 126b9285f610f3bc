"""What transactions do to accounts and customers: postings, and the balances kept from them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, Number, cents, seconds


def posting(context: WriteContext, account: str, amount: Number, rate: Number, customer: str | None = None) -> Posting:
    """`amount` in the transaction's currency, debit positive; `rate` in home units for one of it."""
    exact = Decimal(amount)
    return Posting(account, exact, exact if rate == 1 else cents(exact * rate), customer)


def balancing(account: str, others: Iterable[Posting], customer: str | None = None) -> Posting:
    """The posting that brings several others to zero."""
    parts = list(others)
    amount, home = sum((part.amount for part in parts), Decimal(0)), sum((part.home for part in parts), Decimal(0))
    return Posting(account, -amount, -home, customer)


def post(context: WriteContext, txn_id: str, new: Iterable[Posting]) -> None:
    """Replace what a transaction has posted, and move the balances by the difference."""
    fresh = tuple(part for part in new if part.amount or part.home)
    former = context.books.posted.pop(txn_id, ())
    if fresh:
        context.books.posted[txn_id] = fresh
    accounts: dict[str, Decimal] = {}
    customers: dict[str, Decimal] = {}
    for sign, entry in ((-1, former), (1, fresh)):
        for part in entry:
            accounts[part.account] = accounts.get(part.account, Decimal(0)) + sign * _in_account(context, part)
            if part.customer is not None:
                customers[part.customer] = customers.get(part.customer, Decimal(0)) + sign * part.amount
    _move_accounts(context, accounts)
    _move_customers(context, customers)


def _in_account(context: WriteContext, part: Posting) -> Decimal:
    """The amount in the account's own currency."""
    if part.amount == part.home:
        return part.amount
    currency = ref_value(context.books.data("Account", part.account), "CurrencyRef")
    return part.home if currency == context.flags.home else part.amount


def _move_accounts(context: WriteContext, moves: dict[str, Decimal]) -> None:
    balances = context.books.account_balances
    for account_id, move in moves.items():
        if move:
            balances[account_id] = balances.get(account_id, Decimal(0)) + move
            _touch(context, "Account", account_id)


def _move_customers(context: WriteContext, moves: dict[str, Decimal]) -> None:
    """Vendors too: the three kinds of people share one sequence of ids."""
    balances = context.books.customer_balances
    for customer_id, move in moves.items():
        if move:
            balances[customer_id] = balances.get(customer_id, Decimal(0)) + move
            vendor = context.books.row("Customer", customer_id) is None
            _touch(context, "Vendor" if vendor else "Customer", customer_id)


def _touch(context: WriteContext, kind: str, record_id: str) -> None:
    """The record itself gets a new LastUpdatedTime; those above it only a new sum."""
    at = seconds(context.now) if context.switches.balance_moves_last_updated else None
    context.books.touch(kind, record_id, at)
    above = _parent(context, kind, record_id)
    while above is not None:
        context.books.touch(kind, above, None)
        above = _parent(context, kind, above)


def _parent(context: WriteContext, kind: str, record_id: str) -> str | None:
    return context.books.parents.get((kind, record_id))


def rate_of(body: Json) -> Number:
    """Home units for one unit of the transaction's currency; 1 where it has no rate."""
    rate: Number = body.get("ExchangeRate", 1)
    return rate

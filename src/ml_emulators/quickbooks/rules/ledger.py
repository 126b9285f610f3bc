"""What transactions do to accounts and customers: postings, and the balances kept from them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from ml_emulators.quickbooks.rules.context import Desk
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.state import Posting
from ml_emulators.quickbooks.values import Json, Number, cents, seconds

AccountSpec = tuple[str, str, str]


def system_account(desk: Desk, spec: AccountSpec, currency: str | None = None) -> str:
    """The account that QuickBooks uses by itself for a purpose, opened when it is not there yet."""
    account_type, subtype, name = spec
    code = currency or desk.flags.home
    key = ("system", f"{subtype}:{code}")
    known = desk.books.row("Account", desk.books.names.get(key))
    if known is not None and known.active:
        return desk.books.names[key]
    found = _find(desk, account_type, subtype, code) or _open(desk, spec, name, code)
    desk.books.names[key] = found
    return found


def _find(desk: Desk, account_type: str, subtype: str, code: str) -> str | None:
    for account_id in desk.books.ids("Account"):
        row = desk.books.row("Account", account_id)
        if row is None or not row.active:
            continue
        data = desk.books.data("Account", account_id)
        same = data["AccountType"] == account_type and data["AccountSubType"] == subtype
        if same and data["CurrencyRef"]["value"] == code:
            return account_id
    return None


def _open(desk: Desk, spec: AccountSpec, name: str, code: str) -> str:
    from ml_emulators.quickbooks.rules.writes import create

    base = name if code == desk.flags.home else f"{name} - {code}"
    taken = desk.books.names
    tries = (base, *(f"{base} {number}" for number in range(1, 1000)))
    free = next(one for one in tries if ("Account", f"\x00{one.casefold()}") not in taken)
    body = {"Name": free, "AccountType": spec[0], "AccountSubType": spec[1], "CurrencyRef": {"value": code}}
    return str(create(desk, "Account", body)["Id"])


def posting(desk: Desk, account: str, amount: Number, rate: Number, customer: str | None = None) -> Posting:
    """`amount` in the transaction's currency, debit positive; `rate` in home units for one of it."""
    exact = Decimal(amount)
    return Posting(account, exact, exact if rate == 1 else cents(exact * rate), customer)


def post(desk: Desk, txn_id: str, new: Iterable[Posting]) -> None:
    """Replace what a transaction has posted, and move the balances by the difference."""
    fresh = tuple(one for one in new if one.amount or one.home)
    former = desk.books.posted.pop(txn_id, ())
    if fresh:
        desk.books.posted[txn_id] = fresh
    accounts: dict[str, Decimal] = {}
    customers: dict[str, Decimal] = {}
    for sign, group in ((-1, former), (1, fresh)):
        for one in group:
            accounts[one.account] = accounts.get(one.account, Decimal(0)) + sign * _in_account(desk, one)
            if one.customer is not None:
                customers[one.customer] = customers.get(one.customer, Decimal(0)) + sign * one.amount
    _move_accounts(desk, accounts)
    _move_customers(desk, customers)


def _in_account(desk: Desk, one: Posting) -> Decimal:
    """The amount in the account's own currency."""
    if one.amount == one.home:
        return one.amount
    currency = ref_value(desk.books.data("Account", one.account), "CurrencyRef")
    return one.home if currency == desk.flags.home else one.amount


def _move_accounts(desk: Desk, moves: dict[str, Decimal]) -> None:
    balances = desk.books.account_balances
    for account_id, move in moves.items():
        if move:
            balances[account_id] = balances.get(account_id, Decimal(0)) + move
            _touch(desk, "Account", account_id)


def _move_customers(desk: Desk, moves: dict[str, Decimal]) -> None:
    """Vendors too: the three kinds of people share one sequence of ids."""
    balances = desk.books.customer_balances
    for customer_id, move in moves.items():
        if move:
            balances[customer_id] = balances.get(customer_id, Decimal(0)) + move
            vendor = desk.books.row("Customer", customer_id) is None
            _touch(desk, "Vendor" if vendor else "Customer", customer_id)


def _touch(desk: Desk, kind: str, record_id: str) -> None:
    """The record itself gets a new LastUpdatedTime; those above it only a new sum."""
    at = seconds(desk.now) if desk.switches.balance_moves_last_updated else None
    desk.books.touch(kind, record_id, at)
    above = _parent(desk, kind, record_id)
    while above is not None:
        desk.books.touch(kind, above, None)
        above = _parent(desk, kind, above)


def _parent(desk: Desk, kind: str, record_id: str) -> str | None:
    return desk.books.parents.get((kind, record_id))


def rate_of(body: Json) -> Number:
    rate: Number = body.get("ExchangeRate", 1)
    return rate

"""The accounts that QuickBooks uses by itself, opened when they are first needed."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.lists import AccountRule
from ml_emulators.quickbooks.rules.writes import create

AccountSpec = tuple[str, str, str]
"""AccountType, AccountSubType and usual name."""
ACCOUNT = AccountRule(KINDS["Account"])


def system_account(context: WriteContext, spec: AccountSpec, currency: str | None = None) -> str:
    """The account that QuickBooks uses by itself for a purpose, opened when it is not there yet."""
    account_type, subtype, name = spec
    code = currency or context.flags.home
    key = ("system", f"{subtype}:{code}")
    known = context.books.row("Account", context.books.names.get(key))
    if known is not None and known.active:
        return context.books.names[key]
    account_id = _find(context, account_type, subtype, code) or _open(context, spec, name, code)
    context.books.names[key] = account_id
    return account_id


def _find(context: WriteContext, account_type: str, subtype: str, code: str) -> str | None:
    for account_id in context.books.ids("Account"):
        row = context.books.row("Account", account_id)
        if row is None or not row.active:
            continue
        data = context.books.data("Account", account_id)
        same = data["AccountType"] == account_type and data["AccountSubType"] == subtype
        if same and data["CurrencyRef"]["value"] == code:
            return account_id
    return None


def _open(context: WriteContext, spec: AccountSpec, name: str, code: str) -> str:
    base = name if code == context.flags.home else f"{name} - {code}"
    taken = context.books.names
    candidates = (base, *(f"{base} {number}" for number in range(1, 1000)))
    free = next(candidate for candidate in candidates if ("Account", f"\x00{candidate.casefold()}") not in taken)
    body = {"Name": free, "AccountType": spec[0], "AccountSubType": spec[1], "CurrencyRef": {"value": code}}
    return str(create(context, ACCOUNT, body)["Id"])

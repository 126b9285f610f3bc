"""Choose the posting template and sign it off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from ml_connector.accounting.templates import POLICIES
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import Template
from ml_connector.settings import change_settings, load, sign_off_template
from ml_connector.systems.quickbooks.records import Account


class SignOff(msgspec.Struct, frozen=True, kw_only=True):
    """What a template sign-off asks for. Accounts by number, full name or id."""

    template: str
    start_date: date
    unbilled: str = ""
    deferred: str = ""
    discounts: str = ""
    shipping: str = ""


async def sign_off(app: App, choice: SignOff, actor: str) -> Template:
    """Check the accounts against QuickBooks (A.2, A.4), write template and start date to the settings, and sign.

    Raises `WrongUse` for an account that is not there or of the wrong type, and for templates not released yet.
    """
    accounts = list((await app.quickbooks.reference("accounts")).value.values())
    values: dict[str, Any] = {"id": choice.template}
    policy = POLICIES.get(choice.template)
    needs = policy.needs if policy and not policy.lacks else ()
    for name, text, kinds in (
        ("unbilled", choice.unbilled, ("Other Current Asset",)),
        ("deferred_default", choice.deferred, ("Other Current Liability", "Long Term Liability")),
        ("discounts", choice.discounts, ("Income", "Other Income", "Expense")),
    ):
        if text or name in needs:
            values[name] = _account(accounts, text, name, kinds).id
    home = app.settings.home
    rules: dict[str, Any] = {"start_date": choice.start_date}
    if choice.shipping:
        rules["shipping_account"] = _account(accounts, choice.shipping, "shipping", ("Income",)).id
    change_settings(home, "rules", rules)
    change_settings(home, "rules.template", values)
    now = app.world.clock.now()
    sign_off_template(home, actor, now)
    app.store.audit(app.connection.id, actor, "sign off", f"template {choice.template}", {"accounts": values}, now)
    template = load(home, {}).rules.template
    if template is None:
        raise WrongUse("The template was not written.", "Check settings.toml.")
    return template


def _account(accounts: Sequence[Account], text: str, name: str, kinds: tuple[str, ...]) -> Account:
    key = text.strip().casefold()
    account = next((a for a in accounts if key and key in _names(a)), None)
    if account is None:
        raise WrongUse(f"QuickBooks has no account {text!r} ({name}).", "Give its number, full name or id.")
    if account.account_type not in kinds or not account.active:
        raise WrongUse(
            f"Account {text} is of type {account.account_type}{'' if account.active else ' and inactive'}.",
            f"Choose an active account of type {' or '.join(kinds)} for {name}.",
        )
    return account


def _names(account: Account) -> tuple[str, str, str]:
    return account.id, account.acct_num.casefold(), account.fully_qualified_name.casefold()

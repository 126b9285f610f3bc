"""Choose the posting template and sign it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.accounting.templates import POLICIES
from ml_connector.actions.acting import must_be
from ml_connector.app import App
from ml_connector.model.errors import WrongUse
from ml_connector.model.people import Actor, name_of
from ml_connector.model.rules import PRESELECTED, RuleSettings, Template
from ml_connector.settings import change_settings, load
from ml_connector.systems.quickbooks.records import Account


class SignOff(msgspec.Struct, frozen=True, kw_only=True):
    """What a template sign-off asks for. Accounts by number, full name or id."""

    template: str
    start_date: date
    unbilled: str = ""
    deferred: str = ""
    discounts: str = ""
    shipping: str = ""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-off may choose from: accounts by what they are for, and those whose name says that it is theirs.

    `likely` has the option's value: number, else full name.
    """

    template: str
    start_date: date
    accounts: Mapping[str, Sequence[str]]
    likely: Mapping[str, str]


_USES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unbilled": (("Other Current Asset",), ("unbilled",)),
    "deferred": (("Other Current Liability", "Long Term Liability"), ("deferred revenue", "unearned")),
    "discounts": (("Income", "Other Income", "Expense"), ("discount",)),
    "shipping": (("Income",), ("shipping",)),
}
"""Account types and words of a name, by option."""


async def choices(app: App) -> Choices:
    """Read the accounts that fit each option of the sign-off (A.2, A.4). Writes nothing. Raises vendor errors."""
    accounts = [a for a in (await app.quickbooks.reference("accounts")).value.values() if a.active]
    fitting = {use: [a for a in accounts if a.account_type in kinds] for use, (kinds, _) in _USES.items()}
    named = {use: [a for a in fitting[use] if _says(a, words)] for use, (_, words) in _USES.items()}
    today = app.connection.today(app.world.clock.now())
    return Choices(
        template=PRESELECTED,
        start_date=app.rules.start_date or today.replace(day=1),
        accounts={use: sorted(f"{a.acct_num} {a.fully_qualified_name}".strip() for a in fitting[use]) for use in _USES},
        likely={
            use: named[use][0].acct_num or named[use][0].fully_qualified_name for use in _USES if len(named[use]) == 1
        },
    )


def _says(account: Account, words: Sequence[str]) -> bool:
    return any(word in account.fully_qualified_name.casefold() for word in words)


async def sign_off(app: App, choice: SignOff, actor: Actor) -> Template:
    """Check the accounts against QuickBooks (A.2, A.4), write template and start date to the settings, and sign.

    A limit that was signed with the rules as they stood before stays signed; one that was not stays so.

    Raises `WrongUse` for an account that is not there or of the wrong type, and for templates not released yet,
    and `NotProved` unless an approver signs.
    """
    must_be(app, actor, "sign-off", "approver")
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
    home, name = app.settings.home, app.settings.name
    before = load(home, {}, name).rules
    kept = app.signer.limit_signed(before)  # by what stood there, and not only from now on
    rules: dict[str, Any] = {"start_date": choice.start_date}
    if choice.shipping:
        rules["shipping_account"] = _account(accounts, choice.shipping, "shipping", ("Income",)).id
    change_settings(home, "rules", rules, name)
    change_settings(home, "rules.template", values, name)
    now = app.world.clock.now()
    app.signer.sign_template(home, name_of(actor), now)
    if kept:
        app.signer.sign_limit(home, before.auto_approve_limit, before.auto_approve_signed_by)
    app.store.audit(app.connection.id, actor, "sign off", f"template {choice.template}", {"accounts": values}, now)
    keep_version(app, actor)
    template = load(home, {}, name).rules.template
    if template is None:
        raise WrongUse("The template was not written.", "Check settings.toml.")
    return template


def sign_limit(app: App, limit: Decimal, actor: Actor) -> Sequence[str]:
    """Set the limit up to which entries go out without a click, and sign it with the rules as they stand.

    `limit` is in home currency. Returns those of `[rules]` that are not as they come, for a person to look at.
    Raises `NotProved` unless an approver signs.
    """
    must_be(app, actor, "sign-off", "approver")
    rules = app.signer.sign_limit(app.settings.home, limit, name_of(actor))
    now = app.world.clock.now()
    detail = {"limit": str(limit), "rules": rules.digest()}
    app.store.audit(app.connection.id, actor, "sign off", "auto_approve_limit", detail, now)
    keep_version(app, actor)
    return [
        field.encode_name
        for field in msgspec.structs.fields(RuleSettings)
        if field.name not in _SIGNATURES and getattr(rules, field.name) != getattr(_USUAL, field.name)
    ]


def keep_version(app: App, actor: Actor) -> None:
    """Keep the rules as they stand in the file now, in the name of who has signed them."""
    rules = app.signer.in_force(load(app.settings.home, {}, app.settings.name).rules)
    app.store.keep_rules(app.connection.id, rules.digest(), rules.as_json(), actor, app.world.clock.now())


_USUAL = RuleSettings()
_SIGNATURES = ("auto_approve_limit", "auto_approve_signed_by", "auto_approve_signed_hash")


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

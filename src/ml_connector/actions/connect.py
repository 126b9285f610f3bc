"""From nothing to a connected home: settings written, secrets sealed, both sign-ins made, the template signed off."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from ml_connector.accounting.templates import POLICIES
from ml_connector.app import (
    App,
    SealedTokens,
    World,
    connection_id,
    keep_secret,
    quickbooks_client,
    quickbooks_oauth,
    salesforce_client,
)
from ml_connector.clock import Clock, WallClock
from ml_connector.model.errors import SignInNeeded, WrongUse
from ml_connector.model.rules import Template
from ml_connector.settings import (
    Settings,
    change_settings,
    load,
    settings_file,
    sign_off_template,
    write_settings,
)
from ml_connector.store import Store
from ml_connector.store.rows import Connected
from ml_connector.systems.http import Caller, Request
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.network import AiohttpNetwork
from ml_connector.systems.quickbooks import auth as quickbooks_auth
from ml_connector.systems.quickbooks.records import Account
from ml_connector.vault import Vault

REDIRECT = "http://localhost:8722/callback"
"""Where the browser comes back to after consent, unless `redirect_uri` is set; registered in the Intuit app."""


class Home(msgspec.Struct, frozen=True):
    """An installation that is not connected yet, or not fully."""

    path: Path
    settings: Settings
    store: Store
    vault: Vault
    world: World


@asynccontextmanager
async def open_home(path: Path, *, clock: Clock | None = None) -> AsyncIterator[Home]:
    """The home folder, its key made if it has none."""
    settings = load(path, os.environ)
    store = Store.open(settings.state.url)
    vault = Vault.open_home(path) if (path / "keys").exists() else Vault.create(path)
    try:
        async with AiohttpNetwork(ca_file=settings.network.ca_file) as network:
            yield Home(path, settings, store, vault, World(network, clock or WallClock()))
    finally:
        store.close()


def init(path: Path, emulators: Mapping[str, Any] | None = None) -> Path:
    """Make a home folder with settings; with the line of the emulators, settings that point at them."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    values: dict[str, Any] = {} if emulators is None else _rehearsal(emulators)
    return write_settings(path, values)


def _rehearsal(line: Mapping[str, Any]) -> dict[str, Any]:
    try:
        quickbooks, salesforce = line["quickbooks"], line["salesforce"]
        values: dict[str, Any] = {
            "quickbooks": {
                "environment": "rehearsal",
                "client_id": quickbooks["client_id"],
                "realm_id": quickbooks["realm_id"],
                "base_url": quickbooks["base_url"],
                "token_url": quickbooks["token_url"],
                "authorize_url": quickbooks["authorize_url"],
            },
            "salesforce": {
                "base_url": salesforce["base_url"],
                "client_id": salesforce["client_id"],
                "org_id": salesforce["org_id"],
            },
        }
    except (KeyError, TypeError) as error:
        raise WrongUse(
            "This is not the line that the emulators print.",
            "Save the JSON line of  ml-connector emulators --json  to a file and name that file.",
        ) from error
    if line.get("ca_file"):
        values["network"] = {"ca_file": line["ca_file"]}
    return values


async def connect_emulators(path: Path, line: Mapping[str, Any], *, clock: Clock | None = None) -> Connected:
    """Connect a home made by `init` to the emulators, through their real sign-in pages. No questions asked."""
    async with open_home(path, clock=clock) as home:
        keep_client_secret(home, "quickbooks", line["quickbooks"]["client_secret"])
        keep_client_secret(home, "salesforce", line["salesforce"]["client_secret"])
        url, state = authorize_url(home)
        answer = await home.world.network.send(Request("GET", url, {"accept": "text/html"}))
        back = answer.header("location")
        if not back:
            raise SignInNeeded("The sign-in page of the emulator did not let us in.", "Start the emulators again.")
        await finish_quickbooks(home, back, state)
        await finish_salesforce(home)
        connected = register(home)
        home.store.go_live(connected.id, home.world.clock.now())
        return connected


def keep_client_secret(home: Home, system: str, secret: str) -> None:
    """Seal the secret of the app of `system`; its client id must be in the settings."""
    side = home.settings.quickbooks if system == "quickbooks" else home.settings.salesforce
    if side is None or not side.client_id:
        raise WrongUse(f"No client id for {system} is set.", f"Set client_id in [{system}] of settings.toml.")
    keep_secret(home.store, home.vault, f"{system}:{side.client_id}", "client_secret", secret, home.world.clock)


def authorize_url(home: Home) -> tuple[str, str]:
    """Where a person gives consent, and the state text that must come back."""
    state = home.world.ids.token()
    return _oauth(home).authorize_url(_redirect(home), state), state


def _redirect(home: Home) -> str:
    side = home.settings.quickbooks
    if side is not None and side.environment == "production" and not side.redirect_uri:
        raise WrongUse(
            "Production keys take no redirect URI on this machine, and no other one is set.",
            "Set redirect_uri in [quickbooks] to the https address that is registered at the keys of your Intuit app.",
        )
    return (side.redirect_uri if side else "") or REDIRECT


def _oauth(home: Home) -> quickbooks_auth.OAuth:
    clock = home.world.clock
    caller = Caller(home.world.network, clock, home.world.ids, free_throttle(clock), "QuickBooks")
    return quickbooks_oauth(home.settings, home.store, home.vault, caller, clock)


async def finish_quickbooks(home: Home, back: str, state: str) -> str:
    """Exchange the code of the page the person came back to, and seal the tokens. Returns the realm id."""
    params = dict(parse_qsl(urlsplit(back).query, keep_blank_values=True))
    side = home.settings.quickbooks
    consent = quickbooks_auth.consent(params, state, side.realm_id if side else "")
    tokens = await _oauth(home).exchange(consent.code, _redirect(home))
    SealedTokens(home.store, home.vault, consent.realm_id, home.world.clock).store(tokens)
    if side is not None and not side.realm_id:
        change_settings(home.path, "quickbooks", {"realm_id": consent.realm_id})
    return consent.realm_id


async def finish_salesforce(home: Home) -> str:
    """Sign in with the client credentials; the org id goes to the settings the first time. Returns it."""
    session = await salesforce_client(home.settings, home.store, home.vault, home.world).session()
    side = home.settings.salesforce
    if side is not None and not side.org_id:
        change_settings(home.path, "salesforce", {"org_id": session.org_id})
    return session.org_id


def register(home: Home) -> Connected:
    """Put the connection on record once both sides are known. Raises `WrongUse` while one is missing."""
    settings = load(home.path, {})
    quickbooks, salesforce = settings.both()
    name = connection_id(quickbooks.realm_id, salesforce.org_id)
    now = home.world.clock.now()
    home.store.add_connection(name, quickbooks.realm_id, salesforce.org_id, quickbooks.realm_id, now)
    home.store.audit(name, "setup", "connect", name, {"environment": quickbooks.environment}, now)
    found = home.store.connection(name)
    if found is None:
        raise WrongUse("The connection was not stored.", "Try again.")
    return found


async def name_company(home: Home) -> Connected:
    """Ask QuickBooks for the company's name and keep it with the connection."""
    settings = load(home.path, {})
    company = await quickbooks_client(settings, home.store, home.vault, home.world).check_company()
    connected = register(home)
    home.store.add_connection(
        connected.id, connected.realm_id, connected.org_id, company.company_name, home.world.clock.now()
    )
    return msgspec.structs.replace(connected, company=company.company_name)


class SignOff(msgspec.Struct, frozen=True, kw_only=True):
    """What a template sign-off asks for. Accounts by number, full name or id."""

    template: str
    start_date: date
    unbilled: str = ""
    deferred: str = ""
    discounts: str = ""
    shipping: str = ""


async def sign_off(app: App, wanted: SignOff, actor: str) -> Template:
    """Check the accounts against QuickBooks (A.2, A.4), write template and start date to the settings, and sign.

    Raises `WrongUse` for an account that is not there or of the wrong type, and for templates not released yet.
    """
    table = (await app.quickbooks.reference("accounts")).value
    values: dict[str, Any] = {"id": wanted.template}
    policy = POLICIES.get(wanted.template)
    needs = policy.needs if policy and not policy.lacks else ()
    for name, text, kinds in (
        ("unbilled", wanted.unbilled, ("Other Current Asset",)),
        ("deferred_default", wanted.deferred, ("Other Current Liability", "Long Term Liability")),
        ("discounts", wanted.discounts, ("Income", "Other Income", "Expense")),
    ):
        if text or name in needs:
            values[name] = _account(list(table.values()), text, name, kinds).id
    home = app.settings.home
    rules: dict[str, Any] = {"start_date": wanted.start_date}
    if wanted.shipping:
        rules["shipping_account"] = _account(list(table.values()), wanted.shipping, "shipping", ("Income",)).id
    change_settings(home, "rules", rules)
    change_settings(home, "rules.template", values)
    now = app.world.clock.now()
    sign_off_template(home, actor, now)
    app.store.audit(app.connection.id, actor, "sign off", f"template {wanted.template}", {"accounts": values}, now)
    template = load(home, {}).rules.template
    if template is None:
        raise WrongUse("The template was not written.", "Check settings.toml.")
    return template


def _account(table: Sequence[Account], text: str, name: str, kinds: tuple[str, ...]) -> Account:
    wanted = text.strip().casefold()
    found = [a for a in table if wanted in (a.id, a.acct_num.casefold(), a.fully_qualified_name.casefold()) and wanted]
    if not found:
        raise WrongUse(f"QuickBooks has no account {text!r} ({name}).", "Give its number, full name or id.")
    if found[0].account_type not in kinds or not found[0].active:
        raise WrongUse(
            f"Account {text} is of type {found[0].account_type}{'' if found[0].active else ' and inactive'}.",
            f"Choose an active account of type {' or '.join(kinds)} for {name}.",
        )
    return found[0]


def is_home(path: Path) -> bool:
    return settings_file(path).exists()

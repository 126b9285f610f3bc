"""Connect both sides: secrets sealed, sign-ins made, the connection put on record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from ml_connector.actions.open import Home, open_home
from ml_connector.actions.webhook import set_verifier
from ml_connector.app import connection_id
from ml_connector.clients import (
    CLIENT_SECRET,
    quickbooks_client,
    quickbooks_custody,
    quickbooks_oauth,
    salesforce_client,
    salesforce_custody,
)
from ml_connector.clock import Timekeeper
from ml_connector.custody import SealedPair, SealedTokens, Way
from ml_connector.model.errors import SignInNeeded, WrongUse
from ml_connector.model.people import Actor
from ml_connector.service.sides import SYSTEMS, Sides
from ml_connector.settings import Settings, change_settings, destination, load, readable_others
from ml_connector.store.rows import Connected
from ml_connector.systems.http import Caller, Request
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.quickbooks import auth as quickbooks_auth

REDIRECT = "http://localhost:8722/callback"
"""Where the browser comes back to after consent, unless `redirect_uri` is set; registered in the Intuit app."""


async def connect_emulators(
    path: Path, line: Mapping[str, Any], name: str = "", *, clock: Timekeeper | None = None
) -> Connected:
    """Connect a home made by `init` to the emulators, through their real sign-in pages. No questions asked."""
    async with open_home(path, name, clock=clock) as home:
        seal_client_secret(home, "quickbooks", line["quickbooks"]["client_secret"])
        seal_client_secret(home, "salesforce", line["salesforce"]["client_secret"])
        if verifier := line["quickbooks"].get("webhook_verifier_token"):
            set_verifier(home, verifier)
        url, state = authorize_url(home)
        url += "&" + urlencode({"realm_id": line["quickbooks"]["realm_id"]})  # as a person chooses it on the page
        answer = await home.world.network.send(Request("GET", url, {"accept": "text/html"}))
        back = answer.header("location")
        if not back:
            raise SignInNeeded("The sign-in page of the emulator did not let us in.", "Start the emulators again.")
        await finish_quickbooks(home, back, state)
        await finish_salesforce(home)
        connected = register(home, "setup")
        home.store.go_live(connected.id, home.world.clock.now())
        return connected


def seal_client_secret(home: Home, system: Literal["quickbooks", "salesforce"], secret: str) -> None:
    """Seal the secret of the app of `system`; its client id must be in the settings.

    Raises `WrongUse` where another connection has the same client id for other hosts, as a copy of an org has.
    """
    configured = home.settings.quickbooks if system == "quickbooks" else home.settings.salesforce
    if configured is None or not configured.client_id:
        raise WrongUse(f"No client id for {system} is set.", f"Set client_id in [{system}] of settings.toml.")
    _must_be_of_these_hosts(home.settings, system, configured.client_id)
    custody_of = quickbooks_custody if system == "quickbooks" else salesforce_custody
    custody = custody_of(home.settings, home.store, home.vault, home.world.clock)
    SealedPair(custody, f"{system}:{configured.client_id}", CLIENT_SECRET).put(secret)


def _must_be_of_these_hosts(settings: Settings, system: Literal["quickbooks", "salesforce"], client_id: str) -> None:
    """A secret is kept by the client id of its app and is sealed for its hosts: the other connection would lose it."""
    for other in readable_others(settings.home, settings.name):
        theirs = other.quickbooks if system == "quickbooks" else other.salesforce
        if theirs is None or theirs.client_id != client_id:
            continue
        if destination(other, system).hosts != destination(settings, system).hosts:
            raise WrongUse(
                f"Connection {other.name} has the same client id of {system} for other hosts.",
                "Make an app of its own there, as for any org that was copied from another one, and set its client_id.",
            )


def sealed_for(home: Home, system: Literal["quickbooks", "salesforce"]) -> str:
    """The hosts that the secrets of a side are sealed for, in words."""
    return " and ".join(destination(home.settings, system).hosts)


def authorize_url(home: Home, redirect: str = "") -> tuple[str, str]:
    """Where a person gives consent, and the state text that must come back, to `redirect` or as the settings say."""
    state = home.world.ids.token()
    return _oauth(home).authorize_url(redirect or _redirect(home), state), state


def _redirect(home: Home) -> str:
    quickbooks = home.settings.quickbooks
    if quickbooks is not None and quickbooks.environment == "production" and not quickbooks.redirect_uri:
        raise WrongUse(
            "Production keys take no redirect URI on this machine, and no other one is set.",
            "Set redirect_uri in [quickbooks] to the https address that is registered at the keys of your Intuit app.",
        )
    return (quickbooks.redirect_uri if quickbooks else "") or REDIRECT


def _oauth(home: Home) -> quickbooks_auth.OAuth:
    clock = home.world.clock
    caller = Caller(home.world.network, clock, home.world.ids, free_throttle(clock), "QuickBooks")
    return quickbooks_oauth(home.settings, home.store, home.vault, caller, clock)


def consent_of(home: Home, back: str, state: str) -> quickbooks_auth.Consent:
    """What the page the person came back to brings; its code is not spent by that.

    Raises `WrongUse` or `SignInNeeded` where it is no answer to `state`, or is about another company than ours.
    """
    params = dict(parse_qsl(urlsplit(back).query, keep_blank_values=True))
    quickbooks = home.settings.quickbooks
    return quickbooks_auth.consent(params, state, quickbooks.realm_id if quickbooks else "")


async def finish_quickbooks(home: Home, back: str, state: str, redirect: str = "") -> str:
    """Exchange the code of the page the person came back to, and seal the tokens. Returns the realm id.

    `redirect` is where consent was asked to lead back to, as for `authorize_url`.
    """
    quickbooks = home.settings.quickbooks
    consent = consent_of(home, back, state)
    tokens = await _oauth(home).exchange(consent.code, redirect or _redirect(home))
    custody = quickbooks_custody(home.settings, home.store, home.vault, home.world.clock)
    SealedTokens(custody, consent.realm_id).store(tokens)
    if quickbooks is not None and not quickbooks.realm_id:
        change_settings(home.path, "quickbooks", {"realm_id": consent.realm_id}, home.settings.name)
    return consent.realm_id


async def finish_salesforce(home: Home) -> str:
    """Sign in with the client credentials; the org id goes to the settings the first time. Returns it."""
    return await sign_in_to_salesforce(home, "secret")


async def sign_in_to_salesforce(home: Home, by: Way) -> str:
    """Sign in this way, which is the one from then on; the org id goes to the settings the first time. Returns it."""
    session = await salesforce_client(home.settings, home.store, home.vault, home.world, by).session()
    salesforce = home.settings.salesforce
    if salesforce is not None and not salesforce.org_id:
        change_settings(home.path, "salesforce", {"org_id": session.org_id}, home.settings.name)
    return session.org_id


def register(home: Home, actor: Actor, system: str = "") -> Connected:
    """Put the connection on record once both sides are known, and who signed in to which system (blank: to both).

    Raises `WrongUse` while one is missing.
    """
    settings = load(home.path, {}, home.settings.name)
    quickbooks, salesforce = settings.both()
    name = connection_id(quickbooks.realm_id, salesforce.org_id)
    now = home.world.clock.now()
    home.store.add_connection(name, quickbooks.realm_id, salesforce.org_id, quickbooks.realm_id, now)
    detail = {"environment": quickbooks.environment}
    home.store.audit(name, actor, "sign in", system or "quickbooks, salesforce", detail, now)
    signed_in(home, name, system)
    connected = home.store.connection(name)
    if connected is None:
        raise WrongUse("The connection was not stored.", "Try again.")
    return connected


def signed_in(home: Home, connection: str, system: str) -> None:
    """A person has signed in (blank: to both sides): a service that runs asks that side at once."""
    names = [system] if system else SYSTEMS
    sides = Sides(home.store, connection, home.world.clock, home.world.ids, names)
    for name in names:
        sides.reconnected(name)


async def name_company(home: Home, actor: Actor, system: str = "") -> Connected:
    """Ask QuickBooks for the company's name and keep it with the connection, and the sign-in with its audit log."""
    settings = load(home.path, {}, home.settings.name)
    company = await quickbooks_client(settings, home.store, home.vault, home.world).check_company()
    connected = register(home, actor, system)
    home.store.add_connection(
        connected.id, connected.realm_id, connected.org_id, company.company_name, home.world.clock.now()
    )
    return msgspec.structs.replace(connected, company=company.company_name)

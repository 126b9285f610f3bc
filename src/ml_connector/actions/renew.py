"""Renew what the apps sign in with, without a break: old and new stand side by side until the new one is taken."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from ml_connector.actions.connect import sign_in_to_salesforce, signed_in
from ml_connector.actions.open import Home
from ml_connector.app import connection_id
from ml_connector.clients import (
    CLIENT_SECRET,
    SIGNING_KEY,
    quickbooks_client,
    quickbooks_custody,
    salesforce_client,
    salesforce_custody,
)
from ml_connector.custody import SealedPair
from ml_connector.files import write_new
from ml_connector.model.errors import SignInNeeded, StateTrouble, WrongUse
from ml_connector.model.people import Actor
from ml_connector.systems.salesforce import certificate
from ml_connector.systems.salesforce.certificate import Certified

System = Literal["quickbooks", "salesforce"]


class Renewed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a new secret or key. Not `taken`: it waits, the old one goes on, and why it was not is said."""

    system: System
    taken: bool
    why: str = ""
    remedy: str = ""
    certificate: str = ""
    ends: datetime | None = None


async def renew_secret(home: Home, system: System, secret: str, actor: Actor) -> Renewed:
    """Put a new client secret beside the one in use, and try it at once; from then on at each sign-in.

    Once the vendor takes it, the old one is dropped. Raises what ends a sign-in where the vendor takes neither.
    """
    pair = _pair(home, system, CLIENT_SECRET)
    if not pair.values():
        raise WrongUse(f"No secret of {system} is known yet.", f"Run  ml-connector connect {system}")
    pair.stage(secret.strip())
    if system == "quickbooks":
        await quickbooks_client(home.settings, home.store, home.vault, home.world).sign_in_anew()
    else:
        await salesforce_client(home.settings, home.store, home.vault, home.world, "secret").session()
    _on_record(home, system, "renew secret", actor, taken=not pair.staged)
    why = "The vendor does not take the new secret yet; the old one goes on." if pair.staged else ""
    return Renewed(system=system, taken=not pair.staged, why=why, remedy="Make it valid there; it is tried by itself.")


def certificate_user(home: Home) -> str:
    """The user whom the certificate signs in as; blank where there is none yet."""
    known = _pair(home, "salesforce", SIGNING_KEY).values()
    return Certified.read(known[0]).username if known else ""


async def connect_by_certificate(home: Home, username: str, actor: Actor, *, new_key: bool = False) -> Renewed:
    """Sign in with a key of ours, whose certificate an administrator uploads.

    The first time, and with `new_key`, a key is made and its certificate written to the home. It is tried at once:
    until the certificate is uploaded the org does not take it, and what was used before goes on.
    """
    pair = _pair(home, "salesforce", SIGNING_KEY)
    made = new_key or not pair.values()
    if made:
        name = f"ml-connector {_app(home, 'salesforce')[:20]}"
        (pair.stage if pair.values() else pair.put)(certificate.make(name, username, home.world.clock.now()).text)
    _named(pair, username)
    newest = Certified.read(pair.values()[0])
    file = _written(home, newest)
    renewed = Renewed(system="salesforce", taken=True, certificate=str(file), ends=newest.ends)
    try:
        await sign_in_to_salesforce(home, "certificate")
    except SignInNeeded as refusal:
        if not made:
            raise
        return msgspec.structs.replace(renewed, taken=False, why=refusal.sentence, remedy=refusal.remedy)
    _on_record(home, "salesforce", "sign in by certificate", actor, taken=not pair.staged)
    waits = "Salesforce does not know the new certificate yet; the old one goes on." if pair.staged else ""
    return msgspec.structs.replace(renewed, taken=not pair.staged, why=waits)


def _named(pair: SealedPair, username: str) -> None:
    """Have the keys that are there sign for this user from now on."""
    keys = [Certified.read(text) for text in pair.values()]
    texts = [msgspec.structs.replace(key, username=username).text for key in keys]
    if any(key.username != username for key in keys):
        pair.put(texts[-1])
        if len(texts) > 1:
            pair.stage(texts[0])


def _pair(home: Home, system: System, name: str) -> SealedPair:
    custody_of = quickbooks_custody if system == "quickbooks" else salesforce_custody
    custody = custody_of(home.settings, home.store, home.vault, home.world.clock)
    return SealedPair(custody, f"{system}:{_app(home, system)}", name)


def _app(home: Home, system: System) -> str:
    """The client id of an app. Raises `WrongUse` where there is none."""
    configured = home.settings.quickbooks if system == "quickbooks" else home.settings.salesforce
    if configured is None or not configured.client_id:
        raise WrongUse(f"{system} is not set up.", f"Run  ml-connector connect {system}")
    return configured.client_id


def _written(home: Home, certified: Certified) -> Path:
    """The certificate of the newest key in the home, whole or not at all."""
    name = re.sub(r"[^A-Za-z0-9-]", "-", home.settings.name)
    file = home.path / f"salesforce-{name}.crt"
    part = file.with_suffix(".part")
    try:
        part.unlink(missing_ok=True)
        write_new(part, certified.certificate.encode())
        part.replace(file)
    except OSError as error:
        raise StateTrouble("The certificate cannot be written.", "Check the rights of the home folder.") from error
    return file


def _on_record(home: Home, system: System, action: str, actor: Actor, *, taken: bool) -> None:
    """An event of the connection, once both sides are there; a service that runs asks a side that was dead at once."""
    quickbooks, salesforce = home.settings.quickbooks, home.settings.salesforce
    if quickbooks is None or salesforce is None:
        return
    name = connection_id(quickbooks.realm_id, salesforce.org_id)
    if home.store.connection(name) is not None:
        home.store.audit(name, actor, action, system, {"taken": taken}, home.world.clock.now())
        signed_in(home, name, system)

"""Homes on disk with several connections that were connected once, and no vendor behind them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from ml_connector.app import connection_id
from ml_connector.clock import WallClock
from ml_connector.custody import Custody, SealedHeads, SealedTokens, seal_secret
from ml_connector.settings import Settings, destination, load, write_connection, write_settings
from ml_connector.store import Store
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.vault import Vault

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def org_id(number: int) -> str:
    return f"00D{number:012d}"


def company(number: int, org: int | None = None) -> dict[str, dict[str, Any]]:
    """The sections of a connection to company `number`, and to the org of the same number if no other is named."""
    server = f"http://127.0.0.1:{40000 + number}"
    return {
        "quickbooks": {
            "environment": "rehearsal",
            "client_id": "our-app",
            "realm_id": str(9130 + number),
            "base_url": server,
            "token_url": f"{server}/oauth2/v1/tokens/bearer",
        },
        "salesforce": {
            "base_url": "http://127.0.0.1:39999", "client_id": "our-client", "org_id": org_id(org or number)
        },
    }  # fmt: skip


def add(home: Path, name: str, number: int, org: int | None = None) -> str:
    """Make a connection, as if it had been connected and had gone live; its id."""
    write_connection(home, name, company(number, org))
    vault = Vault.open_home(home) if (home / "keys").exists() else Vault.create(home)
    settings = load(home, {}, name)
    store = Store.open(settings.state.url)
    store.keeper, store.marker = SealedHeads(vault, home), vault
    for system in ("quickbooks", "salesforce"):
        configured = getattr(settings, system)
        seal_secret(custody(settings, store, vault, system), f"{system}:{configured.client_id}", "client_secret", "s")
    quickbooks, salesforce = settings.both()
    tokens = Tokens(access_token="", refresh_token="r", access_expires_at=NOON - timedelta(days=1))
    SealedTokens(custody(settings, store, vault, "quickbooks"), quickbooks.realm_id).store(tokens)
    id_ = connection_id(quickbooks.realm_id, salesforce.org_id)
    store.add_connection(id_, quickbooks.realm_id, salesforce.org_id, f"Company {number}", NOON)
    store.go_live(id_, NOON)
    store.audit(id_, "setup", "sign in", "quickbooks, salesforce", {}, NOON)
    store.close()
    return id_


def custody(settings: Settings, store: Store, vault: Vault, system: Literal["quickbooks", "salesforce"]) -> Custody:
    return Custody(store, vault, destination(settings, system), WallClock())


def home_with(folder: Path, *names: str) -> Path:
    """A home with these connections, each with a company and an org of its own."""
    folder.mkdir(mode=0o700, exist_ok=True)
    write_settings(folder, {})
    for number, name in enumerate(names, 1):
        add(folder, name, number)
    return folder


def unplaced(home: Path) -> None:
    """Let a copied home be as one that was never opened: it is no copy of one that goes on elsewhere."""
    with closing(sqlite3.connect(home / "state.db")) as state, state:
        state.execute("DELETE FROM installation")

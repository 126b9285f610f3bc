"""What a rehearsal looks up, or does, inside the connector, past its actions. All of it has a name here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_connector.actions.open import App
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import SETTINGS
from ml_connector.store.rows import HeldRow
from ml_connector.systems.quickbooks.records import JournalEntry, note_fields


def knocked_on(app: App) -> Mapping[str, int]:
    """How many records of each flow were ever knocked on."""
    return app.store.counts(app.connection.id)


def awaits_approval(app: App) -> bool:
    """Whether a record waits for a plan to be applied."""
    return bool(app.store.planned(app.connection.id))


def unserved(app: App) -> int:
    """How many records are due and not served yet, approvals left out."""
    return sum(app.store.unserved(app.connection.id).values())


def open_writes(app: App) -> int:
    """How many writes have an outcome that is not known yet."""
    return len(app.store.open_writes(app.connection.id))


def holds(app: App) -> list[HeldRow]:
    """All open holds with their facts."""
    return app.store.holds(app.connection.id)


def links_of(app: App, role: Role, refs: Sequence[Ref]) -> list[Link]:
    """The links of a role at whose ends these records stand."""
    return [link for links in app.store.links_of(app.connection.id, role, refs).values() for link in links]


def flags(app: App) -> list[tuple[Ref, str]]:
    """All flags, with their records."""
    return [(ref, flag) for _, ref, flag in app.store.flags(app.connection.id)]


def settings_were_changed(app: App) -> None:
    """What waits for settings is looked at again, as after somebody edited them."""
    app.store.fire(app.connection.id, [SETTINGS], app.world.clock.now())


async def entries_of_ours(app: App) -> list[JournalEntry]:
    """The journal entries of this connection, read back from QuickBooks."""
    entries = (await app.quickbooks.listed("JournalEntry")).records
    return [entry for entry in entries if note_fields(entry.private_note).get("org") == app.rules.org_id]

"""The connections of an installation: which there are, how they are, and the way in and out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.actions.acting import must_be
from ml_connector.actions.status import Status, Undone, current_status
from ml_connector.actions.up import alone
from ml_connector.app import App, open_apps
from ml_connector.clients import revoke_quickbooks
from ml_connector.engine.lease import Lease
from ml_connector.model.errors import Busy, ConnectorError, WrongUse
from ml_connector.model.people import Actor
from ml_connector.settings import Settings, own_file, readable_others, rename_settings, write_connection
from ml_connector.store.pace import booked_of

DISCONNECTED = "disconnected"
"""The reason for which a connection without a sign-in is stopped: connect it again, then resume."""
REMOVED = "removed"


class RulesView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the rules: since when, who signed it off (`ml-connector`: found so in the file), what it changed."""

    number: int
    at: datetime
    by: str
    changed: Sequence[str] = ()


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as `connections` lists it. `trouble` says why it cannot be looked at, or is not connected yet.

    `sides` says how each side is, `at_work` who holds its lease, `rules` which version is in force, since when and by
    whom, `called` what was called of each side in this month (UTC), by kind.
    """

    name: str
    company: str = ""
    realm_id: str = ""
    org_id: str = ""
    environment: str = ""
    state: str
    trouble: str = ""
    remedy: str = ""
    undone: Sequence[Undone] = ()
    sides: Mapping[str, str] = {}
    at_work: str = ""
    rules: RulesView | None = None
    called: Mapping[str, Mapping[str, int]] = {}

    @property
    def attention(self) -> bool:
        """Whether somebody must look after something."""
        return bool(self.trouble) or any(item.level == "FAIL" for item in self.undone)


async def connections(home: Path) -> list[ConnectionView]:
    """All connections of this home by name, from our own records; no vendor is asked."""
    async with open_apps(home) as apps:
        return [_view(name, app) for name, app in apps.items()]


def _view(name: str, app: App | ConnectorError) -> ConnectionView:
    if isinstance(app, ConnectorError):
        return _troubled(name, app)
    try:
        status = current_status(app)
    except WrongUse as error:
        return _troubled(name, error)
    return ConnectionView(
        name=name, company=status.company, realm_id=status.realm_id, org_id=status.org_id,
        environment=status.environment, state=_state(status), undone=status.undone(),
        sides={side.system: side.state for side in status.sides},
        at_work=app.store.lease_holder(app.connection.id, app.world.clock.now()),
        rules=next(iter(rules_of(app)), None), called=_called(app),
    )  # fmt: skip


def _called(app: App) -> dict[str, dict[str, int]]:
    month = f"{app.world.clock.now():%Y-%m} "
    rules = app.settings.rules
    booked = {
        system: booked_of(app.store, system, id_)
        for system, id_ in (("quickbooks", rules.realm_id), ("salesforce", rules.org_id))
    }
    return {
        system: {kind.removeprefix(month): calls for kind, calls in by_kind.items() if kind.startswith(month)}
        for system, by_kind in booked.items()
    }


def rules_of(app: App) -> list[RulesView]:
    """Every version of the rules of a connection, the newest first, with the keys that are others than before."""
    versions = app.store.rules_versions(app.connection.id)
    # The oldest is compared with nothing: the empty one after it.
    contents = [*(msgspec.json.decode(version.content, type=dict[str, Any]) for version in versions), {}]
    return [
        RulesView(
            number=version.number, at=version.at, by=version.actor,
            changed=sorted(key for key in {*now, *before} if now.get(key) != before.get(key)),
        )
        for version, (now, before) in zip(versions, pairwise(contents), strict=True)
    ]  # fmt: skip


def _troubled(name: str, error: ConnectorError) -> ConnectionView:
    state = "not connected" if isinstance(error, WrongUse) else "cannot be opened"
    return ConnectionView(name=name, state=state, trouble=error.sentence, remedy=error.remedy)


def _state(status: Status) -> str:
    if status.paused:
        return DISCONNECTED if status.paused == DISCONNECTED else "stopped"
    return "dry run" if status.dry_run else "live"


def add_connection(home: Path, name: str) -> Path:
    """Make the file of a further connection, with everything in it still to be chosen. Raises `WrongUse`."""
    return write_connection(home, name, {})


def rename_connection(home: Path, old: str, new: str) -> Path:
    """Call a connection otherwise: its file gets another name, and nothing else changes. Raises `WrongUse`."""
    return rename_settings(home, old, new)


class Disconnected(msgspec.Struct, frozen=True):
    """What became of a sign-in: whether Intuit has ended it (None: there was none), and whose it still is."""

    revoked: bool | None
    shared_with: tuple[str, ...] = ()


async def disconnect(app: App, actor: Actor) -> Disconnected:
    """End the QuickBooks sign-in at Intuit, forget its tokens, and stop all writes; what is on record stays.

    Another connection of the same company needs the sign-in: then it stays, and only this one is stopped. Raises
    `Busy` while the sign-in is being renewed, `NotProved` unless an administrator does it.
    """
    must_be(app, actor, "connections disconnect", "admin")
    others = readable_others(app.settings.home, app.settings.name)
    shared = tuple(other.name for other in others if other.rules.realm_id == app.settings.rules.realm_id)
    app.store.pause(app.connection.id, DISCONNECTED)
    world = app.world
    revoked = None if shared else await revoke_quickbooks(app.settings, app.store, app.vault, world)
    detail = {"revoked": revoked, "shared_with": shared}
    app.store.audit(app.connection.id, actor, "disconnect", app.connection.id, detail, world.clock.now())
    return Disconnected(revoked, shared)


async def remove(app: App, actor: Actor) -> Disconnected:
    """Disconnect, forget what is known of both sides and their secrets, and delete the settings.

    The audit log stays, with the approvals and the people that it speaks of. Secrets that another connection uses stay
    too. Raises `Busy` while a run or the service is at work, `NotProved` unless an administrator does it, and
    `WrongUse` for the connection in `settings.toml`.
    """
    must_be(app, actor, "connections remove", "admin")
    file = own_file(app.settings.home, app.settings.name)
    with (
        _no_service(app.settings.home),
        Lease(app.store, app.connection.id, app.world.clock).held(app.world.ids.token()),
    ):
        disconnected = await disconnect(app, actor)
        others = readable_others(app.settings.home, app.settings.name)
        for owner in _owners(app.settings) - {owner for other in others for owner in _owners(other)}:
            app.store.drop_all_sealed(owner)
        rows = app.store.forget_connection(app.connection.id, REMOVED)
        app.store.audit(app.connection.id, actor, "remove", app.connection.id, {"rows": rows}, app.world.clock.now())
    file.unlink()
    return disconnected


@contextmanager
def _no_service(home: Path) -> Iterator[None]:
    """It has all connections open, and would take in what is forgotten."""
    with ExitStack() as lock:
        try:
            lock.enter_context(alone(home))
        except Busy as busy:
            raise Busy(busy.sentence, "End it, remove the connection, and start it again.") from busy
        yield


def _owners(settings: Settings) -> set[str]:
    """Whose secrets a connection uses: its company, and its app on each side."""
    quickbooks, salesforce = settings.both()
    return {
        f"quickbooks:{quickbooks.realm_id}",
        f"quickbooks:{quickbooks.client_id}",
        f"salesforce:{salesforce.client_id}",
    }

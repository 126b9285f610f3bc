"""The connections of an installation: which there are, how they are, and the way in and out of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ml_connector.actions.status import Status, Undone, current_status
from ml_connector.app import App, open_apps
from ml_connector.model.errors import ConnectorError, WrongUse
from ml_connector.settings import write_connection


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as `connections` lists it. `trouble` says why it cannot be looked at, or is not connected yet."""

    name: str
    company: str = ""
    realm_id: str = ""
    org_id: str = ""
    environment: str = ""
    state: str
    trouble: str = ""
    remedy: str = ""
    undone: Sequence[Undone] = ()

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
    )  # fmt: skip


def _troubled(name: str, error: ConnectorError) -> ConnectionView:
    state = "not connected" if isinstance(error, WrongUse) else "cannot be opened"
    return ConnectionView(name=name, state=state, trouble=error.sentence, remedy=error.remedy)


def _state(status: Status) -> str:
    if status.paused:
        return "stopped"
    return "dry run" if status.dry_run else "live"


def add_connection(home: Path, name: str) -> Path:
    """Make the file of a further connection, with everything in it still to be chosen. Raises `WrongUse`."""
    return write_connection(home, name, {})

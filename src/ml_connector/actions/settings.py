"""What doors need of the settings: that they are right, whose time it is, what is known of a side."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, Literal

import msgspec

from ml_connector.model.errors import WrongUse
from ml_connector.settings import Settings, Web, change_settings, layout_of, load
from ml_connector.settings.hosts import is_loopback


def check_settings(home: Path, name: str = "") -> None:
    """Raises `WrongUse` that names the key and the fix if something is wrong in those of a connection."""
    _settings(home, name)


def connection_names(home: Path) -> tuple[str, ...]:
    """How the connections of this home are called."""
    return tuple(layout_of(home).connections)


def zone_of(home: Path, name: str = "") -> tzinfo:
    """The company's time zone."""
    return _settings(home, name).rules.zone


def settings_of(home: Path, system: Literal["quickbooks", "salesforce"], name: str = "") -> Mapping[str, Any]:
    """What is set for one side, by key (`client_id`, `environment`, ...); nothing before it is set up."""
    configured = getattr(_settings(home, name), system)
    return {} if configured is None else msgspec.structs.asdict(configured)


def set_up(home: Path, system: Literal["quickbooks", "salesforce"], values: Mapping[str, str], name: str = "") -> None:
    """Write these keys of one side. Raises `WrongUse` for one that is wrong."""
    change_settings(home, system, values, name)


def must_be_reached_safely(home: Path, host: str) -> str:
    """The address by which others reach the service; blank where it is for this machine alone.

    Raises `WrongUse` where it would listen for others although no https address leads to it: passwords would travel
    in the clear.
    """
    names = connection_names(home)
    web = next((loaded for name in names if (loaded := _web(home, name)) is not None), Web())
    public_url = web.public_url.rstrip("/")
    if not is_loopback(host) and not public_url.startswith("https://"):
        raise WrongUse(
            f"On {host} others could reach the service, and no https address leads to it.",
            "Leave it on 127.0.0.1, put a reverse proxy before it, and set public_url of [web] to its address.",
        )
    return public_url


def _web(home: Path, name: str) -> Web | None:
    """[web] is the installation's: any connection that can be read says it."""
    try:
        return _settings(home, name).web
    except WrongUse:  # its own page and command say so; the others go on
        return None


def _settings(home: Path, name: str) -> Settings:
    return load(home, os.environ, name)

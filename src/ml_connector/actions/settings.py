"""What doors need of the settings: that they are right, whose time it is, what is known of a side."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any, Literal

import msgspec

from ml_connector.settings import Settings, change_settings, layout_of, load


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


def _settings(home: Path, name: str) -> Settings:
    return load(home, os.environ, name)

"""The settings of the connections of one home: its files and the environment, read and checked once."""

from .file import change_settings, own_file, rename_settings, settings_file, write_connection, write_settings
from .hosts import destination, event_bus
from .layout import layout_of
from .load import load, load_all, load_text, other_settings, readable_others
from .published import as_markdown, json_schema
from .running import Alerts, Cadence, Stream
from .shape import DEFAULT, OF_CONNECTION, Network, QuickBooks, Salesforce, Settings, State
from .web import Web

__all__ = [
    "DEFAULT",
    "OF_CONNECTION",
    "Alerts",
    "Cadence",
    "Network",
    "QuickBooks",
    "Salesforce",
    "Settings",
    "State",
    "Stream",
    "Web",
    "as_markdown",
    "change_settings",
    "destination",
    "event_bus",
    "json_schema",
    "layout_of",
    "load",
    "load_all",
    "load_text",
    "other_settings",
    "own_file",
    "readable_others",
    "rename_settings",
    "settings_file",
    "write_connection",
    "write_settings",
]

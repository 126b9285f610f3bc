"""The settings of one installation: `settings.toml` in the home folder and the environment, read and checked once."""

from .file import change_settings, settings_file, write_settings
from .hosts import destination
from .load import load, load_text
from .published import as_markdown, json_schema
from .shape import Cadence, Network, QuickBooks, Salesforce, Settings, State

__all__ = [
    "Cadence",
    "Network",
    "QuickBooks",
    "Salesforce",
    "Settings",
    "State",
    "as_markdown",
    "change_settings",
    "destination",
    "json_schema",
    "load",
    "load_text",
    "settings_file",
    "write_settings",
]

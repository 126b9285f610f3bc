"""Make a home folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_connector.model.errors import WrongUse
from ml_connector.settings import write_settings


def init(path: Path, emulators: Mapping[str, Any] | None = None) -> Path:
    """Make a home folder with settings; with the line of the emulators, settings that point at them."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    values: dict[str, Any] = {} if emulators is None else _rehearsal(emulators)
    return write_settings(path, values)


def _rehearsal(line: Mapping[str, Any]) -> dict[str, Any]:
    try:
        quickbooks, salesforce = line["quickbooks"], line["salesforce"]
        values: dict[str, Any] = {
            "quickbooks": {
                "environment": "rehearsal",
                "client_id": quickbooks["client_id"],
                "realm_id": quickbooks["realm_id"],
                "base_url": quickbooks["base_url"],
                "token_url": quickbooks["token_url"],
                "authorize_url": quickbooks["authorize_url"],
            },
            "salesforce": {
                "base_url": salesforce["base_url"],
                "client_id": salesforce["client_id"],
                "org_id": salesforce["org_id"],
            },
        }
    except (KeyError, TypeError) as error:
        raise WrongUse(
            "This is not the line that the emulators print.",
            "Save the JSON line of  ml-connector emulators --json  to a file and name that file.",
        ) from error
    if line.get("ca_file"):
        values["network"] = {"ca_file": line["ca_file"]}
    return values

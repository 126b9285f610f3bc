"""Make a home folder, and the settings of a connection in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_connector.model.errors import WrongUse
from ml_connector.settings import OF_CONNECTION, layout_of, settings_file, write_connection, write_settings

Values = Mapping[str, Mapping[str, Any]]


def init(path: Path, emulators: Mapping[str, Any] | None = None, name: str = "") -> Path:
    """Make a home folder with settings; with the line of the emulators, settings that point at them.

    With a name, the connection gets a file of its own, also in a home that is there. Raises `WrongUse`.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    values: Values = {} if emulators is None else _rehearsal(emulators)
    if not name:
        return write_settings(path, values)
    installation = {section: keys for section, keys in values.items() if section not in OF_CONNECTION}
    if settings_file(path).exists():
        _must_be_set(path, installation)
    else:
        write_settings(path, installation)
    return write_connection(path, name, {section: values[section] for section in values if section in OF_CONNECTION})


def _must_be_set(path: Path, installation: Values) -> None:
    """What the emulators ask of the whole installation is not changed under the connections that are there."""
    there = layout_of(path).installation.parsed()
    for section, values in installation.items():
        for key, value in values.items():
            if there.get(section, {}).get(key) != value:
                raise WrongUse(
                    f"These emulators need another {key} in [{section}] than this home has.",
                    "Make a home of its own for them:  ml-connector init --emulators FILE --home DIR",
                )


def _rehearsal(line: Mapping[str, Any]) -> Values:
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
    target = (line.get("pubsub") or {}).get("target")
    if target:
        values["stream"] = {"target": target}
    if line.get("ca_file"):
        values["network"] = {"ca_file": line["ca_file"]}
    return values

"""Which files the settings of a home stand in (decision 0015).

A home with one connection may keep everything in `settings.toml`; that connection is called `default`. Where there are
several, `settings.toml` holds what is the installation's, and `connections/NAME.toml` what is one connection's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ml_connector.files import must_be_ours
from ml_connector.model.errors import WrongUse

from .shape import DEFAULT, OF_CONNECTION, SECTIONS

FILE = "settings.toml"
FOLDER = "connections"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class Text(NamedTuple):
    """The text of a file, how it is called to people, and the sections that may stand in it."""

    label: str
    text: str
    sections: tuple[str, ...] = tuple(SECTIONS)

    def parsed(self) -> dict[str, Any]:
        """Its raw tables. Raises `WrongUse` naming the line."""
        try:
            return tomllib.loads(self.text, parse_float=Decimal)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"at line (\d+)", str(error))
            line = place[1] if place else self.text.count("\n") + 1
            raise WrongUse(
                f"{self.label}, line {line}: this is not TOML.", "Write  key = value , with texts in quotes."
            ) from None
        except (RecursionError, ValueError, ArithmeticError):
            raise WrongUse(
                f"{self.label} holds a value that cannot be read.", "Write  key = value , one a line."
            ) from None


class Layout(NamedTuple):
    """The files of a home: what is the installation's, and each connection's by its name."""

    home: Path
    installation: Text
    connections: Mapping[str, Text]

    def name(self, given: str) -> str:
        """The connection that is meant. Raises `WrongUse` for one that is not there, and for none of several."""
        names = ", ".join(self.connections)
        if given and given not in self.connections:
            raise WrongUse(
                f"There is no connection of this name here. There is: {names}.", "Name one:  --connection NAME"
            )
        if not given and len(self.connections) > 1:
            raise WrongUse(
                f"This installation has {len(self.connections)} connections: {names}.",
                "Say which one is meant:  --connection NAME",
            )
        return given or next(iter(self.connections))

    def texts(self, name: str) -> tuple[Text, ...]:
        """The files that the settings of a connection stand in."""
        text = self.connections[name]
        return (text,) if text is self.installation else (self.installation, text)

    def file(self, name: str, section: str) -> Path:
        """The file in which a section of a connection stands."""
        own = section in OF_CONNECTION and self.connections[name] is not self.installation
        return connection_file(self.home, name) if own else self.home / FILE

    def twin(self, name: str) -> str:
        """Another connection of the same company and org, which would be the same one twice; blank for none."""
        ours = _company_and_org(self.connections[name].text)
        others = (other for other in self.connections if other != name)
        same = (other for other in others if all(ours) and _company_and_org(self.connections[other].text) == ours)
        return next(same, "")


def layout_of(home: Path) -> Layout:
    """The files of `home`. Raises `WrongUse` where there is none, or one that another user can change."""
    must_be_ours(home)
    text = _read(home / FILE, FILE, home)
    files = dict(_connection_files(home))
    if not files:
        whole = Text(FILE, text)
        return Layout(home, whole, {DEFAULT: whole})
    own = {
        name: Text(label, _read(home / label, label, home), OF_CONNECTION)
        for name, label in ((name, f"{FOLDER}/{file.name}") for name, file in files.items())
    }
    installation = Text(FILE, text)
    if not holds_a_connection(installation):
        return Layout(home, installation, own)
    if DEFAULT in own:
        raise WrongUse(
            f"Connection {DEFAULT} stands in {FILE} and in {FOLDER}/{DEFAULT}.toml.", "Take it out of one of them."
        )
    return Layout(home, installation, {DEFAULT: installation, **own})


def has_several(home: Path) -> bool:
    """Whether there are files of connections beside `settings.toml`."""
    return any(True for _ in _connection_files(home))


def holds_a_connection(text: Text) -> bool:
    """Whether something is set in it that belongs to one connection. Raises `WrongUse`."""
    return bool(set(text.parsed()) & set(OF_CONNECTION))


def connection_file(home: Path, name: str) -> Path:
    """Where the settings of a connection stand that has a file of its own. Raises `WrongUse` for what is no name."""
    if not _NAME.fullmatch(name):
        raise WrongUse(
            "That is no name of a connection.", "Take small letters, digits and hyphens, at most 40, such as  east-2"
        )
    return home / FOLDER / f"{name}.toml"


def _connection_files(home: Path) -> Iterator[tuple[str, Path]]:
    folder = home / FOLDER
    must_be_ours(folder)
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml" and not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):  # one connection, in settings.toml
        return
    except OSError:
        raise WrongUse(f"{folder} cannot be read.", "Check its rights.") from None
    for file in files:
        if connection_file(home, file.stem) == file:
            yield file.stem, file


def _read(file: Path, label: str, home: Path) -> str:
    must_be_ours(file)
    try:
        raw = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise WrongUse(
            f"There is no {label} in {home}.", "Make one with  ml-connector init , or name another folder with --home."
        ) from None
    except (OSError, ValueError):
        raise WrongUse(f"{file} cannot be read.", "Check its rights, or name another folder with --home.") from None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise WrongUse(f"{label}, line {line}: the file is not UTF-8.", "Save it as UTF-8.") from None


@lru_cache(1024)
def _company_and_org(text: str) -> tuple[str, str]:
    """Blank where they are not known, or where the file cannot be read: whoever opens it says so."""
    try:
        raw = Text("", text).parsed()
        return str(raw["quickbooks"]["realm_id"]), str(raw["salesforce"]["org_id"])[:15]
    except (WrongUse, KeyError, TypeError):
        return "", ""

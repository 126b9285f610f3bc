"""From file and environment to `Settings`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.files import must_be_ours
from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import Rules

from . import convert
from .checks import check_all
from .convert import KeyPath
from .hosts import VENDOR
from .shape import SECTIONS, Cadence, Network, QuickBooks, Salesforce, Settings, State, keys

FILE = "settings.toml"
PREFIX = "MLC_"


def load(home: Path, env: Mapping[str, str]) -> Settings:
    """The settings of `home`, with `MLC_<SECTION>_<KEY>` from `env` over them. Raises `WrongUse`.

    They say where secrets and entries go: a home or file that another user can change is refused.
    """
    file = home / FILE
    must_be_ours(home)
    must_be_ours(file)
    try:
        raw = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise WrongUse(
            f"There is no {FILE} in {home}.", "Make one with  ml-connector init , or name another folder with --home."
        ) from None
    except (OSError, ValueError):
        raise WrongUse(f"{file} cannot be read.", "Check its rights, or name another folder with --home.") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise WrongUse(f"{FILE}, line {line}: the file is not UTF-8.", "Save it as UTF-8.") from None
    return load_text(text, home, env)


def load_text(text: str, home: Path, env: Mapping[str, str]) -> Settings:
    """As `load`, from the text of the file."""
    values = _from_file(text)
    origin: dict[tuple[str, str], str] = {}
    for (section, name), value in _from_environment(env).items():
        _must_not_move(values, section, name, value)
        values.setdefault(section, {})[name] = value
        origin[section, name] = f"{PREFIX}{section}_{name}".upper()
    settings = _built(values, home.absolute())
    check_all(settings, _places(text, origin), from_environment=("state", "url") in origin)
    return settings


def _must_not_move(values: Mapping[str, Mapping[str, Any]], section: str, name: str, value: Any) -> None:
    """A variable does not make a rehearsal of production: which hosts may be named depends on the environment."""
    if (section, name) == ("quickbooks", "environment") and values.get(section, {}).get(name, value) != value:
        raise WrongUse(
            f"Environment variable {PREFIX}QUICKBOOKS_ENVIRONMENT names another environment than {FILE}.",
            "Remove the variable; another environment needs a home of its own.",
        )


def parse(text: str) -> dict[str, Any]:
    """The raw tables of the file. Raises `WrongUse` naming the line."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = place[1] if place else text.count("\n") + 1
        raise WrongUse(
            f"{FILE}, line {line}: this is not TOML.", "Write  key = value , with texts in quotes."
        ) from None
    except (RecursionError, ValueError, ArithmeticError):
        raise WrongUse(f"{FILE} holds a value that cannot be read.", "Write  key = value , one a line.") from None


def _from_file(text: str) -> dict[str, dict[str, Any]]:
    raw = parse(text)
    locate = _places(text, {})
    for name, value in raw.items():
        if name not in SECTIONS:
            outside = not isinstance(value, dict)
            owners = [section for section in SECTIONS if name in {key.name for key in keys(section)}]
            if outside and owners:
                raise WrongUse(f"{locate((name,))}: {name} stands outside a section.", f"Put it below  [{owners[0]}]")
            raise convert.unknown((name,), SECTIONS, locate)
    return {name: convert.table(value, name, (name,), locate) for name, value in raw.items()}


def _from_environment(env: Mapping[str, str]) -> dict[tuple[str, str], Any]:
    """Values by section and field. An empty variable counts as not set; a secret is not ours to read."""
    values = {}
    for variable in sorted(env):
        section, _, name = variable.removeprefix(PREFIX).lower().partition("_")
        if not variable.startswith(PREFIX) or section not in SECTIONS or not name or not env[variable]:
            continue
        known = {key.name: key for key in keys(section)}
        if name not in known and convert.looks_secret(name):
            continue

        def locate(_: KeyPath, variable: str = variable) -> str:
            return f"Environment variable {variable}"

        if name in known and not isinstance(known[name].default, tuple | dict) and name != "template":
            values[section, known[name].field] = convert.value(
                known[name], env[variable], (section, name), locate, text=True
            )
        elif name in known:
            raise WrongUse(f"{locate(())}: {convert.label((section, name))} is a table.", f"Set it in {FILE}.")
        else:
            raise convert.unknown((section, name), known, locate)
    return values


def _built(values: Mapping[str, Mapping[str, Any]], home: Path) -> Settings:
    quickbooks = _quickbooks(values["quickbooks"]) if "quickbooks" in values else None
    salesforce = _salesforce(values["salesforce"]) if "salesforce" in values else None
    state, network = State(**values.get("state", {})), Network(**values.get("network", {}))
    if network.ca_file is not None:
        network = msgspec.structs.replace(network, ca_file=home / network.ca_file)
    return Settings(
        home=home,
        quickbooks=quickbooks,
        salesforce=salesforce,
        state=state if state.url else msgspec.structs.replace(state, url=f"sqlite:///{home / 'state.db'}"),
        rules=Rules(
            realm_id=quickbooks.realm_id if quickbooks else "",
            org_id=salesforce.org_id if salesforce else "",
            **values.get("rules", {}),
        ),
        network=network,
        cadence=Cadence(**values.get("cadence", {})),
    )


def _quickbooks(given: Mapping[str, Any]) -> QuickBooks:
    if "environment" not in given:
        raise WrongUse(
            "[quickbooks] has no environment.", 'Write  environment = "production" , "sandbox" or "rehearsal".'
        )
    follows = VENDOR.get(given["environment"], {})
    return QuickBooks(**follows | {name: value for name, value in given.items() if value})


def _salesforce(given: Mapping[str, Any]) -> Salesforce:
    if not given.get("base_url"):
        raise WrongUse("[salesforce] has no base_url.", 'Write  base_url = "https://<your domain>.my.salesforce.com"')
    return Salesforce(**given)


def _places(text: str, origin: Mapping[tuple[str, str], str]) -> convert.Locate:
    """Says where a path stands: a variable, a line of the file, or just the file."""

    def locate(path: KeyPath) -> str:
        if variable := origin.get((str(path[0]), str(path[1]) if len(path) > 1 else "")):
            return f"Environment variable {variable}"
        known = _lines(text)
        for end in range(len(path), 0, -1):
            if line := known.get(".".join(str(part) for part in path[:end])):
                return f"{FILE}, line {line}"
        return FILE

    return locate


def _lines(text: str) -> dict[str, int]:
    """The line of each key by its path (`rules.account_rules.0.sku`), as far as a look at single lines can tell."""
    numbers: dict[str, int] = {}
    table, counts = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", line):
            table = re.sub(r"\s*\.\s*|[\"']", lambda m: "." if "." in m[0] else "", header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{counts[table]}"
            numbers.setdefault(table, number)
        elif key := re.match(r"\s*([^\s=#][^=#]*?)\s*=", line):
            name = re.sub(r"[\"']", "", key[1])
            numbers.setdefault(f"{table}.{name}".lstrip("."), number)
    return numbers

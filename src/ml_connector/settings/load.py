"""From file and environment to `Settings`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import Rules

from . import convert
from .checks import check_all
from .convert import KeyPath
from .hosts import VENDOR
from .layout import FILE, FOLDER, Layout, Text, has_several, layout_of
from .running import Alerts, Cadence, Stream
from .shape import DEFAULT, OF_CONNECTION, SECTIONS, Network, QuickBooks, Salesforce, Settings, State, keys
from .web import Web

PREFIX = "MLC_"
ANSWERS = {("quickbooks", "redirect"), ("salesforce", "username")}
"""What a variable answers while a side is connected, and no settings keep."""


def load(home: Path, env: Mapping[str, str], name: str = "") -> Settings:
    """The settings of a connection of `home`, with `MLC_<SECTION>_<KEY>` from `env` over them. Raises `WrongUse`.

    Without a name, of the only one. They say where secrets and entries go: a home or file that another user can change
    is refused.
    """
    layout = layout_of(home)
    return settings_of(layout, layout.name(name), env)


def load_all(home: Path, env: Mapping[str, str]) -> dict[str, Settings | WrongUse]:
    """The settings of every connection of `home` by its name, or what is wrong in them."""
    layout = layout_of(home)
    return {name: _settings_or_error(layout, name, env) for name in layout.connections}


def other_settings(home: Path, name: str) -> list[Settings]:
    """The settings of all other connections of `home`, as they stand in the files. Raises `WrongUse`."""
    if not has_several(home):
        return []
    layout = layout_of(home)
    return [settings_of(layout, other, {}) for other in layout.connections if other != name]


def readable_others(home: Path, name: str) -> list[Settings]:
    """As `other_settings`, without those in which something is wrong."""
    loaded = load_all(home, {}) if has_several(home) else {}
    return [settings for other, settings in loaded.items() if other != name and isinstance(settings, Settings)]


def _settings_or_error(layout: Layout, name: str, env: Mapping[str, str]) -> Settings | WrongUse:
    try:
        return settings_of(layout, name, env)
    except WrongUse as error:
        return error


def settings_of(layout: Layout, name: str, env: Mapping[str, str]) -> Settings:
    """The settings of the connection of this name. Raises `WrongUse`."""
    twin = layout.twin(name)
    if twin:
        raise WrongUse(
            f"{name} and {twin} are the same connection: they have the same company and the same org.",
            f"Remove one of the two files in {FOLDER}.",
        )
    ambiguous = OF_CONNECTION if len(layout.connections) > 1 else ()
    return _from_texts(layout.texts(name), layout.home, env, name, ambiguous)


def load_text(text: str, home: Path, env: Mapping[str, str]) -> Settings:
    """As `load`, from the text of a file that holds everything."""
    return _from_texts((Text(FILE, text),), home, env, DEFAULT)


def _from_texts(
    texts: Sequence[Text], home: Path, env: Mapping[str, str], name: str, ambiguous: Collection[str] = ()
) -> Settings:
    values = dict(pair for text in texts for pair in _from_file(text, lone=len(texts) == 1).items())
    origin: dict[tuple[str, str], str] = {}
    for (section, key), value in _from_environment(env, ambiguous).items():
        _must_not_move(values, section, key, value)
        values.setdefault(section, {})[key] = value
        origin[section, key] = f"{PREFIX}{section}_{key}".upper()
    settings = _built(values, home.absolute(), name, "" if len(texts) == 1 else f"{texts[-1].label}: ")
    check_all(settings, _places(texts, origin), from_environment=("state", "url") in origin)
    return settings


def _must_not_move(values: Mapping[str, Mapping[str, Any]], section: str, name: str, value: Any) -> None:
    """A variable does not make a rehearsal of production: which hosts may be named depends on the environment."""
    if (section, name) == ("quickbooks", "environment") and values.get(section, {}).get(name, value) != value:
        raise WrongUse(
            f"Environment variable {PREFIX}QUICKBOOKS_ENVIRONMENT names another environment than {FILE}.",
            "Remove the variable; another environment needs a home of its own.",
        )


def _from_file(text: Text, *, lone: bool) -> dict[str, dict[str, Any]]:
    """The sections of a file. Of `settings.toml` beside another file, those of the installation."""
    raw = text.parsed()
    locate = _places([text], {})
    for name, value in raw.items():
        if name not in SECTIONS:
            outside = not isinstance(value, dict)
            owners = [section for section in SECTIONS if name in {key.name for key in keys(section)}]
            if outside and owners:
                raise WrongUse(f"{locate((name,))}: {name} stands outside a section.", f"Put it below  [{owners[0]}]")
            raise convert.unknown((name,), SECTIONS, locate)
        if name not in text.sections:
            raise WrongUse(
                f"{locate((name,))}: [{name}] is of the whole installation, not of one connection.",
                f"Put it into {FILE}.",
            )
    ours = {name for name in raw if lone or text.label != FILE or name not in OF_CONNECTION}
    return {name: convert.table(value, name, (name,), locate) for name, value in raw.items() if name in ours}


def _from_environment(env: Mapping[str, str], ambiguous: Collection[str]) -> dict[tuple[str, str], Any]:
    """Values by section and field. An empty variable counts as not set; a secret is not ours to read, nor an answer.

    Raises `WrongUse` for one of an `ambiguous` section: it would be meant for one connection, and count for all.
    """
    values = {}
    for variable in sorted(env):
        section, _, name = variable.removeprefix(PREFIX).lower().partition("_")
        if not variable.startswith(PREFIX) or section not in SECTIONS or not name or not env[variable]:
            continue
        known = {key.name: key for key in keys(section)}
        if name not in known and (convert.looks_secret(name) or (section, name) in ANSWERS):
            continue

        def locate(_: KeyPath, variable: str = variable) -> str:
            return f"Environment variable {variable}"

        if section in ambiguous and name in known:
            raise WrongUse(
                f"{locate(())} does not say which of the connections it is for.",
                f"Remove it, and set {name} in [{section}] of {FOLDER}/NAME.toml.",
            )
        if name in known and not isinstance(known[name].default, tuple | dict) and name != "template":
            values[section, known[name].field] = convert.value(
                known[name], env[variable], (section, name), locate, text=True
            )
        elif name in known:
            raise WrongUse(f"{locate(())}: {convert.label((section, name))} is a table.", f"Set it in {FILE}.")
        else:
            raise convert.unknown((section, name), known, locate)
    return values


def _built(values: Mapping[str, Mapping[str, Any]], home: Path, connection: str, file: str) -> Settings:
    quickbooks = _quickbooks(values["quickbooks"], file) if "quickbooks" in values else None
    salesforce = _salesforce(values["salesforce"], file) if "salesforce" in values else None
    state, network = State(**values.get("state", {})), Network(**values.get("network", {}))
    if network.ca_file is not None:
        network = msgspec.structs.replace(network, ca_file=home / network.ca_file)
    return Settings(
        home=home,
        name=connection,
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
        alerts=Alerts(**values.get("alerts", {})),
        stream=Stream(**values.get("stream", {})),
        web=Web(**values.get("web", {})),
    )


def _quickbooks(given: Mapping[str, Any], file: str) -> QuickBooks:
    if "environment" not in given:
        raise WrongUse(
            f"{file}[quickbooks] has no environment.", 'Write  environment = "production" , "sandbox" or "rehearsal".'
        )
    follows = VENDOR.get(given["environment"], {})
    return QuickBooks(**follows | {name: value for name, value in given.items() if value})


def _salesforce(given: Mapping[str, Any], file: str) -> Salesforce:
    if not given.get("base_url"):
        raise WrongUse(
            f"{file}[salesforce] has no base_url.", 'Write  base_url = "https://<your domain>.my.salesforce.com"'
        )
    return Salesforce(**given)


def _places(texts: Sequence[Text], origin: Mapping[tuple[str, str], str]) -> convert.Locate:
    """Says where a path stands: a variable, a line of a file, or just the file."""

    def locate(path: KeyPath) -> str:
        if variable := origin.get((str(path[0]), str(path[1]) if len(path) > 1 else "")):
            return f"Environment variable {variable}"
        text = next((text for text in reversed(texts) if path[0] in text.sections), texts[0])
        known = _lines(text.text)
        for end in range(len(path), 0, -1):
            if line := known.get(".".join(str(part) for part in path[:end])):
                return f"{text.label}, line {line}"
        return text.label

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

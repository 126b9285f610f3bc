"""Writing settings: a commented file for `init`, and single values changed in place later."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.items import InlineTable, Item, Table

from ml_connector.files import must_be_ours, sync_folder, write_new
from ml_connector.model.errors import StateTrouble, WrongUse

from .layout import FILE, FOLDER, Layout, Text, connection_file, holds_a_connection, layout_of
from .load import load_text, settings_of
from .shape import DEFAULT, NESTED, OF_CONNECTION, SECTIONS, Key, description, keys

Values = Mapping[str, Mapping[str, Any]]
_HEAD = """\
# Settings of ml-connector. Every key is in docs/settings.md; a line that begins with # shows a default.
# Secrets never stand here: they are sealed by  ml-connector connect
"""


def settings_file(home: Path) -> Path:
    """Where the settings of an installation stand."""
    return home / FILE


def write_settings(home: Path, values: Values, *, replace: bool = False) -> Path:
    """Write a commented file with `values` (section -> key -> value). They are checked first; secrets are refused.

    An existing file stays as it is unless `replace`, and a home that others can write does (`WrongUse`). Raises
    `StateTrouble` if it cannot be written.
    """
    must_be_ours(home)
    file = settings_file(home)
    if file.exists() and not replace:
        raise WrongUse(f"{file} is already there.", "Change it by hand, or choose another folder with --home.")
    text = rendered(values)
    load_text(text, home, {})
    _write(file, text)
    return file


def write_connection(home: Path, name: str, values: Values) -> Path:
    """Write the commented file of a further connection; as `write_settings`. Whose name is taken stays as it is."""
    layout = layout_of(home)
    file = connection_file(home, name)
    if file.exists() or (name in layout.connections and holds_a_connection(layout.installation)):
        raise WrongUse(f"There is a connection {name} already.", "Choose another name.")
    text = rendered(values, OF_CONNECTION)
    lone = layout.connections.get(DEFAULT) is layout.installation and not holds_a_connection(layout.installation)
    before = {} if lone else layout.connections
    own = {name: Text(f"{FOLDER}/{file.name}", text, OF_CONNECTION)}
    settings_of(layout._replace(connections={**before, **own}), name, {})
    must_be_ours(file.parent)
    _write(file, text)
    return file


def rename_settings(home: Path, old: str, new: str) -> Path:
    """Give the file of a connection another name. Raises `WrongUse` where it has none, or the name is taken."""
    layout = layout_of(home)
    if new in layout.connections:
        raise WrongUse(f"There is a connection {new} already.", "Choose another name.")
    file = own_file(home, old).rename(connection_file(home, new))
    sync_folder(file.parent)
    return file


def own_file(home: Path, name: str) -> Path:
    """The file of a connection. Raises `WrongUse` for the one whose settings stand in `settings.toml`."""
    layout = layout_of(home)
    if layout.connections[layout.name(name)] is layout.installation:
        sections = ", ".join(f"[{section}]" for section in OF_CONNECTION)
        raise WrongUse(
            f"The settings of {DEFAULT} stand in {FILE} itself.",
            f"Move its sections ({sections}) into a file {FOLDER}/NAME.toml first: NAME is its name from then on.",
        )
    return connection_file(home, layout.name(name))


def rendered(values: Values, sections: Collection[str] = tuple(SECTIONS)) -> str:
    """The text of a file of these sections with `values`; what is not given stands there as a comment."""
    shown = [_section(name, values.get(name)) for name in sections]
    strangers = [f"[{name}]\n" for name in values if name not in sections]
    return "\n".join([_HEAD, *shown, *strangers])


def change_settings(home: Path, table: str, values: Mapping[str, Any], name: str = "") -> None:
    """Set keys of one table (`quickbooks`, `rules.template`) of a connection, without a name of the only one.

    Every other line, comment and blank stays as it is. Raises `WrongUse` where the file cannot be edited or would not
    be valid, and `StateTrouble` if it cannot be written; then nothing is changed.
    """
    layout = layout_of(home)
    name = layout.name(name)
    settings_of(layout, name, {})
    file = layout.file(name, table.partition(".")[0])
    source = next(text for text in layout.texts(name) if home / text.label == file)
    items = {key: _item(value) for key, value in values.items()}
    changed, expected = source._replace(text=_edited(source.text, table, items)), source.parsed()
    _place(expected, table, dict).update(items)
    if not _says(changed, expected):
        lines = ", ".join(f"{key} = {item.as_string()}" for key, item in items.items())
        raise WrongUse(f"{source.label} cannot be changed safely at [{table}].", f"Write there by hand:  {lines}")
    settings_of(_with(layout, source, changed), name, {})
    _write(file, changed.text)


def _with(layout: Layout, old: Text, new: Text) -> Layout:
    """The layout with another text in the place of one."""
    own = {name: new if text is old else text for name, text in layout.connections.items()}
    return Layout(layout.home, new if layout.installation is old else layout.installation, own)


def _edited(text: str, table: str, items: Mapping[str, Item]) -> str:
    document = tomlkit.parse(text)
    place = _place(document, table, tomlkit.table)
    if not isinstance(place, Table):
        place.update(items)
        return document.as_string()
    for item in items.values():
        item.trivia.trail = "\r\n" if "\r\n" in text else "\n"
    body: list[Any] = place.value.body
    closing: list[Any] = []  # what stands before the next header belongs to that, and stays there
    while body and body[-1][0] is None:
        closing.insert(0, body.pop())
    place.update(items)
    body.extend(closing)
    return document.as_string()


def _place(tables: Any, table: str, new: Callable[[], Any]) -> Any:
    for name in table.split("."):
        tables = tables.setdefault(name, new())
    return tables


def _says(text: Text, expected: dict[str, Any]) -> bool:
    """Whether the text has these values: sections of dotted keys are not always edited right."""
    try:
        return text.parsed() == expected
    except WrongUse:
        return False


def _section(section: str, values: Mapping[str, Any] | None) -> str:
    """A section with its meaning, then its keys with theirs; commented out where there are no `values`."""
    given = _table(values or {})
    known = {key.name for key in keys(section)}
    nested = [key for key in keys(section) if key.path in NESTED]
    lines = ["", f"# {description(section)}", f"{'# ' if values is None else ''}[{section}]"]
    for key in keys(section):
        if key not in nested:
            lines += [f"# {key.description}", _line(key, given)]
    lines += [_pair(name, value) for name, value in given.items() if name not in known]
    for key in nested:
        lines += _nested(key, given.get(key.name))
    return "\n".join(lines) + "\n"


def _line(key: Key, given: Mapping[str, Any]) -> str:
    if key.name in given:
        return _pair(key.name, given[key.name])
    default = date(2026, 1, 31) if key.type is date else key.default
    return f"# {_pair(key.name, '' if default is None else default)}"


def _nested(key: Key, value: Any) -> list[str]:
    """A table in a section, or a list of them, each below its own header."""
    header = f"[[{key.path}]]" if isinstance(key.default, tuple) else f"[{key.path}]"
    lines = ["", f"# {description(key.path)}"]
    if not value:
        return [*lines, f"# {header}", *(f"# {_pair(inner.name, inner.default or '')}" for inner in keys(key.path))]
    for table in value if isinstance(value, list | tuple) else [value]:
        lines += [header, *(_pair(name, inner) for name, inner in _table(table).items())]
    return lines


def _pair(name: str, value: Any) -> str:
    """`name = value` in TOML."""
    return f"{tomlkit.key(name).as_string()} = {_item(value).as_string()}"


def _item(value: Any) -> Item:
    """A value of the settings in TOML; numbers with a point in quotes, so that every reader has them exactly."""
    if isinstance(value, msgspec.Struct | Mapping):
        return _inline(_table(value))
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        array.extend([_item(entry) for entry in value])
        return array
    if isinstance(value, Decimal | Path):
        value = f"{value:f}" if isinstance(value, Decimal) else str(value)
    item: Item = tomlkit.item(value)
    return item


def _inline(values: Mapping[str, Any]) -> InlineTable:
    table = tomlkit.inline_table()
    table.update({name: _item(value) for name, value in values.items()})
    return table


def _table(value: Any) -> dict[str, Any]:
    """A struct or a mapping with the names of the file, without what is None."""
    if isinstance(value, msgspec.Struct):
        value = {field.encode_name: getattr(value, field.name) for field in msgspec.structs.fields(value)}
    return {name: inner for name, inner in value.items() if inner is not None}


def _write(file: Path, text: str) -> None:
    """Whole or not at all, readable for the owner only."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(part, text.encode())
        try:
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(file.parent)
    except OSError:
        raise StateTrouble(f"{file} cannot be written.", "Check free space and rights of the home folder.") from None

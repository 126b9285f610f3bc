"""Writing `settings.toml`: a commented file for `init`, and single values changed in place later."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from ml_connector.model.errors import StateTrouble, WrongUse

from .convert import without_none
from .load import FILE, load, load_text, parse
from .shape import NESTED, SECTIONS, Key, keys
from .words import SECTION_WORDS

Values = Mapping[str, Mapping[str, Any]]
_TEMPLATE = "rules.template"
_HEAD = """\
# Settings of ml-connector. Every key is in docs/settings.md; a line that begins with # shows a default.
# Secrets never stand here: they are sealed by  ml-connector connect
"""


def settings_file(home: Path) -> Path:
    return home / FILE


def write_settings(home: Path, values: Values, *, replace: bool = False) -> Path:
    """Write a commented file with `values` (section -> key -> value). They are checked first; secrets are refused.

    An existing file stays as it is unless `replace` (`WrongUse`). Raises `StateTrouble` if it cannot be written.
    """
    file = settings_file(home)
    if file.exists() and not replace:
        raise WrongUse(f"{file} is already there.", "Change it by hand, or choose another folder with --home.")
    text = rendered(values)
    load_text(text, home, {})
    _write(file, text)
    return file


def rendered(values: Values) -> str:
    """The text of a file with `values`; what is not given stands there as a comment."""
    parts = [_HEAD]
    for section in SECTIONS:
        given = {name: value for name, value in _plain(values.get(section, {})).items() if value is not None}
        parts.append(_section(section, given, present=section in values))
    parts += [f"[{section}]\n" for section in values if section not in SECTIONS]
    return "\n".join(parts)


def change_settings(home: Path, table: str, values: Mapping[str, Any]) -> None:
    """Set keys of one table (`quickbooks`, `rules.template`) and leave every other line as it is.

    Raises `WrongUse` where the file is written in a way that does not allow it; then nothing is changed.
    """
    load(home, {})
    file = settings_file(home)
    text = file.read_text("utf-8")
    wanted = parse(text)
    place = wanted
    for part in table.split("."):
        place = place.setdefault(part, {})
    place.update(values)
    changed = _edited(text, table, values)
    if not _same(changed, wanted):
        lines = ", ".join(f"{name} = {_toml(value)}" for name, value in values.items())
        raise WrongUse(f"{FILE} cannot be changed safely at [{table}].", f"Write there by hand:  {lines}")
    load_text(changed, home, {})
    _write(file, changed)


def sign_off_template(home: Path, by: str, at: datetime) -> None:
    """Note in the file who signed the posting template off, and when (UTC). Needs a template and a go-live day."""
    rules = load(home, {}).rules
    if rules.template is None:
        raise WrongUse("No posting template is chosen.", f'Add a table [{_TEMPLATE}] with  id = "T1"  to {FILE}.')
    if rules.start_date is None:
        raise WrongUse(
            "No go-live day is set, so nobody knows which orders are already in the books.",
            f"Set start_date in [rules] of {FILE}, then sign off again.",
        )
    instant = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = {"signed_off_by": by, "signed_off_at": instant, "signed_hash": rules.template.digest()}
    change_settings(home, _TEMPLATE, signature)


def _same(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return parse(text) == wanted
    except WrongUse:
        return False


def _edited(text: str, table: str, values: Mapping[str, Any]) -> str:
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if _is_header(line, table)), None)
    if start is None:
        lines += ["", f"[{table}]"]
        start = len(lines) - 1
    end = next((i for i in range(start + 1, len(lines)) if lines[i].lstrip().startswith("[")), len(lines))
    body = lines[start + 1 : end]
    for name, value in values.items():
        line = f"{name} = {_toml(value)}"
        at = next((i for i, each in enumerate(body) if re.match(rf"\s*{re.escape(name)}\s*=", each)), None)
        if at is None:
            body.insert(_after_last_value(body), line)
        else:
            body[at] = line
    return "\n".join([*lines[: start + 1], *body, *lines[end:]]) + "\n"


def _after_last_value(body: list[str]) -> int:
    return max((i + 1 for i, line in enumerate(body) if line.strip() and not line.lstrip().startswith("#")), default=0)


def _is_header(line: str, table: str) -> bool:
    found = re.match(r"\s*\[\s*([A-Za-z0-9_.\- ]+?)\s*\]\s*(#.*)?$", line)
    return bool(found) and re.sub(r"\s", "", found[1]) == table if found else False


def _section(section: str, given: dict[str, Any], *, present: bool) -> str:
    known = {key.name for key in keys(section)}
    nested = [key for key in keys(section) if key.path in NESTED]
    lines = ["", f"# {SECTION_WORDS[section]}", f"{'' if present else '# '}[{section}]"]
    for key in keys(section):
        if key not in nested:
            lines += [f"# {key.words}", _line(key, given)]
    lines += [f"{_key(name)} = {_toml(value)}" for name, value in given.items() if name not in known]
    for key in nested:
        lines += _nested(key, given.get(key.name))
    return "\n".join(lines) + "\n"


def _line(key: Key, given: Mapping[str, Any]) -> str:
    if key.name in given:
        return f"{_key(key.name)} = {_toml(given[key.name])}"
    default = date(2026, 1, 31) if without_none(key.type) is date else key.default
    return f"# {key.name} = {_toml('' if default is None else default)}"


def _nested(key: Key, value: Any) -> list[str]:
    listed = isinstance(key.default, tuple)
    head = f"[[{key.path}]]" if listed else f"[{key.path}]"
    lines = ["", f"# {SECTION_WORDS[key.path]}"]
    if not value:
        return [*lines, f"# {head}", *(f"# {each.name} = {_toml(each.default or '')}" for each in keys(key.path))]
    for table in value if isinstance(value, list | tuple) else [value]:
        lines += [head, *(f"{_key(name)} = {_toml(each)}" for name, each in _plain(table).items() if each is not None)]
    return lines


def _plain(value: Any) -> dict[str, Any]:
    """A struct or a mapping as a dict with the names of the file."""
    if isinstance(value, msgspec.Struct):
        fields = {each.name: each.encode_name for each in msgspec.structs.fields(value)}
        return {fields[name]: each for name, each in msgspec.structs.asdict(value).items()}
    return dict(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, msgspec.Struct | Mapping):
        pairs = [f"{_key(name)} = {_toml(each)}" for name, each in _plain(value).items() if each is not None]
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def _write(file: Path, text: str) -> None:
    """Whole or not at all, readable for the owner only."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError:
        with contextlib.suppress(OSError):  # what is left of it lies beside the file and is in nobody's way
            part.unlink()
        raise StateTrouble(f"{file} cannot be written.", "Check free space and rights of the home folder.") from None

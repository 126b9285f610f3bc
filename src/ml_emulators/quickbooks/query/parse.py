"""Reading a query: text to a `Query`, or fault 4000 (cannot be read) or 4001 (cannot be asked)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS, PATHS
from ml_emulators.quickbooks.kinds.kind import Kind
from ml_emulators.quickbooks.kinds.queryable import ACTIVE, QueryField
from ml_emulators.quickbooks.values import Unreadable, fold

DEFAULT_PAGE = 100
MAX_PAGE = 1000
_MAX_LITERAL = 18
_BARE = frozenset({"Id", "SyncToken", "MetaData"})


@dataclass(frozen=True)
class Condition:
    """`keys` are comparable literals (several for IN), `texts` the same as written, without quotes."""

    field: QueryField
    operator: str
    keys: tuple[Any, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """`columns` None asks for whole records; `count` for their number only."""

    kind: Kind
    columns: tuple[str, ...] | None = None
    count: bool = False
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[QueryField, bool], ...] = ()
    start: int = 1
    limit: int = DEFAULT_PAGE

    @property
    def shows_records(self) -> bool:
        """Whether it asks for more than which records there are, and since when."""
        return self.columns is None or not _BARE.issuperset(self.columns)


@dataclass
class _Parts:
    what: tuple[str, ...] | str = "*"
    entity: str = ""
    conditions: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: str = "1"
    limit: str | None = None


class _Reader(Transformer[Token, _Parts]):
    """Turns the tree into its parts; values lose their quotes and escapes."""

    def start(self, children: list[Any]) -> _Parts:
        parts = _Parts(what=children[0], entity=str(children[1]))
        for name, value in children[2:]:
            setattr(parts, name, value)
        return parts

    def everything(self, _: list[Any]) -> str:
        return "*"

    def count(self, _: list[Any]) -> str:
        return "count"

    def columns(self, children: list[Any]) -> tuple[str, ...]:
        return tuple(str(name) for name in children)

    def where(self, children: list[Any]) -> tuple[str, list[Any]]:
        return "conditions", children

    def compare(self, children: list[Any]) -> tuple[str, str, tuple[str, ...]]:
        return str(children[0]), str(children[1]), (children[2],)

    def among(self, children: list[Any]) -> tuple[str, str, tuple[str, ...]]:
        return str(children[0]), "IN", tuple(children[1:])

    def like(self, children: list[Any]) -> tuple[str, str, tuple[str, ...]]:
        return str(children[0]), "LIKE", (_unquote(children[1]),)

    def order(self, children: list[Any]) -> tuple[str, list[Any]]:
        return "order", children

    def sort(self, children: list[Any]) -> tuple[str, bool]:
        return str(children[0]), len(children) > 1 and children[1].lower() == "desc"

    def start_position(self, children: list[Any]) -> tuple[str, str]:
        return "start", str(children[0])

    def max_results(self, children: list[Any]) -> tuple[str, str]:
        return "limit", str(children[0])

    def value(self, children: list[Any]) -> str:
        token: Token = children[0]
        return _unquote(token) if token.type == "TEXT" else str(token).lower()


def _unquote(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)


_grammar = files(__package__).joinpath("query.lark").read_text(encoding="utf-8")
_parser = Lark(_grammar, parser="lalr", transformer=_Reader(), maybe_placeholders=False)


def parse(text: str, over_limit: str = "cap") -> Query:
    """Read a statement; `over_limit` says what a MAXRESULTS above 1000 does ("cap" or "fault")."""
    return _parse(text, over_limit)


@lru_cache(maxsize=512)
def _parse(text: str, over_limit: str) -> Query:
    try:
        parts: Any = _parser.parse(text)
    except UnexpectedInput as error:
        raise faults.parse_error(_where(text, error)) from error
    return _checked(parts, over_limit)


def refuse_beyond_latin_1(text: str) -> None:
    """Raise 4000 at the first letter beyond Latin-1, as the parser of 2016 to 2021 is reported to have done."""
    at = next((place for place, letter in enumerate(text) if letter > "\xff"), None)
    if at is not None:
        raise faults.parse_error(_encountered(text, at))


def _encountered(text: str, at: int) -> str:
    return f'Encountered "{text[at : at + 20]}" at column {at + 1}.'


def _where(text: str, error: Exception) -> str:
    position = getattr(error, "pos_in_stream", None)
    if position is None or position < 0:
        return "Encountered end of query."
    return _encountered(text, position)


def _checked(parts: _Parts, over_limit: str) -> Query:
    name = PATHS.get(parts.entity.lower())
    if name is None:
        raise faults.unknown_entity(parts.entity)
    kind = KINDS[name]
    return Query(
        kind,
        columns=_columns(kind, parts.what),
        count=parts.what == "count",
        conditions=_conditions(kind, parts),
        order=tuple((_sortable(kind, name), down) for name, down in parts.order),
        start=_start(parts.start),
        limit=_limit(parts.limit, over_limit),
    )


def _columns(kind: Kind, what: tuple[str, ...] | str) -> tuple[str, ...] | None:
    if isinstance(what, str):
        return None
    by_fold = {name.casefold(): name for name in kind.order}
    return tuple(_top_level(kind, by_fold, name) for name in what)


def _top_level(kind: Kind, by_fold: dict[str, str], name: str) -> str:
    field = by_fold.get(name.partition(".")[0].casefold())
    if field is None:
        raise _unknown(kind, name)
    return field


def _unknown(kind: Kind, name: str) -> faults.Fault:
    return faults.invalid_query(f"Property {name[:60]} not found for Entity {kind.name}")


def _conditions(kind: Kind, parts: _Parts) -> tuple[Condition, ...]:
    conditions = tuple(_condition(kind, *part) for part in parts.conditions)
    if not kind.is_list or any(part.field.name == "Active" for part in conditions):
        return conditions
    return (*conditions, Condition(ACTIVE, "=", (True,), ("true",)))


def _condition(kind: Kind, name: str, operator: str, texts: tuple[str, ...]) -> Condition:
    known = _known(kind, name)
    if not known.filterable:
        raise faults.invalid_query(f"property '{known.name}' is not queryable")
    if operator == "LIKE":
        if known.type not in ("text", "email"):
            raise faults.invalid_query(f"LIKE cannot be used on property '{known.name}'")
        return Condition(known, operator, (_pattern(fold(texts[0])),), texts)
    try:
        keys = tuple(
            "" if not text.strip() and known.type in ("text", "email", "day", "ref") else known.literal(text)
            for text in texts
        )
    except Unreadable as error:
        raise faults.invalid_query(f"value {texts[0][:60]} cannot be compared with property '{known.name}'") from error
    return Condition(known, operator, keys, texts)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(
        "".join(".*" if part == "%" else re.escape(part) for part in re.split("(%)", text)), re.IGNORECASE | re.DOTALL
    )


def _known(kind: Kind, name: str) -> QueryField:
    field = kind.query_fields.get(name.casefold())
    if field is not None:
        return field
    if name.partition(".")[0].casefold() in {known.casefold() for known in kind.order}:
        raise faults.invalid_query(f"property '{name[:60]}' is not queryable")
    raise _unknown(kind, name)


def _sortable(kind: Kind, name: str) -> QueryField:
    known = _known(kind, name)
    if not known.sortable:
        raise faults.invalid_query(f"property '{known.name}' is not sortable")
    return known


def _start(text: str) -> int:
    value = int(text[:_MAX_LITERAL])
    if value < 1:
        raise faults.invalid_query("value 0 is too small. Min allowed value is 1")
    return value


def _limit(text: str | None, over_limit: str) -> int:
    if text is None:
        return DEFAULT_PAGE
    value = int(text[:_MAX_LITERAL])
    if value < 1:
        raise faults.invalid_query("value 0 is too small. Min allowed value is 1")
    if value > MAX_PAGE and over_limit == "fault":
        raise faults.invalid_query(f"value {value} is too large. Max allowed value is {MAX_PAGE}")
    return min(value, MAX_PAGE)

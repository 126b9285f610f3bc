"""From the text of a query to its tree. Bad syntax raises MALFORMED_QUERY."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from ml_emulators.salesforce.errors import ApiError

from .tree import (
    AllOf,
    AnyOf,
    Call,
    Compare,
    Condition,
    Includes,
    Item,
    Like,
    Literal,
    Member,
    NoneOf,
    Operand,
    Ordering,
    Path,
    Query,
    at,
    malformed,
)

_LONGEST = 100_000
_DEEPEST = 60
_STRING = re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL)
_KINDS = {
    "STRING": "string",
    "NUMBER": "number",
    "DATE": "date",
    "DATETIME": "datetime",
    "NAMED_SPAN": "span",
    "NAME": "word",
}


class _Alias(str):
    __slots__ = ()


class _Where:
    def __init__(self, condition: Condition) -> None:
        self.condition = condition


class _Having(_Where):
    pass


class _Scope:
    """USING SCOPE everything: what is asked anyway."""


class _Count:
    """LIMIT or OFFSET."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.number = number


def _depth(parts: list[Condition]) -> int:
    depth = 1 + max(part.depth if isinstance(part, AllOf | AnyOf | NoneOf) else 0 for part in parts)
    if depth > _DEEPEST:
        raise malformed("the condition is nested too deeply")
    return depth


def _whole(token: Token, name: str) -> _Count:
    if not token.isdigit() or len(token) > 9:
        raise malformed(f"{name} must be a whole number")
    return _Count(name, int(token))


class _Builder(Transformer[Token, Any]):
    """Builds the tree bottom-up while the text is parsed."""

    def start(self, parts: list[Any]) -> Query:
        query: Query = parts[0]
        return query

    def path(self, parts: list[Token]) -> Path:
        first = parts[0]
        return Path(tuple(map(str, parts)), first.line or 1, first.column or 1)

    def call(self, parts: list[Any]) -> Call:
        return Call(parts[0].upper(), parts[1] if len(parts) > 1 else None)

    def alias(self, parts: list[Token]) -> _Alias:
        return _Alias(parts[0])

    def field_item(self, parts: list[Any]) -> Item:
        return Item(parts[0], str(parts[1]) if len(parts) > 1 else None)

    call_item = field_item

    def child_item(self, parts: list[Any]) -> Item:
        return Item(parts[0])

    def scope(self, parts: list[Token]) -> _Scope:
        if parts[0].lower() != "everything":
            raise malformed(f"USING SCOPE {parts[0]} is not supported")
        return _Scope()

    def tail(self, parts: list[Token]) -> Token:
        return parts[0]

    def value(self, parts: list[Token]) -> Literal:
        token = parts[0]
        text = token[1:-1] if token.type == "STRING" else str(token)
        return Literal(_KINDS[token.type], text)

    def options(self, parts: list[Any]) -> tuple[Literal, ...]:
        if isinstance(parts[0], Token):
            return tuple([Literal("string", text) for text in _STRING.findall(parts[0])])
        return tuple(parts)

    def compare(self, parts: list[Any]) -> Condition:
        operator = "!=" if parts[1] == "<>" else str(parts[1])
        return Compare(parts[0], operator, parts[2])

    def like(self, parts: list[Any]) -> Condition:
        return Like(parts[0], parts[1][1:-1])

    def member(self, parts: list[Any]) -> Condition:
        return Member(parts[0], parts[1].type == "NOT_IN", parts[2])

    def includes(self, parts: list[Any]) -> Condition:
        return Includes(parts[0], parts[1].type == "EXCLUDES", parts[2])

    def all_of(self, parts: list[Any]) -> Condition:
        return AllOf(tuple(parts), _depth(parts))

    def any_of(self, parts: list[Any]) -> Condition:
        return AnyOf(tuple(parts), _depth(parts))

    def none_of(self, parts: list[Any]) -> Condition:
        inner: Condition = parts[0]
        return inner.part if isinstance(inner, NoneOf) else NoneOf(inner, _depth(parts))

    def where(self, parts: list[Any]) -> _Where:
        return _Where(parts[0])

    def having(self, parts: list[Any]) -> _Having:
        return _Having(parts[0])

    def group(self, parts: list[Operand]) -> tuple[Operand, ...]:
        return tuple(parts)

    def ordering(self, parts: list[Any]) -> Ordering:
        words = {token.type for token in parts[1:]}
        return Ordering(parts[0], "DESC" in words, "NULLS_LAST" in words)

    def order(self, parts: list[Ordering]) -> tuple[Ordering, ...]:
        return tuple(parts)

    def limit(self, parts: list[Token]) -> _Count:
        return _whole(parts[0], "limit")

    def offset(self, parts: list[Token]) -> _Count:
        return _whole(parts[0], "offset")

    def query(self, parts: list[Any]) -> Query:
        items = tuple(part for part in parts if isinstance(part, Item))
        source: Token = parts[len(items)]
        known: dict[str, Any] = {}
        for part in parts[len(items) + 1 :]:
            known.update(_clause(part))
        if known.pop("locks", False) and ("order" in known or "group" in known):
            raise malformed("FOR UPDATE cannot stand beside ORDER BY or GROUP BY")
        return Query(items, str(source), (source.line or 1, source.column or 1), **known)


def _clause(part: Any) -> dict[str, Any]:
    if isinstance(part, _Having):
        return {"having": part.condition}
    if isinstance(part, _Where):
        return {"where": part.condition}
    if isinstance(part, _Count):
        return {part.name: part.number}
    if isinstance(part, tuple):
        return {"order" if isinstance(part[0], Ordering) else "group": part}
    if isinstance(part, _Alias):
        return {"alias": str(part)}
    if isinstance(part, _Scope):
        return {}
    return {"all_rows": True} if part.type == "ALL_ROWS" else {"locks": part.upper().endswith("UPDATE")}


_parser = Lark(
    (FilePath(__file__).parent / "query.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="contextual",
    transformer=_Builder(),
    maybe_placeholders=False,
)


def _syntax_error(text: str, error: UnexpectedInput) -> ApiError:
    if isinstance(error, UnexpectedToken):
        token = "<EOF>" if error.token.type == "$END" else str(error.token)
        message = f"unexpected token: '{token}'"
    elif isinstance(error, UnexpectedCharacters):
        message = f"unexpected token: '{text[error.pos_in_stream :][:20]}'"
    else:
        message = "unexpected end of the query"
    line, column = max(error.line, 1), max(error.column, 1)
    return malformed(at(text[:500], line, column, message))


@lru_cache(maxsize=256)
def _parse_short(text: str) -> Query:
    return _parse(text)


def _parse(text: str) -> Query:
    try:
        tree: Any = _parser.parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ApiError):
            raise error.orig_exc from None
        raise
    query: Query = tree
    return query


def parse(text: str) -> Query:
    """The tree of a query text. Raises `ApiError` MALFORMED_QUERY."""
    if len(text) > _LONGEST:
        raise malformed("SOQL statements cannot be longer than 100000 characters.")
    return _parse_short(text) if len(text) < 4000 else _parse(text)

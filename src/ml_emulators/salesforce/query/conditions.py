"""WHERE and HAVING as functions that say yes or no to a record."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ml_emulators.salesforce import ids, numbers, times
from ml_emulators.salesforce.errors import ApiError
from ml_emulators.salesforce.schema import Field

from .literals import Span, like_pattern, midnight, named_span, unescape
from .scope import Getter, Scope
from .tree import AllOf, AnyOf, Compare, Condition, Includes, Like, Literal, Member, NoneOf, Operand, Query, malformed

Test = Callable[[Any], bool]
Reader = Callable[[Operand], tuple[Field, Getter]]
SubQuery = Callable[[Query], set[Any]]

_TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "combobox", "multipicklist"})
_NUMBERS = frozenset({"int", "double", "currency", "percent"})
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Which end of a span each comparison looks at, and how.
_SPAN_ENDS = {"<": (0, "<"), "<=": (1, "<"), ">": (1, ">="), ">=": (0, ">=")}


def _wrong_type(field: Field, quoted: bool) -> ApiError:
    ending = "and should not be enclosed in quotes" if quoted else "and should be enclosed in quotes"
    text = f"value of filter criterion for field '{field.name}' must be of type {field.type} {ending}"
    return ApiError("INVALID_FIELD", text)


def _bad_operator(text: str) -> ApiError:
    return ApiError("INVALID_QUERY_FILTER_OPERATOR", text)


def _text(field: Field, literal: Literal) -> str | None:
    if literal.kind != "string":
        raise _wrong_type(field, quoted=False)
    text = unescape(literal.text)
    if not text:
        return None
    return text if field.exact else text.lower()


def _id(field: Field, literal: Literal) -> str | None:
    if literal.kind != "string":
        raise _wrong_type(field, quoted=False)
    if not literal.text:
        return None
    record_id = ids.normalise(literal.text)
    if record_id is None:
        raise _bad_operator(f"invalid ID field: {literal.text}")
    return record_id


def _number(field: Field, literal: Literal) -> Decimal:
    if literal.kind != "number":
        raise _wrong_type(field, quoted=literal.kind == "string")
    number = numbers.parse(literal.text)
    if number is None:
        raise malformed(f"number out of range: {literal.text}")
    return number


def _flag(field: Field, literal: Literal) -> bool:
    word = literal.text.lower()
    if literal.kind != "word" or word not in ("true", "false"):
        raise _wrong_type(field, quoted=literal.kind == "string")
    return word == "true"


def _day(field: Field, literal: Literal) -> str:
    day = times.parse_date(literal.text) if literal.kind == "date" else None
    if day is None:
        raise _wrong_type(field, quoted=literal.kind == "string")
    return day


def _moment(field: Field, literal: Literal) -> str:
    moment = times.parse_instant(literal.text) if literal.kind == "datetime" else None
    if moment is None:
        raise _wrong_type(field, quoted=literal.kind == "string")
    return times.exact(moment)


def _reader_of(field: Field) -> Callable[[Field, Literal], Any]:
    if field.type in _TEXTS:
        return _text
    if field.type in _NUMBERS:
        return _number
    named = {"id": _id, "reference": _id, "boolean": _flag, "date": _day, "datetime": _moment}
    return named[field.type]


def _is_null(literal: Literal) -> bool:
    return literal.kind == "word" and literal.text.lower() == "null"


def constant(field: Field, literal: Literal) -> Any:
    """The literal as it is compared with stored values of the field; None is null. Raises INVALID_FIELD."""
    return None if _is_null(literal) else _reader_of(field)(field, literal)


def constants(field: Field, literals: tuple[Literal, ...]) -> frozenset[Any]:
    """The stored forms of the values of an IN list. Raises as `constant` does."""
    if field.type in _TEXTS and all(literal.kind == "string" for literal in literals):
        return frozenset(_text(field, literal) for literal in literals)
    return frozenset(constant(field, literal) for literal in literals)


def check_filterable(field: Field) -> None:
    """Raises INVALID_FIELD for what WHERE cannot ask for: long texts and compounds (reference 2.4)."""
    if field.long_text or field.type in ("address", "complexvalue"):
        raise ApiError("INVALID_FIELD", f"field '{field.name}' can not be filtered in a query call")


def _folded(field: Field, value: Getter) -> Getter:
    """The value in the form constants have: without case where the field has none."""
    if field.type not in _TEXTS or field.exact:
        return value

    def lower(record: Any) -> Any:
        text = value(record)
        return text.lower() if text is not None else None

    return lower


class Conditions:
    """Compiles conditions. `read` says what an operand means, `subquery` runs a semi-join."""

    def __init__(self, scope: Scope, read: Reader, subquery: SubQuery) -> None:
        self._scope = scope
        self._read = read
        self._subquery = subquery
        self._now = scope.world.clock.now()

    def test(self, condition: Condition) -> Test:
        """The condition as a function of a record. Raises `ApiError` for what the query is refused for (2.4)."""
        if isinstance(condition, AllOf):
            return _all([self.test(part) for part in condition.parts])
        if isinstance(condition, AnyOf):
            return _any([self.test(part) for part in condition.parts])
        if isinstance(condition, NoneOf):
            inner = self.test(condition.part)
            return lambda record: not inner(record)
        return self._simple(condition)

    def _simple(self, condition: Compare | Like | Member | Includes) -> Test:
        field, value = self._read(condition.operand)
        check_filterable(field)
        if isinstance(condition, Compare):
            return self._compare(field, value, condition)
        if isinstance(condition, Like):
            return _like(field, value, condition)
        if isinstance(condition, Member):
            return self._member(field, _folded(field, value), condition)
        return _includes(field, value, condition)

    def _compare(self, field: Field, value: Getter, condition: Compare) -> Test:
        span = self.span(field, condition.value)
        if span is not None:
            return _in_span(value, condition.operator, span)
        asked = constant(field, condition.value)
        folded = _folded(field, value)
        if condition.operator == "=":
            return lambda record: folded(record) == asked
        if condition.operator == "!=":
            return lambda record: folded(record) != asked
        return _ordered(field, folded, condition.operator, asked)

    def span(self, field: Field, literal: Literal) -> tuple[str, str] | None:
        """First and end (exclusive) of a date literal, in the stored form of the field."""
        if field.type not in ("date", "datetime") or literal.kind not in ("word", "span"):
            return None
        zone = self._scope.actor.zone
        days = named_span(literal.text, self._now, zone)
        if days is None:
            if _is_null(literal):
                return None
            raise malformed(f"unexpected token: '{literal.text}'")
        return _span_texts(field, days, zone)

    def _member(self, field: Field, value: Getter, condition: Member) -> Test:
        if isinstance(condition.options, Query):
            if field.type not in ("id", "reference"):
                raise malformed("a semi join compares an id or a reference field")
            members: set[Any] | frozenset[Any] = self._subquery(condition.options)
        else:
            spans = [self.span(field, literal) for literal in condition.options]
            if any(spans):
                raise malformed("date literals cannot stand in a list")
            members = constants(field, condition.options)
        if condition.negated:
            return lambda record: value(record) not in members
        return lambda record: value(record) in members


def _span_texts(field: Field, days: Span, zone: Any) -> tuple[str, str]:
    if field.type == "date":
        return days[0].isoformat(), days[1].isoformat()
    return midnight(days[0], zone), midnight(days[1], zone)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda record: first(record) and second(record)
    return lambda record: all(test(record) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda record: any(test(record) for test in tests)


def _in_span(value: Getter, sign: str, span: tuple[str, str]) -> Test:
    start, end = span

    def inside(record: Any) -> bool:
        moment = value(record)
        return moment is not None and start <= moment < end

    if sign == "=":
        return inside
    if sign == "!=":
        return lambda record: not inside(record)
    place, plain = _SPAN_ENDS[sign]
    return _beside(value, _ORDER[plain], span[place])


def _beside(value: Getter, compare: Callable[[Any, Any], bool], asked: Any) -> Test:
    def test(record: Any) -> bool:
        here = value(record)
        return here is not None and compare(here, asked)

    return test


def _ordered(field: Field, value: Getter, sign: str, asked: Any) -> Test:
    if field.type == "boolean":
        raise _bad_operator(f"invalid operator on boolean field: {field.name}")
    if asked is None:
        return lambda record: False
    return _beside(value, _ORDER[sign], asked)


def _like(field: Field, value: Getter, condition: Like) -> Test:
    if field.type not in _TEXTS:
        raise _bad_operator(f"invalid operator on {field.type} field: {field.name}")
    matches = like_pattern(condition.pattern).fullmatch
    return lambda record: (text := value(record)) is not None and bool(matches(text))


_SEMICOLON = re.compile(r"\s*;\s*")


def _includes(field: Field, value: Getter, condition: Includes) -> Test:
    if field.type != "multipicklist":
        raise _bad_operator(f"INCLUDES and EXCLUDES are for multipicklist fields only: {field.name}")
    groups = [set(_SEMICOLON.split(unescape(option.text).lower())) for option in condition.options]

    def included(record: Any) -> bool:
        chosen = set(_SEMICOLON.split((value(record) or "").lower()))
        return any(group <= chosen for group in groups)

    return (lambda record: not included(record)) if condition.negated else included

"""The parsed form of a query."""

from __future__ import annotations

from dataclasses import dataclass

from ml_emulators.salesforce.errors import ApiError


@dataclass(frozen=True, slots=True)
class Path:
    """`Account.Owner.Name`, with its place in the text for error messages."""

    names: tuple[str, ...]
    line: int = 1
    column: int = 1

    @property
    def text(self) -> str:
        """As it is written, in the spelling of the query."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """`COUNT(Id)`, `COUNT()`, `FIELDS(ALL)`. `function` is upper-case."""

    function: str
    path: Path | None

    @property
    def text(self) -> str:
        """As it is written, for messages."""
        return f"{self.function}({self.path.text if self.path else ''})"


Operand = Path | Call


@dataclass(frozen=True, slots=True)
class Literal:
    """`kind`: string (escapes not yet read), number, date, datetime, word, span (`LAST_N_DAYS:3`)."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Compare:
    """`Name = 'Acme'`. `operator`: =, !=, <, <=, >, >=."""

    operand: Operand
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Like:
    """`Name LIKE 'A%'`; the pattern's escapes are not read yet."""

    operand: Operand
    pattern: str


@dataclass(frozen=True, slots=True)
class Member:
    """`IN` or, negated, `NOT IN`: a list of literals or a query."""

    operand: Operand
    negated: bool
    options: tuple[Literal, ...] | Query


@dataclass(frozen=True, slots=True)
class Includes:
    """`INCLUDES` or, negated, `EXCLUDES`, of a multi-select picklist; each option may hold several values, by `;`."""

    operand: Operand
    negated: bool
    options: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """Conditions with AND between them. `depth`: how many brackets deep the deepest is."""

    parts: tuple[Condition, ...]
    depth: int = 1


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions with OR between them. `depth` as above."""

    parts: tuple[Condition, ...]
    depth: int = 1


@dataclass(frozen=True, slots=True)
class NoneOf:
    """A condition behind NOT. `depth` as above."""

    part: Condition
    depth: int = 1


Condition = Compare | Like | Member | Includes | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True)
class Item:
    """One thing selected."""

    what: Path | Call | Query
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """One part of ORDER BY; nulls come first unless `nulls_last`, in either direction."""

    operand: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A query, or one inside another. `source` is the text behind FROM, `place` its line and column, from 1."""

    items: tuple[Item, ...]
    source: str
    place: tuple[int, int]
    alias: str | None = None
    where: Condition | None = None
    group: tuple[Operand, ...] = ()
    having: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False


def malformed(message: str) -> ApiError:
    """400 MALFORMED_QUERY: the text is no query, or asks for what SOQL has not (reference 2.6)."""
    return ApiError("MALFORMED_QUERY", message)


def at(text: str, line: int, column: int, message: str) -> str:
    """The message the way the query parser points at a place."""
    return f"\n{text}\n{' ' * max(0, column - 1)}^\nERROR at Row:{line}:Column:{column}\n{message}"

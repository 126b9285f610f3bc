"""One call inside the emulator: parsed, authenticated, perhaps part of a larger transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from ml_emulators.kit.wire import loads

from . import rights
from .errors import bad_json, bad_method, not_found
from .schema import SObject
from .world import Actor, Tx, World

_DUPLICATE_HEADER_FROM = 52


@dataclass(frozen=True)
class Answer:
    """`body` None means an empty body; `raw` goes out as it is, as CSV unless a header says otherwise."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


def _read_json(raw: bytes) -> Any:
    """Decode a body. Raises JSON_PARSER_ERROR."""
    try:
        return loads(raw)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise bad_json(str(error)) from None


@dataclass(frozen=True)
class Call:
    """`parts` is the decoded path after the version; `given` the body of an inner call, decoded already."""

    world: World
    actor: Actor
    method: str
    version: str
    parts: tuple[str, ...]
    params: dict[str, str]
    headers: dict[str, str]
    raw: bytes = b""
    given: Any = None
    inner: bool = False
    outer: Tx | None = None

    @property
    def number(self) -> int:
        """The version's number: 60 of `v60.0`. Rules that came with a version compare it."""
        return int(self.version[1:].split(".")[0])

    def body(self) -> Any:
        """The body, decoded with exact decimals. Raises `Malformed` JSON_PARSER_ERROR."""
        return self.given if self.inner else _read_json(self.raw)

    def object_body(self) -> dict[str, Any]:
        """The body where only an object will do. Raises `Malformed` JSON_PARSER_ERROR."""
        body = self.body()
        if not isinstance(body, dict):
            raise bad_json("The HTTP entity body is required to be a JSON object")
        return body

    def only(self, *methods: str) -> None:
        """405 for any other method; HEAD passes as GET."""
        asked = "GET" if self.method == "HEAD" else self.method
        if asked not in methods:
            raise bad_method(self.method)

    def kind(self, name: str) -> SObject:
        """The object of that name, when this user may see it. Raises 404."""
        kind = self.world.schema.find(name)
        if kind is None or not rights.sees_object(self.world, self.actor, kind.name):
            raise not_found()
        return kind

    @property
    def origin(self) -> str:
        """What change events name as the origin of this call's writes."""
        base = f"com/salesforce/api/rest/{self.version[1:]}"
        client = _options(self.headers.get("sforce-call-options", "")).get("client")
        return f"{base};client={client}" if client else base

    @contextmanager
    def work(self) -> Iterator[Tx]:
        """A transaction of its own, or a part of the outer one that is undone alone when it fails."""
        if self.outer is None:
            with self.world.transact(self.actor, self.origin) as tx:
                self._set_duplicates(tx)
                yield tx
            return
        point = self.outer.savepoint()
        try:
            self._set_duplicates(self.outer)
            yield self.outer
        except BaseException:
            self.outer.rollback(point)
            raise

    def _set_duplicates(self, tx: Tx) -> None:
        header = self.headers.get("sforce-duplicate-rule-header", "") if self.number >= _DUPLICATE_HEADER_FROM else ""
        options = _options(header)
        tx.allow_duplicates = options.get("allowsave", "").lower() == "true"
        tx.show_duplicates = options.get("includerecorddetails", "").lower() == "true"

    def sub(self, **changes: Any) -> Call:
        """A call inside this one."""
        return replace(self, inner=True, **changes)


def _options(header: str) -> dict[str, str]:
    """`client=NAME; allowSave=true` -> dict with lower-case keys."""
    pairs = (part.partition("=") for part in header.replace(",", ";").split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if value}


def header_options(header: str) -> dict[str, str]:
    """`allowSave=true; ...` of a header as names in lower case and values (reference 2.1)."""
    return _options(header)


def as_flag(value: Any) -> bool:
    """A flag of a body or a query string: true in JSON or by its word in any case, else false."""
    return value is True or (isinstance(value, str) and value.lower() == "true")

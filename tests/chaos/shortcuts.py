"""What thousands of runs need not do again each time, because it says nothing about a crash."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar
from unittest.mock import patch

from ml_connector import clients
from ml_connector.model.pace import Pace
from ml_connector.store import Store
from ml_connector.systems import wire
from ml_connector.systems.salesforce import catalog, describe

LARGE = 100_000
"""Bytes of an answer that describes an org. It is the same in each process of each run; no records come to so much."""


class PaceInMemory:
    """In place of `SharedPace`: the pace of a vendor as all processes of a testbed share it, without its SQL.

    One statement in four would be of it. The runs on PostgreSQL have the pace in the database, as the product does.
    """

    paces: ClassVar[dict[str, Pace]] = {}

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    def __call__(self, edit: Callable[[Pace], Pace]) -> None:
        self._store.engine.begin()  # raises where the process was killed: the place that it had stays taken
        self.paces[self._name] = edit(self.paces.get(self._name, Pace()))


@contextmanager
def shortcuts(*, pace_in_memory: bool) -> Iterator[None]:
    """Descriptions of orgs are decoded and read once, and nobody may change them; the pace is in memory if so said."""
    with ExitStack() as patched:
        patched.enter_context(patch.object(wire, "loads", _remembering(wire.loads)))
        patched.enter_context(patch.object(catalog, "read_object", _reading_once(describe.read_object)))
        if pace_in_memory:
            PaceInMemory.paces.clear()
            patched.enter_context(patch.object(clients, "SharedPace", PaceInMemory))
        yield


_decoded: dict[tuple[bytes, bool], Any] = {}


def _remembering(decode: Callable[..., Any]) -> Callable[..., Any]:
    def loads(body: bytes, what: str, *, strict: bool = True) -> Any:
        if len(body) < LARGE:
            return decode(body, what, strict=strict)
        key = bytes(body), strict
        if key not in _decoded:
            _decoded[key] = decode(body, what, strict=strict)
        return _decoded[key]

    return loads


_read: dict[int, tuple[Any, Any]] = {}


def _reading_once(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Only what `_decoded` keeps is the same object again; it is kept here too, so that no other has its number."""

    def read_object(body: Any) -> Any:
        if id(body) not in _read:
            _read[id(body)] = body, read(body)
        return _read[id(body)][1]

    return read_object


def settled() -> None:
    """What stands in memory now stays: the garbage collector need not look through both vendors again and again."""
    gc.collect()
    gc.freeze()

"""The kinds of record: their fields as writable and as answered, and how each is indexed and queried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ml_emulators.quickbooks.kinds.fields import Reader, anything, ref
from ml_emulators.quickbooks.kinds.queryable import COMMON, QueryField
from ml_emulators.quickbooks.kinds.schema_words import EXTRA
from ml_emulators.quickbooks.values import Json

HEAD = ("domain", "sparse", "Id", "SyncToken", "MetaData")
TOLERATED = frozenset({*HEAD, "status", "time", "ClientEntityId", "V4IDPseudonym", "CustomExtensions"})
LIST_NOTICES = {"create": "Create", "update": "Update", "deactivate": "Delete"}
EMAILED = {"email": "Emailed"}
TXN_NOTICES = {"create": "Create", "update": "Update", "delete": "Delete", "void": "Void"}


@dataclass(frozen=True)
class Kind:
    """One entity. `fields` are writable, `order` is the order of all fields in an answer."""

    name: str
    order: tuple[str, ...]
    fields: Mapping[str, Reader]
    indexed: tuple[str, ...] = ()
    queried: tuple[QueryField, ...] = ()
    sequence: str = "txn"
    is_list: bool = False
    name_field: str = ""
    label_field: str = ""
    suffix: str = " (deleted)"
    default_sort: tuple[str, bool] = ("Id", True)
    notices: Mapping[str, str] = field(default_factory=lambda: TXN_NOTICES)
    in_cdc: bool = True
    unnamed: frozenset[str] = frozenset()
    read_only: bool = False
    """Apps may only read it."""

    def __post_init__(self) -> None:
        more = [name for name in EXTRA.get(self.name, ()) if name not in self.order]
        if not self.read_only:
            kept = {name: ref if name.endswith("Ref") and name != "AttachableRef" else anything for name in more}
            object.__setattr__(self, "fields", {**kept, **self.fields})
        object.__setattr__(self, "order", (*self.order, *more))
        every = {field.name: field for field in (*COMMON, *self.queried)}
        object.__setattr__(self, "indexed", ("Id", "MetaData.LastUpdatedTime", "MetaData.CreateTime", *self.indexed))
        object.__setattr__(self, "query_fields", {name.casefold(): field for name, field in every.items()})
        object.__setattr__(self, "keys", tuple(every[name].key for name in self.indexed[3:]))
        object.__setattr__(self, "place", {name: at for at, name in enumerate(self.indexed)})
        object.__setattr__(self, "known", frozenset(self.order) | TOLERATED | frozenset(self.fields))

    query_fields: Mapping[str, QueryField] = field(init=False, repr=False, compare=False)
    keys: tuple[Callable[[Json], Any], ...] = field(init=False, repr=False, compare=False)
    place: Mapping[str, int] = field(init=False, repr=False, compare=False)
    known: frozenset[str] = field(init=False, repr=False, compare=False)

    def label(self, data: Json) -> str:
        """The name that references to the record show."""
        name = data.get(self.label_field) if self.label_field else None
        return name if isinstance(name, str) else ""

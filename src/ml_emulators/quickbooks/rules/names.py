"""Names of list records: uniqueness, hierarchy, and the suffix of what has been made inactive."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from ml_emulators.quickbooks import faults
from ml_emulators.quickbooks.kinds.catalog import KINDS
from ml_emulators.quickbooks.kinds.kind import Kind
from ml_emulators.quickbooks.rules.context import WriteContext
from ml_emulators.quickbooks.rules.draft import Draft
from ml_emulators.quickbooks.rules.references import ref_value
from ml_emulators.quickbooks.rules.rule import Rule
from ml_emulators.quickbooks.values import Json, fold

_MAX_LEVEL = 4
_BALANCES = ("Balance", "BalanceWithJobs", "CurrentBalance", "CurrentBalanceWithSubAccounts")
_SUFFIX = re.compile(r" \(deleted(-\d+)?\)$", re.IGNORECASE)
HIERARCHIES = ("Customer", "Item", "Account", "Department", "Class")


class ListRule(Rule):
    """A list record is made inactive, never deleted; its name is its own."""

    deletable = False
    derived = ("MetaData", *_BALANCES, "V4IDPseudonym", "ClientEntityId")

    def after_save(self, context: WriteContext, new: Json, old: Json | None) -> None:
        """Keep the index of names and the tree; a new path goes down to what is below."""
        _note_name(context, self.kind, new, old)


def space(kind: Kind, data: Json) -> tuple[str, str]:
    """Where a name must be unique: persons share one space, hierarchies have one below each parent."""
    name = fold(data[kind.name_field])
    if kind.sequence == "name":
        return "name", name
    return kind.name, f"{ref_value(data, 'ParentRef') or ''}\x00{name}" if kind.name in HIERARCHIES else name


def settle_name(context: WriteContext, draft: Draft) -> None:
    """Put the suffix on or off, and refuse a name that is taken (6240)."""
    kind, body = draft.kind, draft.body
    draft.default("Active", draft.kept("Active") is not False)
    if draft.kept("Active") is False and kind.suffix:
        body[kind.name_field] = _SUFFIX.sub("", body[kind.name_field])
    if not body["Active"]:
        _put_suffix(context, draft)
    elif _is_taken(context, draft, body[kind.name_field]):
        raise faults.duplicate_name()


def _is_taken(context: WriteContext, draft: Draft, name: str) -> bool:
    """Whether another record, active or not, is called so."""
    holder = context.books.names.get(space(draft.kind, {**draft.body, draft.kind.name_field: name}))
    return holder not in (None, draft.kept("Id"))


def _put_suffix(context: WriteContext, draft: Draft) -> None:
    """The first of `(deleted)`, `(deleted-1)`, `(deleted-2)` ... that is free; an inactive record keeps what it has."""
    name_field = draft.kind.name_field
    name = draft.body[name_field]
    if not draft.kind.suffix:
        return
    candidates: Iterator[str] = (name + suffix for suffix in _suffixes(draft.kind.suffix))
    if draft.kept("Active") is False:
        candidates = itertools.chain([name + _own_suffix(draft.kept(name_field))], candidates)
    draft.body[name_field] = next(candidate for candidate in candidates if not _is_taken(context, draft, candidate))


def _own_suffix(name: str) -> str:
    suffix = _SUFFIX.search(name)
    return suffix.group() if suffix else ""


def _suffixes(first: str) -> Iterator[str]:
    yield first
    for number in itertools.count(1):
        yield f"{first[:-1]}-{number})"


def settle_place(context: WriteContext, draft: Draft) -> int:
    """Set `FullyQualifiedName` from the parent's; returns the level, 0 at the top. More than five levels: 6180."""
    body, kind = draft.body, draft.kind.name
    parent = ref_value(body, "ParentRef")
    if parent is None:
        body["FullyQualifiedName"] = body[draft.kind.name_field]
        return 0
    _refuse_circle(context, draft, parent)
    above = context.books.data(kind, parent)
    body["FullyQualifiedName"] = f"{above['FullyQualifiedName']}:{body[draft.kind.name_field]}"
    level = _level(context, kind, parent) + 1
    if level + _height(context, kind, draft.kept("Id")) > _MAX_LEVEL:
        raise faults.too_deep()
    return level


def _refuse_circle(context: WriteContext, draft: Draft, parent: str) -> None:
    own = draft.kept("Id")
    if own is not None and parent in context.books.family(draft.kind.name, own):
        raise faults.business("A record cannot be its own parent.", "ParentRef")


def _level(context: WriteContext, kind: str, record_id: str) -> int:
    parent = ref_value(context.books.data(kind, record_id), "ParentRef")
    return 0 if parent is None else _level(context, kind, parent) + 1


def _height(context: WriteContext, kind: str, record_id: str | None) -> int:
    children = context.books.children.get((kind, record_id), ()) if record_id is not None else ()
    return max((_height(context, kind, child) + 1 for child in children), default=0)


def _note_name(context: WriteContext, kind: Kind, new: Json, old: Json | None) -> None:
    """After a write: keep the index of names and the family tree, and hand a new path down to the children."""
    books = context.books
    if old is not None:
        forget_name(context, kind, old)
    if new.get("Active", True) or kind.suffix:
        books.names[space(kind, new)] = new["Id"]
    if kind.name in HIERARCHIES:
        former = ref_value(old, "ParentRef") if old is not None else None
        books.reparent(kind.name, new["Id"], former, ref_value(new, "ParentRef"))
        if old is not None and old["FullyQualifiedName"] != new["FullyQualifiedName"]:
            _cascade(context, kind.name, new)


def forget_name(context: WriteContext, kind: Kind, old: Json) -> None:
    """Free the name of a record, if it is the record's own."""
    key = space(kind, old)
    if context.books.names.get(key) == old["Id"]:
        del context.books.names[key]


def _cascade(context: WriteContext, kind: str, parent: Json) -> None:
    for child_id in context.books.children.get((kind, parent["Id"]), ()):
        _rename_path(context, kind, child_id, parent["FullyQualifiedName"])


def _rename_path(context: WriteContext, kind: str, child_id: str, above: str) -> None:
    name_field = KINDS[kind].name_field

    def change(child: Json) -> None:
        child["FullyQualifiedName"] = f"{above}:{child[name_field]}"

    context.edit(kind, child_id, change)
    _cascade(context, kind, context.books.data(kind, child_id))

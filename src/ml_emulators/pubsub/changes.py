"""One committed transaction as change events: what each carries, what is merged, what is split (reference 6.4).

Pure: notices in, changes out.
"""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ml_emulators.salesforce import ChangeNotice

from .schemas import EventSchema
from .switches import Switches

NO_ID = "000000000000000AAA"
_STAMPS = frozenset({"LastModifiedDate", "LastModifiedById"})
_LONG = 1_000
_UNSTAMPED = frozenset({"CreatedDate", "CreatedById"}) | _STAMPS

SchemaOf = Callable[[str], EventSchema | None]


@dataclass(frozen=True, slots=True)
class Change:
    """What one change event says. Field names are describe's; `sources` are the records, one for each id."""

    kind: str
    ids: tuple[str, ...]
    change_type: str
    transaction_key: str
    sequence: int
    commit_number: int
    instant: datetime
    user_id: str
    origin: str
    schema_id: str
    values: Mapping[str, Any]
    changed: tuple[str, ...] = ()
    nulled: tuple[str, ...] = ()
    diffs: tuple[str, ...] = ()
    sources: tuple[Mapping[str, Any], ...] = ()


def changes_of(
    notices: Iterable[ChangeNotice], schema_of: SchemaOf, switches: Switches, commit_number: int
) -> list[Change]:
    """The events of one transaction in their order, numbered from 1 over all objects that can have events.

    `schema_of` gives the event schema of an object, None when it has no events.
    """
    made = [change for notice in notices if (change := _change(notice, schema_of, switches, commit_number))]
    if sum(_weight(change) for change in made) > switches.overflow_at:
        made = _overflow(made)
    elif switches.merging != "none":
        made = list(_merged(made, switches))
    return [replace(change, sequence=number) for number, change in enumerate(made, 1)]


def _weight(change: Change) -> int:
    return max(1, len(change.changed) or len(change.values))


def _change(notice: ChangeNotice, schema_of: SchemaOf, switches: Switches, number: int) -> Change | None:
    schema = schema_of(notice.kind)
    if schema is None:
        return None
    bare = Change(
        kind=notice.kind,
        ids=notice.ids,
        change_type=notice.change_type,
        transaction_key=notice.transaction_key,
        sequence=0,
        commit_number=number,
        instant=notice.instant,
        user_id=notice.user_id,
        origin=notice.origin,
        schema_id=schema.schema_id,
        values={},
        sources=(notice.after or {name: old for name, (old, _) in notice.changed.items()},),
    )
    if notice.change_type == "DELETE":
        return bare
    if notice.change_type == "UPDATE":
        return _update(bare, notice, schema, switches)
    return replace(bare, values=_full(notice, schema))


def _full(notice: ChangeNotice, schema: EventSchema) -> dict[str, Any]:
    after = notice.after or {}
    unsaid = _UNSTAMPED if notice.kind == "PricebookEntry" and notice.change_type == "CREATE" else frozenset()
    return {name: after[name] for name in schema.places if name in after and name not in unsaid}


def _update(bare: Change, notice: ChangeNotice, schema: EventSchema, switches: Switches) -> Change | None:
    """Changed fields with their bits; formula values without; None when nothing that events show has changed.

    `LastModifiedDate` has its bit in every update of a user, even if it is the same second as the update before.
    """
    moved = {name: pair for name, pair in notice.changed.items() if name in schema.places}
    moved = {name: pair for name, pair in moved.items() if name not in schema.formulas}
    if notice.changed and not moved:
        return None
    if notice.origin:
        stamp = (notice.after or {}).get("LastModifiedDate")
        moved.setdefault("LastModifiedDate", (stamp, stamp))
    nulled = tuple(name for name, (_, new) in moved.items() if new is None)
    diffs = {name: _diff(*pair) for name, pair in moved.items() if _by_diff(name, pair, schema, switches)}
    quiet = set(diffs) if switches.nulled_in_changed else {*diffs, *nulled}
    after = notice.after or {}
    formulas = {name: after[name] for name in schema.formulas if name in after}
    values = {name: new for name, (_, new) in moved.items()}
    changed = tuple(name for name in moved if name not in quiet)
    return replace(bare, values=formulas | values | diffs, changed=changed, nulled=nulled, diffs=tuple(diffs))


def _by_diff(name: str, pair: tuple[Any, Any], schema: EventSchema, switches: Switches) -> bool:
    old, new = pair
    if not switches.text_diffs or name not in schema.long_texts or old is None or new is None:
        return False
    return len(old) >= _LONG and len(new) >= _LONG


def _diff(old: str, new: str) -> str:
    digest = hashlib.sha256(new.encode()).hexdigest()
    return "\n".join(difflib.unified_diff(old.splitlines(), new.splitlines(), "", f"SHA-256:{digest}", lineterm=""))


def _overflow(made: list[Change]) -> list[Change]:
    """One event an object, without a usable id."""
    first = {change.kind: change for change in reversed(made)}
    return [header_only(change, "GAP_OVERFLOW", (NO_ID,)) for change in reversed(first.values())]


def header_only(change: Change, change_type: str, ids: tuple[str, ...] | None = None) -> Change:
    """The same event with nothing but a header."""
    given = change.ids if ids is None else ids
    return replace(change, change_type=change_type, ids=given, values={}, changed=(), nulled=(), diffs=(), sources=())


def _merged(made: list[Change], switches: Switches) -> Iterator[Change]:
    """Identical changes of several records as one event at the place of the first, the stamps in one of their own."""
    crowds = _crowds(made) if switches.merging == "fields" else set()
    groups: dict[Any, list[Change]] = {}
    for change in made:
        for part in _split(change) if change.kind in crowds else [change]:
            groups.setdefault(_content(part), []).append(part)
    for group in groups.values():
        yield from group if len(group) == 1 else _split(_together(group))


def _crowds(made: list[Change]) -> set[str]:
    """Objects of which several records were updated."""
    counts = Counter(change.kind for change in made if change.change_type == "UPDATE")
    return {kind for kind, count in counts.items() if count > 1}


def _content(change: Change) -> Any:
    said = tuple(sorted((name, str(value)) for name, value in change.values.items()))
    return change.kind, change.change_type, change.changed, change.nulled, change.diffs, said


def _together(group: list[Change]) -> Change:
    ids = tuple(record_id for change in group for record_id in change.ids)
    return replace(group[0], ids=ids, sources=tuple(source for change in group for source in change.sources))


def _split(change: Change) -> list[Change]:
    """Stamps first, then the rest; only what is there."""
    if change.change_type != "UPDATE":
        return [change]
    stamps = _only(change, lambda name: name in _STAMPS)
    others = _only(change, lambda name: name not in _STAMPS)
    return [part for part in (stamps, others) if part.changed or part.nulled or part.diffs]


def _only(change: Change, chosen: Callable[[str], bool]) -> Change:
    return replace(
        change,
        values={name: value for name, value in change.values.items() if chosen(name)},
        changed=tuple(filter(chosen, change.changed)),
        nulled=tuple(filter(chosen, change.nulled)),
        diffs=tuple(filter(chosen, change.diffs)),
    )

"""Names that departments and classes had, as links keep them (accounting-rules F.3). Contracts: docs/contracts.md.

A name stands as `quickbooks:DepartmentName:<name>` or `quickbooks:ClassName:<name>`, in the form in which names are
compared. The link of an old name holds, by the id of each entry that had it, the day on which it lost it; a key that
begins with `leaf ` stands for the last part of a name alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import msgspec

from ml_connector.model.refs import Link, Ref

from .dims import KINDS, Alias, Dim, key_of

LEAF = "leaf "


def name_ref(dim: Dim, text: str) -> Ref:
    """The source of a `dim_alias` link, and the target of a `dim` link."""
    return Ref("quickbooks", f"{KINDS[dim]}Name", key_of(text))


def aliases_in(link: Link, *, past: bool = False) -> tuple[Alias, ...]:
    """One alias for each entry that had the name, good until 90 days after it lost it; with `past` for ever."""
    days = {key: date.fromisoformat(day) for key, day in link.agreed.items() if key != "name" and day}
    aliases = [
        Alias.renamed(link.source.id, key.removeprefix(LEAF), day, leaf=key.startswith(LEAF))
        for key, day in days.items()
    ]
    return tuple(msgspec.structs.replace(alias, until=None) if past else alias for alias in aliases)


def renames(
    names: Iterable[tuple[Dim, str]], links_of: Callable[[Ref], Sequence[Link]], *, past: bool = False
) -> dict[Dim, tuple[Alias, ...]]:
    """The aliases for these texts, by dimension. `links_of` gives the `dim_alias` links of a name."""
    found: dict[Dim, tuple[Alias, ...]] = {}
    for dim, text in names:
        for link in links_of(name_ref(dim, text)):
            found[dim] = found.get(dim, ()) + aliases_in(link, past=past)
    return found

"""What is kept of departments and classes: their name now, names they had, who uses them (accounting-rules F).

A name stands as `quickbooks:DepartmentName:<name>` or `quickbooks:ClassName:<name>`, in the form in which names are
compared, so that a text is looked up without a call. Contracts: docs/contracts.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from ml_connector.accounting.dims import Alias, Dim, label, path_key
from ml_connector.model.plans import Context, NeedLink
from ml_connector.model.refs import Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Named

KINDS: dict[Dim, str] = {"department": "Department", "class": "Class"}
TABLES: dict[Dim, str] = {"department": "departments", "class": "classes"}
FIELDS: dict[Dim, str] = {"department": "Department__c", "class": "Class__c"}
_LEAF = "leaf "


def entry_ref(dim: Dim, id_: str) -> Ref:
    return Ref("quickbooks", KINDS[dim], id_)


def name_ref(dim: Dim, text: str) -> Ref:
    """The source of a `dim_alias` link, and the target of a `dim` link."""
    return Ref("quickbooks", f"{KINDS[dim]}Name", path_key(text))


def name_link(dim: Dim, entry: Named) -> LinkDraft:
    """The name under which Salesforce knows an entry."""
    name = label(entry)
    return LinkDraft(Role.DIM_NAME, entry_ref(dim, entry.id), name_ref(dim, name), {"name": name})


def alias_link(dim: Dim, id_: str, name: str, earlier: Link | None, on: date) -> LinkDraft:
    """The old name of an entry that was renamed on this day. Others may have had it before: they stay in it."""
    had = earlier.agreed if earlier else {}
    return LinkDraft(
        Role.DIM_ALIAS, name_ref(dim, name), entry_ref(dim, id_), {**had, "name": name, id_: on.isoformat()}
    )


def leaf_alias_link(dim: Dim, id_: str, leaf: str, earlier: Link | None, on: date) -> LinkDraft:
    """The last part of an old name, where that was enough to name the entry."""
    had = earlier.agreed if earlier else {}
    return LinkDraft(Role.DIM_ALIAS, name_ref(dim, leaf), entry_ref(dim, id_), {**had, f"{_LEAF}{id_}": on.isoformat()})


def aliases_in(link: Link, *, past: bool = False) -> tuple[Alias, ...]:
    """One alias for each entry that had the name, good until 90 days after it lost it; with `past` for ever."""
    days = {key: date.fromisoformat(day) for key, day in link.agreed.items() if key != "name" and day}
    made = [Alias.renamed(link.source.id, key.removeprefix(_LEAF), day, leaf=_LEAF in key) for key, day in days.items()]
    return tuple(msgspec.structs.replace(each, until=None) if past else each for each in made)


def renames(names: Sequence[tuple[Dim, str]], context: Context, *, past: bool = False) -> dict[Dim, tuple[Alias, ...]]:
    """The aliases for these texts; with `past` also those that have ended."""
    context.want(*(rename_need(dim, text) for dim, text in names))
    found: dict[Dim, tuple[Alias, ...]] = {}
    for dim, text in names:
        for link in context.links(Role.DIM_ALIAS, name_ref(dim, text)):
            found[dim] = found.get(dim, ()) + aliases_in(link, past=past)
    return found


def rename_need(dim: Dim, text: str) -> NeedLink:
    return NeedLink(Role.DIM_ALIAS, name_ref(dim, text))


def new_uses(
    invoice: Ref, department: str, classes: Sequence[str], context: Context, *, ours: bool
) -> tuple[LinkDraft, ...]:
    """`dim_use` links not yet made: for what the Opportunity does not show by a text of its own (ids, blank for none).

    An Opportunity of sales need not show the department of its invoice; one of ours shows several classes as one text.
    """
    uses: list[tuple[Dim, str]] = []
    if department and not ours:
        uses.append(("department", department))
    if ours and len(classes) > 1:
        uses += [("class", class_) for class_ in classes]
    drafts = [
        LinkDraft(
            Role.DIM_USE, Ref("quickbooks", "InvoiceDim", f"{invoice.id}:{KINDS[dim]}:{id_}"), entry_ref(dim, id_)
        )
        for dim, id_ in uses
    ]
    context.want(*(NeedLink(Role.DIM_USE, draft.source) for draft in drafts))
    return tuple(draft for draft in drafts if context.link(Role.DIM_USE, draft.source) is None)


def users(links: Sequence[Link]) -> list[Ref]:
    """The invoices of `dim_use` links."""
    return [Ref("quickbooks", "Invoice", link.source.id.partition(":")[0]) for link in links]

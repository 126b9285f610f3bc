"""What is kept of departments and classes: their name now, names they had, who uses them (accounting-rules F).

A text is looked up by the link of its name, without a call (`accounting/dim_names.py`). Contracts: docs/contracts.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from ml_connector.accounting.dim_names import LEAF, name_ref
from ml_connector.accounting.dims import KINDS, Dim, label
from ml_connector.model.plans import Context, NeedLink
from ml_connector.model.refs import Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Named


def entry_ref(dim: Dim, id_: str) -> Ref:
    """The department or class of QuickBooks with this id."""
    return Ref("quickbooks", KINDS[dim], id_)


def name_link(dim: Dim, entry: Named, table: Mapping[str, Named]) -> LinkDraft:
    """The name under which Salesforce knows an entry; `table` as for `label`."""
    name = label(entry, table)
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
    return LinkDraft(Role.DIM_ALIAS, name_ref(dim, leaf), entry_ref(dim, id_), {**had, f"{LEAF}{id_}": on.isoformat()})


def rename_need(dim: Dim, text: str) -> NeedLink:
    """Ask with this whether `text` is an old name of a department or class (F.3)."""
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

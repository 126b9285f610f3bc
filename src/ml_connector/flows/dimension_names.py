"""A department or class got another name: whatever carries the old one is looked at again (accounting-rules F.1, F.3).

The entry is the same, so nothing is posted anew. The old name counts for 90 days; every entry below has a new full name
too; Opportunities and Accounts that say exactly the old name are rewritten by the flows that own them.
Orders and their lines belong to sales and are never written (E.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ml_connector.model.plans import Context, Decision, Flow, NeedFind, NeedLink, NeedReference, Skip
from ml_connector.model.refs import Gone, Ref
from ml_connector.systems.quickbooks.records import Named
from ml_connector.systems.salesforce.records import SObject

from .dim_links import ALIAS, KINDS, ROLE, TABLES, USE, alias_link, name_link, name_ref, users
from .dim_texts import owning_invoice
from .dims import Dim, label
from .refusals import refused

KEPT_IN: Mapping[Dim, Sequence[tuple[str, str]]] = {
    "department": (("Opportunity", "Department__c"), ("Account", "Department__c")),
    "class": (("Opportunity", "Class__c"), ("Opportunity", "QBO_Classes__c"), ("Account", "Class__c")),
}
"""Kinds and fields of Salesforce that hold a name and are ours to rewrite."""


def _deciding(dim: Dim) -> Callable[[Named, Context], Decision]:
    return lambda entry, context: decide(dim, entry, context)


def decide(dim: Dim, entry: Named, context: Context) -> Decision:
    """Remember the name; where it is another one than last time, knock on all who may carry the old one."""
    link = context.link(ROLE, entry.ref)
    if link is None:
        return Skip(reason="first_seen", links=(name_link(dim, entry),))
    old = link.agreed.get("name") or ""
    if old == label(entry):
        return Skip()
    earlier = name_ref(dim, old)
    context.want(NeedReference("quickbooks", TABLES[dim]), NeedLink(ALIAS, earlier), NeedLink(USE, entry.ref))
    table: Mapping[str, Named] = context.reference("quickbooks", TABLES[dim])
    if entry.id not in table or label(table[entry.id]) != label(entry):
        # Renamed once more since the table was read: the next sweep brings both to the same name.
        return Skip(reason="table_is_older")
    alias = alias_link(dim, entry.id, old, context.link(ALIAS, earlier), context.today)
    knocks = (*_below(entry, table), *users(context.links(USE, entry.ref)), *_saying(dim, old, context))
    return Skip(reason="renamed", links=(name_link(dim, entry), alias), knocks=tuple(dict.fromkeys(knocks)))


def _below(entry: Named, table: Mapping[str, Named]) -> list[Ref]:
    """Every entry under this one; a circle, which QuickBooks does not allow, ends it."""
    found: dict[str, Named] = {}
    parents = {entry.id}
    while parents:
        children = [each for each in table.values() if each.parent_ref and each.parent_ref.value in parents]
        parents = {each.id for each in children if each.id not in found and each.id != entry.id}
        found |= {id_: table[id_] for id_ in sorted(parents)}
    return [each.ref for each in found.values()]


def _saying(dim: Dim, name: str, context: Context) -> list[Ref]:
    """Records of Salesforce that say exactly this name; of the connector's own Opportunities their invoices."""
    fields = [
        (kind, field) for kind, field in KEPT_IN[dim] if field in context.reference("salesforce", f"fields:{kind}")
    ]
    context.want(*(NeedFind("salesforce", kind, field, name) for kind, field in fields))
    records: list[SObject] = [
        record
        for kind, field in fields
        for record in context.found("salesforce", kind, field, name)
        if record.text(field) == name
    ]
    return [owning_invoice(record, context) or record.ref for record in records]


def gone(entry: Gone, context: Context) -> Decision:
    """Neither vendor deletes these; an entry that was merged away keeps its names until they end."""
    del entry, context
    return Skip(reason="gone")


def _flow(name: str, dim: Dim) -> Flow:
    return Flow(
        name=name, system="quickbooks", kind=KINDS[dim], rank=5, decide=_deciding(dim), gone=gone, refused=refused
    )


DEPARTMENTS = _flow("department_names", "department")
CLASSES = _flow("class_names", "class")
"""Before everything else, so that whoever reads a name in this run knows the old ones."""

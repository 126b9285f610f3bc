"""A department or class got another name: whatever carries the old one is looked at again (accounting-rules F.1, F.3).

The entry is the same, so nothing is posted anew. The old name counts for 90 days; every entry below has a new full name
too; Opportunities and Accounts that say exactly the old name are rewritten by the flows that own them.
Orders and their lines belong to sales and are never written (E.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ml_connector.accounting.dim_names import name_ref
from ml_connector.accounting.dims import KINDS, TABLES, Dim, key_of, label
from ml_connector.flows.refusals import refused
from ml_connector.model.plans import Context, Decision, Flow, NeedFind, NeedLink, NeedReference, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Named, has_marks
from ml_connector.systems.salesforce.records import SObject

from .links import alias_link, leaf_alias_link, name_link, users
from .texts import owning_invoice

KEPT_IN: Mapping[Dim, Sequence[tuple[str, str]]] = {
    "department": (("Opportunity", "Department__c"), ("Account", "Department__c")),
    "class": (("Opportunity", "Class__c"), ("Opportunity", "QBO_Classes__c"), ("Account", "Class__c")),
}
"""Kinds and fields of Salesforce that hold a name and are ours to rewrite."""


def _deciding(dim: Dim) -> Callable[[Named, Context], Decision]:
    return lambda entry, context: decide(dim, entry, context)


def decide(dim: Dim, entry: Named, context: Context) -> Decision:
    """Remember the name; where it is another one than last time, knock on all who may carry the old one."""
    link = context.link(Role.DIM_NAME, entry.ref)
    if link is None:
        return Skip(reason=Reason.FIRST_SEEN, links=(name_link(dim, entry, _marked_table(dim, entry, context)),))
    old = link.agreed.get("name") or ""
    name = label(entry, _marked_table(dim, entry, context))
    if old == name:
        return Skip()
    context.want(NeedReference("quickbooks", TABLES[dim]), NeedLink(Role.DIM_USE, entry.ref))
    table: Mapping[str, Named] = context.reference("quickbooks", TABLES[dim])
    if entry.id not in table or label(table[entry.id], table) != name:
        # Renamed once more since the table was read: the next sweep brings both to the same name.
        return Skip(reason=Reason.TABLE_IS_OLDER)
    knocks = (*_below(entry, table), *users(context.links(Role.DIM_USE, entry.ref)), *_saying(dim, old, context))
    links = (name_link(dim, entry, table), *_aliases(dim, entry, old, table, context))
    return Skip(reason=Reason.RENAMED, links=links, knocks=tuple(dict.fromkeys(knocks)))


def _marked_table(dim: Dim, entry: Named, context: Context) -> Mapping[str, Named]:
    """The table, where only it can tell whether what stands above an entry is inactive or really called so."""
    above = entry.fully_qualified_name.rpartition(":")[0]
    table: Mapping[str, Named] = context.reference("quickbooks", TABLES[dim]) if has_marks(above) else {}
    return table


def _aliases(dim: Dim, entry: Named, old: str, table: Mapping[str, Named], context: Context) -> list[LinkDraft]:
    """What named this entry until now (F.2): its full name, and the last part of it if no other entry had that too.

    Others count by the name they are known by, not by that of today: they may be renamed in the same moment.
    An inactive entry may have the name of an active one, which it never takes.
    """
    others = _known_names(entry, table, context)
    leaf, new_leaf = (path.rpartition(":")[2] for path in (old, label(entry, table)))
    earlier, of_leaf = (context.link(Role.DIM_ALIAS, name_ref(dim, text)) for text in (old, leaf))
    had_name = key_of(old) not in others and (entry.active or earlier is None)
    had_leaf = entry.active and key_of(leaf) not in {name.rpartition(":")[2] for name in others}
    made = [alias_link(dim, entry.id, old, earlier, context.today)] if had_name else []
    if had_leaf and leaf not in (old, new_leaf):
        made.append(leaf_alias_link(dim, entry.id, leaf, of_leaf, context.today))
    return made


def _known_names(entry: Named, table: Mapping[str, Named], context: Context) -> set[str]:
    """The names of the other active entries as they were last seen, in the form in which names are compared."""
    refs = [each.ref for each in table.values() if each.active and each.id != entry.id]
    context.want(*(NeedLink(Role.DIM_NAME, ref) for ref in refs))
    return {key_of(link.agreed.get("name") or "") for ref in refs if (link := context.link(Role.DIM_NAME, ref))}


def _below(entry: Named, table: Mapping[str, Named]) -> list[Ref]:
    """Every entry under this one; a circle, which QuickBooks does not allow, ends it."""
    found: dict[str, Named] = {}
    parents = {entry.id}
    while parents:
        children = [each for each in table.values() if each.parent_ref and each.parent_ref.value in parents]
        parents = {child.id for child in children if child.id not in found and child.id != entry.id}
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
    return Skip(reason=Reason.GONE)


def _flow(name: str, dim: Dim) -> Flow:
    return Flow(
        name=name, system="quickbooks", kind=KINDS[dim], rank=5, decide=_deciding(dim), gone=gone, refused=refused
    )


DEPARTMENTS = _flow("department_names", "department")
CLASSES = _flow("class_names", "class")
"""Before everything else, so that whoever reads a name in this run knows the old ones."""

"""Texts of people that say exactly the old name of a department or class get the new one (accounting-rules F.3).

Accounts and the Opportunities of sales; what the connector's own Opportunities say comes from their invoice.
"""

from __future__ import annotations

from collections.abc import Mapping

from ml_connector.accounting.dim_names import aliases_in, name_ref
from ml_connector.accounting.dims import FIELDS, TABLES, Dim, Resolved, label, resolve
from ml_connector.flows.company import Company
from ml_connector.flows.fields import for_salesforce
from ml_connector.flows.invoices import account_summary
from ml_connector.flows.refusals import refused_alone
from ml_connector.model.plans import Context, Decision, Flow, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Json, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Named
from ml_connector.systems.salesforce.records import SObject

from .links import rename_need

_OF_KIND: Mapping[str, Mapping[str, Dim]] = {
    "Account": {field: dim for dim, field in FIELDS.items()},
    "Opportunity": {**{field: dim for dim, field in FIELDS.items()}, "QBO_Classes__c": "class"},
}


def renewed(record: SObject, context: Context) -> Write | None:
    """The write that gives an Account or Opportunity the new names, None while it says no old one.

    Costs no call where no text is an old name.
    """
    texts = [(field, dim, record.text(field)) for field, dim in _OF_KIND[record.kind].items() if record.text(field)]
    context.want(*(rename_need(dim, text) for _, dim, text in texts))
    names = {field: _name_now(dim, text, context) for field, dim, text in texts}
    body: Json = {field: names[field] for field, _, text in texts if names[field] not in ("", text)}
    name = record.text("Name")
    body = for_salesforce(record.kind, record.id, body, context, creating=False, record=name).body
    if not body:
        return None
    moved = {dim: (text, body[field]) for field, dim, text in texts if field in body}
    links = account_summary.renamed(record.ref, moved, context) if record.kind == "Account" else ()
    return Write(
        step="dim_text",
        system="salesforce",
        kind=record.kind,
        action="update",
        body=body,
        key=record.id,
        target_id=record.id,
        links=links,
        why=tuple(f"{field}: renamed in QuickBooks" for field in body),
        label=name,
    )


def _name_now(dim: Dim, text: str, context: Context) -> str:
    """The present name of the one entry that had exactly this name until lately; blank where that is not sure."""
    link = context.link(Role.DIM_ALIAS, name_ref(dim, text))
    if link is None or link.agreed.get("name") != text:
        return ""
    table: Mapping[str, Named] = context.reference("quickbooks", TABLES[dim])
    aliases = aliases_in(link)
    found = resolve(text, table, aliases, context.today)
    # Another entry may have taken the name since: then the text is its name.
    renamed = isinstance(found, Resolved) and found.id in {alias.id for alias in aliases}
    return label(table[found.id], table) if isinstance(found, Resolved) and renamed else ""


def owning_invoice(record: SObject, context: Context) -> Ref | None:
    """The invoice whose mirror an Opportunity is; None for one that belongs to people, or whose invoice is deleted."""
    if record.kind != "Opportunity" or record.text("QBO_Status__c") == "DELETED":
        return None
    realm, _, invoice = record.text("QBO_Id__c").partition(":")
    return Ref("quickbooks", "Invoice", invoice) if invoice and realm == Company(context).rules.realm_id else None


def decide(opportunity: SObject, context: Context) -> Decision:
    """An Opportunity of sales, or the one that outlived its invoice."""
    if owning_invoice(opportunity, context) or Company(context).is_of_another(opportunity):
        return Skip(reason=Reason.NOT_OF_SALES)
    return renewed(opportunity, context) or Skip()


def gone(opportunity: Gone, context: Context) -> Decision:
    """Its invoices are looked at: they need another Opportunity, or none."""
    links = context.links(Role.OPPORTUNITY, opportunity.ref)
    return Skip(reason=Reason.GONE, knocks=tuple(link.source for link in links))


FLOW = Flow(
    name="opportunity_dim_texts",
    system="salesforce",
    kind="Opportunity",
    rank=35,
    decide=decide,
    gone=gone,
    refused=refused_alone,
    swept=False,
)
"""After the invoices, which have the first say about their own Opportunities. Only a rename makes a text old."""

"""A contact that people deleted or merged: its addresses lead elsewhere from now on (accounting-rules D.10).

It is not made again by itself: somebody wanted it away. The next invoice to the address looks for a contact anew.
"""

from __future__ import annotations

from ml_connector.flows.refusals import refused_alone
from ml_connector.model.plans import Context, Decision, Flow, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.salesforce.records import SObject

PAST = "ContactPast"


def live(link: Link | None) -> Ref | None:
    """The contact that the link of an address leads to; None where there is none any more."""
    return link.target if link is not None and link.target.kind != PAST else None


def decide(contact: SObject, context: Context) -> Decision:
    """Nothing: a contact that is there is looked at with its customer and its invoices."""
    del contact, context
    return Skip()


def gone(contact: Gone, context: Context) -> Decision:
    """Its links lead to the contact that it was merged into, or end."""
    target = contact.into or Ref(contact.ref.system, PAST, contact.ref.id)
    links = context.links(Role.CONTACT, contact.ref)
    drafts = tuple(LinkDraft(Role.CONTACT, link.source, target, link.agreed) for link in links)
    return Skip(reason=Reason.GONE, links=drafts)


FLOW = Flow(
    name="contact_links",
    system="salesforce",
    kind="Contact",
    rank=25,
    decide=decide,
    gone=gone,
    refused=refused_alone,
    swept=False,
)
"""After the pairs, before the invoices. Only a comparison of ids tells it of a contact."""

"""A contact that people deleted or merged: its addresses lead elsewhere from now on (accounting-rules D.10).

It is not made again by itself: somebody wanted it away. The next invoice to the address looks for a contact anew.
"""

from __future__ import annotations

from ml_connector.flows.refusals import refused_alone
from ml_connector.model.plans import Context, Decision, Flow, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SObject

from . import contact_marks, emails

PAST = "ContactPast"


def live(link: Link | None) -> Ref | None:
    """The contact that the link of an address leads to; None where there is none any more."""
    return link.target if link is not None and link.target.kind != PAST else None


def decide(contact: SObject, context: Context) -> Decision:
    """Its mark, where that is one that only our state can make. Else nothing: a contact that is there is looked at with
    its customer and its invoices.
    """
    _, _, marked = contact.text(EXTERNAL_ID).partition(":")
    customer_id, colon, _ = marked.rpartition(":")
    if not colon:
        return Skip()
    linked = {link.source for link in context.links(Role.CONTACT, contact.ref)}
    for address in emails.parse(contact.text("Email")):
        if emails.ref_of(customer_id, address, context.digest) in linked:
            return contact_marks.marked_again(contact, address, customer_id, context) or Skip()
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
"""After the pairs, before the invoices. Only a comparison of ids tells it of a contact, and once the first start
after a version that marked contacts with keyed digests."""

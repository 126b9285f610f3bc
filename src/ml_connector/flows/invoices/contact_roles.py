"""The people of an invoice on its Opportunity: contact and contact role (accounting-rules D.10)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ml_connector.flows.company import Company
from ml_connector.flows.fields import for_salesforce
from ml_connector.flows.parties import contacts, emails
from ml_connector.flows.parties.contacts import Reached
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Context, NeedFind, NeedLink, Write
from ml_connector.model.refs import LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Invoice
from ml_connector.systems.salesforce.records import SObject

from .customer import Billed

OTHER = "Other"


class People(msgspec.Struct, frozen=True):
    """What there is to do: one write, or nothing more with what was found out."""

    write: Write | None = None
    links: tuple[LinkDraft, ...] = ()
    flags: tuple[Flag, ...] = ()


def addresses_of(invoice: Invoice, billed: Billed) -> tuple[str, ...]:
    """Where the invoice is sent, else the customer's own address; none at all is no fault."""
    return emails.parse(invoice.bill_email.address if invoice.bill_email else "") or billed.emails


def contacts_of(invoice: Invoice, customer: str, context: Context) -> list[Ref]:
    """The sources of the `contact` links of the addresses that the invoice names."""
    named = emails.parse(invoice.bill_email.address) if invoice.bill_email else ()
    return [emails.ref_of(customer, address, context.digest) for address in named]


def mark_of(addresses: Sequence[str], context: Context) -> str | None:
    """What the link keeps once the people of these addresses are on the Opportunity, without the addresses."""
    return " ".join(emails.mark(address, context.digest) for address in addresses) or None


def settle(addresses: Sequence[str], billed: Billed, opportunity: SObject, label: str, context: Context) -> People:
    """The next contact or role to be written. Only for the first address a contact is made."""
    contacts.ask(addresses, billed.bill, context)
    reached: list[Reached] = []
    for number, address in enumerate(addresses):
        known = contacts.find(address, billed.bill, context)
        if known is None and number == 0 and contacts.can_hold(address):
            if write := _new_contact(address, billed, context):
                return People(write)
        elif known is not None and known.mark:
            return People(known.mark)
        elif known is not None and known.contact not in [person.contact for person in reached]:
            reached.append(known)
    links = tuple(link for person in reached for link in person.links)
    flags = tuple(dict.fromkeys(flag for person in reached for flag in person.flags))
    return _roles([person.contact for person in reached], opportunity, label, context, People(None, links, flags))


def _new_contact(address: str, billed: Billed, context: Context) -> Write | None:
    customer = contacts.customer_of(billed.bill, context)
    return contacts.make(address, billed.bill, customer, context) if customer else None


def source_of(opportunity: SObject, contact: Ref) -> Ref:
    """The source of a `role` link."""
    return Ref("salesforce", "OpportunityContact", f"{opportunity.id}:{contact.id}")


def _roles(found: Sequence[Ref], opportunity: SObject, label: str, context: Context, people: People) -> People:
    # Whom nobody knows there is looked for there: asked together, an invoice is decided once less.
    known = [NeedLink(Role.CONTACT_ROLE, source_of(opportunity, contact)) for contact in found]
    there_now = NeedFind("salesforce", "OpportunityContactRole", "OpportunityId", opportunity.id)
    context.want(*known, *([there_now] if found else []))
    missing = [contact for contact in found if context.link(Role.CONTACT_ROLE, source_of(opportunity, contact)) is None]
    if not missing:
        return people
    roles: Sequence[SObject] = context.found("salesforce", "OpportunityContactRole", "OpportunityId", opportunity.id)
    role_of = {role["ContactId"]: role for role in roles}
    links = list(people.links)
    for contact in missing:
        if contact.id not in role_of:
            primary = contact == found[0] and not any(role["IsPrimary"] for role in roles)
            role = _new_role(opportunity, contact, label, primary, context, links)
            # What was found is on record with the role: later nobody would tell it.
            return People(msgspec.structs.replace(role, flags=(*people.flags, *role.flags)))
        links.append(
            LinkDraft(role=Role.CONTACT_ROLE, source=source_of(opportunity, contact), target=role_of[contact.id].ref)
        )
    return msgspec.structs.replace(people, links=tuple(links))


def _new_role(
    opportunity: SObject, contact: Ref, label: str, primary: bool, context: Context, known: Sequence[LinkDraft]
) -> Write:
    own = LinkDraft(role=Role.CONTACT_ROLE, source=source_of(opportunity, contact))
    role, flags = role_name(context)
    named = {"Role": role} if role else {}
    body = {"OpportunityId": opportunity.id, "ContactId": contact.id, **named, "IsPrimary": primary}
    kind, key = "OpportunityContactRole", own.source.id
    fitted = for_salesforce(kind, key, body, context, creating=True, record=label)
    return Write(
        step="role",
        system="salesforce",
        kind=kind,
        action="create",
        body=fitted.body,
        key=key,
        links=(own, *known),
        why=("the invoice is billed to this contact",),
        flags=(*flags, *fitted.flags),
        label=label,
        claims=(f"salesforce:roles:{opportunity.id}",),
    )


def role_name(context: Context) -> tuple[str, tuple[Flag, ...]]:
    """The configured role if the org has it, else `Other`, else none and a flag."""
    roles = context.reference("salesforce", "contact_roles")
    for role in (Company(context).rules.contact_role, OTHER):
        if role in roles:
            return role, ()
    return "", (Flag.LEFT_OUT_ROLE,)

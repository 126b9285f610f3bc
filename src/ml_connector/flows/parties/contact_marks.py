"""The mark of a contact that we made: in Salesforce as accounting-rules E.6 says, here as a digest made with a key."""

from __future__ import annotations

import re

from ml_connector.flows.company import Company
from ml_connector.model.plans import Context, Write
from ml_connector.model.refs import LinkDraft
from ml_connector.model.roles import Role
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SObject

from . import emails

_KEYED = re.compile("k[0-9a-f]{31}")


def key_of(address: str, customer_id: str, context: Context) -> str:
    """What it is known by here, without its address (decision 0013)."""
    return f"{Company(context).customer_key(customer_id)}:{emails.mark(address, context.digest)}"


def mark_of(address: str, customer_id: str, context: Context) -> str:
    """What stands in Salesforce (accounting-rules E.6): whoever knows the rule finds the contact again."""
    return f"{Company(context).customer_key(customer_id)}:{emails.plain(address)}"


def marked_again(contact: SObject, address: str, customer_id: str, context: Context) -> Write | None:
    """The mark of E.6 in place of one that is made with a key, as a version wrote it for a while.

    None for a contact with no such mark, and where another one has that of E.6: it is unique.
    """
    head, _, last = contact.text(EXTERNAL_ID).rpartition(":")
    if head != Company(context).customer_key(customer_id) or not _KEYED.fullmatch(last):
        return None
    mark = mark_of(address, customer_id, context)
    if context.found("salesforce", "Contact", EXTERNAL_ID, mark):
        return None
    source = emails.ref_of(customer_id, address, context.digest)
    return Write(
        step="contact mark",
        system="salesforce",
        kind="Contact",
        action="update",
        body={EXTERNAL_ID: mark},
        key=key_of(address, customer_id, context),
        target_id=contact.id,
        links=(LinkDraft(role=Role.CONTACT, source=source, target=contact.ref),),
        why=("its mark is one that only the state can make",),
        label=contact.text("LastName"),
    )

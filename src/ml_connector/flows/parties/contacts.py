"""The contact behind a billing e-mail: where it is looked for, and when one is made (accounting-rules D.10, D.11)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ml_connector.flows.fields import flags_of, for_salesforce, require
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Context, NeedFind, NeedLink, NeedRecord, Write
from ml_connector.model.refs import Gone, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SObject

from . import contact_marks, emails
from .contact_links import live

EMAIL_LIMIT, FIRST_NAME_LIMIT, LAST_NAME_LIMIT = 80, 40, 80
LEVELS = 5


class Bill(msgspec.Struct, frozen=True):
    """Whom a bill goes to: the customer, its account, and whether the bill goes to the parent instead."""

    customer_id: str
    account: Ref
    with_parent: bool = False


class Reached(msgspec.Struct, frozen=True):
    """A contact that exists. `links` is new knowledge to be kept; `flags` what a person should look at.

    `mark` gives it the mark of accounting-rules E.6 again, where it has one that nobody but our state can make.
    """

    contact: Ref
    mark: Write | None = None
    links: tuple[LinkDraft, ...] = ()
    flags: tuple[Flag, ...] = ()


def find(address: str, bill: Bill, context: Context) -> Reached | None:
    """The contact with this e-mail: the one linked, else on the account, related to it, in its hierarchy, or anywhere;
    else the one that was made for it, by its mark: people gave it another e-mail, and it is not known here any more.

    Of several the one that was changed last. One found elsewhere is used as it is, neither moved nor doubled.
    """
    source = emails.ref_of(bill.customer_id, address, context.digest)
    if known := live(context.link(Role.CONTACT, source)):
        return Reached(known)
    _require_email(bill, context)
    hits = [record for record in context.found("salesforce", "Contact", "Email", address) if _has(record, address)]
    hits = hits or list(
        context.found("salesforce", "Contact", EXTERNAL_ID, contact_marks.mark_of(address, bill.customer_id, context))
    )
    if not hits:
        return None
    distances = {hit.id: _distance(hit, bill, context) for hit in hits}
    nearest = min(distances.values())
    best = max((hit for hit in hits if distances[hit.id] == nearest), key=_last_changed)
    return Reached(
        contact=best.ref,
        mark=contact_marks.marked_again(best, address, bill.customer_id, context),
        links=(LinkDraft(role=Role.CONTACT, source=source, target=best.ref),),
        flags=(Flag.CONTACT_ELSEWHERE,) if nearest == _ELSEWHERE else (),
    )


def ask(addresses: Sequence[str], bill: Bill, context: Context) -> None:
    """Ask at once for what `find` will want to know of these addresses."""
    sources = [emails.ref_of(bill.customer_id, address, context.digest) for address in addresses]
    context.want(*(NeedLink(Role.CONTACT, source) for source in sources))
    unknown = [
        a for a, source in zip(addresses, sources, strict=True) if live(context.link(Role.CONTACT, source)) is None
    ]
    if unknown:
        _require_email(bill, context)
    context.want(*(NeedFind("salesforce", "Contact", "Email", address) for address in unknown))


def _require_email(bill: Bill, context: Context) -> None:
    require("Contact", ("Email",), f"the contact of customer {bill.customer_id}", context)


_HIERARCHY, _ELSEWHERE = 4, 5


def _distance(contact: SObject, bill: Bill, context: Context) -> int:
    """0 on the account, 1 related to it. Bills to the parent look there first; then the own account is 2 and 3."""
    at, others = contact.text("AccountId"), _related(contact, context)
    starts = [_parent(bill.account.id, context)] if bill.with_parent else []
    for place, account in enumerate(filter(None, [*starts, bill.account.id])):
        if account == at:
            return 2 * place
        if account in others:
            return 2 * place + 1
    return _HIERARCHY if at and _top(at, context) == _top(bill.account.id, context) else _ELSEWHERE


def _related(contact: SObject, context: Context) -> set[str]:
    """The accounts it is related to beside its own, where the org has that. What is not active, or is over, is none."""
    rows = contact.children("AccountContactRelations")
    there = [row for row in rows if row["IsActive"] is not False]
    return {row.text("AccountId") for row in there if (row.day("EndDate") or context.today) >= context.today}


def _parent(account_id: str, context: Context) -> str:
    account = context.record(Ref("salesforce", "Account", account_id))
    return "" if isinstance(account, Gone) else account.text("ParentId")


def _top(account_id: str, context: Context) -> str:
    for _ in range(LEVELS):
        above = _parent(account_id, context)
        if not above:
            break
        account_id = above
    return account_id


def _has(contact: SObject, address: str) -> bool:
    return contact.text("Email").strip().lower() == address


def _last_changed(contact: SObject) -> tuple[str, str]:
    return contact.text("LastModifiedDate"), contact.id


def can_hold(address: str) -> bool:
    """Whether a contact can have this address at all."""
    return len(address) <= EMAIL_LIMIT


def make(address: str, bill: Bill, customer: Customer, context: Context) -> Write:
    """A new contact on the account; a person's name is the customer's if the e-mail is (D.10)."""
    name, flags = _person(address, customer)
    key = contact_marks.key_of(address, bill.customer_id, context)
    body = {**name, "Email": address, "AccountId": bill.account.id}
    fitted = for_salesforce("Contact", key, body, context, creating=True, record=customer.plain_name)
    return Write(
        step="contact",
        system="salesforce",
        kind="Contact",
        action="upsert",
        body=fitted.body,
        key=key,
        key_field=EXTERNAL_ID,
        external=contact_marks.mark_of(address, bill.customer_id, context),
        links=(LinkDraft(role=Role.CONTACT, source=emails.ref_of(bill.customer_id, address, context.digest)),),
        why=("no contact has the billing e-mail",),
        flags=(*flags, *fitted.flags),
        label=customer.plain_name,
        claims=(f"salesforce:contact:{address}",),
    )


def left_out(address: str, bill: Bill, context: Context) -> tuple[Flag, ...]:
    """Flags of what Salesforce refused of this contact: it was made without, and is never compared again."""
    key = contact_marks.key_of(address, bill.customer_id, context)
    refusals = NeedLink(Role.REFUSED, Ref("salesforce", "Contact", key))
    context.want(refusals, NeedLink(Role.CONTACT, emails.ref_of(bill.customer_id, address, context.digest)))
    return flags_of("Contact", key, context)


def _person(address: str, customer: Customer) -> tuple[dict[str, str], tuple[Flag, ...]]:
    given, family = customer.given_name.strip(), customer.family_name.strip()
    last = family or given
    if not last or len(last) > LAST_NAME_LIMIT or address not in emails.parse(customer.email):
        local = f"(billing) {address.partition('@')[0]}"
        return {"LastName": local[:LAST_NAME_LIMIT]}, ()
    if not family or not given:
        return {"LastName": last}, ()
    if len(given) > FIRST_NAME_LIMIT:
        return {"LastName": last}, (Flag.TOO_LONG_FIRST_NAME,)
    return {"FirstName": given, "LastName": last}, ()


def customer_of(bill: Bill, context: Context) -> Customer | None:
    """The customer, freshly read; only a contact to be made asks for it."""
    ref = Ref("quickbooks", "Customer", bill.customer_id)
    context.want(NeedRecord(ref))
    found = context.record(ref)
    return None if isinstance(found, Gone) else found

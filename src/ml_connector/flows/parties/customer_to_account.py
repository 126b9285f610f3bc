"""A QuickBooks customer becomes a Salesforce account, with a contact for its e-mail (accounting-rules D.11, E)."""

from __future__ import annotations

import msgspec

from ml_connector.flows.company import Company
from ml_connector.flows.fields import for_salesforce, require
from ml_connector.flows.refusals import refused_with_account
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import Context, Decision, Flow, Hold, NeedReference, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Json, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import SETTINGS, linked, table_changed
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import EXTERNAL_ID, SObject

from . import accounts_merged, contacts, customers_merged, emails, pair_links, pairs
from .candidates import among_accounts
from .hierarchy import parent_account
from .matching import Match, facts_of
from .names import account_name_for
from .pair_fields import Pair


def decide(customer: Customer, context: Context) -> Decision:
    """The account first, then its contact. A project has no account: its invoices go to the parent's."""
    try:
        return _decide(customer, context)
    except Held as held:
        return held.hold()


def _decide(customer: Customer, context: Context) -> Decision:
    if customer.is_project:
        return Skip(reason=Reason.PROJECT)
    decision = context.once(_linked, customer)
    if decision is not None:
        return _contact(customer, decision, context) if isinstance(decision, Skip) else decision
    past = pair_links.ended(customer.ref, context)
    return accounts_merged.deserted(customer, past) if past else _unlinked(customer, context)


def _linked(customer: Customer, context: Context) -> Decision | None:
    """What the account that its link names wants; None without one."""
    link = pair_links.of_customer(customer.ref, context)
    if link is None:
        return None
    if not link.exclusive:
        return accounts_merged.beside(customer, link, context)
    account = context.record(link.target)
    if isinstance(account, Gone):
        return Skip(reason=Reason.ACCOUNT_GONE, knocks=(link.target,))
    if not Company(context).has_account(account):
        return _of_another_company(customer, account)
    return pairs.settle(customer, account, link, context)


def _unlinked(customer: Customer, context: Context) -> Decision:
    """Our mark in Salesforce, then the score, then a new account (E.1)."""
    key = Company(context).customer_key(customer.id)
    require("Account", (EXTERNAL_ID,), customer.plain_name, context)
    marked = context.found("salesforce", "Account", EXTERNAL_ID, key)
    if marked:
        return pairs.settle(customer, marked[0], None, context)
    if not customer.active and not pair_links.is_awaited(customer.ref, context):
        return Skip(reason=Reason.INACTIVE, waits_for=(linked(Role.AWAITED, customer.ref),))
    match = context.once(among_accounts, customer)
    taken = None if match.outcome == "new" else _best_of_another_company(match, context)
    if taken is not None:
        declared = pair_links.is_declared_new(context, customer.ref)
        return _create(customer, context) if declared else _of_another_company(customer, taken)
    if match.outcome == "auto":
        return _link(customer, match, context)
    if match.outcome == "review" and not pair_links.is_declared_new(context, customer.ref):
        return _review(customer, match, context)
    return _create(customer, context)


def _best_of_another_company(match: Match, context: Context) -> SObject | None:
    """The account that fits best, as it is now, if it is a customer of another company."""
    account = context.record(Ref("salesforce", "Account", match.best.party.id))
    return None if isinstance(account, Gone) or Company(context).has_account(account) else account


def _of_another_company(customer: Customer, account: SObject) -> Hold:
    """Its mark names one company, whose figures it shows."""
    facts = {"customer": customer.plain_name, "account": account.text("Name"), "record": str(customer.ref)}
    own = (linked(Role.ACCOUNT, customer.ref), linked(Role.DECLARED_NEW, customer.ref))
    return Hold(code="OTHER-COMPANY", facts=facts, waits_for=(*own, table_changed("matching", "salesforce"), SETTINGS))


def _link(customer: Customer, match: Match, context: Context) -> Decision:
    """The account as it is now decides: since the table was read it may have gone or have got another mark."""
    account = context.record(Ref("salesforce", "Account", match.best.party.id))
    if isinstance(account, Gone) or account["QBO_Id__c"]:
        return _review(customer, match, context)
    return pairs.settle(customer, account, None, context)


def _review(customer: Customer, match: Match, context: Context) -> Hold:
    rules = Company(context).rules
    facts = {
        **facts_of(match),
        "customer": customer.plain_name,
        "needed": str(rules.match_auto),
        "gap": str(rules.match_gap),
    }
    own = (linked(Role.ACCOUNT, customer.ref), linked(Role.DECLARED_NEW, customer.ref))
    return Hold(code="REVIEW-MATCH", facts=facts, waits_for=(*own, table_changed("matching", "salesforce"), SETTINGS))


def _create(customer: Customer, context: Context) -> Decision:
    parent_id = parent_account(customer, context)
    context.want(NeedReference("salesforce", "currencies"), NeedReference("salesforce", "fields:Account"))
    company = Company(context)
    currency = company.currency_of(customer)
    if company.org_currencies and currency not in company.org_currencies:
        return _inactive_currency(customer, currency)
    own: Json = {"ParentId": parent_id} if parent_id else {}
    if company.org_currencies:
        own["CurrencyIsoCode"] = currency
    return _new_account(customer, own, company, context)


def _new_account(customer: Customer, own: Json, company: Company, context: Context) -> Write:
    name, was_cut = account_name_for(customer.plain_name)
    pair = Pair(customer, SObject("Account", "", {"Name": name}), company)
    fields, flags = pair.values()
    shown = [field for field, values in fields.items() if values.source is not None and field != "name"]
    bodies = {field: pair.for_account((field,)) for field in shown}
    body = {"Name": name, **own, **{part: value for whole in bodies.values() for part, value in whole.items()}}
    body = {field: value for field, value in body.items() if value is not None}
    key = company.customer_key(customer.id)
    fitted = for_salesforce("Account", key, body, context, creating=True, record=name)
    gone = [field for field, whole in bodies.items() if whole and not any(part in fitted.body for part in whole)]
    agreed = {field: values.source for field, values in fields.items() if field not in gone}
    return Write(
        step="account",
        system="salesforce",
        kind="Account",
        action="upsert",
        body=fitted.body,
        key=key,
        key_field=EXTERNAL_ID,
        links=(pairs.draft(pair, agreed),),
        why=("no account belongs to this customer",),
        flags=(*flags, *fitted.flags, *((Flag.NAME_CUT,) if was_cut else ())),
        label=name,
        declared_new=pair_links.is_declared_new(context, customer.ref),
    )


def _inactive_currency(customer: Customer, currency: str) -> Hold:
    return Hold(
        code="CURRENCY-INACTIVE",
        facts={"case": "customer", "customer": customer.plain_name, "currency": currency},
        waits_for=(table_changed("currencies", "salesforce"),),
        currency=currency,
    )


def _contact(customer: Customer, pair: Skip, context: Context) -> Decision:
    """The contact for the customer's own e-mail; what was found is remembered, so that it is looked for once."""
    addresses, link = emails.parse(customer.email)[:1], pair_links.of_customer(customer.ref, context)
    if link is None or not link.exclusive or not addresses or not customer.active or pair.reason != Reason.IN_AGREEMENT:
        return pair
    bill = contacts.Bill(customer.id, link.target, customer.bill_with_parent)
    left_out = contacts.left_out(addresses[0], bill, context)
    reached = contacts.find(addresses[0], bill, context)
    if reached is None and contacts.can_hold(addresses[0]):
        return contacts.make(addresses[0], bill, customer, context)
    if reached is not None and reached.mark:
        return reached.mark
    if reached is None:
        return msgspec.structs.replace(pair, flags=(*pair.flags, Flag.TOO_LONG_EMAIL))
    flags = dict.fromkeys((*pair.flags, *reached.flags, *left_out))
    return msgspec.structs.replace(pair, links=(*pair.links, *reached.links), flags=tuple(flags))


FLOW = Flow(
    name="customer_to_account",
    system="quickbooks",
    kind="Customer",
    rank=10,
    decide=decide,
    gone=customers_merged.vanished,
    refused=refused_with_account,
)

"""Accounts that people deleted or merged in Salesforce (accounting-rules E.5, 0.3 P11).

The winner of a merge keeps its own customer. The loser's customer stays with the winner for its invoices only, and a
person is asked to look at it. What hung on the loser hangs on the winner by then, without any event: all is looked at.
"""

from __future__ import annotations

from ml_connector.accounting.customers import customer_of
from ml_connector.model.plans import Context, Decision, Hold, NeedFind, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.triggers import linked
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from . import pair_links

CHAIN = 10
_CHILDREN = (("Order", "AccountId"), ("Opportunity", "AccountId"), ("Account", "ParentId"))


def gone(account: Gone, context: Context) -> Decision:
    """A deleted account: merged into another one, or deleted for good."""
    links = pair_links.of_account(account.ref, context)
    winner = _winner(account, context)
    if winner is not None:
        return _merged(account, winner, links, context)
    if not links:
        return Skip(reason=Reason.GONE)
    customers = [customer_of(link) for link in links]
    return Skip(
        reason=Reason.ACCOUNT_GONE,
        links=tuple(map(pair_links.end, links)),
        knocks=(*customers, *_invoices(account.ref, context)),
    )


def _winner(account: Gone, context: Context) -> SObject | None:
    """The account that lives on; the winner of one merge may be the loser of the next."""
    account_now: Gone | SObject = account
    for _ in range(CHAIN):
        if isinstance(account_now, SObject) or account_now.into is None:
            break
        account_now = context.record(account_now.into)
    return account_now if isinstance(account_now, SObject) else None


def _merged(loser: Gone, winner: SObject, links: list[Link], context: Context) -> Skip:
    winner_links = pair_links.of_account(winner.ref, context)
    drafts = [_moved(link, winner.ref, winner_links) for link in links]
    customers = {customer_of(link) for link in links}
    # The winner's orders were posted with the customer that becomes its own now.
    over = [pair_links.end(own) for own in winner_links if own.source == winner.ref and own.target in customers]
    return Skip(
        reason=Reason.ACCOUNT_MERGED,
        links=(LinkDraft(Role.MERGED, loser.ref, winner.ref), *drafts, *over),
        knocks=(
            winner.ref,
            *sorted(customers),
            *_invoices(loser.ref, context),
            *_children(winner.ref, context),
        ),
    )


def _moved(link: Link, winner: Ref, winner_links: list[Link]) -> LinkDraft:
    """A link of the loser as it is from now on. Whether it becomes the winner's own is decided with the winner."""
    if link.source.kind == "Customer":
        return LinkDraft(Role.ACCOUNT, link.source, winner, link.agreed, source_version=link.source_version)
    return pair_links.end(link) if winner_links else LinkDraft(Role.ACCOUNT, winner, link.target, link.agreed)


def _invoices(account: Ref, context: Context) -> list[Ref]:
    return [link.source for link in context.links(Role.BILLED, account)]


def _children(account: Ref, context: Context) -> list[Ref]:
    """Orders, Opportunities and accounts below: those of the loser among them raised no event."""
    context.want(*(NeedFind("salesforce", kind, field, account.id) for kind, field in _CHILDREN))
    return [record.ref for kind, field in _CHILDREN for record in context.found("salesforce", kind, field, account.id)]


def beside(customer: Customer, link: Link, context: Context) -> Decision:
    """The customer of an account that was merged away: nothing of it is written, and a person is asked once."""
    own = next((each for each in pair_links.of_account(link.target, context) if each.exclusive), None)
    if own is None:
        waits = (linked(Role.ACCOUNT, link.target),)
        return Skip(reason=Reason.ACCOUNT_DECIDES, knocks=(link.target,), waits_for=waits)
    if link.agreed.get(pair_links.REVIEWED) or not customer.active:
        return Skip(reason=Reason.SECONDARY_LINK)
    facts = {
        "customer": customer.plain_name,
        "account": own.agreed.get("name") or link.target.id,
        "other": own.source.id,
        "record": str(customer.ref),
        "target": str(link.target),
    }
    waits = (linked(Role.ACCOUNT, customer.ref),)
    return Hold(
        code="ACCOUNTS-MERGED", facts=facts, waits_for=waits, amount=customer.balance, currency=customer.currency
    )


def deserted(customer: Customer, past: Link) -> Decision:
    """Its account was deleted: the customer is not touched; with an open balance a person must know (E.5)."""
    if not customer.balance:
        return Skip(reason=Reason.ACCOUNT_GONE)
    facts = {"customer": customer.plain_name, "account": past.agreed.get("name") or past.target.id}
    waits = (linked(Role.ACCOUNT, customer.ref),)
    return Hold(code="ACCOUNT-GONE", facts=facts, waits_for=waits, amount=customer.balance, currency=customer.currency)

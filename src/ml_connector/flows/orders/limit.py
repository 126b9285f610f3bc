"""What may be posted without a click: amounts up to `auto_approve_limit`, and nothing new (accounting-rules 0.4, H).

The limit is in home currency, because the rules name none. What is compared is the sum of the debits over all parts,
the amount that a plan shows. New are a template as it is signed off, and an income account for an item: the first entry
with either waits for a person. The company is not asked about: 20 clean postings of it come first anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ml_connector.model import money
from ml_connector.model.plans import Context, NeedLink, Unattended
from ml_connector.model.refs import LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import SETTINGS, linked


def within_limit(total: Decimal, rate: Decimal, home: str, rules: Rules) -> Mapping[str, str] | None:
    """What the audit trail keeps of an amount at or under the limit; None above it, or when it is off.

    `rate` is home units per one unit of the amount's currency.
    """
    limit, amount = rules.auto_approve_limit, money.q(money.times(total, rate), home)
    if limit <= 0 or amount > limit:
        return None
    return {"amount": money.plain(amount), "limit": money.plain(limit), "currency": home, "rules": rules.digest()}


def precedents(rules: Rules, mappings: Sequence[str]) -> tuple[Ref, ...]:
    """What of an entry may be new: its template, and each `item>income account`."""
    template = rules.template.digest() if rules.template else "none"
    return (
        Ref("quickbooks", "Template", template),
        *(Ref("quickbooks", "Mapping", mapping) for mapping in mappings),
    )


def precedent_links(refs: Sequence[Ref]) -> tuple[LinkDraft, ...]:
    """An entry with these is a precedent for later ones."""
    return tuple(LinkDraft(Role.PRECEDENT, ref) for ref in refs)


def unattended(small: Mapping[str, str] | None, refs: Sequence[Ref], context: Context) -> Unattended:
    """Whether an entry may go out without a click. `small` is what `within_limit` says of it."""
    if small is None:
        return Unattended(within=False, waits_for=(SETTINGS,))
    context.want(*(NeedLink(Role.PRECEDENT, ref) for ref in refs))
    new = [ref for ref in refs if context.link(Role.PRECEDENT, ref) is None]
    waits = (SETTINGS, *(linked(Role.PRECEDENT, ref) for ref in new))
    return Unattended(within=not new, detail={} if new else small, waits_for=waits)

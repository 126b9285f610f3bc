"""The posting templates as policies: which balances an entry moves, and who owns revenue (accounting-rules A, C).

Whoever must know how a template posts asks its policy; nobody asks which template it is. What is signed off, with the
accounts, is `model.rules.Template`. The revenue schedule (T1S) is one more policy here: T1 whose revenue is owned by
the schedule, which clears as T2 does (A.4) and adjusts Deferred for credit memos (A.9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

import msgspec

from ml_connector.model.rules import Template, TemplateId

Balance = Literal["unbilled", "receivable", "deferred", "income"]
"""What an account is to a template. `income` is the account of the product, or the one that an invoice credited."""


class Legs(msgspec.Struct, frozen=True):
    """Which balance a positive amount debits and which it credits."""

    debit: Balance
    credit: Balance

    @property
    def swapped(self) -> Legs:
        """What takes them back: debit and credit change places, amounts stay positive."""
        return Legs(debit=self.credit, credit=self.debit)


class Clearing(msgspec.Struct, frozen=True):
    """What an invoice line on a posted order calls for (A.4); without legs the invoice cleared the order by itself.

    `unearned`: nobody will recognise the revenue that the invoice has parked (detector DC-4).
    """

    legs: Legs | None
    unearned: bool = False


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How one template posts.

    `revenue` is the one document that leaves revenue in the profit and loss: the QuickBooks invoice, or our entry.
    `order` are the legs of kind O, None where orders are not posted. `needs` are the accounts of a `Template` that must
    be chosen before it is signed off. `clearing` goes by what the invoice line credited; an account of another kind is
    not cleared (H-ACCT-TYPE), and with an empty table no invoice is (T3: DC-1). `lacks` is what this version would need
    before it may post by it; empty where it may.
    """

    id: TemplateId
    revenue: Literal["invoice", "entry"]
    order: Legs | None = None
    needs: tuple[str, ...] = ()
    clearing: Mapping[Balance, Clearing] = {}
    lacks: str = ""

    @property
    def posts(self) -> bool:
        """Whether orders are posted at all."""
        return self.order is not None

    @property
    def on_receivable(self) -> bool:
        """Whether its entries stand on A/R: one line for the whole entry, with the customer (B.5)."""
        return self.order is not None and self.order.debit == "receivable"

    @property
    def carries_tax(self) -> bool:
        """Tax belongs to the invoice, except where none is raised (B.7)."""
        return self.on_receivable

    @property
    def shows_discounts(self) -> bool:
        """Whether list price and discount may stand on lines of their own: only where income is credited (B.6)."""
        return self.order is not None and self.order.credit == "income"

    @property
    def reversal(self) -> Legs | None:
        """The legs of kind R (C.2)."""
        return self.order.swapped if self.order else None

    @property
    def reverses_unbilled_only(self) -> bool:
        """Whether a reduction beyond Unbilled waits for a credit memo; on A/R all of it is reversed at once (C.2)."""
        return self.posts and not self.on_receivable

    @property
    def debits_invoice_dims(self) -> bool:
        """Whether the debit of a clearing takes the invoice's dims, or those of the order as the credit does (A.5)."""
        return self.revenue != "invoice"

    def clearing_day(self, invoice: date, entry: date) -> date:
        """The day of a clearing, before the closed-period policy: revenue leaves in the month it entered (A.7)."""
        return max(invoice, entry) if self.revenue == "invoice" else invoice

    def is_unearned(self, template: Template, credited: Iterable[str]) -> bool:
        """Detector DC-4: invoices own the revenue, but one of these accounts they credit is Deferred or Unbilled."""
        parked = {template.unbilled, template.deferred_default, *template.deferred.values()} - {""}
        return self.posts and self.revenue == "invoice" and not parked.isdisjoint(credited)


_FROM_DEFERRED, _FROM_INCOME = Legs("deferred", "unbilled"), Legs("income", "unbilled")

T0 = Policy(id="T0", revenue="invoice")
"""No entries: orders are only reconciled to invoices."""

T1 = Policy(
    id="T1",
    revenue="invoice",
    order=Legs("unbilled", "deferred"),
    needs=("unbilled", "deferred_default"),
    clearing={
        "income": Clearing(_FROM_DEFERRED),
        "deferred": Clearing(_FROM_DEFERRED, unearned=True),
        "unbilled": Clearing(None, unearned=True),
    },
)
"""Balance sheet only: a clearing that is missed leaves the profit and loss right (A.3)."""

T2 = Policy(
    id="T2",
    revenue="entry",
    order=Legs("unbilled", "income"),
    needs=("unbilled",),
    clearing={"income": Clearing(_FROM_INCOME), "deferred": Clearing(_FROM_DEFERRED), "unbilled": Clearing(None)},
    lacks="clearing entries for invoices",
)
"""Performance is complete at the order, the invoice follows."""

T3 = Policy(
    id="T3",
    revenue="entry",
    order=Legs("receivable", "income"),
    needs=("receivable",),
    lacks="the detectors of double counting",
)
"""No invoices are raised in QuickBooks for these deals."""

POLICIES: Mapping[str, Policy] = {policy.id: policy for policy in (T0, T1, T2, T3)}


def policy_of(template: Template | None) -> Policy:
    """The policy of a signed-off template; without one nothing is posted."""
    return POLICIES[template.id] if template else T0

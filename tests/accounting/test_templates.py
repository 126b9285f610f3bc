"""What each template posts, clears and reverses: the tables of accounting-rules A and C."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from accounting import books
from ml_connector.accounting.templates import POLICIES, T0, T1, T2, T3, Balance, Clearing, Legs, Policy, policy_of
from ml_connector.model.rules import Template

INVOICE = Legs("receivable", "income")
"""What QuickBooks posts by itself for an invoice."""


def balances(*postings: tuple[Legs | None, int]) -> dict[str, int]:
    """Balances after these amounts, debits positive; a negative amount takes back."""
    found: Counter[str] = Counter()
    for legs, amount in postings:
        assert legs is not None
        found[legs.debit] += amount
        found[legs.credit] -= amount
    return {name: amount for name, amount in found.items() if amount}


def cleared(policy: Policy, credited: Balance = "income") -> Legs | None:
    return policy.clearing[credited].legs


def test_a_template_that_is_not_chosen_posts_nothing() -> None:
    assert policy_of(None) is T0
    assert not T0.posts
    assert (T0.order, T0.reversal, T0.clearing) == (None, None, {})


@pytest.mark.parametrize("template", [books.T1, books.T2, books.T3])
def test_each_template_has_its_policy(template: Template) -> None:
    policy = policy_of(template)
    assert (policy, policy.id) == (POLICIES[template.id], template.id)
    assert all(getattr(template, name) for name in policy.needs), "the example lacks an account that is needed"


@pytest.mark.parametrize(
    ("policy", "order", "revenue"),
    [
        (T1, Legs("unbilled", "deferred"), "invoice"),
        (T2, Legs("unbilled", "income"), "entry"),
        (T3, Legs("receivable", "income"), "entry"),
    ],
)
def test_a2_legs_of_an_order_and_the_owner_of_revenue(policy: Policy, order: Legs, revenue: str) -> None:
    assert (policy.order, policy.revenue) == (order, revenue)


def test_a1_right_and_naive() -> None:
    naive = balances((T3.order, 12_000), (INVOICE, 12_000))
    assert naive == {"receivable": 24_000, "income": -24_000}
    for policy in (T1, T2):
        right = balances((policy.order, 12_000), (INVOICE, 12_000), (cleared(policy), 12_000))
        assert right == {"receivable": 12_000, "income": -12_000}


@pytest.mark.parametrize(("policy", "revenue"), [(T1, 12_000), (T2, 24_000), (T3, 24_000)])
def test_a3_when_the_clearing_never_happens(policy: Policy, revenue: int) -> None:
    found = balances((policy.order, 12_000), (INVOICE, 12_000))
    assert -found["income"] == revenue
    assert found["receivable"] + found.get("unbilled", 0) == 24_000, "12,000 too much"


A4: list[tuple[Policy, Balance, Clearing]] = [
    (T1, "income", Clearing(Legs("deferred", "unbilled"))),
    (T1, "deferred", Clearing(Legs("deferred", "unbilled"), unearned=True)),
    (T1, "unbilled", Clearing(None, unearned=True)),
    (T2, "income", Clearing(Legs("income", "unbilled"))),
    (T2, "deferred", Clearing(Legs("deferred", "unbilled"))),
    (T2, "unbilled", Clearing(None)),
]


@pytest.mark.parametrize(("policy", "credited", "expected"), A4)
def test_a4_clearing_by_what_the_invoice_credited(policy: Policy, credited: Balance, expected: Clearing) -> None:
    assert policy.clearing[credited] == expected


def test_a4_an_invoice_under_t3_blocks() -> None:
    assert T3.clearing == {}


@pytest.mark.parametrize("credited", ["income", "deferred", "unbilled"])
@pytest.mark.parametrize("policy", [T1, T2])
def test_a4_unbilled_always_ends_at_zero(policy: Policy, credited: Balance) -> None:
    invoice, clearing = Legs("receivable", credited), cleared(policy, credited)
    after = balances((policy.order, 900), (invoice, 900), *([(clearing, 900)] if clearing else []))
    assert "unbilled" not in after


@pytest.mark.parametrize(("policy", "of_invoice"), [(T1, False), (T2, True)])
def test_a5_dims_of_the_debit(policy: Policy, of_invoice: bool) -> None:
    assert policy.debits_invoice_dims is of_invoice


def test_a6_partial_invoices() -> None:
    """12,000 under T1, invoiced 3,000, 3,000 and 6,500, of which 500 is overbilled and not cleared."""
    postings: list[tuple[Legs | None, int]] = [(T1.order, 12_000)]
    left = []
    for net, clears in ((3_000, 3_000), (3_000, 3_000), (6_500, 6_000)):
        postings += [(INVOICE, net), (cleared(T1), clears)]
        after = balances(*postings)
        left.append((after.get("unbilled", 0), -after.get("deferred", 0)))
    assert left == [(9_000, 9_000), (6_000, 6_000), (0, 0)]


def test_a7_day_of_a_clearing() -> None:
    entry, invoice = date(2026, 12, 2), date(2026, 11, 28)
    assert T2.clearing_day(invoice, entry) == invoice
    assert T1.clearing_day(invoice, entry) == entry
    assert T1.clearing_day(date(2026, 12, 5), entry) == date(2026, 12, 5)


@pytest.mark.parametrize(
    ("policy", "expected", "unbilled_only"),
    [
        (T1, Legs("deferred", "unbilled"), True),
        (T2, Legs("income", "unbilled"), True),
        (T3, Legs("income", "receivable"), False),
    ],
)
def test_c2_reversal(policy: Policy, expected: Legs, unbilled_only: bool) -> None:
    assert (policy.reversal, policy.reverses_unbilled_only) == (expected, unbilled_only)


def test_c2_a_reduction_after_part_billing() -> None:
    """12 x 1,000.00 under T2, 9,000.00 billed and cleared, 5 units less of which 2,000.00 come as a credit memo."""
    found = balances(
        (T2.order, 12_000), (INVOICE, 9_000), (cleared(T2), 9_000), (T2.reversal, 3_000), (INVOICE, -2_000)
    )
    assert found == {"income": -7_000, "receivable": 7_000}


@pytest.mark.parametrize(("account", "unearned"), [("2450", True), ("1250", True), ("4000", False)])
def test_dc4_revenue_that_nobody_recognises(account: str, unearned: bool) -> None:
    assert T1.is_unearned(books.T1, [books.ID["4100"], books.ID[account]]) is unearned
    assert not T2.is_unearned(books.T2, [books.ID[account]])


@pytest.mark.parametrize(("policy", "discounts", "tax"), [(T1, False, False), (T2, True, False), (T3, True, True)])
def test_b6_b7_discounts_and_tax(policy: Policy, discounts: bool, tax: bool) -> None:
    assert (policy.shows_discounts, policy.carries_tax) == (discounts, tax)

"""What an activated Salesforce Order posts: from the order, its customer and the reference tables to entries. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import msgspec

from ml_connector.model import money
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.refs import Ref
from ml_connector.model.rules import Rules, Template
from ml_connector.model.triggers import PREFERENCES, SETTINGS, record_changed, table_changed
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from .chart import Product
from .dates import PostingDay, event_day, posting_day
from .entry import Entry, EntryInputs, EntryLine, build_entry, rounded_nets
from .identity import Identity, order_link
from .order_lines import ResolvedLine, Tables, gross_of, line_number, net_of, resolve_line
from .rates import Rate, choose, within_band
from .templates import T0, policy_of


class Rates(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the rate of the order's currency: home units per one unit, but `salesforce` the other way round.

    `salesforce` is None unless its corporate currency is the home currency; `last` is the pair's last used rate.
    """

    quickbooks: Decimal | None = None
    salesforce: Decimal | None = None
    last: Decimal | None = None


def no_rates(day: date) -> Rates:
    """No rate is known for any day: for orders in home currency, which ask for none."""
    return Rates()


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides what an order posts. `today` is the company's day; `rates` is asked for foreign orders only."""

    order: SObject
    customer: Customer
    rules: Rules
    tables: Tables
    today: date
    rates: Callable[[date], Rates] = no_rates
    sandbox: bool = False

    @property
    def home(self) -> str:
        """The home currency of the books; where preferences name none, the customer's, else the order's."""
        return self.tables.preferences.home_currency or self.customer.currency or currency_of(self.order, "")

    @property
    def currency(self) -> str:
        """The currency in which everything of the order is reckoned and posted (B.9)."""
        return currency_of(self.order, self.home)

    @property
    def template(self) -> Template:
        """The template that was signed off; T0, which posts nothing, without one."""
        return self.rules.template or Template(id=T0.id)


class OrderPosting(msgspec.Struct, frozen=True, kw_only=True):
    """The entries of an order, in words why, and the items that a code was matched to, by product id.

    `mappings` are the different `item>income account` it posts by.
    """

    entry: Entry
    identity: Identity
    why: tuple[str, ...]
    matched: dict[str, str]
    flags: tuple[Flag, ...]
    mappings: tuple[str, ...]
    rate: Rate | None = None


def currency_of(order: SObject, home: str) -> str:
    """The order's currency; in a single-currency org the home currency of the books."""
    return order.text("CurrencyIsoCode") or home


def lines_of(order: SObject) -> list[SObject]:
    """The order's lines by number."""
    return sorted(order.children("OrderItems"), key=lambda line: (line_number(line), line.id))


def total_of(order: SObject) -> Decimal | None:
    """The amount that held and skipped orders show, in the order's currency: its header, else the sum of its lines."""
    header = order.amount("TotalAmount")
    if header is not None:
        return header
    return money.total(line.amount("TotalPrice") or money.ZERO for line in order.children("OrderItems"))


def amount_of(order: SObject, currency: str) -> Decimal | None:
    """The order's amount in `currency`, rounded (B.2): Salesforce keeps every decimal that a program wrote."""
    total = total_of(order)
    return None if total is None else money.q(total, currency)


def identity_of(order: SObject, rules: Rules) -> Identity:
    """The identity of the order's first entry, kind O."""
    return Identity(
        realm_id=rules.realm_id, org_id=rules.org_id, order_id=order.id, order_number=order.text("OrderNumber")
    )


def is_zero(order: SObject, rules: Rules) -> bool:
    """No line has an amount, nor a list price that gross discounts would show."""
    gross = rules.discount_mode == "gross"
    return not any(net_of(line) or (gross and gross_of(line)) for line in lines_of(order))


def order_posting(scope: Scope) -> OrderPosting:
    """What the order posts. Raises `Held` with the first reason not to, in this order: customer, currency, totals, then
    line by line item, account, department and class, then the day, the rate, the tax, and the template's accounts.

    The day comes late because a day to come needs nobody, and would hide what somebody must do.
    """
    check_customer(scope.customer, scope.order)
    check_currency(scope)
    lines = _lines(scope)
    day = day_of(scope)
    rate = rate_of(scope, day.day) if scope.currency != scope.home else None
    entry = build_entry(_inputs(scope, day, lines, rate))
    return OrderPosting(
        entry=entry,
        identity=identity_of(scope.order, scope.rules),
        why=(f"template {scope.template.id}", *_why_rate(rate), *(line.why for line in lines if line.why)),
        matched={line.product.id: line.matched_item for line in lines if line.matched_item},
        flags=tuple(
            sorted({*entry.flags, *_unrecognised(scope, lines), *(flag for line in lines for flag in line.flags)})
        ),
        mappings=tuple(
            sorted({f"{line.item or 'none'}>{line.entry_line.account}" for line in lines if line.entry_line.account})
        ),
        rate=rate,
    )


def _unrecognised(scope: Scope, lines: list[ResolvedLine]) -> tuple[Flag, ...]:
    """Detector DC-4: an item that credits Deferred or Unbilled earns revenue nobody recognises (A.11)."""
    accounts = [line.entry_line.account for line in lines]
    return (Flag.UNRECOGNISED,) if policy_of(scope.template).is_unearned(scope.template, accounts) else ()


def order_facts(order: SObject) -> dict[str, str]:
    """The facts that every hold of an order names."""
    account = order["Account"]
    return {
        "order": order.text("OrderNumber") or order.id,
        "account": (account.text("Name") if account else "") or order.text("AccountId"),
        "record": str(order.ref),
        "name": f"order {order.text('OrderNumber')}",
    }


def explicit_rate(order: SObject) -> Decimal | None:
    """The rate that the order itself states; it needs no other."""
    rate = order.amount("QBO_Exchange_Rate__c")
    return rate if rate is not None and rate > 0 else None


def account_of(order: SObject) -> Ref:
    """The Salesforce account that the order belongs to."""
    return Ref("salesforce", "Account", order.text("AccountId"))


def products_of(order: SObject) -> dict[str, Product]:
    """The products of the order's lines by id."""
    return {product.id: product for product in map(Product.of, lines_of(order)) if product.id}


def check_names(order: SObject) -> None:
    """Without its number or its account nothing can be looked up, and a blank look-up would find strangers.

    Raises `Held` (H-ORDER-DATA).
    """
    for name, what in (("OrderNumber", "it shows no number"), ("AccountId", "it names no account")):
        if not order.text(name).strip():
            raise Held(code="H-ORDER-DATA", what=what)


def check_customer(customer: Customer, order: SObject) -> None:
    """Raises `Held` (H-CUST-INACTIVE) for an inactive customer."""
    if not customer.active:
        waits = (record_changed(customer.ref), record_changed(account_of(order)))
        raise Held(code="H-CUST-INACTIVE", waits_for=waits, customer=customer.plain_name)


def check_currency(scope: Scope) -> None:
    """Order, customer and books must agree in currency (B.9). Raises `Held` (H-CUR-MISMATCH)."""
    currency, home = scope.currency, scope.home
    if not scope.tables.preferences.multicurrency and currency != home:
        facts = {"order_currency": currency, "customer_currency": home}
        raise Held(facts, code="H-CUR-MISMATCH", case="home", waits_for=PREFERENCES)
    own = scope.customer.currency or home
    if own != currency:
        waits = (record_changed(scope.customer.ref),)
        raise Held(code="H-CUR-MISMATCH", waits_for=waits, order_currency=currency, customer_currency=own)


def day_of(scope: Scope) -> PostingDay:
    """The day the order is posted on (B.10). Raises `Held` (H-FUTURE, H-CLOSED, H-ORDER-DATA)."""
    order = scope.order
    day = event_day(order.instant("ActivatedDate"), order.day("EffectiveDate"), scope.rules)
    if day is None:
        raise Held(code="H-ORDER-DATA", what="it shows neither a start date nor an activation")
    return posting_day(day, scope.tables.preferences.book_close_date, scope.rules, scope.today)


def rate_of(scope: Scope, day: date) -> Rate:
    """The rate of a foreign order (B.9). Raises `Held` (H-NO-RATE)."""
    rates, band = scope.rates(day), scope.rules.rate_band_pct
    rate = choose(explicit_rate(scope.order), rates.quickbooks, rates.salesforce)
    waits = (table_changed(f"rate:{scope.currency}:{day}"), SETTINGS)
    facts = {"order_currency": scope.currency, "home_currency": scope.home, "date": str(day)}
    if rate is None:
        raise Held(facts, code="H-NO-RATE", case="none", waits_for=waits)
    if rates.last is not None and not within_band(rate.value, rates.last, band):
        facts |= {"rate": _shown(rate.value), "last_rate": _shown(rates.last), "band": money.plain(band)}
        raise Held(facts, code="H-NO-RATE", waits_for=waits)
    return rate


def _shown(rate: Decimal) -> str:
    """A rate with at least four decimals."""
    return f"{rate.normalize():.4f}" if money.round_to(rate, 4) == rate else money.plain(rate)


def _why_rate(rate: Rate | None) -> tuple[str, ...]:
    return (f"rate {money.plain(rate.value)} of {rate.source}",) if rate else ()


def _lines(scope: Scope) -> list[ResolvedLine]:
    """The lines, those that post something line. Raises `Held`."""
    order = scope.order
    lines = lines_of(order)
    exacts, keys = [net_of(line) for line in lines], [line_number(line) for line in lines]
    if len(set(keys)) != len(keys):
        raise Held(code="H-ORDER-DATA", what="two of its lines have the same number")
    nets = rounded_nets(exacts, keys, order.amount("TotalAmount"), scope.currency)
    return [_line(scope, line, net, exact) for line, net, exact in zip(lines, nets, exacts, strict=True)]


def _line(scope: Scope, line: SObject, net: Decimal, exact: Decimal) -> ResolvedLine:
    if not net and not (scope.rules.discount_mode == "gross" and gross_of(line)):
        return ResolvedLine(entry_line=EntryLine(number=line_number(line), net=exact, account=""))
    try:
        return resolve_line(scope.order, line, scope.tables, scope.rules, scope.today)
    except Held as held:
        held.waits_for += tuple(record_changed(ref) for ref in _parents(scope.order) if held.code.startswith("H-DIM"))
        raise


def _parents(order: SObject) -> list[Ref]:
    """Records beside the order that may name its dims."""
    ids = (("Account", order.text("AccountId")), ("Opportunity", order.text("OpportunityId")))
    return [Ref("salesforce", kind, id_) for kind, id_ in ids if id_]


def _inputs(scope: Scope, day: PostingDay, lines: list[ResolvedLine], rate: Rate | None) -> EntryInputs:
    order, rules, preferences = scope.order, scope.rules, scope.tables.preferences
    return EntryInputs(
        identity=identity_of(order, rules),
        template=scope.template,
        lines=tuple(line.entry_line for line in lines),
        accounts=scope.tables.accounts,
        customer=scope.customer.id,
        currency=scope.currency,
        home=scope.home,
        day=day.day,
        original=day.original,
        rate=rate.value if rate else None,
        multicurrency=preferences.multicurrency,
        header_total=order.amount("TotalAmount"),
        discount_mode=rules.discount_mode,
        tax=_tax(order, rules),
        automated_tax=preferences.tax_prefs.partner_tax_enabled,
        entity_on=rules.entity_on,
        by_number=preferences.accounting_info_prefs.use_account_numbers,
        max_lines=rules.max_lines,
        link=order_link(order.id, sandbox=scope.sandbox),
    )


def _tax(order: SObject, rules: Rules) -> Decimal:
    """Order tax, only where the settings include it and the org has the field (B.7)."""
    tax = order.get("TotalTaxAmount")
    return tax if rules.tax_mode == "include" and isinstance(tax, Decimal) else money.ZERO

"""The facts of R1: invoices as QuickBooks shows them, and what their Opportunities show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import partial

import msgspec

from ml_connector.accounting.dims import label
from ml_connector.accounting.invoice_status import had_value, is_before_start, status_of
from ml_connector.accounting.rates import in_home
from ml_connector.model import money
from ml_connector.model.errors import BadAnswer
from ml_connector.model.reading import Listed
from ml_connector.model.refs import Gone, Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Department, Invoice
from ml_connector.systems.salesforce.records import COMPANY, EXTERNAL_ID, SObject

from .r1 import InvoiceFact, LinkFact, OpportunityFact, r1
from .reading import NONE, Reading, answers_of, span
from .report import Cell, Report

MARKS = (
    *("QBO_Id__c", "QBO_Invoice_Number__c", "QBO_Status__c", "QBO_Total__c", "QBO_Tax__c", "QBO_Balance__c"),
    *("QBO_Invoiced_Net__c", "QBO_Credited_Net__c", "QBO_Voided_Net__c"),
)
"""Fields of an Opportunity that only the connector fills: who has one carries marks or figures of ours."""

_READ = (COMPANY, "Name", "AccountId", "CloseDate", "CurrencyIsoCode", "Department__c", *MARKS)


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """What decides how an invoice is shown. `one_currency`: the org has no other than `home`."""

    reading: Reading
    departments: Mapping[str, Department]
    home: str
    one_currency: bool

    def shown(self, invoice: Invoice) -> tuple[Decimal, str]:
        """The net as Salesforce shows it, and its currency (D.4): in an org with one currency that of the company.

        Without a rate nothing can be shown there: then it stays what it is.
        """
        currency, rate = invoice.currency or self.home, invoice.exchange_rate
        if self.one_currency and currency != self.home and rate and rate > 0:
            return in_home(invoice.net_amount, currency, rate, self.home), self.home
        return money.q(invoice.net_amount, currency), currency


async def read_r1(reading: Reading, months: Sequence[str]) -> Report:
    """R1 of these months, read now."""
    first, after = span(months)
    company = Company(
        reading=reading,
        departments=await reading.table("departments"),
        home=await reading.home(),
        one_currency=not await reading.table("currencies", reading.salesforce),
    )
    invoices = await reading.quickbooks.listed("Invoice", f"TxnDate >= '{first}'", f"TxnDate < '{after}'")
    customers = {
        Ref("quickbooks", "Customer", invoice.customer_ref.value)
        for invoice in invoices.records
        if invoice.customer_ref
    }
    accounts = reading.links.by_ref(Role.ACCOUNT, sorted(customers))
    known = reading.links.all_of(Role.OPPORTUNITY)
    agreed = {link.source: link.agreed for link in known}
    facts = [
        invoice_fact(invoice, company, agreed.get(invoice.ref, {}), _accounts(invoice, accounts))
        for invoice in invoices.records
    ]
    opportunities, unread = await _opportunities(reading, company, {link.target.id for link in known})
    links, unread_too = await _living(reading, known, {*(fact.id for fact in opportunities), *unread})
    bad = {Ref("quickbooks", "Invoice", id_): error for id_, error in invoices.unread.items()}
    bad |= {Ref("salesforce", "Opportunity", id_): error for id_, error in {**unread, **unread_too}.items()}
    return r1(facts, links, opportunities, months, {str(ref): bad[ref].sentence for ref in bad}, company.home)


async def _opportunities(
    reading: Reading, company: Company, linked: Collection[str]
) -> tuple[list[OpportunityFact], Mapping[str, BadAnswer]]:
    """All that carry marks or figures of ours, linked or not; without those that show another company's invoices.

    One that has no link and does not say whose it is belongs to the company of its Account, if that is another one. And
    by id why the others cannot be read.
    """
    realm = reading.rules.realm_id
    listed = await reading.salesforce.listed("Opportunity", _READ, _is_marked)
    facts, unread = _facts(listed, company.home)
    records = [record for record in listed.records if record.id in facts]
    marked = {record.id: _realm_of(record) for record in records}
    nobodys = [record for record in records if not marked[record.id] and record.id not in linked]
    realms = marked | await _realms_of_accounts(reading, nobodys)
    return [fact for id_, fact in facts.items() if realms[id_] in ("", realm)], unread


def _facts(listed: Listed, home: str) -> tuple[dict[str, OpportunityFact], dict[str, BadAnswer]]:
    """By id what is shown, and why it cannot be read."""
    facts, unread = dict[str, OpportunityFact](), dict(listed.unread)
    for record in listed.records:
        try:
            facts[record.id] = opportunity_fact(record, home)
        except BadAnswer as error:
            unread[record.id] = error
    return facts, unread


def _realm_of(record: SObject) -> str:
    """The company whose mark a record carries; blank for none."""
    realm, colon, _ = record.text(EXTERNAL_ID).partition(":")
    return realm if colon else str(record.get(COMPANY) or "")


async def _realms_of_accounts(reading: Reading, opportunities: Sequence[SObject]) -> dict[str, str]:
    """By Opportunity, the company whose customer its Account is; of an Account that cannot be read nothing is known."""
    wanted = list(dict.fromkeys(filter(None, (record.text("AccountId") for record in opportunities))))
    accounts = await answers_of(partial(reading.salesforce.read, "Account"), wanted)
    above = {record.id: accounts.get(record.text("AccountId")) for record in opportunities}
    return {key: _realm_of(account) for key, account in above.items() if isinstance(account, SObject)}


def _is_marked(visible: frozenset[str]) -> str:
    return " OR ".join(f"{name} != null" for name in MARKS if name in visible)


async def _living(
    reading: Reading, links: Sequence[Link], there: Collection[str]
) -> tuple[list[LinkFact], dict[str, BadAnswer]]:
    """Without those whose Opportunity was deleted: such an invoice has no link (U1). Asked only where one misses.

    And by id why an Opportunity cannot be read.
    """
    missing = [link.target.id for link in links if link.target.id not in there]
    read = await answers_of(partial(reading.salesforce.read, "Opportunity"), missing)
    living = [link for link in links if not isinstance(read.get(link.target.id), Gone)]
    facts = [link_fact(link, reading.rules.realm_id) for link in living]
    return facts, {id_: answer for id_, answer in read.items() if isinstance(answer, BadAnswer)}


def _accounts(invoice: Invoice, links: Mapping[Ref, Sequence[Link]]) -> frozenset[str]:
    """The accounts that the customer of an invoice is linked to; none for a project, which has none of its own."""
    named = Ref("quickbooks", "Customer", invoice.customer_ref.value) if invoice.customer_ref else None
    known = links.get(named, ()) if named else ()
    sides = (side for link in known for side in (link.source, link.target))
    return frozenset(side.id for side in sides if side.kind == "Account")


def invoice_fact(
    invoice: Invoice, company: Company, agreed: Mapping[str, str | None], accounts: frozenset[str] = frozenset()
) -> InvoiceFact:
    """An invoice as it stands on the company's day; its home currency stands in where it names none.

    `agreed` is what its link keeps, empty without one.
    """
    ref, departments = invoice.department_ref, company.departments
    department = label(departments[ref.value], departments) if ref and ref.value in departments else NONE
    net, currency = company.shown(invoice)
    return InvoiceFact(
        record=str(invoice.ref),
        cell=Cell(str(invoice.txn_date)[:7], currency, department),
        net=net,
        status=status_of(invoice, (), company.reading.today, had_value=had_value(agreed)),
        accounts=accounts,
        skipped=is_before_start(invoice, company.reading.rules),
    )


def link_fact(link: Link, realm_id: str) -> LinkFact:
    """What the link of an invoice says both sides last agreed on, in the currency in which Salesforce shows it."""
    agreed = link.agreed
    currency, net = agreed.get("currency") or "", money.exact(agreed.get("net") or "0.00")
    if (rate := agreed.get("rate")) and (home := agreed.get("home")):
        currency, net = home, in_home(net, currency, money.exact(rate), home)
    return LinkFact(
        record=str(link.source),
        opportunity=link.target.id,
        cell=Cell(str(agreed.get("txn_date"))[:7], currency, agreed.get("department") or NONE),
        net=net,
        status=_settled(agreed.get("status") or ""),
        number=agreed.get("number") or "",
        key=f"{realm_id}:{link.source.id}",
    )


def _settled(status: str) -> str:
    """Payments are not read for the tie-out, so an invoice settled by credit shows there as paid."""
    return "PAID" if status == "CREDITED" else status


def opportunity_fact(record: SObject, home: str) -> OpportunityFact:
    """An Opportunity as Salesforce shows it now, to the last decimal; `home` is the currency of an org with one."""
    currency = record.text("CurrencyIsoCode") or home
    return OpportunityFact(
        id=record.id,
        cell=Cell(record.text("CloseDate")[:7], currency, record.text("Department__c") or NONE),
        net=record.amount("QBO_Invoiced_Net__c"),
        name=record.text("Name"),
        status=_settled(record.text("QBO_Status__c")),
        account=record.text("AccountId"),
        number=record.text("QBO_Invoice_Number__c"),
        key=record.text("QBO_Id__c"),
    )

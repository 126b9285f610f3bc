"""The fields of an Opportunity for an invoice, and which of them differ (accounting-rules D.3 to D.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ml_connector.accounting.invoice_status import LOST
from ml_connector.flows.company import Company
from ml_connector.flows.fields import Fitted, for_salesforce
from ml_connector.flows.parties.names import opportunity_name
from ml_connector.model import canonical, money
from ml_connector.model.held import Held
from ml_connector.model.plans import Context
from ml_connector.model.refs import Json
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import SETTINGS, table_changed
from ml_connector.systems.quickbooks.records import Invoice
from ml_connector.systems.salesforce.records import SObject

from .customer import Billed
from .opportunity_entries import Entry, qbo_fields

WON_STAGE, LOST_STAGE = "Closed Won", "Closed Lost"
_PIPELINE = {"OPEN": "Invoiced", "PARTIAL": "Partially Paid", "OVERDUE": "Past Due", "PAID": WON_STAGE}
SETTABLE_ONCE = ("CurrencyIsoCode",)


def stage_of(status: str, rules: Rules, context: Context) -> str:
    """The stage of a status by preset. Raises `Held` if the org does not have it: that is a fault of the set-up."""
    stage = stage_name(status, rules)
    if stage not in context.reference("salesforce", "stages"):
        waits = (table_changed("stages", "salesforce"), SETTINGS)
        raise Held(code="H-STAGE-MISSING", waits_for=waits, stage=stage)
    return stage


def stage_name(status: str, rules: Rules) -> str:
    """The name of the stage of a status, as the org calls it."""
    won = WON_STAGE if rules.stage_preset == "won" else _PIPELINE.get(status, WON_STAGE)
    stage = LOST_STAGE if status in LOST else won
    return rules.stage_names.get(stage, stage)


def owned_fields(invoice: Invoice, entry: Entry, billed: Billed, context: Context) -> Json:
    """Everything on an Opportunity that the connector made: it is the invoice's mirror, one to one."""
    company = Company(context)
    dated = entry.txn_date or (invoice.created_at.astimezone(company.rules.zone).date() if invoice.created_at else None)
    fields: Json = {
        "Name": opportunity_name(invoice.doc_number, invoice.id, billed.name),
        "AccountId": billed.link.target.id,
        "StageName": stage_of(entry.status, company.rules, context),
        "CloseDate": (dated or context.today).isoformat(),
        "Amount": entry.shown(entry.net),
        "Department__c": entry.department or None,
        "Class__c": (entry.classes if company.rules.class_policy == "list" else entry.class_) or None,
        "QBO_Classes__c": entry.classes or None,
    }
    if company.org_currencies:
        fields["CurrencyIsoCode"] = entry.currency
    return fields | qbo_fields([entry])


def deleted_fields(entry: Entry, context: Context) -> Json:
    """What is left to say on the connector's own Opportunity once its invoice is deleted."""
    stage = stage_of("DELETED", Company(context).rules, context)
    return {"StageName": stage, "Amount": entry.shown(entry.net), **qbo_fields([entry])}


def sales_fields(entries: Sequence[Entry], context: Context) -> Json:
    """On an Opportunity of sales only the `QBO_*` fields, summed over its invoices (D.5), and whose they are: unlike
    the mirror of an invoice it has no key that says so."""
    return qbo_fields(entries) | Company(context).mark()


def differing(wanted: Json, now: SObject | None) -> Json:
    """What must be written. Products make Amount the sum of their prices: it is left alone then (D.6)."""
    if now is None:
        return {name: value for name, value in wanted.items() if value is not None}
    fixed = {"Amount"} if now["HasOpportunityLineItem"] else set()
    return {name: value for name, value in wanted.items() if name not in fixed and _differs(value, now[name])}


def fitted(wanted: Json, now: SObject | None, key: str, label: str, context: Context) -> Fitted:
    """What of it differs and is taken. Raises `Held` where a field is needed that cannot be written."""
    body = differing(wanted, now)
    return for_salesforce("Opportunity", key, body, context, creating=now is None, record=f"invoice {label}")


def rolled_up(wanted: Json, now: SObject | None, currency: str) -> bool:
    """Whether products give the Opportunity another amount than the invoice has: AMOUNT_ROLLUP.

    Salesforce keeps decimals that `currency` does not have, and products of quantity and price are full of them: both
    amounts are compared as money of it.
    """
    if now is None or not now["HasOpportunityLineItem"] or "Amount" not in wanted:
        return False
    shown = now.amount("Amount")
    return shown is None or money.q(shown, currency) != money.q(wanted["Amount"], currency)


def _differs(wanted: Any, now: Any) -> bool:
    same = type(wanted) is type(now) and wanted == now
    return not same and canonical.value(wanted) != canonical.value(now)

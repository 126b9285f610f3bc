"""What a decision must know of the company and the org. Asked for only when it matters: every table costs a call."""

from __future__ import annotations

from collections.abc import Mapping

from ml_connector.accounting.rates import HOME_CURRENCY
from ml_connector.model import canonical
from ml_connector.model.plans import Context, Digest
from ml_connector.model.refs import Json, Link
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.quickbooks.records import Reference as Pointer
from ml_connector.systems.salesforce.records import COMPANY, EXTERNAL_ID, Object, SObject

from . import fields

HOME_COUNTRY = "US"


class Company:
    """One QuickBooks company and one Salesforce org. Properties raise `NotLoaded` like the context they read."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.rules = context.settings

    @property
    def home_country(self) -> str:
        """ISO alpha-2 of the company's country; US where it names none."""
        found = canonical.country(self._context.reference("quickbooks", "company").country)
        return found if found and len(found) == 2 else HOME_COUNTRY

    @property
    def home_currency(self) -> str:
        """ISO code of the currency of the books; USD where the preferences name none."""
        return self._context.reference("quickbooks", "preferences").home_currency or HOME_CURRENCY

    @property
    def multicurrency(self) -> bool:
        """Whether QuickBooks keeps more than one currency."""
        return bool(self._context.reference("quickbooks", "preferences").multicurrency)

    @property
    def org_currencies(self) -> frozenset[str]:
        """Active currencies of the org; empty where it has only one."""
        return frozenset(self._context.reference("salesforce", "currencies"))

    @property
    def account_fields(self) -> Object:
        """What the org shows of accounts."""
        return fields.shown("Account", self._context)

    def mark(self) -> Json:
        """What says on an Opportunity that its figures are of this company's invoices; nothing where the org has no
        field for it."""
        return {COMPANY: self.rules.realm_id} if COMPANY in fields.shown("Opportunity", self._context) else {}

    def has_account(self, account: SObject) -> bool:
        """Whether an account may be that of a customer of this company: its mark names no other one."""
        realm, colon, _ = account.text(EXTERNAL_ID).partition(":")
        return not colon or realm == self.rules.realm_id

    def is_of_another(self, opportunity: SObject) -> bool:
        """Whether it shows invoices of another company in the same org."""
        realm, colon, _ = opportunity.text(EXTERNAL_ID).partition(":")
        named = realm if colon else opportunity.text(COMPANY)
        return named not in ("", self.rules.realm_id)

    @property
    def digest(self) -> Digest:
        """That of the context."""
        return self._context.digest

    def refused_of_account(self, key: str) -> Mapping[str, Link]:
        """What is remembered of values that Salesforce refused on the account with this key, by field."""
        return fields.refused_before("salesforce", "Account", key, self._context)

    def term(self, ref: Pointer | None) -> str:
        """The name of payment terms."""
        if ref is None or not ref.value:
            return ""
        known = None if ref.name else self._context.reference("quickbooks", "terms").get(ref.value)
        return ref.name or (known.name if known else "")

    def currency_of(self, customer: Customer) -> str:
        """ISO code: a customer of QuickBooks has one currency for life, blank means that of the books."""
        return customer.currency or self.home_currency

    def customer_key(self, customer_id: str) -> str:
        """The mark on an Account: `<realm>:<customer id>`."""
        return f"{self.rules.realm_id}:{customer_id}"

    def account_key(self, account_id: str) -> str:
        """The identity of a customer made from an account: `<org>:<account id>`."""
        return f"{self.rules.org_id}:{account_id}"

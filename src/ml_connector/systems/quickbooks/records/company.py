"""What is asked of the company as a whole: preferences, company information, rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

import msgspec

from .entity import Address, Email, Entity, NameValue, Part, Reference


class AccountingPrefs(Part, frozen=True, kw_only=True):
    """`book_close_date`: days up to and including it are closed; None means that the books are open."""

    use_account_numbers: bool = False
    track_departments: bool = False
    department_terminology: str = ""
    class_tracking_per_txn: bool = False
    class_tracking_per_txn_line: bool = False
    book_close_date: date | None = None
    first_month_of_fiscal_year: str = ""
    customer_terminology: str = ""
    auto_journal_entry_number: bool = False


class SalesFormsPrefs(Part, frozen=True, kw_only=True):
    """How sales forms are filled in (reference 6.11)."""

    custom_txn_numbers: bool = False
    allow_deposit: bool = False
    allow_shipping: bool = False
    auto_apply_credit: bool = False
    auto_apply_payments: bool = False


class CurrencyPrefs(Part, frozen=True, kw_only=True):
    """`home_currency`: in which the books are kept; blank in companies that never had the choice."""

    multi_currency_enabled: bool = False
    home_currency: Reference = Reference()


class TaxPrefs(Part, frozen=True, kw_only=True):
    """`partner_tax_enabled`: QuickBooks computes sales tax itself."""

    using_sales_tax: bool = False
    partner_tax_enabled: bool = False


class OtherPrefs(Part, frozen=True, kw_only=True):
    """Preferences that have no place of their own, as names and values."""

    name_value: tuple[NameValue, ...] = ()


class Preferences(Entity, frozen=True, kw_only=True):
    """What the company has switched on (reference 6.11). No feed surely tells of its change: it is polled."""

    KIND: ClassVar[str] = "Preferences"

    accounting_info_prefs: AccountingPrefs = AccountingPrefs()
    sales_forms_prefs: SalesFormsPrefs = SalesFormsPrefs()
    currency_prefs: CurrencyPrefs = CurrencyPrefs()
    tax_prefs: TaxPrefs = TaxPrefs()
    other_prefs: OtherPrefs = OtherPrefs()

    @property
    def home_currency(self) -> str:
        """ISO code; blank where the company does not say."""
        return self.currency_prefs.home_currency.value

    @property
    def multicurrency(self) -> bool:
        """Whether records may have a currency other than that of the books. Never switched off again."""
        return self.currency_prefs.multi_currency_enabled

    @property
    def book_close_date(self) -> date | None:
        """The last closed day; None while the books are open (accounting-rules B.10)."""
        return self.accounting_info_prefs.book_close_date

    @property
    def tracks_classes(self) -> bool:
        """Whether there are classes, one for a whole transaction or one for each line."""
        prefs = self.accounting_info_prefs
        return prefs.class_tracking_per_txn or prefs.class_tracking_per_txn_line

    @property
    def tracks_departments(self) -> bool:
        """Whether there are departments, which the company may call locations, stores, ..."""
        return self.accounting_info_prefs.track_departments

    @property
    def refuses_duplicate_journal_numbers(self) -> bool:
        """Whether a journal entry whose number is taken is refused (accounting-rules B.11)."""
        return self.other("WarnDuplicateJournalNumber").casefold() == "true"

    def other(self, name: str) -> str:
        """A value of `OtherPrefs` by name, empty if it is not there."""
        return next((pair.value for pair in self.other_prefs.name_value if pair.name == name), "")


class CompanyInfo(Entity, frozen=True, kw_only=True):
    """`id` is `1` in every company: the company is named by its realm."""

    KIND: ClassVar[str] = "CompanyInfo"

    company_name: str = ""
    legal_name: str = ""
    country: str = ""
    company_addr: Address | None = None
    email: Email | None = None
    fiscal_year_start_month: str = ""
    company_start_date: str = ""
    supported_languages: str = ""
    name_value: tuple[NameValue, ...] = ()


class ExchangeRate(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """`rate` is target (home) units per one source unit."""

    source_currency_code: str
    target_currency_code: str = ""
    rate: Decimal
    as_of_date: date | None = None

"""The lists of a company: people, items, accounts, departments, classes, terms (reference section 6)."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec

from .entity import ZERO, Address, Email, Named, Phone, Reference, Web, plain_name


class _Person(Named, frozen=True, kw_only=True):
    display_name: str = ""
    title: str = ""
    given_name: str = ""
    middle_name: str = ""
    family_name: str = ""
    suffix: str = ""
    company_name: str = ""
    print_on_check_name: str = ""
    primary_email_addr: Email | None = None
    primary_phone: Phone | None = None
    mobile: Phone | None = None
    web_addr: Web | None = None
    bill_addr: Address | None = None
    balance: Decimal = ZERO
    currency_ref: Reference | None = None
    acct_num: str = ""

    @property
    def plain_name(self) -> str:
        return plain_name(self.display_name, active=self.active)

    @property
    def email(self) -> str:
        """The primary e-mail as written, or empty."""
        return self.primary_email_addr.address if self.primary_email_addr else ""

    @property
    def currency(self) -> str:
        """ISO code; empty when the company has one currency and does not say."""
        return self.currency_ref.value if self.currency_ref else ""


class Customer(_Person, frozen=True, kw_only=True):
    """A customer, sub-customer (`job`) or project. `level` counts from 0 at the top; balances in its currency."""

    KIND: ClassVar[str] = "Customer"

    alternate_phone: Phone | None = None
    fax: Phone | None = None
    ship_addr: Address | None = None
    notes: str = ""
    job: bool = False
    level: int = 0
    is_project: bool = False
    bill_with_parent: bool = False
    balance_with_jobs: Decimal = ZERO
    taxable: bool = False
    sales_term_ref: Reference | None = None
    payment_method_ref: Reference | None = None
    preferred_delivery_method: str = ""
    customer_type_ref: Reference | None = None
    default_tax_code_ref: Reference | None = None
    primary_tax_identifier: str = ""
    resale_num: str = ""
    ar_account_ref: Reference | None = msgspec.field(name="ARAccountRef", default=None)


class Vendor(_Person, frozen=True, kw_only=True):
    """Shares one namespace of display names with customers and employees."""

    KIND: ClassVar[str] = "Vendor"

    term_ref: Reference | None = None


class Employee(_Person, frozen=True, kw_only=True):
    """Only its display name matters here: it shares one namespace with customers and vendors."""

    KIND: ClassVar[str] = "Employee"


class _Listed(Named, frozen=True, kw_only=True):
    name: str = ""

    @property
    def plain_name(self) -> str:
        return plain_name(self.name, active=self.active)


class Item(_Listed, frozen=True, kw_only=True):
    """`type` is Service, NonInventory, Inventory, Group, Category or something newer."""

    KIND: ClassVar[str] = "Item"

    type: str = ""
    sku: str = ""
    description: str = ""
    unit_price: Decimal | None = None
    purchase_cost: Decimal | None = None
    taxable: bool = False
    sub_item: bool = False
    income_account_ref: Reference | None = None
    expense_account_ref: Reference | None = None
    asset_account_ref: Reference | None = None
    class_ref: Reference | None = None


class Account(_Listed, frozen=True, kw_only=True):
    """An account of the books. Balances in its own currency, which never changes."""

    KIND: ClassVar[str] = "Account"

    account_type: str = ""
    account_sub_type: str = ""
    classification: str = ""
    acct_num: str = ""
    sub_account: bool = False
    current_balance: Decimal | None = None
    current_balance_with_sub_accounts: Decimal | None = None
    currency_ref: Reference | None = None

    @property
    def currency(self) -> str:
        """ISO code; empty when the company has one currency and does not say."""
        return self.currency_ref.value if self.currency_ref else ""


class Department(_Listed, frozen=True, kw_only=True):
    """`Location` in the user interface (reference 6.7)."""

    KIND: ClassVar[str] = "Department"

    sub_department: bool = False


class Class(_Listed, frozen=True, kw_only=True):
    """A class: on a line, or on the whole form (reference 6.8)."""

    KIND: ClassVar[str] = "Class"

    sub_class: bool = False


class Term(_Listed, frozen=True, kw_only=True):
    """Payment terms. `due_days` after the date of the invoice; None for terms of another kind."""

    KIND: ClassVar[str] = "Term"

    type: str = ""
    due_days: int | None = None

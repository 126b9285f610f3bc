"""The QuickBooks customer that an account becomes (accounting-rules E.3, E.4)."""

from __future__ import annotations

from ml_connector.accounting.customers import customer_of
from ml_connector.flows.company import Company
from ml_connector.flows.fields import for_customer
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Context, Write
from ml_connector.model.refs import Json, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import SYSTEM
from ml_connector.systems.salesforce.records import SObject

from . import addresses, display_names
from .gates import EMAIL_LIMIT, billing_email
from .pair_fields import with_scheme
from .pair_links import is_declared_new, of_account

PHONE_LIMIT, WEB_LIMIT, COMPANY_NAME_LIMIT = 30, 1000, 100


def new_customer(account: SObject, context: Context) -> Write:
    """The write that creates it, under a name that nobody has. Raises `Held` where there is none."""
    name = display_names.free_name(account, None, context)
    company = Company(context)
    data, flags = contact_data(account)
    body = {
        "DisplayName": name,
        **_company_name(account),
        **_money(account, company),
        **_parent(account, context),
        **data,
    }
    key = company.account_key(account.id)
    fitted = for_customer(key, body, context)
    return Write(
        step="customer",
        system=SYSTEM,
        kind="Customer",
        action="create",
        body=fitted.body,
        key=key,
        links=(LinkDraft(role=Role.ACCOUNT, source=Ref(SYSTEM, "Customer", ""), target=account.ref, exclusive=True),),
        why=("no customer belongs to this account",),
        flags=(*flags, *fitted.flags),
        label=account.text("Name"),
        claims=(display_names.claim(name),),
        declared_new=is_declared_new(context, account.ref),
    )


def _company_name(account: SObject) -> Json:
    name = " ".join(account.text("Name").split())
    return {"CompanyName": name} if len(name) <= COMPANY_NAME_LIMIT else {}


def _money(account: SObject, company: Company) -> Json:
    """The currency, once and for life; a company with one currency must not be told any."""
    currency = account.get("CurrencyIsoCode")
    return {"CurrencyRef": {"value": currency}} if currency and company.multicurrency else {}


def _parent(account: SObject, context: Context) -> Json:
    parent_id = account.text("ParentId")
    links = of_account(Ref("salesforce", "Account", parent_id), context) if parent_id else []
    return {"Job": True, "ParentRef": {"value": customer_of(links[0]).id}} if links else {}


def contact_data(account: SObject) -> tuple[Json, tuple[Flag, ...]]:
    """Addresses, phone, web site, e-mail: whole, or left out with a flag where they are too long (V-LEN)."""
    parts = {**_addresses(account), **_reach(account)}
    body: Json = {}
    for part, fits in parts.values():
        body |= part if fits else {}
    return body, tuple(Flag.too_long(name) for name, (_, fits) in parts.items() if not fits)


def _addresses(account: SObject) -> dict[str, tuple[Json, bool]]:
    parts = {}
    bill, ship = addresses.of_account(account, "Billing"), addresses.of_account(account, "Shipping")
    if bill or bill.country:
        parts["billing_address"] = ({"BillAddr": addresses.for_customer(bill)}, addresses.fits_customer(bill))
    if ship:
        parts["shipping_address"] = ({"ShipAddr": addresses.for_customer(ship)}, addresses.fits_customer(ship))
    return parts


def _reach(account: SObject) -> dict[str, tuple[Json, bool]]:
    parts: dict[str, tuple[Json, bool]] = {}
    if phone := account.text("Phone").strip():
        parts["phone"] = ({"PrimaryPhone": {"FreeFormNumber": phone}}, len(phone) <= PHONE_LIMIT)
    if site := with_scheme(account.text("Website")):
        parts["website"] = ({"WebAddr": {"URI": site}}, len(site) <= WEB_LIMIT)
    if email := billing_email(account):
        parts["email"] = ({"PrimaryEmailAddr": {"Address": email}}, len(email) <= EMAIL_LIMIT)
    return parts

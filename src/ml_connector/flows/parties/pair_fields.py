"""What a customer and its account have in common, who owns each field, how it is written (accounting-rules E.2).

Of the pair the customer is the source and the account the target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from ml_connector.flows.company import Company
from ml_connector.flows.fields import is_refused, takes
from ml_connector.model import canonical
from ml_connector.model.flags import Flag
from ml_connector.model.merge import Owner, Side, Values
from ml_connector.model.refs import Json
from ml_connector.systems.quickbooks.records import Customer
from ml_connector.systems.salesforce.records import SObject

from . import addresses
from .names import names_agree

OWNERS: Mapping[str, Owner] = {
    "name": "target",
    "billing_address": "source",
    "shipping_address": "last_change",
    "phone": "last_change",
    "website": "last_change",
    "billing_email": "source",
    "terms": "source",
    "currency": "source",
    "balance": "source",
    "active": "source",
}
_PARTS = ("Street", "City", "State", "PostalCode", "Country")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("Name",),
    "billing_address": tuple(f"Billing{part}" for part in _PARTS),
    "shipping_address": tuple(f"Shipping{part}" for part in _PARTS),
    "phone": ("Phone",),
    "website": ("Website",),
    "billing_email": ("QBO_Billing_Email__c",),
    "terms": ("QBO_Terms__c",),
    "currency": ("QBO_Currency__c",),
    "balance": ("QBO_Balance__c",),
    "active": ("QBO_Active__c",),
}
"""Where the account has it. A field that the org hides is not compared: nobody knows what stands there."""
_PHONE_LIMITS = {"account": 40, "customer": 30}
_WEB_LIMITS = {"account": 255, "customer": 1000}
EMAIL_LIMIT = 100


class Pair(msgspec.Struct, frozen=True):
    """A customer and an account that belong together, or will."""

    customer: Customer
    account: SObject
    company: Company

    def values(self) -> tuple[dict[str, Values], tuple[Flag, ...]]:
        """Each field that can be shown on both sides, and flags for those that cannot or are too long for one."""
        described = self.company.account_fields
        hidden = [name for name, fields in FIELDS.items() if not any(field in described for field in fields)]
        shown = [name for name in OWNERS if name not in hidden]
        long = [name for name in shown if not self._fits(name)]
        fields = {name: self._values(name, OWNERS[name]) for name in shown if name not in long}
        missed = tuple(Flag.left_out(name) for name in hidden if name != "name" and self.written(name, "source"))
        places = [name for name in fields if name.endswith("_address")]
        partly = [Flag.left_out(name) for name in places if self.kept_out(name)]
        regions = dict.fromkeys(flag for name in places for flag in self._placed(name).flags)
        return fields, (*(Flag.too_long(name) for name in long), *missed, *partly, *regions)

    def _values(self, name: str, owner: Owner) -> Values:
        customer, account, company = self.customer, self.account, self.company
        if name == "name":
            return Values(owner, self._customer_name(), canonical.text(account.text("Name")))
        if name.endswith("_address"):
            ours, theirs = self.parts(name)
            return Values(owner, ours.text(company.home_country), theirs.text(company.home_country))
        if name == "phone":
            region = self._region()
            return Values(owner, canonical.phone(phone_of(customer), region), canonical.phone(account["Phone"], region))
        if name == "website":
            return Values(owner, canonical.web(web_of(customer)), canonical.web(account["Website"]))
        field, ours_now = self._shown(name)
        return Values(owner, canonical.value(ours_now), canonical.value(_flagless(name, account[field])))

    def _customer_name(self) -> str | None:
        """The account's own name if the customer's follows from it by the rules, so that a suffix is no difference."""
        own, theirs = self.customer.plain_name, self.account.text("Name")
        if names_agree(theirs, self.account.id, own, self.company.rules.display_name_max):
            return canonical.text(theirs)
        return canonical.text(own)

    def _shown(self, name: str) -> tuple[str, object]:
        """Field of the account and value for what only QuickBooks knows."""
        customer = self.customer
        if name == "billing_email":
            return "QBO_Billing_Email__c", customer.email.strip() or None
        if name == "terms":
            return "QBO_Terms__c", self.company.term(customer.sales_term_ref) or None
        if name == "currency":
            return "QBO_Currency__c", self.company.currency_of(customer)
        if name == "balance":
            return "QBO_Balance__c", customer.balance
        return "QBO_Active__c", customer.active

    def parts(self, name: str) -> tuple[addresses.Parts, addresses.Parts]:
        """The address of the customer and of the account, the latter as far as the former may be compared with it."""
        ours, theirs = self._typed(name), addresses.of_account(self.account, place_of(name))
        if self.company.account_fields.regions is None:
            theirs = theirs.like(ours)
        elif ours:
            theirs = self._placed(name).as_typed(theirs, ours)
        theirs = theirs.filled(ours, self.kept_out(name))
        return ours, theirs.without_country(ours) if OWNERS[name] == "source" and ours else theirs

    def _typed(self, name: str) -> addresses.Parts:
        """The address of the customer as people typed it."""
        return addresses.of_customer(self.customer.bill_addr if name == "billing_address" else self.customer.ship_addr)

    def _placed(self, name: str) -> addresses.Placed:
        """The same as the org can keep it."""
        return addresses.placed(self._typed(name), self.company.account_fields.regions, self.company.home_country)

    def kept_out(self, name: str) -> list[str]:
        """The parts that the account has not and cannot have, or that were refused there: blank they are no change."""
        there, typed = addresses.of_account(self.account, place_of(name)).raw(), self._placed(name).parts.raw()
        missing = [part for part in _PARTS if typed[part].strip() and not there[part].strip()]
        if not self.account.id or not missing:
            return []
        described = self.company.account_fields
        before = self.company.refused_of_account(self.company.customer_key(self.customer.id))
        sent = self._sent(name)
        return [
            part
            for part in missing
            if not any(
                takes(described, field, creating=False)
                and not is_refused(before, field, sent.get(field), self.company.digest)
                for field in _columns(name, part)
            )
        ]

    def _sent(self, name: str) -> Json:
        """The address as it is sent to an account that has none."""
        coded = self.company.account_fields.regions is not None
        whole, home = self._placed(name).parts, self.company.home_country
        return addresses.for_account(whole, addresses.Parts(), place_of(name), home, coded)

    def written(self, name: str, side: Side) -> str:
        """A field as people wrote it on one side, in one line; empty for none."""
        customer, account = self.customer, self.account
        if name.endswith("_address"):
            ours, theirs = self.parts(name)
            both = (ours.line(), theirs.line())
        elif name in _WRITTEN:
            field, of_customer = _WRITTEN[name]
            both = (of_customer(customer), account.text(field))
        else:
            field, ours_now = self._shown(name)
            both = (canonical.value(ours_now) or "", canonical.value(account[field]) or "")
        return both[0] if side == "source" else both[1]

    def _region(self) -> str:
        """The country whose phone numbers these are."""
        customer, account = self.parts("billing_address")
        country = canonical.country(customer.country or account.country)
        return country if country and len(country) == 2 else self.company.home_country

    def _fits(self, name: str) -> bool:
        shared = OWNERS[name] == "last_change"
        if name.endswith("_address"):
            fits = addresses.fits_account(self._placed(name).parts)
            return fits and (not shared or addresses.fits_customer(self.parts(name)[1]))
        if name == "phone":
            return _within(_PHONE_LIMITS, phone_of(self.customer), self.account.text("Phone"))
        if name == "website":
            return _within(_WEB_LIMITS, web_of(self.customer), self.account.text("Website"))
        return True

    def for_account(self, names: tuple[str, ...]) -> Json:
        """The account's fields for the customer's values of these fields."""
        body: Json = {}
        for name in names:
            body |= self._for_account(name)
        return body

    def _for_account(self, name: str) -> Json:
        if name.endswith("_address"):
            place, coded = place_of(name), self.company.account_fields.regions is not None
            theirs = addresses.of_account(self.account, place)
            theirs = theirs if coded else self.parts(name)[1]
            return addresses.for_account(self._placed(name).parts, theirs, place, self.company.home_country, coded)
        if name == "phone":
            return {"Phone": phone_of(self.customer) or None}
        if name == "website":
            return {"Website": web_of(self.customer) or None}
        field, value = self._shown(name)
        return {field: value}

    def for_customer(self, names: tuple[str, ...]) -> Json:
        """The customer's objects for the account's values of these fields; each object is sent whole."""
        body: Json = {}
        for name in names:
            if name.endswith("_address"):
                key = "BillAddr" if name == "billing_address" else "ShipAddr"
                body[key] = addresses.for_customer(self.parts(name)[1])
            elif name == "phone":
                body["PrimaryPhone"] = {"FreeFormNumber": self.account.text("Phone").strip()}
            elif name == "website":
                body["WebAddr"] = {"URI": with_scheme(self.account.text("Website"))}
        return body


def _columns(name: str, part: str) -> tuple[str, ...]:
    """The fields of the account that a part of an address may be written to."""
    field = f"{place_of(name)}{part}"
    return (field, f"{field}Code") if part in ("State", "Country") else (field,)


def _flagless(name: str, value: object) -> object:
    return bool(value) if name == "active" else value


def _within(limits: Mapping[str, int], of_customer: str, of_account: str) -> bool:
    return len(of_customer) <= limits["account"] and len(of_account) <= limits["customer"]


def place_of(name: str) -> addresses.Place:
    """The beginning of the account's address fields for a field of ours, `billing_address` or `shipping_address`."""
    return "Billing" if name == "billing_address" else "Shipping"


def phone_of(customer: Customer) -> str:
    """The customer's telephone number as it is written, blank for none."""
    return customer.primary_phone.free_form_number.strip() if customer.primary_phone else ""


def web_of(customer: Customer) -> str:
    """The customer's web address as it is written, blank for none."""
    return customer.web_addr.uri.strip() if customer.web_addr else ""


def with_scheme(address: str) -> str:
    """QuickBooks takes a URI, people write `www.acme.com`."""
    plain = address.strip()
    return plain if not plain or "://" in plain else f"https://{plain}"


_WRITTEN: Mapping[str, tuple[str, Callable[[Customer], str]]] = {
    "name": ("Name", lambda customer: customer.plain_name),
    "phone": ("Phone", phone_of),
    "website": ("Website", web_of),
}
"""Field of the account, and how to read the customer's own text."""

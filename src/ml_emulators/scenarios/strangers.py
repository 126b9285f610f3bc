"""The planted businesses: customers and Accounts that nobody can be sure about, or that miss something.

Scores are those of accounting-rules E.1: 80 and more links, 35 to 79 is a review, below 35 is new.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

from .awkward import plant_order
from .goods import GOODS
from .orders import Order
from .people import FREE_MAIL, Client, add_account, add_contact, add_customer, new_client, ready_by_order
from .plan import Setting
from .trade import Invoice, Line, add_invoice

_BASIC = GOODS[0]
_RETIRED = 7


def strangers(setting: Setting) -> None:
    """Put the planted businesses on the calendar, once for each unit of scale."""
    for _ in range(setting.scale):
        for case in (_name_only, _nearly, _twins, _domain_only, _neighbours, _abroad, _review_with_order):
            setting.stage.on(setting.days.opening, partial(case, setting, _new(setting)))
        for case in (_no_country_order, _no_country, _bad_email, _asleep):
            setting.stage.on(setting.days.opening, partial(case, setting, _new(setting)))
        for _ in range(_RETIRED):
            setting.stage.on(setting.days.opening, partial(_retired, setting, _new(setting)))


def _new(setting: Setting) -> Client:
    return new_client(setting.names, "USD", setting.days.opening)


def _elsewhere(setting: Setting, client: Client) -> Client:
    """The same business by name, at another address with another phone."""
    address, phone = setting.names.address("USD")
    return replace(client, address=address, phone=phone)


def _review(setting: Setting, client: Client, why: str) -> None:
    setting.stage.plant("REVIEW-MATCH", "quickbooks", "Customer", client.customer, why)


def _free_mail(client: Client) -> Client:
    return replace(client, domain=FREE_MAIL)


def _name_only(setting: Setting, client: Client) -> None:
    """Name 40; a free-mail domain never counts. Its one invoice is parked with it (D.1)."""
    known = _free_mail(client)
    add_customer(setting.stage, setting.books, known)
    _review(setting, known, "only the name is the same")
    add_account(setting.stage, _elsewhere(setting, client), Website=None)
    day = setting.days.closing + timedelta(days=3)
    setting.stage.on(day, partial(_parked, setting, known))


def _parked(setting: Setting, client: Client) -> None:
    day = setting.days.closing + timedelta(days=3)
    lines = [Line(_BASIC, Decimal(5), _BASIC.price, "SaaS")]
    record = add_invoice(setting.stage, setting.books, Invoice(client, day, lines, department="West"))
    why = "its customer waits for a review"
    setting.stage.plant("WAIT_CUSTOMER", "quickbooks", "Invoice", record["Id"], why)


def _nearly(setting: Setting, client: Client) -> None:
    """Website 40 + name with one letter less 35 (or 0, when the name is short) = 75 or 40."""
    add_customer(setting.stage, setting.books, client)
    _review(setting, client, "same domain, name not quite the same")
    add_account(setting.stage, _elsewhere(setting, client), name=client.name[:-1])


def _twins(setting: Setting, client: Client) -> None:
    """Two Accounts with 40 + 20 + 20 = 80 each: high enough, but no gap to the next best."""
    add_customer(setting.stage, setting.books, client)
    _review(setting, client, "two accounts fit equally well")
    for _ in range(2):
        add_account(setting.stage, client, Website=None)


def _domain_only(setting: Setting, client: Client) -> None:
    """Website 40, everything else differs."""
    add_customer(setting.stage, setting.books, client)
    _review(setting, client, "only the domain is the same")
    add_account(setting.stage, _elsewhere(setting, client), name=setting.names.company())


def _neighbours(setting: Setting, client: Client) -> None:
    """Phone 20 + postal code, country and street number 20 = 40: perhaps one business, perhaps two in a house."""
    add_customer(setting.stage, setting.books, client)
    _review(setting, client, "only phone and address are the same")
    add_account(setting.stage, client, name=setting.names.company(), Website=None)


def _abroad(setting: Setting, client: Client) -> None:
    """Name 40, other country -20 = 20: a new Account beside the one abroad. Not held."""
    add_customer(setting.stage, setting.books, client)
    address, phone = setting.names.address("EUR")
    add_account(setting.stage, replace(client, address=address, phone=phone), Website=None)


def _review_with_order(setting: Setting, client: Client) -> None:
    """Ready by its order, but V-DUP finds a customer with name 40: the Account waits, and the order with it."""
    known = _free_mail(client)
    add_customer(setting.stage, setting.books, known)
    _review(setting, known, "only the name is the same as that of an account with an order")
    other = _elsewhere(setting, client)
    add_account(setting.stage, other, Website=None, **ready_by_order(setting.stage))
    setting.stage.plant("V-DUP", "salesforce", "Account", other.account, "a customer has the same name")
    _order(setting, other, "H-CUST-UNLINKED", "its account waits for a review")


def _order(setting: Setting, client: Client, code: str, why: str) -> None:
    last = setting.days.today - timedelta(days=4)
    day = setting.between(setting.days.closing + timedelta(days=1), last)
    line = Line(_BASIC, Decimal(10), _BASIC.price)
    plant_order(setting, Order(client, day, (line,), "East", "SaaS"), day, code, why)


def _no_country_order(setting: Setting, client: Client) -> None:
    """E.3: ready by its order, billing country missing: Account and order are held."""
    add_account(setting.stage, client, BillingCountry=None, **ready_by_order(setting.stage))
    setting.stage.plant("V-COUNTRY", "salesforce", "Account", client.account, "no billing country")
    _order(setting, client, "H-CUST-UNLINKED", "its account has no billing country")


def _no_country(setting: Setting, client: Client) -> None:
    """E.3: flagged as ready, billing country missing."""
    add_account(setting.stage, client, BillingCountry=None, QBO_Ready__c=True)
    setting.stage.plant("V-COUNTRY", "salesforce", "Account", client.account, "no billing country")


def _bad_email(setting: Setting, client: Client) -> None:
    """E.3: flagged as ready, its billing e-mail is none. Salesforce takes any text there; it has no Contact."""
    email = f"accounts at {client.domain}"
    add_account(setting.stage, client, QBO_Ready__c=True, QBO_Billing_Email__c=email)
    setting.stage.plant("V-EMAIL", "salesforce", "Account", client.account, f"{email!r} is no e-mail address")


def _asleep(setting: Setting, client: Client) -> None:
    """E.5: e-mail 50 + name 40 (suffix stripped) + phone 20 + address 20 link it, but the customer is inactive."""
    add_customer(setting.stage, setting.books, client)
    add_account(setting.stage, client)
    add_contact(setting.stage, client, client.person, client.email)
    _sleep(setting, client)
    _order(setting, client, "H-CUST-INACTIVE", "its customer is inactive")


def _retired(setting: Setting, client: Client) -> None:
    """An inactive customer that Salesforce has never heard of."""
    add_customer(setting.stage, setting.books, client)
    _sleep(setting, client)


def _sleep(setting: Setting, client: Client) -> None:
    event = partial(setting.stage.qbo, "deactivate", "Customer", {"Id": client.customer})
    setting.stage.on(setting.days.first + timedelta(days=30), event)

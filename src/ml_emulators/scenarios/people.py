"""The businesses of a scenario, and how each looks in QuickBooks (Customer) and in Salesforce (Account, Contact)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from .books import Books, ref
from .stage import Json, Stage
from .words import Address, Names, Person, domain_of

FREE_MAIL = "gmail.com"


@dataclass
class Client:
    """One business. `customer` and `account` are its ids, blank where a side does not know it."""

    name: str
    legal: str
    domain: str
    address: Address
    phone: str
    currency: str
    person: Person
    since: date
    term: str = "Net 30"
    customer: str = ""
    account: str = ""
    contact_email: str = ""
    parent: Client | None = None
    open_invoices: list[str] = field(default_factory=list)

    @property
    def email(self) -> str:
        """The person's address at the business; blank without a domain."""
        return self.person.email(self.domain) if self.domain else ""

    @property
    def bill_email(self) -> str:
        """Where its invoices go: a sub-customer's to the one above."""
        if self.parent is not None:
            return self.parent.bill_email
        return self.contact_email or self.email

    @property
    def display(self) -> str:
        """Name and legal form, as QuickBooks has it."""
        return self.name + self.legal


def new_client(names: Names, currency: str, since: date, name: str = "") -> Client:
    """A business that shares neither name, domain, phone nor postal code with any other."""
    company = name or names.company()
    address, phone = names.address(currency)
    return Client(
        company,
        names.legal(currency),
        domain_of(company),
        address,
        phone,
        currency,
        names.person(),
        since,
        names.random.choice(("Net 15", "Net 30", "Net 30", "Due on receipt")),
    )


def known_client(business: dict[str, str], day: date) -> Client:
    """A business that both sides know already, for a document of `day`."""
    nowhere = Address("", "", "", "", "")
    client = Client(business["name"], "", "", nowhere, "", "USD", Person("", ""), day)
    client.customer, client.account = business["customer"], business["account"]
    client.contact_email = business["email"]
    return client


def sub_client(names: Names, parent: Client, suffix: str) -> Client:
    """A part of `parent`. It has no e-mail and no phone: sharing them with the parent would score 40 points or
    more against the parent's Account (accounting-rules E.1) and turn it into a review."""
    address, _ = names.address(parent.currency)
    name = f"{parent.name} - {suffix}"
    return Client(name, "", "", address, "", parent.currency, names.person(), parent.since, parent.term, parent=parent)


def add_customer(stage: Stage, books: Books, client: Client) -> None:
    """Make the Customer, below its parent's if it has one; the client keeps its id."""
    body = customer_body(client)
    if client.term in books.terms:
        body["SalesTermRef"] = ref(books.terms[client.term])
    if client.parent is not None:
        body |= {"Job": True, "ParentRef": ref(client.parent.customer), "BillWithParent": True}
    client.customer = stage.qbo("create", "Customer", body)["Id"]


def customer_body(client: Client) -> Json:
    """The body of a Customer."""
    address = client.address
    body: Json = {
        "DisplayName": client.display,
        "CompanyName": client.display,
        "BillAddr": {
            "Line1": address.street,
            "City": address.city,
            "CountrySubDivisionCode": address.state,
            "PostalCode": address.postal,
            "Country": address.country,
        },
        "CurrencyRef": ref(client.currency),
    }
    if client.domain:
        body |= {"GivenName": client.person.given, "FamilyName": client.person.family}
        body["PrimaryEmailAddr"] = {"Address": client.email}
    if client.phone:
        body["PrimaryPhone"] = {"FreeFormNumber": client.phone}
    return body


def account_body(client: Client, name: str = "") -> Json:
    """The body of an Account; `name` where it is spelled otherwise than in QuickBooks."""
    address = client.address
    return {
        "Name": name or client.name,
        "Website": f"https://www.{client.domain}",
        "Phone": client.phone,
        "BillingStreet": address.street,
        "BillingCity": address.city,
        "BillingState": address.state,
        "BillingPostalCode": address.postal,
        "BillingCountry": address.country,
        "CurrencyIsoCode": client.currency,
        "Type": "Customer - Direct",
    }


def add_account(stage: Stage, client: Client, **changes: object) -> None:
    """Sales creates the Account; `changes` replace fields, None leaves one out."""
    body = {name: value for name, value in (account_body(client) | changes).items() if value is not None}
    client.account = stage.sf("create", "Account", body)["Id"]


def ready_by_order(stage: Stage) -> Json:
    """What an Account says that gets ready by an activated order: nothing, and the flag where there are no orders."""
    return {} if stage.shape.orders else {"QBO_Ready__c": True}


def add_contact(stage: Stage, client: Client, person: Person, email: str) -> str:
    """A Contact of the client's Account; gives its id."""
    client.contact_email = client.contact_email or email
    body = {
        "AccountId": client.account,
        "FirstName": person.given,
        "LastName": person.family,
        "Email": email,
        "CurrencyIsoCode": client.currency,
    }
    return str(stage.sf("create", "Contact", body)["Id"])

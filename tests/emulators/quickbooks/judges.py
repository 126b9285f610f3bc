"""python-quickbooks and intuit-oauth, unchanged, at work on the emulator over a real socket.

The first speaks https to the vendor's host names; an adapter mounted on its session leads these to the loopback port.
The second takes the address of the discovery document as its environment.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from intuitlib.client import AuthClient
from quickbooks import QuickBooks as Judge

from ml_emulators.quickbooks import QuickBooks
from support.sockets import Detour

REDIRECT = "http://localhost:8080/callback"
_MODULES = {"Class": "trackingclass", "CompanyInfo": "company_info"}


def thing(name: str, module: str = "") -> Any:
    """A class of the judge: `thing("Invoice")`."""
    return getattr(import_module(f"quickbooks.objects.{module or _MODULES.get(name, name.lower())}"), name)


def made(name: str, module: str = "", **fields: Any) -> Any:
    """A new object of the judge with fields set, as its users do it."""
    found = thing(name, module)()
    for key, value in fields.items():
        setattr(found, key, value)
    return found


def to(target: Any) -> Any:
    """A reference to a saved object."""
    return made("Ref", "base", value=target.Id)


class Bench:
    """A company on a socket, and the judge connected to it."""

    def __init__(self, server: QuickBooks, port: int) -> None:
        self.server = server
        self.port = port
        self.info = server.connection_info()
        self.auth = self.sign_in()
        self.qb = self.connect()

    def sign_in(self, **more: Any) -> Any:
        keys = self.info["client_id"], self.info["client_secret"]
        return AuthClient(*keys, REDIRECT, self.info["discovery_url"], **more)

    def connect(self, **more: Any) -> Any:
        given = {"refresh_token": self.info["refresh_token"], "company_id": self.info["realm_id"], "minorversion": 75}
        found = Judge(auth_client=self.auth, **given, **more)
        found.session.mount("https://", Detour(self.port))
        return found

    def close(self) -> None:
        self.auth.close()
        self.qb.session.close()

    def save(self, name: str, module: str = "", **fields: Any) -> Any:
        return made(name, module, **fields).save(qb=self.qb)

    def account(self, name: str, kind: str, detail: str) -> Any:
        return self.save("Account", Name=name, AccountType=kind, AccountSubType=detail)


class Shop(Bench):
    """With accounts, people and an item to trade with."""

    def __init__(self, server: QuickBooks, port: int) -> None:
        super().__init__(server, port)
        self.sales = self.account("Sales", "Income", "SalesOfProductIncome")
        self.bank = self.account("Bank", "Bank", "Checking")
        self.savings = self.account("Savings", "Bank", "Savings")
        self.travel = self.account("Travel", "Expense", "Travel")
        self.customer = self.save("Customer", DisplayName="Blue Heron")
        self.vendor = self.save("Vendor", DisplayName="Paper Mill")
        self.employee = self.save("Employee", GivenName="Kit", FamilyName="Fox")
        both = {"IncomeAccountRef": to(self.sales), "ExpenseAccountRef": to(self.travel)}
        self.item = self.save("Item", Name="Seat", Type="Service", **both)

    def sold(self, amount: Any = 100) -> Any:
        detail = made("SalesItemLineDetail", "detailline", ItemRef=to(self.item), Qty=1, UnitPrice=amount)
        return made("SalesItemLine", "detailline", Amount=amount, SalesItemLineDetail=detail)

    def bought(self, amount: Any = 50) -> Any:
        detail = made("AccountBasedExpenseLineDetail", "detailline", AccountRef=to(self.travel))
        return made("AccountBasedExpenseLine", "detailline", Amount=amount, AccountBasedExpenseLineDetail=detail)

    def entry(self, side: str, account: Any) -> Any:
        detail = made("JournalEntryLineDetail", "journalentry", PostingType=side, AccountRef=to(account))
        return made("JournalEntryLine", "journalentry", Amount=5, JournalEntryLineDetail=detail)

    def put_in(self) -> Any:
        detail = made("DepositLineDetail", "deposit", AccountRef=to(self.sales))
        return made("DepositLine", "deposit", Amount=5, DepositLineDetail=detail)

    def new(self, kind: str) -> Any:
        """An unsaved object of a kind, as small as it may be."""
        return made(kind, **self._fields(kind))

    def _fields(self, kind: str) -> dict[str, Any]:
        if kind in ("Invoice", "SalesReceipt", "Estimate", "CreditMemo"):
            return {"CustomerRef": to(self.customer), "Line": [self.sold()]}
        if kind in ("Bill", "VendorCredit", "PurchaseOrder"):
            return {"VendorRef": to(self.vendor), "Line": [self.bought()]}
        found: dict[str, Any] = self._others()[kind]()
        return found

    def _others(self) -> dict[str, Any]:
        return {
            "RefundReceipt": lambda: {
                "CustomerRef": to(self.customer),
                "Line": [self.sold()],
                "DepositToAccountRef": to(self.bank),
            },
            "Payment": lambda: {"CustomerRef": to(self.customer), "TotalAmt": 60},
            "BillPayment": lambda: {
                "VendorRef": to(self.vendor),
                "PayType": "Check",
                "CheckPayment": made("CheckPayment", "billpayment", BankAccountRef=to(self.bank)),
                "TotalAmt": 20,
            },
            "Purchase": lambda: {
                "AccountRef": to(self.bank),
                "PaymentType": "Check",
                "Line": [self.bought()],
            },
            "JournalEntry": lambda: {"Line": [self.entry("Debit", self.bank), self.entry("Credit", self.sales)]},
            "Deposit": lambda: {"DepositToAccountRef": to(self.bank), "Line": [self.put_in()]},
            "Transfer": lambda: {"FromAccountRef": to(self.bank), "ToAccountRef": to(self.savings), "Amount": 7},
            "TimeActivity": lambda: {"NameOf": "Employee", "EmployeeRef": to(self.employee), "Hours": 1},
            "Customer": lambda: {"DisplayName": "Fern"},
            "Vendor": lambda: {"DisplayName": "Moss"},
            "Employee": lambda: {"GivenName": "Ash"},
            "Account": lambda: {"Name": "Fees", "AccountType": "Expense", "AccountSubType": "BankCharges"},
            "Item": lambda: {"Name": "Table", "Type": "Service", "IncomeAccountRef": to(self.sales)},
            "Department": lambda: {"Name": "North"},
            "Class": lambda: {"Name": "Retail"},
            "Term": lambda: {"Name": "Net 9", "DueDays": 9},
            "PaymentMethod": lambda: {"Name": "Wire"},
            "TaxAgency": lambda: {"DisplayName": "County"},
            "CompanyCurrency": lambda: {"Code": "GBP"},
            "Attachable": lambda: {"Note": "call back"},
        }

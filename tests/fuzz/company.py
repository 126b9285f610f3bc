"""What an outsider does at both vendors: records that are as they should be, and records full of random texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from ml_emulators.kit.emulation import Emulation, Refused

from . import fields
from .fields import Field
from .texts import Known, address, text

Json = dict[str, Any]
DAY = "2026-11-20"
QUICKBOOKS, SALESFORCE = "quickbooks", "salesforce"
_TRIES = 12


class Planted(msgspec.Struct):
    """A record with its random texts, by field."""

    system: str
    kind: str
    id: str
    texts: Mapping[str, str]

    @property
    def ref(self) -> str:
        return f"{self.system}:{self.kind}:{self.id}"


class Company:
    """The tiny company, in which somebody fills fields. `put` and `refused` count the texts."""

    def __init__(self, emulation: Emulation, random: Random) -> None:
        self.emulation = emulation
        self.random = random
        self.planted: list[Planted] = []
        self.put = 0
        self.refused = 0
        org: Any = emulation.vendors[SALESFORCE]
        self.fields = {QUICKBOOKS: fields.quickbooks(), SALESFORCE: fields.salesforce(org._world.schema)}
        self.known = Known()
        self.realm = str(emulation.vendors[QUICKBOOKS].connection_info()["realm_id"])
        self.clean: set[str] = set()
        """What must stay as it is, as `system:kind:id`."""
        self._marks: set[str] = set()
        self._bases = {**_IN_QUICKBOOKS, **_IN_SALESFORCE}

    # --- what is there

    def rows(self, system: str, kind: str) -> list[Json]:
        rows = self.emulation.vendors[system].records(kind)
        return [row for row in rows if not row.get("IsDeleted") and row.get("status") != "Deleted"]

    def id_of(self, system: str, kind: str, **values: Any) -> str:
        """The first record with these values."""
        rows = self.rows(system, kind)
        return str(next(row["Id"] for row in rows if all(row.get(name) == value for name, value in values.items())))

    def keep_clean(self, system: str, kind: str, body: Json) -> str:
        """A new record that nobody else fills or edits; its id."""
        record_id = str(self.act(system, "create", kind, body)["Id"])
        self.clean.add(f"{system}:{kind}:{record_id}")
        self._marks.add(record_id if system == SALESFORCE else f"{self.realm}:{record_id}")
        return record_id

    def _is_clean(self, system: str, kind: str, row: Json) -> bool:
        """Whether it is one of them, or was made for one of them."""
        values = (row.get(name) for name in ("AccountId", "OrderId", "QBO_Id__c"))
        if f"{system}:{kind}:{row['Id']}" in self.clean or any(value in self._marks for value in values):
            return True
        note = str(row.get("PrivateNote")) if kind == "JournalEntry" else ""
        return any(mark in note for mark in self._marks)

    def strangers(self, system: str, kind: str) -> list[Json]:
        """The records that anybody may edit."""
        return [row for row in self.rows(system, kind) if not self._is_clean(system, kind, row)]

    def any_of(self, system: str, kind: str) -> str:
        """The id of one that was planted, or of one that was there; where there is none, one is planted."""
        ids = [record.id for record in self.planted if (record.system, record.kind) == (system, kind)]
        others = [row["Id"] for row in self.strangers(system, kind)]
        if not ids and not others:
            self.plant(system, kind)
            return self.any_of(system, kind)
        return str(self.random.choice(ids if ids and (not others or self.random.random() < 0.5) else others))

    def look_around(self) -> None:
        """Names and ids that texts may spell from now on; nothing of the records that must stay as they are."""
        names, ids = ["Alder Analytics"], ["4620816365000000001"]
        for system, kinds in self.fields.items():
            for row in (row for kind in kinds for row in self.strangers(system, kind)):
                names += [value for name in ("DisplayName", "Name", "LastName") if (value := row.get(name))]
                ids += [str(row["Id"]), *(value for value in (row.get("OrderNumber"), row.get("QBO_Id__c")) if value)]
        self.known = Known(names, ids)

    # --- records

    def act(self, system: str, op: str, kind: str, body: Json) -> Json:
        return self.emulation.act(system, op, kind, body)

    def plant(self, system: str, kind: str) -> None:
        """A new record of a kind, with random texts in some or all of its fields."""
        base = self._bases[system, kind](self)
        self._written(system, "create", kind, base)

    def edit(self, system: str, kind: str, record_id: str) -> None:
        """Random texts in fields of a record that is there."""
        self._written(system, "update", kind, {"Id": record_id})

    def _written(self, system: str, op: str, kind: str, base: Json) -> None:
        """What the vendor refuses is left out, field by field, until it takes the record."""
        known = self.fields[system][kind]
        most = len(known) if self.random.random() < 0.5 else min(3, len(known))
        texts = {field: self._text(field) for field in self.random.sample(known, self.random.randint(1, most))}
        for _ in range(_TRIES):
            try:
                row = self.act(system, op, kind, _filled(base, texts))
            except Refused as refusal:
                refused = _refused_fields(refusal.reason, texts) or self._half(texts)
                self.refused += len(refused)
                texts = {field: text for field, text in texts.items() if field not in refused}
                if not texts:
                    return
            else:
                self.put += len(texts)
                named = {field.name: text for field, text in texts.items()}
                self.planted.append(Planted(system, kind, str(row["Id"]), named))
                self._finish(system, op, kind, row)
                return

    def _text(self, field: Field) -> str:
        return (address if field.is_email else text)(self.random, self.known, field.most)

    def _half(self, texts: Mapping[Field, str]) -> list[Field]:
        return self.random.sample(list(texts), (len(texts) + 1) // 2)

    def _finish(self, system: str, op: str, kind: str, row: Json) -> None:
        """What makes a new record one that ml-connector looks at."""
        if (system, op, kind) != (SALESFORCE, "create", "Order"):
            return
        self.act(SALESFORCE, "create", "OrderItem", _order_item(self, str(row["Id"])))
        self.plant(SALESFORCE, "OrderItem")
        if self.random.random() < 0.8:
            self.act(SALESFORCE, "update", "Order", {"Id": row["Id"], "Status": "Activated"})


def _filled(base: Json, texts: Mapping[Field, str]) -> Json:
    body = base
    for field, value in texts.items():
        body = field.put(body, value)
    return body


def _refused_fields(reason: Any, texts: Mapping[Field, str]) -> list[Field]:
    """The fields that a refusal names."""
    errors = reason.get("Error", [reason]) if isinstance(reason, Mapping) else []
    named = {str(error.get("element") or "") for error in errors}
    named |= {name for error in errors for name in error.get("fields") or ()}
    ends = {name.rpartition(".")[2] for name in named if name}
    return [field for field in texts if field.name in named] or [field for field in texts if field.path[-1] in ends]


# --- what a record of each kind cannot do without


def _ref(record_id: str) -> Json:
    return {"value": record_id}


def _serial(company: Company) -> str:
    return f"Fuzz {company.random.getrandbits(40):x}"


def _person(company: Company) -> Json:
    return {"DisplayName": _serial(company)}


def _customer(company: Company) -> Json:
    body: Json = {**_person(company), "CurrencyRef": _ref("USD")}
    if company.random.random() < 0.3:
        body |= {"Job": True, "ParentRef": _ref(company.any_of(QUICKBOOKS, "Customer")), "BillWithParent": True}
    return body


def _item(company: Company) -> Json:
    income = company.rows(QUICKBOOKS, "Item")[0]["IncomeAccountRef"]
    return {"Name": _serial(company), "Type": "Service", "IncomeAccountRef": income}


def _gl_account(company: Company) -> Json:
    return {"Name": _serial(company), "AccountType": "Income", "AccountSubType": "ServiceFeeIncome"}


def _named(company: Company) -> Json:
    return {"Name": _serial(company)}


def _sales(company: Company) -> Json:
    body = sales(company.any_of(QUICKBOOKS, "Customer"), _good(company), company.random.randint(1, 9_999))
    line = body["Line"][0]
    if company.random.random() < 0.4:
        line["SalesItemLineDetail"]["ClassRef"] = _ref(company.any_of(QUICKBOOKS, "Class"))
        body["DepartmentRef"] = _ref(company.any_of(QUICKBOOKS, "Department"))
    return {**body, "CustomField": [{"DefinitionId": "1", "Type": "StringType", "Name": "Crew"}]}


def _good(company: Company) -> str:
    return str(company.strangers(QUICKBOOKS, "Item")[0]["Id"])


def _estimate_or_credit(company: Company) -> Json:
    return _sales(company)


def _invoice(company: Company) -> Json:
    body = _sales(company)
    if company.random.random() < 0.3:
        body |= {"SalesTermRef": _ref(company.any_of(QUICKBOOKS, "Term"))}
    return body


def _payment(company: Company) -> Json:
    customer, amount = company.any_of(QUICKBOOKS, "Customer"), Decimal(company.random.randint(1, 99))
    return {"CustomerRef": _ref(customer), "CurrencyRef": _ref("USD"), "TxnDate": DAY, "TotalAmt": amount}


def _entry(company: Company) -> Json:
    ids = [company.id_of(QUICKBOOKS, "Account", AcctNum=number) for number in ("1250", "2450")]
    lines = [
        {"DetailType": "JournalEntryLineDetail", "Amount": Decimal(7),
         "JournalEntryLineDetail": {"PostingType": side, "AccountRef": _ref(account)}}
        for side, account in zip(("Debit", "Credit"), ids, strict=True)
    ]  # fmt: skip
    return {"TxnDate": DAY, "CurrencyRef": _ref("USD"), "Line": lines}


def _account(company: Company) -> Json:
    body: Json = {"Name": _serial(company), "CurrencyIsoCode": "USD", "QBO_Ready__c": company.random.random() < 0.8}
    if company.random.random() < 0.8:  # without a country it is held in any case
        body |= {"BillingStreet": "1 Elm Street", "BillingCity": "Salem", "BillingCountry": "United States"}
    if company.random.random() < 0.3:
        body["ParentId"] = company.any_of(SALESFORCE, "Account")
    return body


def _contact(company: Company) -> Json:
    return {"LastName": _serial(company), "AccountId": company.any_of(SALESFORCE, "Account")}


def _opportunity(company: Company) -> Json:
    return {
        "Name": _serial(company), "AccountId": company.any_of(SALESFORCE, "Account"), "StageName": "Closed Won",
        "CloseDate": DAY, "Amount": Decimal(company.random.randint(1, 9_999)), "CurrencyIsoCode": "USD",
    }  # fmt: skip


def _role(company: Company) -> Json:
    contact = company.any_of(SALESFORCE, "Contact")
    return {"OpportunityId": company.any_of(SALESFORCE, "Opportunity"), "ContactId": contact}


def _relation(company: Company) -> Json:
    contact, account = company.any_of(SALESFORCE, "Contact"), company.any_of(SALESFORCE, "Account")
    return {"ContactId": contact, "AccountId": account, "IsActive": True}


def _order(company: Company) -> Json:
    owner = company.any_of(SALESFORCE, "Account")
    return {**order(company, owner), "Department__c": "East", "Class__c": "SaaS"}


def _order_item(company: Company, order_id: str = "") -> Json:
    """A line of an order, else of the newest one."""
    entries = [row for row in company.strangers(SALESFORCE, "PricebookEntry") if row["Pricebook2Id"] == book(company)]
    owner = order_id or next(record.id for record in reversed(company.planted) if record.kind == "Order")
    return {"OrderId": owner, "PricebookEntryId": entries[0]["Id"], "Quantity": Decimal(2), "UnitPrice": Decimal(185)}


def order(company: Company, account: str) -> Json:
    """A draft of an order of an account."""
    return {
        "AccountId": account, "Pricebook2Id": book(company), "EffectiveDate": DAY, "Status": "Draft",
        "CurrencyIsoCode": "USD",
    }  # fmt: skip


def book(company: Company) -> str:
    """The price book of the tiny company."""
    return company.id_of(SALESFORCE, "Pricebook2", Name="Direct Sales")


def sales(customer: str, item: str, amount: int) -> Json:
    """A sales form of one line over `amount` dollars."""
    detail: Json = {"ItemRef": _ref(item), "Qty": Decimal(1), "UnitPrice": Decimal(amount)}
    line: Json = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(amount), "SalesItemLineDetail": detail}
    return {"CustomerRef": _ref(customer), "TxnDate": DAY, "CurrencyRef": _ref("USD"), "Line": [line]}


_IN_QUICKBOOKS: Mapping[tuple[str, str], Callable[[Company], Json]] = {
    (QUICKBOOKS, kind): base
    for kind, base in {
        "Customer": _customer, "Vendor": _person, "Employee": _person, "Item": _item, "Account": _gl_account,
        "Department": _named, "Class": _named, "Term": _named, "Invoice": _invoice, "Estimate": _estimate_or_credit,
        "CreditMemo": _estimate_or_credit, "Payment": _payment, "JournalEntry": _entry,
    }.items()
}  # fmt: skip
_IN_SALESFORCE: Mapping[tuple[str, str], Callable[[Company], Json]] = {
    (SALESFORCE, kind): base
    for kind, base in {
        "Account": _account, "Contact": _contact, "Opportunity": _opportunity, "OpportunityContactRole": _role,
        "Order": _order, "OrderItem": _order_item, "Product2": _named, "AccountContactRelation": _relation,
    }.items()
}  # fmt: skip

"""The emulator beside a small model of the documented rules: tokens, names, balances, what a query counts.

Random sequences of good and bad calls go to both; after each the two must agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ml_emulators.kit.wire import loads

from ..client import Json, Shop, ref

SHOP = Shop()
BEFORE = SHOP.server.snapshot()
names = st.sampled_from(
    ["Ash", "ASH", "Ash (deleted)", "Birch", "Cedar", "Ce:dar", "", "x" * 501, "Blue Heron", "Paper Mill"]
)
amounts = st.sampled_from([1, 40, Decimal("99.99"), 100, 250])
picks = st.integers(0, 5)
tokens = st.sampled_from(["now"] * 9 + ["old", "next", "none"])


@dataclass
class Person:
    """A customer or vendor as the rules have it."""

    kind: str
    id: str
    name: str
    token: int = 0
    active: bool = True
    suffix: str = ""

    @property
    def shown(self) -> str:
        return self.name + self.suffix


@dataclass
class Form:
    """An invoice or credit memo: what it is about, and what payments have taken from it."""

    kind: str
    id: str
    customer: str
    total: Decimal
    token: int = 0
    paid: dict[str, Decimal] = field(default_factory=dict)
    state: str = "open"

    @property
    def left(self) -> Decimal:
        return self.total - sum(self.paid.values(), Decimal(0))


@dataclass
class Paid:
    """A payment: its money, and what it applies to which form."""

    id: str
    customer: str
    total: Decimal
    applied: dict[str, Decimal]
    token: int = 0
    state: str = "open"


class Books(RuleBasedStateMachine):
    """One company, told twice."""

    def __init__(self) -> None:
        super().__init__()
        SHOP.server.restore(BEFORE)
        self.people: dict[str, Person] = {}
        self.forms: dict[str, Form] = {}
        self.paid: dict[str, Paid] = {}

    @initialize()
    def the_shop_as_it_is(self) -> None:
        for kind in ("Customer", "Vendor"):
            for one in SHOP.query(f"select * from {kind}")[kind]:
                self.people[one["Id"]] = Person(kind, one["Id"], one["DisplayName"])

    # Asking

    def send(self, path: str, body: Json, expected: str, **params: str) -> Json:
        """Send a write; `expected` is the fault code, or blank for success."""
        answer = SHOP.send("POST", path, body, **params)
        told = loads(answer.body)
        if expected:
            assert (answer.status, told["Fault"]["Error"][0]["code"]) == (400, expected), told
            return {}
        assert answer.status == 200, told
        return next(value for key, value in told.items() if key != "time")

    @staticmethod
    def some(found: dict[str, Any], pick: int, *kinds: str) -> Any:
        fitting = [one for one in found.values() if not kinds or one.kind in kinds]
        return fitting[pick % len(fitting)] if fitting else None

    @staticmethod
    def token(record: Any, which: str) -> tuple[Json, str]:
        """A SyncToken to send with a record's Id, and the fault it must meet with."""
        if which == "none":
            return {"Id": record.id}, "2020"
        if which == "now":
            return {"Id": record.id, "SyncToken": str(record.token)}, ""
        wrong = record.token + (1 if which == "next" else -1)
        return {"Id": record.id, "SyncToken": str(wrong)}, "5010"

    def refusal(self, name: str, own: str = "") -> str:
        """What a name meets with: missing, too long, a forbidden sign, taken by any person (reference 6.1)."""
        if not name:
            return "2020"
        if len(name) > 500:
            return "2050"
        if ":" in name:
            return "2040"
        return "6240" if self.taken(name, own) else ""

    def taken(self, name: str, own: str) -> bool:
        """Whether another person, active or not, is shown under a name."""
        return name.casefold() in {one.shown.casefold() for one in self.people.values() if one.id != own}

    def free_suffix(self, person: Person) -> str:
        """What is put behind the name of a person who becomes inactive (reference 4.3)."""
        suffixes = [" (deleted)", *(f" (deleted-{number})" for number in range(1, 50))]
        return next(suffix for suffix in suffixes if not self.taken(person.name + suffix, person.id))

    # People

    @rule(kind=st.sampled_from(["Customer", "Vendor"]), name=names)
    def create(self, kind: str, name: str) -> None:
        made = self.send(f"/{kind.lower()}", {"DisplayName": name}, self.refusal(name))
        if made:
            self.people[made["Id"]] = Person(kind, made["Id"], name)

    @rule(pick=picks, name=names, which=tokens)
    def rename(self, pick: int, name: str, which: str) -> None:
        person = self.some(self.people, pick)
        head, stale = self.token(person, which)
        kept = name == "" or not person.active
        expected = (self.refusal(name, person.id) if name else "") or stale
        if len(name) <= 500 and ":" not in name:
            expected = stale or expected
        if not person.active:
            return
        body = {**head, "sparse": True, "DisplayName": name}
        self.send(f"/{person.kind.lower()}", body, expected)
        if not expected and not kept and name != person.name:
            person.name, person.token = name, person.token + 1

    @rule(pick=picks, active=st.booleans())
    def switch(self, pick: int, active: bool) -> None:
        person = self.some(self.people, pick)
        expected = self.refusal(person.name, person.id) if active else ""
        if person.active and not active and person.kind == "Customer" and self.owes(person.id):
            expected = "6000"
        body = {"Id": person.id, "SyncToken": str(person.token), "sparse": True, "Active": active}
        self.send(f"/{person.kind.lower()}", body, expected)
        if not expected and active != person.active:
            person.suffix = "" if active else self.free_suffix(person)
            person.active, person.token = active, person.token + 1

    # Forms

    @rule(kind=st.sampled_from(["Invoice", "CreditMemo"]), pick=picks, amount=amounts)
    def sell(self, kind: str, pick: int, amount: Any) -> None:
        customer = self.some(self.people, pick, "Customer")
        foreign = customer.id == SHOP.euro_customer
        body = {"CustomerRef": ref(customer.id), "Line": [SHOP.line(amount)]}
        made = self.send(f"/{kind.lower()}", body, "" if customer.active else "610")
        if made:
            assert made["CurrencyRef"]["value"] == ("EUR" if foreign else "USD")
            self.forms[made["Id"]] = Form(kind, made["Id"], customer.id, Decimal(amount))

    @precondition(lambda self: self.forms)
    @rule(pick=picks, amount=amounts, which=tokens)
    def reprice(self, pick: int, amount: Any, which: str) -> None:
        form = self.some(self.forms, pick)
        head, expected = self.token(form, which)
        if form.state == "gone":
            expected = "610"
        elif not expected and Decimal(amount) < form.total - form.left:
            expected = "6000"
        body = {**head, "sparse": True, "Line": [SHOP.line(amount)]}
        if form.state == "void":
            return
        self.send(f"/{form.kind.lower()}", body, expected)
        if not expected:
            form.total, form.token = Decimal(amount), form.token + 1

    @precondition(lambda self: self.forms)
    @rule(pick=picks, which=tokens)
    def delete(self, pick: int, which: str) -> None:
        form = self.some(self.forms, pick)
        head, expected = self.token(form, which)
        if form.state == "gone":
            expected = "610"
        elif not expected and form.paid:
            expected = "6000"
        told = self.send(f"/{form.kind.lower()}", head, expected, operation="delete")
        if not expected:
            assert told == {"domain": "QBO", "status": "Deleted", "Id": form.id}
            form.state = "gone"

    @precondition(lambda self: self.forms)
    @rule(pick=picks, which=tokens)
    def void(self, pick: int, which: str) -> None:
        form = self.some(self.forms, pick)
        head, expected = self.token(form, which)
        expected = "500" if form.kind != "Invoice" else "610" if form.state == "gone" else expected
        told = self.send(f"/{form.kind.lower()}", head, expected, operation="void")
        if expected or form.state == "void":
            return
        assert (told["TotalAmt"], told["Balance"], told["PrivateNote"]) == (0, 0, "Voided")
        for paid in form.paid:
            self.paid[paid].applied.pop(form.id)
            self.paid[paid].token += 1
        form.total, form.paid, form.state, form.token = Decimal(0), {}, "void", form.token + 1

    # Payments

    @precondition(lambda self: self.forms)
    @rule(pick=picks, other=picks, stranger=st.sampled_from([False, False, False, True]), total=amounts, part=amounts)
    def pay(self, pick: int, other: int, stranger: bool, total: Any, part: Any) -> None:
        form = self.some(self.forms, pick)
        payer = self.some(self.people, other, "Customer") if stranger else self.people[form.customer]
        line = {"Amount": part, "LinkedTxn": [{"TxnId": form.id, "TxnType": form.kind}]}
        body = {"CustomerRef": ref(payer.id), "TotalAmt": total, "Line": [line]}
        made = self.send("/payment", body, self.refused(form, payer, Decimal(total), Decimal(part)))
        if made:
            paid = Paid(made["Id"], payer.id, Decimal(total), {form.id: Decimal(part)})
            self.paid[paid.id] = paid
            form.paid[paid.id] = Decimal(part)
            form.token += 1
            assert made["UnappliedAmt"] == self.unapplied(paid)

    @precondition(lambda self: self.open_invoices())
    @rule(pick=picks)
    def settle(self, pick: int) -> None:
        """The whole balance, as most payments are."""
        invoices = self.open_invoices()
        form = invoices[pick % len(invoices)]
        line = {"Amount": form.left, "LinkedTxn": [{"TxnId": form.id, "TxnType": "Invoice"}]}
        made = self.send("/payment", {"CustomerRef": ref(form.customer), "TotalAmt": form.left, "Line": [line]}, "")
        self.paid[made["Id"]] = Paid(made["Id"], form.customer, form.left, {form.id: form.left})
        form.paid[made["Id"]] = form.left
        form.token += 1

    def open_invoices(self) -> list[Form]:
        return [
            form
            for form in self.standing()
            if form.kind == "Invoice" and form.left > 0 and self.people[form.customer].active
        ]

    def refused(self, form: Form, payer: Person, total: Decimal, part: Decimal) -> str:
        if not payer.active or form.state == "gone":
            return "610"
        if form.customer != payer.id or part > form.left:
            return "6000"
        return "6000" if form.kind == "Invoice" and part > total else ""

    def unapplied(self, paid: Paid) -> Decimal:
        signs = {form: -1 if self.forms[form].kind == "Invoice" else 1 for form in paid.applied}
        return paid.total + sum((signs[form] * part for form, part in paid.applied.items()), Decimal(0))

    @precondition(lambda self: self.paid)
    @rule(pick=picks, void=st.booleans(), which=tokens)
    def undo(self, pick: int, void: bool, which: str) -> None:
        paid = self.some(self.paid, pick)
        head, expected = self.token(paid, which)
        params = {"operation": "update", "include": "void"} if void else {"operation": "delete"}
        expected = "610" if paid.state == "gone" else expected
        self.send("/payment", {**head, "sparse": True}, expected, **params)
        if expected or (void and paid.state == "void"):
            return
        for form in paid.applied:
            self.forms[form].paid.pop(paid.id)
            self.forms[form].token += 1
        paid.applied, paid.total = {}, Decimal(0)
        paid.state, paid.token = ("void" if void else "gone"), paid.token + 1

    # What must agree

    @invariant()
    def people_agree(self) -> None:
        for person in self.people.values():
            shown = SHOP.read(person.kind, person.id)
            assert (shown["DisplayName"], shown["SyncToken"]) == (person.shown, str(person.token))
            assert shown["Active"] is person.active
            if person.kind == "Customer":
                assert shown["Balance"] == self.owes(person.id)

    def owes(self, customer: str) -> Decimal:
        sign = {"Invoice": 1, "CreditMemo": -1}
        owed = sum((sign[f.kind] * f.total for f in self.standing() if f.customer == customer), Decimal(0))
        return owed - sum((one.total for one in self.paid.values() if one.customer == customer), Decimal(0))

    def standing(self) -> list[Form]:
        return [form for form in self.forms.values() if form.state != "gone"]

    @invariant()
    def forms_agree(self) -> None:
        for form in self.standing():
            shown = SHOP.read(form.kind, form.id)
            assert (shown["TotalAmt"], shown["Balance"], shown["SyncToken"]) == (form.total, form.left, str(form.token))
            assert {link["TxnId"] for link in shown["LinkedTxn"]} == set(form.paid)

    @invariant()
    def payments_agree(self) -> None:
        for paid in self.paid.values():
            if paid.state != "gone":
                shown = SHOP.read("Payment", paid.id)
                assert (shown["TotalAmt"], shown["SyncToken"]) == (paid.total, str(paid.token))
                assert shown["UnappliedAmt"] == self.unapplied(paid)

    @invariant()
    def counts_agree(self) -> None:
        for kind in ("Customer", "Vendor"):
            mine = [one for one in self.people.values() if one.kind == kind]
            live = sum(one.active for one in mine)
            assert SHOP.query(f"select count(*) from {kind}") == {"totalCount": live}
            everyone = f"select count(*) from {kind} where Active in (true, false)"
            assert SHOP.query(everyone) == {"totalCount": len(mine)}
        unpaid = sum(form.kind == "Invoice" and form.left > 0 for form in self.standing())
        assert SHOP.query("select count(*) from Invoice where Balance > '0'") == {"totalCount": unpaid}


TestModel = Books.TestCase
TestModel.settings = settings(
    max_examples=120, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)

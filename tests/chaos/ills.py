"""Records that a vendor does not answer for, or does not take, as long as an ill lasts; and what must be true then.

While it lasts the connection goes on, the neighbours end right, and the record is held under its own name, with the
vendor's words, or made without the field that was refused. When it is over, everything ends as if it had never been.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from ml_connector.actions.status import current_status
from ml_connector.engine.intake import receive
from ml_connector.model.refs import Change, Ref
from ml_connector.store.rows import HeldRow
from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.faults import Fault, RecordMatch

from .acts import QUICKBOOKS, SALESFORCE, find
from .books import Difference, State, compare, state_of

if TYPE_CHECKING:
    from .faults import Strike
    from .life import Life, Run

Json = dict[str, Any]
WORDS = "The vendor will not have this one"
READ = ("READ-REFUSED", "UNREADABLE")
REFUSED = ("REFUSED-BY-QUICKBOOKS", "REFUSED-BY-SALESFORCE")
FAILS = ("WRITE-FAILS",)
SHORT = timedelta(seconds=130)
LASTS = timedelta(hours=32)
"""How long a late ill lasts: longer than the day after which a write is given up, and its last waits."""
REQUESTS = 60
"""Most writing requests that an ill may cost beyond those of a good run."""


class Victim(msgspec.Struct, frozen=True):
    """A record that is read, what is written because of it, and an optional field of that.

    `concerns` is found in the names of all records that this is about.
    """

    source: tuple[str, str, str, str]
    system: str
    kind: str
    made: Callable[[Emulation], Json]
    concerns: str
    field: str = ""
    value: Any = None

    def ref(self, emulation: Emulation) -> Ref:
        system, kind, *_ = self.source
        return Ref(system, kind, str(find(emulation, *self.source)["Id"]))


def _is(**values: str) -> Callable[[Emulation], Json]:
    return lambda _: dict(values)


def _contact(email: str) -> Callable[[Emulation], Json]:
    return lambda emulation: {"ContactId": find(emulation, SALESFORCE, "Contact", "Email", email)["Id"]}


def _customer(name: str, street: str, concerns: str) -> Victim:
    source = (QUICKBOOKS, "Customer", "DisplayName", name)
    return Victim(source, SALESFORCE, "Account", _is(Name=name), concerns, "BillingStreet", street)


def _account(name: str, phone: str, concerns: str) -> Victim:
    source = (SALESFORCE, "Account", "Name", name)
    field = {"FreeFormNumber": phone}
    return Victim(source, QUICKBOOKS, "Customer", _is(DisplayName=name), concerns, "PrimaryPhone", field)


def _invoice(number: str, due: str, concerns: str) -> Victim:
    source = (QUICKBOOKS, "Invoice", "DocNumber", number)
    made = _is(QBO_Invoice_Number__c=number)
    return Victim(source, SALESFORCE, "Opportunity", made, concerns, "QBO_Due_Date__c", due)


def _person(customer: str, given: str, family: str, concerns: str) -> Victim:
    source = (QUICKBOOKS, "Customer", "DisplayName", customer)
    return Victim(source, SALESFORCE, "Contact", _is(LastName=family), concerns, "FirstName", given)


def _sent(number: str, email: str, concerns: str) -> Victim:
    source = (QUICKBOOKS, "Invoice", "DocNumber", number)
    return Victim(source, SALESFORCE, "OpportunityContactRole", _contact(email), concerns)


def _order(number: str, concerns: str) -> Victim:
    source = (SALESFORCE, "Order", "OrderNumber", number)
    return Victim(source, QUICKBOOKS, "JournalEntry", _is(DocNumber=f"SFO-{number}-01"), concerns)


ADA, HUGO = "ada.barlow@alder-analytics.example", "hugo.fenwick@falconry-foods.example"
VICTIMS: Mapping[str, Victim] = {
    "Birch": _customer("Birch Bakery", "12 Elm Street", "Birch"),
    "Alder's buyer": _person("Alder Analytics", "Nina", "Noble", "Alder|nina"),
    "invoice 2001": _invoice("2001", "2026-11-20", "2001|Account Alder"),
    "invoice 2003": _sent("2003", ADA, "2003|Account Alder"),
    "Elm": _account("Elm Energy", "(617) 555-0131", "Elm"),
    "Alder's order": _order("00000004", "00000004|Account Alder"),
    "Falconry moves": _account("Falconry Foods", "(617) 555-0160", "Falconry"),
    "hour on 1002": _invoice("1002", "2027-01-31", "1002|Account Falconry"),
    "Maple": _account("Maple Motors", "(617) 555-0131", "Maple|00000004"),
    "Pinnacle": _customer("Pinnacle Robotics", "12 Mill Street", "Pinnacle|mona|1003"),
    "Zephyr": _account("Zephyr Media", "(617) 555-0103", "Zephyr|rosa"),
    "invoice 1001": _invoice("1001", "2026-12-17", "1001|Account Alder"),
    "order 1": _order("00000001", "00000001|1004"),
}  # fmt: skip
"""By the act that brings them; the last ones are of the first sync."""
OF_THE_FIRST_SYNC = ("Pinnacle", "Zephyr", "invoice 1001", "order 1")


class Ill(msgspec.Struct, frozen=True):
    """How a vendor treats one record. `on` is where a request meets it; `codes` are the holds it may end in.

    `whole`: its batch is refused with it. `field`: it is refused only with an optional field.
    """

    story: str
    on: str
    status: int
    code: Mapping[str, str]
    codes: tuple[str, ...]
    whole: bool = False
    field: bool = False

    @property
    def patient(self) -> bool:
        """Whether it takes a day until the record is held: nobody knows what became of the write."""
        return self.codes == FAILS

    def befalls(self, victim: Victim) -> bool:
        """Whether there is such an ill for this record."""
        system = victim.source[0] if self.on in ("read", "list") else victim.system
        return system in self.code and (not self.field or bool(victim.field))


def _both(quickbooks: str, salesforce: str) -> Mapping[str, str]:
    return {QUICKBOOKS: quickbooks, SALESFORCE: salesforce}


ILLS: Mapping[str, Ill] = {
    "unlisted": Ill("lists with it are refused", "list", 400, _both("4002", "INVALID_QUERY_FILTER_OPERATOR"), READ),
    "unread": Ill("reading it by its id is refused", "read", 400, {SALESFORCE: "MALFORMED_ID"}, READ),
    "breaks lists": Ill("lists with it fail", "list", 500, _both("10000", "UNKNOWN_EXCEPTION"), READ),
    "no query": Ill("statements with it are refused", "list", 400, {QUICKBOOKS: "4000"}, READ),
    "refused": Ill("writing it is refused", "write", 400, _both("9341", "STRANGE_TROUBLE"), REFUSED),
    "refused batch": Ill(
        "its batch is refused", "write", 400, _both("9341", "STRANGE_TROUBLE"), REFUSED, whole=True
    ),
    "fails": Ill("writing it fails", "write", 500, {QUICKBOOKS: "10000"}, FAILS),
    "failing batch": Ill(
        "its batch fails", "write", 500, _both("10000", "UNKNOWN_EXCEPTION"), FAILS, whole=True
    ),
    "field": Ill(
        "a field of it is refused", "write", 400, _both("2010", "INVALID_FIELD_FOR_INSERT_UPDATE"), (), field=True
    ),
    "value": Ill(
        "a value of it is refused", "write", 400, _both("2030", "FIELD_INTEGRITY_EXCEPTION"), (), field=True
    ),
}  # fmt: skip


class Befallen(msgspec.Struct, frozen=True):
    """An ill of a record, which ends soon, or late: after more than a day. `arg` is the argument of its strike."""

    ill: str
    victim: str
    late: bool = False

    @classmethod
    def of(cls, arg: str) -> Befallen:
        ill, victim, end = arg.split(" / ")
        return cls(ill, victim, end == "late")

    @property
    def of_a_write(self) -> bool:
        return ILLS[self.ill].on == "write"

    @property
    def patient(self) -> bool:
        return ILLS[self.ill].patient

    @property
    def arg(self) -> str:
        return f"{self.ill} / {self.victim} / {'late' if self.late else 'soon'}"


def choices(situation: str, acts: Sequence[str]) -> list[Befallen]:
    """All that may befall the records of a situation."""
    victims = OF_THE_FIRST_SYNC if situation == "first sync" else [act for act in acts if act in VICTIMS]
    return [
        Befallen(name, victim, late)
        for victim in victims
        for name, ill in ILLS.items()
        if ill.befalls(VICTIMS[victim])
        for late in (False, True)
    ]


class Affliction:
    """An ill of one run: since when, whether it lasts, and how things stood when it was over."""

    def __init__(self, case: Befallen, run: Run) -> None:
        self.case = case
        self.ill, self.victim = ILLS[case.ill], VICTIMS[case.victim]
        self.begun = run.now()
        self.writes = run.writes
        self.lasts = True
        self.before: State = {}
        self.holds: Sequence[HeldRow] = ()
        self.undone: Sequence[str] = ()
        self.flagged = False
        emulation = run.testbed.home.emulation
        self.ref = self.victim.ref(emulation)
        _touch_another(emulation, self.ref)
        self.numbers = [emulation.faults.add(fault) for fault in self._faults(emulation)]

    def _faults(self, emulation: Emulation) -> list[Fault]:
        ill, victim = self.ill, self.victim
        if ill.on != "write":
            match = RecordMatch(self.ref.kind, id=self.ref.id, on=ill.on)  # type: ignore[arg-type]  # "read" or "list"
            return [self._fault(self.ref.system, match)]
        where = victim.made(emulation)
        if ill.field:
            where[victim.field] = victim.value
        return [self._fault(victim.system, RecordMatch(victim.kind, where=where, on="write"))]

    def _fault(self, system: str, match: RecordMatch) -> Fault:
        ill = self.ill
        element = self.victim.field if ill.field else ""
        return Fault(
            "status", vendor=system, status=ill.status, code=ill.code[system], message=WORDS, record=match,
            element=element, whole=ill.whole,
        )  # fmt: skip

    def over(self, run: Run, still: bool) -> bool:
        """Whether the ill has lasted long enough. `still`: nothing was written in this round.

        A write that a kill left open is settled first, unless it is what the ill is about.
        """
        if not still or (not self.ill.patient and run.testbed.home.store.open_writes(run.testbed.connection)):
            return False
        return not self.case.late or run.now() - self.begun >= LASTS

    def pause(self, now: datetime, due: datetime | None) -> timedelta:
        """Until the next round; a late ill is waited for in few and ever bigger steps."""
        if self.lasts and self.case.late:
            return max(SHORT, (now - self.begun) / 2)
        return SHORT if due is None else max(SHORT, due - now)

    def end(self, run: Run) -> None:
        """Keep how things stand; then the vendor is as it was, and people touch the record that it did not take."""
        home = run.testbed.home
        self.before = state_of(home.emulation)
        self.holds = home.store.holds(run.testbed.connection)
        self.undone = [item.level for item in current_status(home.app).undone()]
        self.flagged = any(ref == self.ref for _, ref, _ in home.store.flags(run.testbed.connection))
        self.writes = run.writes - self.writes
        for number in self.numbers:
            home.emulation.faults.remove(number)
        self.lasts = False
        run.tell("network", f"it is over: {self.ill.story}")
        if self.ill.on == "write":
            receive(home.app.connection, home.app.runtime, [Change(self.ref, "people", run.now())], "people")

    # --- what must be true

    def wrong(self, ends: Sequence[State], loose: str) -> list[str]:
        """What must not be, of how things stood at the end of the ill. `ends`: how they may stand without one."""
        difference = compare(self.before, ends, loose)
        good = not difference.lost and not difference.doubled
        return [
            *(f"doubled while {self.ill.story}: {each}" for each in difference.doubled),
            *self._neighbours(difference),
            *([] if good else self._hold()),
            *([f"{self.writes} requests that write"] if self.writes > REQUESTS else []),
        ]

    def _neighbours(self, difference: Difference) -> list[str]:
        if self.ill.patient and not self.case.late:
            return []  # they may wait in one batch with it, for minutes
        pattern = re.compile(self.victim.concerns)
        return [f"lost with its neighbour: {each}" for each in difference.lost if not pattern.search(each)]

    def _hold(self) -> list[str]:
        if self.ill.field:
            return [] if self.flagged else ["a field was left out, and no flag says so"]
        if not self.undone:
            return ["nothing is said to be undone, and something is"]
        if self.ill.patient and not self.case.late:
            return []
        mine = [hold for hold in self.holds if hold.ref == self.ref and hold.code in self.ill.codes]
        if not mine:
            return [f"it is not held, but {[(hold.code, str(hold.ref)) for hold in self.holds]}"]
        if not any(WORDS in str(hold.facts.get("message", "")) for hold in mine):
            return [f"held without the vendor's words: {dict(mine[0].facts)}"]
        return []

    @property
    def loose(self) -> str:
        """What may be missing in the end: a value that was refused is not tried again until it is another."""
        return rf".*({self.victim.concerns}).*: ({self.victim.field}|Name)\b" if self.ill.field else ""


def _touch_another(emulation: Emulation, ref: Ref) -> None:
    """Somebody saves another record of the kind as it is: a list that fails as a whole is no record's fault."""
    rows = emulation.vendors[ref.system].records(ref.kind)
    other = next(row for row in rows if row["Id"] != ref.id and not row.get("IsDeleted"))
    emulation.act(ref.system, "update", ref.kind, {"Id": other["Id"]})


async def befall(life: Life, strike: Strike) -> None:
    """From now on a vendor treats a record so."""
    run = life.run
    run.affliction = Affliction(Befallen.of(strike.arg), run)
    run.tell("network", f"from now on: {run.affliction.ill.story} ({run.affliction.ref})")

"""Reads in bulk: one call for a thousand records, and nothing guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ml_connector.engine.ports import System
from ml_connector.model.errors import BadAnswer, LimitReached, ReadRefused, SignInNeeded, Unreachable, WrongUse
from ml_connector.model.refs import Gone, Ref
from ml_connector.systems.http import Request, Response
from ml_connector.systems.quickbooks import records as r
from ml_connector.systems.quickbooks.calls import REFUSED_FOR

from .company import EmulatedCompany, accounts, canned, customer_update, journal, noted, ok


async def test_a_thousand_customers_are_one_metered_read() -> None:
    company = EmulatedCompany()
    ids = [company.act("create", "Customer", DisplayName=f"Customer {n}")["Id"] for n in range(1000)]
    found = await company.client.read("Customer", [*ids, *ids])

    assert company.reads() == 1
    assert list(found) == ids
    assert all(isinstance(record, r.Customer) for record in found.values())


async def test_what_is_not_there_is_gone_and_what_is_inactive_is_not() -> None:
    company = EmulatedCompany()
    kept = company.act("create", "Customer", DisplayName="Kept")["Id"]
    idle = company.act("create", "Customer", DisplayName="Idle")["Id"]
    company.act("deactivate", "Customer", Id=idle)
    found = await company.client.read("Customer", [kept, idle, "9999"])

    assert found["9999"] == Gone(Ref("quickbooks", "Customer", "9999"))
    assert [(found[key].active, found[key].plain_name) for key in (kept, idle)] == [(True, "Kept"), (False, "Idle")]  # type: ignore[union-attr]  # shown to be customers


async def test_a_deleted_entry_is_gone() -> None:
    company = EmulatedCompany()
    debit, credit = accounts(company)
    (done,) = await company.client.apply(noted(journal("SFO-1-01", debit=debit, credit=credit)))
    company.act("delete", "JournalEntry", Id=done.ref.id)  # type: ignore[union-attr]  # it is Done

    assert isinstance((await company.client.read("JournalEntry", [done.ref.id]))[done.ref.id], Gone)  # type: ignore[union-attr]  # it is Done


async def test_nothing_asked_is_no_call() -> None:
    company = EmulatedCompany()
    system: System = company.client  # the port that it serves

    assert await system.read("Invoice", []) == {}
    assert await company.client.find("Invoice", "DocNumber", []) == {}
    assert company.caller.calls == {}


async def test_an_answer_without_hits_may_leave_everything_out() -> None:
    for how in ("empty", "list", "omitted"):
        company = EmulatedCompany()
        company.emulator.switches.zero_rows = how
        assert isinstance((await company.client.read("Invoice", ["1"]))["1"], Gone)


async def test_names_are_found_whatever_their_case_and_marks() -> None:
    company = EmulatedCompany()
    for name in ("O'Brien & Söhne", "Back\\slash", "50% off"):
        company.act("create", "Customer", DisplayName=name)
    found = await company.client.find("Customer", "DisplayName", ["o'brien & söhne", "Back\\slash", "50% off", "none"])

    assert {value: [record.ref.id for record in hits] for value, hits in found.items()} == {
        "o'brien & söhne": ["1"],
        "Back\\slash": ["2"],
        "50% off": ["3"],
        "none": [],
    }
    assert company.reads() == 1


async def test_invoices_are_found_by_customer_and_by_number() -> None:
    company = EmulatedCompany()
    debit, income = accounts(company)
    customers = [company.act("create", "Customer", DisplayName=name)["Id"] for name in ("A", "B")]
    item = company.act("create", "Item", Name="Work", Type="Service", IncomeAccountRef={"value": income})["Id"]
    line = {
        "DetailType": "SalesItemLineDetail",
        "Amount": Decimal("10.10"),
        "SalesItemLineDetail": {"ItemRef": {"value": item}},
    }
    for customer in (customers[0], customers[0], customers[1]):
        company.act("create", "Invoice", CustomerRef={"value": customer}, Line=[line])
    by_customer = await company.client.find("Invoice", "CustomerRef", customers)
    number = by_customer[customers[1]][0].doc_number  # type: ignore[attr-defined]  # an invoice

    assert [len(by_customer[customer]) for customer in customers] == [2, 1]
    assert len((await company.client.find("Invoice", "DocNumber", [number]))[number]) == 1
    assert debit


@pytest.mark.parametrize("name", ["日本", "日本 Ltd"])
async def test_a_record_that_spoils_its_list_hides_no_other_that_is_looked_for(name: str) -> None:
    company = EmulatedCompany()
    for display in (name, "Bad Ltd", "Good Ltd"):
        company.act("create", "Customer", DisplayName=display)
    company.act("update", "Customer", Id="2", PrimaryEmailAddr={"Address": "a@b.example; c@d.example"})
    company.emulator.switches.malformed_email = "fails_lists"
    found = await company.client.find("Customer", "DisplayName", [name, "none 日本"])

    assert [record.ref.id for record in found[name]] == ["1"]
    assert found["none 日本"] == []


async def test_a_page_that_was_refused_is_not_asked_for_again_in_the_same_run() -> None:
    company = EmulatedCompany()
    company.act("create", "Customer", DisplayName="Bad", PrimaryEmailAddr={"Address": "a@b.example; c@d.example"})
    company.emulator.switches.malformed_email = "fails_lists"
    await company.client.find("Customer", "DisplayName", ["日本"])
    first = company.reads()
    await company.client.find("Customer", "DisplayName", ["語"])
    assert company.reads() == first + 1, "the one piece that was not refused"
    company.clock.virtual.advance(REFUSED_FOR)
    await company.client.find("Customer", "DisplayName", ["語"])
    assert company.reads() == first + 1 + first


@pytest.mark.parametrize(("kind", "field"), [("Invoice", "Colour"), ("Unicorn", "Id")])
async def test_kinds_and_fields_that_are_not_known_are_wrong_use(kind: str, field: str) -> None:
    company = EmulatedCompany()
    with pytest.raises(WrongUse):
        await company.client.find(kind, field, ["x"])


async def test_a_stale_list_is_not_trusted_after_a_refused_update() -> None:
    company = EmulatedCompany()
    key = company.act("create", "Customer", DisplayName="A")["Id"]
    company.act("update", "Customer", Id=key, Notes="by hand")
    company.emulator.switches.stale_list_sync_tokens = True
    first = (await company.client.read("Customer", [key]))[key]
    await company.client.apply(noted(customer_update(key, first.sync_token, Notes="x")))  # type: ignore[union-attr]  # a customer
    again = (await company.client.read("Customer", [key]))[key]

    assert (first.sync_token, again.sync_token) == ("0", "1")  # type: ignore[union-attr]  # both customers


# --- reference tables


async def test_tables_hold_inactive_entries_and_page_through_thousands() -> None:
    company = EmulatedCompany()
    for n in range(1001):
        company.act("create", "Class", Name=f"Class {n}")
    company.act("deactivate", "Class", Id="5")
    classes = await company.client.reference("classes")

    assert len(classes.value) == 1001
    assert not classes.value["5"].active
    assert company.reads() == 2


async def test_a_table_moves_with_its_meaning_and_not_with_balances() -> None:
    company = EmulatedCompany()
    debit, credit = accounts(company)
    before = (await company.client.reference("accounts")).version
    await company.client.apply(noted(journal("SFO-1-01", debit=debit, credit=credit)))
    posted = await company.client.reference("accounts")
    assert posted.value[debit].current_balance == Decimal("120.50")
    assert posted.version == before

    company.act("update", "Account", Id=debit, Name="Unbilled revenue")
    assert (await company.client.reference("accounts")).version != before


async def test_single_tables() -> None:
    company = EmulatedCompany()
    preferences = await company.client.reference("preferences")
    company.act("set_preferences", "Preferences", AccountingInfoPrefs={"BookCloseDate": "2026-10-31"})
    closed = await company.client.reference("preferences")

    assert (preferences.value.home_currency, preferences.value.book_close_date) == ("USD", None)
    assert str(closed.value.book_close_date) == "2026-10-31"
    assert closed.version != preferences.version
    assert (await company.client.reference("company")).value.country == "US"
    assert list((await company.client.reference("matching")).value) == []
    with pytest.raises(WrongUse):
        await company.client.reference("unicorns")


async def test_a_rate_is_home_units_for_one_foreign_unit_or_nothing() -> None:
    def answer(request: Request) -> Response:
        if "sourcecurrencycode=EUR&asofdate=2026-11-20" in request.url:
            return Response(
                200, {}, b'{"ExchangeRate":{"SourceCurrencyCode":"EUR","Rate":1.084952},"time":"2026-11-22T09:00:00Z"}'
            )
        return ok(
            {"Fault": {"type": "ValidationFault", "Error": [{"code": "610", "Message": "Object Not Found"}]}}, 400
        )

    client, _, _ = canned(answer)

    assert (await client.reference("rate:EUR:2026-11-20")).value == Decimal("1.084952")
    assert (await client.reference("rate:XXX:2026-11-20")).value is None


# --- trouble


def fault(code: str) -> dict[str, object]:
    return {"Fault": {"type": "x", "Error": [{"Message": "m", "Detail": "d", "code": code}]}}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (ok(fault("3001"), 403), LimitReached),
        (ok({"fault": {"error": [{"message": "m", "code": "003001"}]}}, 200), LimitReached),
        (ok(fault("3100"), 403), SignInNeeded),
        (Response(403, {}, b"<html>"), SignInNeeded),
        (ok(fault("120"), 401), SignInNeeded),
        (ok(fault("6190"), 400), SignInNeeded),
        (ok(fault("10000"), 200), Unreachable),
        (ok(fault("4001"), 400), ReadRefused),
        (Response(404, {}, b""), ReadRefused),
        (Response(502, {}, b"<html>"), Unreachable),
        (Response(200, {}, b"<html>"), BadAnswer),
        (Response(200, {}, b""), BadAnswer),
        (ok({}), BadAnswer),
        (ok([]), BadAnswer),
        (ok({"QueryResponse": []}), BadAnswer),
        (ok({"QueryResponse": {"Customer": {}}}), BadAnswer),
        (ok({"QueryResponse": {"Customer": [{"DisplayName": "no id"}]}}), BadAnswer),
    ],
)
async def test_trouble_is_named_by_what_to_do_next(answer: Response, error: type[Exception]) -> None:
    client, _, _ = canned(lambda _: answer)
    with pytest.raises(error):
        await client.read("Customer", ["1"])


async def test_a_throttled_read_waits_and_goes_on() -> None:
    company = EmulatedCompany()
    company.fault("status", status=429, path="/query", count=2)
    assert isinstance((await company.client.read("Customer", ["1"]))["1"], Gone)

    assert [wait.total_seconds() for wait in company.clock.slept] == [60, 60]

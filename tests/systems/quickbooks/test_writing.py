"""Writes: what may go out, and what is known of it afterwards."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from ml_connector.model.errors import SignInNeeded, WrongUse
from ml_connector.model.plans import Done, Later, Refused, Unsure, Write
from ml_connector.model.refs import Ref
from ml_connector.systems import wire
from ml_connector.systems.http import NoAnswer, NotSent, Request, Response
from ml_connector.systems.quickbooks import records as r
from ml_connector.systems.quickbooks.client import QuickBooks

from .company import (
    EmulatedCompany,
    canned,
    customer_update,
    fault,
    journal,
    journal_body,
    new_customer,
    noted,
    ok,
    some_journals,
)

MINUTE = timedelta(minutes=1)


# --- what may be written at all


@pytest.mark.parametrize("action", ["update", "upsert"])
def test_a_journal_entry_is_never_changed(action: str) -> None:
    client, network, _ = canned(lambda _: ok({}))
    write = msgspec.structs.replace(journal("SFO-1-01"), action=action, target_id="7", sync_token="0")
    with pytest.raises(WrongUse, match="never changed"):
        client.encode(write)
    assert network.sent == []


@pytest.mark.parametrize("extra", [{"Id": "7"}, {"Id": "7", "SyncToken": "0"}, {"sparse": True}])
async def test_not_even_a_noted_body_can_change_a_journal_entry(extra: dict[str, Any]) -> None:
    client, network, _ = canned(lambda _: ok({}))
    (good,) = noted(journal("SFO-1-01"))
    changed = msgspec.structs.replace(good, body=wire.encode({**journal_body("SFO-1-01"), **extra}))
    with pytest.raises(r.UnsoundEntry):
        await client.apply([changed])
    updated = msgspec.structs.replace(good, write=msgspec.structs.replace(good.write, action="update", target_id="7"))
    with pytest.raises(WrongUse):
        await client.apply([updated])
    assert network.sent == []


def test_the_client_has_no_word_for_void_or_delete() -> None:
    assert not [name for name in dir(QuickBooks) if any(word in name for word in ("void", "delete", "update"))]


async def test_an_unbalanced_entry_does_not_leave() -> None:
    client, network, _ = canned(lambda _: ok({}))
    body = journal_body("SFO-1-01")
    body["Line"][0]["Amount"] = Decimal("120.51")
    write = msgspec.structs.replace(journal("SFO-1-01"), body=body)
    with pytest.raises(r.UnsoundEntry, match="does not balance"):
        client.encode(write)
    with pytest.raises(r.UnsoundEntry):
        await client.apply(
            [msgspec.structs.replace(each, body=wire.encode(body)) for each in noted(journal("SFO-1-01"))]
        )
    assert network.sent == []


@pytest.mark.parametrize(
    "write",
    [
        msgspec.structs.replace(new_customer("A"), kind="Invoice"),
        new_customer("A", Balance=Decimal(5)),
        new_customer("A", Id="7"),
        new_customer("A", Notes="a\0b"),
        new_customer("A", Discount=1.5),
        customer_update("", "0", Notes="x"),
        customer_update("7", "", Notes="x"),
    ],
)
def test_what_must_not_be_written_has_no_body(write: Write) -> None:
    client, _, _ = canned(lambda _: ok({}))
    with pytest.raises(WrongUse):
        client.encode(write)


def test_bodies_are_the_same_always() -> None:
    client, _, _ = canned(lambda _: ok({}))

    assert client.encode(new_customer("Ä", Notes="x")) == '{"DisplayName":"Ä","Notes":"x"}'.encode()
    assert (
        client.encode(customer_update("12", "3", Notes="x")) == b'{"Id":"12","Notes":"x","SyncToken":"3","sparse":true}'
    )


# --- one at a time


async def test_a_created_entry_is_the_record_from_the_answer() -> None:
    company = EmulatedCompany()
    (done,) = await company.client.apply(noted(*some_journals(1, company)))

    assert isinstance(done, Done)
    assert (done.ref, done.created, done.record.debits) == (
        Ref("quickbooks", "JournalEntry", "1"),
        True,
        Decimal("120.50"),
    )
    assert done.version == done.record.version
    assert [row["DocNumber"] for row in company.entries()] == ["SFO-00000001-01"]


async def test_a_write_carries_its_key_and_its_exact_bytes() -> None:
    client, network, _ = canned(lambda _: ok({}, 500))
    (write,) = noted(journal("SFO-1-01"))
    await client.apply([write])
    (request,) = network.sent

    assert request.method == "POST"
    assert request.url.endswith(
        f"/v3/company/4620816365000000001/journalentry?requestid={write.request_id}&minorversion=75"
    )
    assert request.body == write.body


async def test_an_update_of_a_customer_is_sparse_and_guarded() -> None:
    company = EmulatedCompany()
    key = company.act("create", "Customer", DisplayName="A", Notes="old", CompanyName="Kept")["Id"]
    (done,) = await company.client.apply(noted(customer_update(key, "0", Notes="new")))
    stale = customer_update(key, "0", Notes="newer")

    assert isinstance(done, Done)
    assert (done.record.notes, done.record.company_name, done.created) == ("new", "Kept", False)
    assert await company.client.apply(noted(msgspec.structs.replace(stale, key="other"))) == [
        Later("someone else changed it meanwhile", stale=True)
    ]


async def test_refusals_carry_code_text_and_field() -> None:
    company = EmulatedCompany()
    company.act("create", "Vendor", DisplayName="Acme")
    (taken,) = await company.client.apply(noted(new_customer("acme")))
    (nameless,) = await company.client.apply(noted(new_customer("x" * 501)))

    assert isinstance(taken, Refused)
    assert taken.code == "6240"
    assert isinstance(nameless, Refused)
    assert nameless.code == "2050"


async def test_closed_books_are_a_refusal() -> None:
    company = EmulatedCompany()
    writes = some_journals(1, company)
    company.act("set_preferences", "Preferences", AccountingInfoPrefs={"BookCloseDate": "2026-11-21"})
    (refused,) = await company.client.apply(noted(*writes))

    assert isinstance(refused, Refused)
    assert refused.code == "6210"


UPDATE = customer_update("7", "0", Notes="x")
CUSTOMER = {"Customer": {"Id": "7", "SyncToken": "1", "DisplayName": "A"}}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Response(429, {"retry-after": "7"}), Later("too many calls", after=timedelta(seconds=7))),
        (Response(429), Later("too many calls", after=MINUTE)),
        (ok(fault("003001")), Later("too many calls", after=MINUTE)),
        (ok(fault("3001"), 403), Later("too many calls", after=MINUTE)),
        (ok(fault("5010", element=""), 400), Later("someone else changed it meanwhile", stale=True)),
        (
            ok(fault("6000", "Please wait a few minutes and try again."), 400),
            Later("QuickBooks asks to wait", after=5 * MINUTE),
        ),
        (
            ok(fault("6000", "Business Validation Error: no."), 400),
            Refused("6000", "m: Business Validation Error: no."),
        ),
        (ok(fault("2020", element="AccountRef"), 400), Refused("2020", "m: d", ("AccountRef",))),
        (ok(fault("6240")), Refused("6240", "m: d")),
        (Response(404, {}, b"<html>"), Refused("404", "QuickBooks refused it without saying why")),
        (ok(fault("10000"), 500), Unsure("QuickBooks answered with status 500, code 10000: m: d")),
        (ok(fault("10000"), 200), Unsure("QuickBooks reports a failure of its own")),
        (Response(503, {}, b"<html>"), Unsure("QuickBooks answered with status 503")),
        (Response(200, {}, b""), Unsure("QuickBooks gave no readable answer")),
        (Response(200, {}, b"<html>"), Unsure("QuickBooks gave no readable answer")),
        (Response(200, {}, b'{"Customer":{"Id":"7"'), Unsure("QuickBooks gave no readable answer")),
        (ok({"time": "x"}), Unsure("QuickBooks answered without the record")),
        (ok({"Customer": []}), Unsure("QuickBooks answered without the record")),
        (ok({"Customer": {"SyncToken": "1"}}), Unsure("QuickBooks answered something that cannot be read")),
        (ok({"Customer": {"Id": ""}}), Unsure("QuickBooks answered another record")),
        (ok({"Customer": {"Id": "8"}}), Unsure("QuickBooks answered another record")),
        (ok({**CUSTOMER, **fault("6240")}), Refused("6240", "m: d")),
    ],
)
async def test_what_an_answer_to_an_update_means(answer: Response, outcome: Any) -> None:
    client, network, _ = canned(lambda _: answer)

    assert await client.apply(noted(UPDATE)) == [outcome]
    assert len(network.sent) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotSent("", ""), Later("QuickBooks cannot be reached")),
        (NoAnswer("", ""), Unsure("QuickBooks gave no answer")),
    ],
)
async def test_what_a_network_error_means(error: Exception, outcome: Any) -> None:
    def broken(_: Request) -> Response:
        raise error

    client, network, _ = canned(broken)

    assert await client.apply(noted(UPDATE)) == [outcome]
    assert await client.apply(noted(journal("A"), journal("B"))) == [outcome, outcome]
    assert len(network.sent) == 2


async def test_a_throttled_create_is_looked_up_before_it_is_repeated() -> None:
    company = EmulatedCompany()
    writes = noted(*some_journals(2, company))
    company.fault("status", status=429, path="/batch", done=True)

    assert {type(outcome) for outcome in await company.client.apply(writes)} == {Unsure}
    assert {type(answer) for answer in await company.client.look_up(writes)} == {Done}


async def test_a_refused_sign_in_is_renewed_once_and_then_left_for_later() -> None:
    company = EmulatedCompany()
    writes = noted(*some_journals(1, company))
    company.fault("status", status=401, path="/journalentry")
    assert isinstance((await company.client.apply(writes))[0], Done)

    company.fault("status", status=401, path="/journalentry", count=None)
    assert await company.client.apply(noted(journal("SFO-9-01", debit="1", credit="2"))) == [
        Later("QuickBooks does not accept the sign-in")
    ]
    assert len(company.entries()) == 1


async def test_a_dead_sign_in_stops_a_write_before_it_is_sent() -> None:
    company = EmulatedCompany()
    writes = noted(*some_journals(1, company))
    company.drawer.tokens = msgspec.structs.replace(company.drawer.tokens, refresh_token="dead")  # type: ignore[type-var]  # it is there
    with pytest.raises(SignInNeeded):
        await company.client.apply(writes)

    assert company.writes() == 0


async def test_an_answer_that_belongs_to_another_entry_is_not_believed() -> None:
    other = {"Id": "9", "SyncToken": "0", **journal_body("SFO-OTHER"), "TotalAmt": 0}
    client, _, _ = canned(lambda _: Response(200, {}, wire.encode({"JournalEntry": other})))

    assert await client.apply(noted(journal("SFO-1-01"))) == [Unsure("QuickBooks answered another record")]


# --- the record as it stands after a write


def test_the_answer_is_the_record_that_stands() -> None:
    client, _, _ = canned(lambda _: ok({}))
    record = wire.convert({"Id": "7", "DisplayName": "A"}, r.Customer, "a customer")

    assert client.after(None, new_customer("A"), Done(record.ref, "v", True, record)) is record


def test_a_planned_record_is_what_was_read_with_the_body_laid_over_it() -> None:
    client, _, _ = canned(lambda _: ok({}))
    body = {"Id": "7", "DisplayName": "A", "Notes": "old", "Balance": Decimal("5.10"), "Active": True}
    before = wire.convert(body, r.Customer, "a customer")
    after = client.after(before, customer_update("7", "0", Notes="new"), Done(before.ref))
    made = client.after(None, journal("SFO-1-01"), Done(Ref("quickbooks", "JournalEntry", "new 1")))

    assert isinstance(after, r.Customer)
    assert (after.notes, after.display_name, after.balance) == ("new", "A", Decimal("5.10"))
    assert isinstance(made, r.JournalEntry)
    assert (made.id, made.debits, made.note["k"]) == ("new 1", Decimal("120.50"), "O")


async def test_an_entry_that_waited_too_long_for_its_sign_in_is_not_sent() -> None:
    """Meanwhile another run may own the connection, and may have sent it."""
    company = EmulatedCompany()
    writes = noted(*some_journals(2, company))
    company.fault("status", status=429, path="tokens/bearer")
    soon = company.clock.now() + timedelta(seconds=30)
    outcomes = await company.client.apply(writes, lambda: soon)
    assert [type(each) for each in outcomes] == [Later, Later]
    assert company.entries() == []
    later = company.clock.now() + MINUTE
    assert {type(each) for each in await company.client.apply(writes, lambda: later)} == {Done}

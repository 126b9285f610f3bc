"""Answers that were changed on their way: a typed outcome, never a bare exception, never a wrong amount."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import ConnectorError
from ml_connector.model.plans import Done, Later, OpenWrite, Refused, Unsure
from ml_connector.model.refs import Gone
from ml_connector.systems import wire
from ml_connector.systems.http import Response
from ml_connector.systems.quickbooks import records as r

from .company import EmulatedCompany, accounts, canned, journal, noted

WHAT = b'"\\:,{}[]0123456789eE+-.tfn\x00\xff \\u0000'
SPOILT = ["1e400", "NaN", "Infinity", '"1_0"', '"10.10"', "1234567890123456", "null", "true", "[]", "{}", "0x1"]


@cache
def invoice_answer() -> bytes:
    """What the emulator answers when one invoice is read."""
    company = EmulatedCompany()
    _, income = accounts(company)
    customer = company.act("create", "Customer", DisplayName="A")["Id"]
    item = company.act("create", "Item", Name="Work", Type="Service", IncomeAccountRef={"value": income})["Id"]
    lines = [
        {
            "DetailType": "SalesItemLineDetail",
            "Amount": Decimal(amount),
            "SalesItemLineDetail": {"ItemRef": {"value": item}},
        }
        for amount in ("10.10", "20.20")
    ]
    company.act("create", "Invoice", CustomerRef={"value": customer}, Line=lines)
    rows = company.emulator.records("Invoice")
    return wire.encode({"QueryResponse": {"Invoice": rows, "startPosition": 1, "maxResults": 1}, "time": "x"})


async def read(body: bytes) -> r.Invoice | Gone | None:
    """The invoice that the client makes of an answer; None for an error with a remedy."""
    client, _, _ = canned(lambda _: Response(200, {}, body))
    with suppress(ConnectorError):
        return (await client.read("Invoice", ["1"]))["1"]  # type: ignore[return-value]  # an invoice
    return None


def mutated(data: st.DataObject, body: bytes) -> bytes:
    """`body` with a few bytes dropped, doubled or replaced."""
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, max(0, len(body) - 1)))
        end = min(len(body), start + data.draw(st.integers(0, 12)))
        body = (
            body[:start]
            + data.draw(st.sampled_from([b"", body[start:end] * 2, bytes([data.draw(st.sampled_from(WHAT))])]))
            + body[end:]
        )
    return body


@given(st.data())
async def test_a_mutated_page_is_read_or_named(data: st.DataObject) -> None:
    await read(mutated(data, invoice_answer()))


async def test_the_answer_itself_is_read() -> None:
    found = await read(invoice_answer())

    assert isinstance(found, r.Invoice)
    assert (found.total_amt, found.balance, len(found.line)) == (Decimal("30.30"), Decimal("30.30"), 3)


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.parametrize("field", ["TotalAmt", "Balance", "Amount"])
async def test_a_spoilt_amount_is_never_read_as_another(field: str, spoilt: str) -> None:
    body = re.sub(rb'("%s":)[\d.]+' % field.encode(), rb"\g<1>" + spoilt.encode(), invoice_answer(), count=1)
    assert body != invoice_answer()
    found = await read(body)

    if (field, spoilt) == ("Amount", "null"):
        assert isinstance(found, r.Invoice)
        assert [line.amount for line in found.line] == [None, Decimal("20.20"), Decimal("30.30")]
    else:
        assert found is None


@pytest.mark.parametrize(
    "shape", ["nan", "infinity", "huge_number", "duplicate_keys", "bad_utf8", "nul", "xml", "truncated", "empty"]
)
async def test_every_malformed_answer_of_the_emulator_is_named(shape: str) -> None:
    company = EmulatedCompany()
    key = company.act("create", "Customer", DisplayName="A")["Id"]
    await company.client.reference("preferences")
    company.fault("malformed", shape=shape, path="/query")
    with pytest.raises(ConnectorError) as caught:
        await company.client.read("Customer", [key])
    assert caught.value.remedy


@pytest.mark.parametrize("shape", ["nan", "duplicate_keys", "bad_utf8", "nul", "xml", "truncated", "empty"])
async def test_a_malformed_answer_to_a_write_leaves_it_open(shape: str) -> None:
    company = EmulatedCompany()
    debit, credit = accounts(company)
    writes = noted(*(journal(f"J{n}", debit=debit, credit=credit) for n in range(3)))
    company.fault("malformed", shape=shape, path="/batch")

    assert {type(outcome) for outcome in await company.client.apply(writes)} == {Unsure}
    assert {type(answer) for answer in await company.client.look_up(writes)} == {Done}


@cache
def batch_answer() -> tuple[list[OpenWrite], bytes]:
    """A batch of two entries, and what the emulator answers to it."""
    company = EmulatedCompany()
    debit, credit = accounts(company)
    writes = noted(*(journal(f"J{n}", debit=debit, credit=credit) for n in range(2)))
    items = [
        {"JournalEntry": {**wire.loads(write.body, "x"), "Id": str(n), "SyncToken": "0"}, "bId": write.request_id[:10]}
        for n, write in enumerate(writes)
    ]
    return writes, wire.encode({"BatchItemResponse": items, "time": "x"})


@given(st.data(), st.sampled_from([200, 200, 200, 400, 429, 500]))
async def test_a_mutated_answer_to_a_batch_never_makes_a_wrong_done(data: st.DataObject, status: int) -> None:
    writes, body = batch_answer()
    client, _, _ = canned(lambda _: Response(status, {}, mutated(data, body)))
    outcomes = await client.apply(writes)

    assert [type(outcome) in (Done, Later, Refused, Unsure) for outcome in outcomes] == [True, True]
    for write, outcome in zip(writes, outcomes, strict=True):
        if isinstance(outcome, Done):
            assert status == 200
            assert outcome.record.doc_number == wire.loads(write.body, "x")["DocNumber"]
            assert outcome.record.debits == outcome.record.credits == Decimal("120.50")

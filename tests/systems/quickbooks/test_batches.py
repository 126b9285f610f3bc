"""Batches: thirty writes in one call, each judged by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ml_connector.model.plans import Done, Later, Refused, Unsure
from ml_connector.systems import wire
from ml_connector.systems.http import Response

from .company import EmulatedCompany, canned, fault, journal, noted, ok, some_journals

MINUTE = timedelta(minutes=1)


async def test_thirty_entries_are_one_call() -> None:
    company = EmulatedCompany()
    outcomes = await company.client.apply(noted(*some_journals(30, company)))

    assert all(isinstance(outcome, Done) and outcome.created for outcome in outcomes)
    assert [outcome.record.doc_number for outcome in outcomes] == [f"SFO-{n:08d}-01" for n in range(1, 31)]  # type: ignore[union-attr]  # all Done
    assert company.caller.calls == {"token": 1, "batch": 1}


def test_the_keys_of_a_batch_are_those_of_the_rule() -> None:
    texts = [f"v1|JE|4620816365000001|00DHp0000001AbCMAU|801Hp00001AbCdEIAV|{part}" for part in ("O|01", "C|01")]
    writes = noted(*(msgspec.structs.replace(journal(str(n)), key=text) for n, text in enumerate(texts)))

    assert writes[0].request_id == "fd70d2d8cbaebfdc7e65c6c896e93b9e"
    assert writes[0].batch_id == "5166fd18511d066b413c61b0add60a01"


async def test_a_batch_names_its_items_by_the_first_ten_characters() -> None:
    client, network, _ = canned(lambda _: ok({}, 500))
    writes = noted(journal("A"), journal("B"))
    await client.apply(writes[::-1])
    (request,) = network.sent
    items = wire.loads(request.body, "x")["BatchItemRequest"]

    assert f"/batch?requestid={writes[0].batch_id}&" in request.url
    assert [item["bId"] for item in items] == [write.request_id[:10] for write in writes]
    assert all(item["operation"] == "create" for item in items)
    assert all(write.body in request.body for write in writes)


async def test_one_bad_item_does_not_touch_its_neighbours() -> None:
    company = EmulatedCompany()
    company.emulator.switches.batch_reply_order = "shuffled"
    good = some_journals(2, company)
    bad = journal("SFO-BAD", debit="999", credit="1")
    outcomes = await company.client.apply(noted(good[0], bad, good[1]))

    assert [type(outcome) for outcome in outcomes] == [Done, Refused, Done]
    assert [outcome.record.doc_number for outcome in outcomes if isinstance(outcome, Done)] == [
        "SFO-00000001-01",
        "SFO-00000002-01",
    ]


async def test_the_same_batch_again_replays_and_doubles_nothing() -> None:
    company = EmulatedCompany()
    writes = noted(*some_journals(3, company))
    first = await company.client.apply(writes)
    again = await company.client.apply(writes)

    assert [outcome.ref for outcome in first] == [outcome.ref for outcome in again]  # type: ignore[union-attr]  # all Done
    assert len(company.entries()) == 3


def item(write: Any, **answer: Any) -> dict[str, Any]:
    return {**answer, "bId": write.request_id[:10]}


def as_answered(write: Any, key: str) -> dict[str, Any]:
    return {**wire.loads(write.body, "x"), "Id": key, "SyncToken": "0"}


async def test_each_item_of_a_batch_is_judged_by_itself() -> None:
    writes = noted(*(journal(name) for name in "ABCDEF"))
    a, b, c, d, e, _ = writes
    items = [
        item(e, JournalEntry={"Id": "5"}),
        item(b, **fault("3001")),
        item(c, **fault("10000")),
        item(a, JournalEntry=as_answered(a, "1")),
        item(d),
        "nonsense",
        {"bId": 7},
    ]
    client, _, _ = canned(lambda _: Response(200, {}, wire.encode({"BatchItemResponse": items})))
    outcomes = await client.apply(writes)

    assert [type(outcome) for outcome in outcomes] == [Done, Later, Unsure, Unsure, Unsure, Unsure]
    assert outcomes[1] == Later("too many calls", after=MINUTE)


async def test_an_item_answered_twice_is_not_believed() -> None:
    writes = noted(journal("A"), journal("B"))
    items = [item(each, JournalEntry=as_answered(each, "1")) for each in (writes[0], writes[0], writes[1])]
    client, _, _ = canned(lambda _: Response(200, {}, wire.encode({"BatchItemResponse": items})))

    assert [type(outcome) for outcome in await client.apply(writes)] == [Unsure, Done]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (ok({"BatchItemResponse": []}), Unsure),
        (ok({}), Unsure),
        (Response(200, {}, b""), Unsure),
        (Response(503), Unsure),
        (Response(429), Unsure),
        (ok(fault("10000")), Unsure),
        (ok(fault("3001")), Later),
        (ok(fault("3200"), 401), Later),
    ],
)
async def test_what_an_answer_to_a_whole_batch_means(answer: Response, kind: type) -> None:
    client, _, _ = canned(lambda _: answer)

    assert {type(outcome) for outcome in await client.apply(noted(journal("A"), journal("B")))} == {kind}


async def test_when_the_batch_itself_is_refused_its_items_go_out_alone() -> None:
    company = EmulatedCompany()
    writes = noted(*some_journals(3, company))
    company.fault("status", status=413, path="/batch")
    outcomes = await company.client.apply(writes)

    assert {type(outcome) for outcome in outcomes} == {Done}
    assert company.caller.calls == {"token": 1, "batch": 1, "write": 3}

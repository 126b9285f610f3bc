"""Sending noted writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import LimitReached, SignInNeeded
from ml_connector.model.plans import Differs, Done, Later, Missing, Refused, Unsure, Write
from ml_connector.model.refs import Gone, Ref
from ml_connector.systems.http import NoAnswer, NotSent, Request, Response
from ml_connector.systems.salesforce.records import SObject

from .org import DATA, HOST, Org, answer, client, fault, noted, page, query_of, rows_for, token_answer, upsert

ACCOUNT = "001000000000001AAA"


def account(number: int) -> str:
    return f"001{number:012d}AAA"


def saved(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a healthy org answers to a collection of upserts."""
    return [
        {"id": account(int(record["QBO_Id__c"].partition(":")[2])), "success": True, "errors": [], "created": True}
        for record in records
    ]


Collection = Callable[[list[dict[str, Any]]], Response | Exception | None]


def collections(each: Collection) -> Callable[[Request, Any], Response | Exception | None]:
    """An org that answers collections alone and inside composite calls with `each`."""

    def reply(request: Request, body: Any) -> Response | Exception | None:
        if not request.url.endswith("/composite"):
            return each(body["records"])
        parts = []
        for part in body["compositeRequest"]:
            inner = each(part["body"]["records"])
            if not isinstance(inner, Response):
                return inner
            decoded = msgspec.json.decode(inner.body) if inner.body else None
            parts.append({"body": decoded, "httpStatusCode": inner.status, "referenceId": part["referenceId"]})
        return answer({"compositeResponse": parts[::-1]})

    return reply


def healthy(records: list[dict[str, Any]]) -> Response:
    return answer(saved(records))


async def test_two_hundred_upserts_are_one_collection() -> None:
    org = Org(collections(healthy))
    salesforce = client(org)
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(200))))
    (call,) = org.calls()
    assert (call.method, call.url) == ("PATCH", f"{HOST}{DATA}/composite/sobjects/Account/QBO_Id__c")
    assert outcomes == [Done(Ref("salesforce", "Account", account(n)), created=True) for n in range(200)]


async def test_a_thousand_upserts_are_one_call_and_outcomes_stay_in_order() -> None:
    org = Org(collections(healthy))
    salesforce = client(org)
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(1000))))
    (call,) = org.calls()
    parts = msgspec.json.decode(call.body)["compositeRequest"]
    assert [(p["method"], p["url"], len(p["body"]["records"])) for p in parts] == [
        ("PATCH", f"{DATA}/composite/sobjects/Account/QBO_Id__c", 200)
    ] * 5
    assert [o.ref.id for o in outcomes if isinstance(o, Done)] == [account(n) for n in range(1000)]


async def test_the_noted_bytes_are_sent_as_they_are() -> None:
    org = Org(collections(healthy))
    salesforce = client(org)
    (first, second) = noted(salesforce, upsert(1), upsert(2))
    odd = msgspec.structs.replace(
        first, body=b'{"attributes": {"type":"Account"},  "Name":"\\u0041", "QBO_Id__c":"1:1"}'
    )
    await salesforce.apply([odd, second])
    assert org.calls()[0].body == b'{"allOrNone":false,"records":[' + odd.body + b"," + second.body + b"]}"


def write(action: str, kind: str = "Account", **more: Any) -> Write:
    return Write(step="s", system="salesforce", kind=kind, action=action, key="k", **more)  # type: ignore[arg-type]  # a test's word


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (
            upsert(7, Name="Müller", QBO_Balance__c=Decimal("1200.50"), Phone=None),
            '{"Name":"Müller","Phone":null,"QBO_Balance__c":1200.50,"QBO_Id__c":"1:7","attributes":{"type":"Account"}}',
        ),
        (
            write("update", target_id=ACCOUNT, body={"Name": "A"}),
            '{"Name":"A","attributes":{"type":"Account"},"id":"001000000000001AAA"}',
        ),
        (
            write("create", "OpportunityContactRole", body={"OpportunityId": "006", "ContactId": "003"}),
            '{"ContactId":"003","OpportunityId":"006","attributes":{"type":"OpportunityContactRole"}}',
        ),
    ],
)
def test_the_body_of_a_write_is_the_record_as_it_stands_in_a_collection(made: Write, text: str) -> None:
    salesforce = client(Org())
    assert salesforce.encode(made) == text.encode()
    backwards = msgspec.structs.replace(made, body=dict(reversed(made.body.items())))
    assert salesforce.encode(backwards) == text.encode()


@pytest.mark.parametrize(("action", "method"), [("create", "POST"), ("update", "PATCH")])
async def test_creates_and_updates_go_to_the_plain_collection(action: str, method: str) -> None:
    org = Org(lambda request, body: answer([{"id": ACCOUNT, "success": True, "errors": []}]))
    salesforce = client(org)
    made = write(action, body={"Name": "A"}, target_id=ACCOUNT if action == "update" else "")
    assert await salesforce.apply(noted(salesforce, made)) == [
        Done(Ref("salesforce", "Account", ACCOUNT), created=action == "create")
    ]
    assert (org.calls()[0].method, org.calls()[0].url) == (method, f"{HOST}{DATA}/composite/sobjects")


async def test_text_that_looks_like_a_reference_never_goes_inside_a_composite_call() -> None:
    org = Org(collections(healthy))
    salesforce = client(org)
    tricky = upsert(500, Name="@{c0.id}")
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(500)), tricky))
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert all(b"@{" not in call.body for call in org.calls() if call.url.endswith("/composite"))
    assert any(b"@{" in call.body for call in org.calls())


async def test_the_same_record_twice_goes_into_two_collections() -> None:
    org = Org(collections(healthy))
    salesforce = client(org)
    outcomes = await salesforce.apply(noted(salesforce, upsert(1, Name="old"), upsert(2), upsert(1, Name="new")))
    parts = org.bodies()[0]["compositeRequest"]
    assert [[r["Name"] for r in p["body"]["records"]] for p in parts] == [["old", "Customer 2"], ["new"]]
    assert [o.ref.id[14] for o in outcomes if isinstance(o, Done)] == ["1", "2", "1"]


@pytest.mark.parametrize("count", [3, 900])
@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (NotSent("No connection.", "Later."), Later),
        (NoAnswer("Time ran out.", "Later."), Unsure),
        (Response(500, {}, b"<html>"), Unsure),
        (Response(503, {}, b'[{"errorCode":"SERVER_UNAVAILABLE"}]'), Unsure),
        (Response(200, {}, b"<html>"), Unsure),
        (Response(200, {}, b"[]"), Unsure),
        (Response(200, {}, b'[{"success":'), Unsure),
        (Response(200, {}, b'{"compositeResponse":[]}'), Unsure),
        (fault(503, "REQUEST_LIMIT_EXCEEDED"), Later),
        (fault(403, "REQUEST_LIMIT_EXCEEDED"), Later),
        (fault(404, "NOT_FOUND"), Refused),
        (fault(400, "INVALID_FIELD", "No such column 'X__c'"), Refused),
    ],
)
async def test_a_batch_without_a_usable_answer(count: int, bad: Response | Exception, kind: type) -> None:
    org = Org(lambda request, body: bad)
    salesforce = client(org)
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(count))))
    assert {type(outcome) for outcome in outcomes} == {kind}
    assert len(outcomes) == count
    assert len(org.calls()) <= 1 + 2 * 5


async def test_writes_are_never_repeated_by_the_client() -> None:
    org = Org(lambda request, body: Response(503))
    salesforce = client(org)
    await salesforce.apply(noted(salesforce, upsert(1)))
    assert len(org.calls()) == 1


async def test_a_part_of_a_composite_answer_may_fail_alone() -> None:
    def second_fails(records: list[dict[str, Any]]) -> Response:
        return fault(500, "UNKNOWN_EXCEPTION") if records[0]["QBO_Id__c"] == "1:200" else healthy(records)

    salesforce = client(Org(collections(second_fails)))
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(600))))
    assert [type(outcomes[n]) for n in (0, 199, 200, 399, 400)] == [Done, Done, Unsure, Unsure, Done]


def refuses_names(bad: set[str]) -> Collection:
    """An org that cannot even parse some names, and refuses the whole collection for them."""

    def reply(records: list[dict[str, Any]]) -> Response:
        place = next((i for i, record in enumerate(records) if record["Name"] in bad), None)
        return healthy(records) if place is None else fault(400, "JSON_PARSER_ERROR", f"at record {place}")

    return reply


@pytest.mark.parametrize("count", [2, 200, 1000])
@pytest.mark.parametrize("bad", [{0}, {1}, {0, 1}])
async def test_one_bad_record_does_not_stop_its_neighbours(count: int, bad: set[int]) -> None:
    org = Org(collections(refuses_names({f"Customer {n}" for n in bad})))
    salesforce = client(org)
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(count))))
    assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, Refused)} == bad
    assert {n for n, outcome in enumerate(outcomes) if isinstance(outcome, Done)} == set(range(count)) - bad
    assert len(org.calls()) < 40


async def test_parting_ends_even_if_half_of_a_collection_is_bad() -> None:
    org = Org(collections(refuses_names({f"Customer {n}" for n in range(1, 199, 2)})))
    salesforce = client(org)
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(200))))
    assert len(org.calls()) == 43
    assert all(outcome is not None for outcome in outcomes)
    assert any(isinstance(outcome, Later) for outcome in outcomes)


def item_error(code: str, message: str = "") -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}


async def test_a_lost_race_gets_one_more_chance() -> None:
    org = Org(lambda request, body: answer([item_error("DUPLICATE_VALUE", "duplicate value found")]))
    salesforce = client(org)
    (batch,) = noted(salesforce, upsert(1))
    assert await salesforce.apply([batch]) == [Later("DUPLICATE_VALUE", stale=True)]
    assert await salesforce.apply([batch]) == [Refused("DUPLICATE_VALUE", "duplicate value found")]


async def test_a_create_that_meets_its_double_is_refused_at_once() -> None:
    org = Org(lambda request, body: answer([item_error("DUPLICATE_VALUE")]))
    salesforce = client(org)
    assert await salesforce.apply(noted(salesforce, write("create", body={"Name": "A"}))) == [
        Refused("DUPLICATE_VALUE", "")
    ]


async def test_an_expired_session_repeats_the_write_because_it_was_not_carried_out() -> None:
    def expires(request: Request, body: Any) -> Response | None:
        return fault(401, "INVALID_SESSION_ID") if "00D!one" in request.headers["Authorization"] else None

    org = Org(expires, collections(healthy))
    org.tokens = [token_answer("00D!one"), token_answer("00D!two")]
    salesforce = client(org)
    assert isinstance((await salesforce.apply(noted(salesforce, upsert(1))))[0], Done)


async def test_a_session_that_stays_refused_leaves_the_write_for_later() -> None:
    salesforce = client(Org(lambda request, body: fault(401, "INVALID_SESSION_ID")))
    assert await salesforce.apply(noted(salesforce, upsert(1))) == [Later("INVALID_SESSION_ID")]


async def test_before_anything_is_sent_the_reason_is_raised() -> None:
    org = Org()
    org.tokens = [answer({"error": "inactive_user"}, 400)]
    salesforce = client(org)
    with pytest.raises(SignInNeeded):
        await salesforce.apply(noted(salesforce, upsert(1)))


async def test_at_the_reserve_nothing_is_sent() -> None:
    org = Org(rows_for(), collections(healthy))
    salesforce = client(org)
    await salesforce.read("Account", [ACCOUNT])
    org.seen.clear()
    salesforce.usage.reserve = 15_000
    with pytest.raises(LimitReached):
        await salesforce.apply(noted(salesforce, upsert(1)))
    assert org.calls() == []


async def test_a_reason_that_comes_up_half_way_leaves_the_rest_for_later() -> None:
    org = Org(collections(healthy))
    org.headers["sforce-limit-info"] = "api-usage=15000/15000"
    salesforce = client(org)
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(1001))))
    assert {type(outcome) for outcome in outcomes[:1000]} == {Done}
    assert isinstance(outcomes[1000], Later)


@given(st.binary(max_size=200), st.sampled_from([200, 201, 302, 400, 403, 404, 500, 503]), st.integers(1, 3))
async def test_no_answer_to_a_write_breaks_the_client(body: bytes, status: int, count: int) -> None:
    salesforce = client(Org(lambda request, _: Response(status, {}, body)))
    outcomes = await salesforce.apply(noted(salesforce, *(upsert(n) for n in range(count))))
    assert len(outcomes) == count
    assert not any(isinstance(outcome, Done) for outcome in outcomes)


def lookup_org(*rows: Mapping[str, Any]) -> Org:
    return Org(rows_for(*rows))


async def test_an_upsert_is_done_when_its_values_stand() -> None:
    rows = [
        {"Id": account(1), "SystemModstamp": "s", "QBO_Id__c": "1:1", "Name": "Customer 1"},
        {"Id": account(2), "SystemModstamp": "s", "QBO_Id__c": "1:2", "Name": "older"},
    ]
    org = lookup_org(*rows)
    salesforce = client(org)
    found = await salesforce.look_up(noted(salesforce, upsert(1), upsert(2), upsert(3)))
    assert [type(each) for each in found] == [Done, Differs, Missing]
    assert isinstance(found[0], Done)
    assert (found[0].ref.id, found[0].version) == (account(1), "s")
    (call,) = org.calls()
    assert query_of(call) == (
        "SELECT Id, SystemModstamp, QBO_Id__c, Name FROM Account WHERE QBO_Id__c IN ('1:1','1:2','1:3') ORDER BY Id"
    )


@pytest.mark.parametrize(
    ("sent", "stands", "done"),
    [
        (Decimal("12.50"), 12.5, True),
        (Decimal("12.50"), 12.51, False),
        (Decimal(12), 12, True),
        (Decimal(0), None, False),
        (None, None, True),
        ("", None, True),
        (None, "x", False),
        (True, True, True),
        (True, False, False),
        (False, None, False),
        (None, False, True),
        ("a\r\nb ", "a\nb", True),
        ("A", "a", False),
        ("2026-11-01", "2026-11-01", True),
        ("1", 1, False),
    ],
)
async def test_an_update_is_done_when_every_value_stands(sent: Any, stands: Any, done: bool) -> None:
    salesforce = client(lookup_org({"Id": ACCOUNT, "Name": stands, "Phone": "1"}))
    made = write("update", target_id=ACCOUNT[:15], body={"Name": sent})
    (found,) = await salesforce.look_up(noted(salesforce, made))
    assert isinstance(found, Done) is done
    assert isinstance(found, Differs) is not done


async def test_a_role_is_done_when_the_pair_has_one() -> None:
    org = lookup_org(
        {"Id": "00K000000000001AAA", "OpportunityId": "006000000000001AAA", "ContactId": "003000000000001AAA"}
    )
    salesforce = client(org)
    roles = [
        write("create", "OpportunityContactRole", body={"OpportunityId": "006000000000001AAA", "ContactId": each})
        for each in ("003000000000001AAA", "003000000000002AAA")
    ]
    found = await salesforce.look_up(noted(salesforce, *roles))
    assert [type(each) for each in found] == [Done, Missing]
    assert "WHERE OpportunityId IN ('006000000000001AAA') ORDER BY Id" in query_of(org.calls()[0])


async def test_a_thousand_open_writes_are_looked_up_in_one_call() -> None:
    org = lookup_org()
    salesforce = client(org)
    found = await salesforce.look_up(noted(salesforce, *(upsert(n) for n in range(1000))))
    assert found == [Missing()] * 1000
    assert len(org.calls()) == 1


async def test_mixed_writes_are_answered_in_order() -> None:
    salesforce = client(
        Org(lambda request, body: answer(page({"Id": account(1), "QBO_Id__c": "1:1", "Name": "Customer 1"})))
    )
    update = write("update", target_id=account(1), body={"Name": "Customer 1"})
    found = await salesforce.look_up(noted(salesforce, upsert(2), update, write("create", "Task", body={}), upsert(1)))
    assert [type(each) for each in found] == [Missing, Done, Unsure, Done]


async def test_relations_by_external_id_are_looked_up_through_the_parent() -> None:
    row = {"Id": account(1), "QBO_Id__c": "1:1", "Account": {"attributes": {"type": "Account"}, "QBO_Id__c": "9"}}
    org = lookup_org(row)
    salesforce = client(org)
    (found,) = await salesforce.look_up(noted(salesforce, upsert(1, "Contact", Account={"QBO_Id__c": "9"})))
    assert isinstance(found, Done)
    assert "Account.QBO_Id__c" in query_of(org.calls()[0])


def test_after_a_write_the_record_stands_as_it_was_written() -> None:
    salesforce = client(Org())
    ref = Ref("salesforce", "Account", ACCOUNT)
    before = SObject("Account", ACCOUNT, {"Name": "old", "Phone": "1", "SystemModstamp": "s"})
    made = upsert(1, Name="new", QBO_Balance__c=Decimal("1.50"))
    after = salesforce.after(before, made, Done(ref))
    assert isinstance(after, SObject)
    assert (after["Name"], after["Phone"], after["QBO_Id__c"], after["QBO_Balance__c"]) == (
        "new",
        "1",
        "1:1",
        Decimal("1.5"),
    )
    assert (after.ref, after.version) == (ref, "")
    created = salesforce.after(Gone(ref), made, Done(ref, created=True))
    assert isinstance(created, SObject)
    assert (created["Id"], created["Phone"]) == (ACCOUNT, None)
    assert salesforce.after(None, made, Done(ref, record=before)) is before

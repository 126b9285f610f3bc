"""Reading records and tables, in few calls."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import BadAnswer, ConnectorError, LimitReached, ReadRefused, Unreachable, WrongUse
from ml_connector.model.refs import Gone, Ref
from ml_connector.systems.http import NoAnswer, Request, Response
from ml_connector.systems.salesforce.records import SObject

from .org import DATA, NOON, FakeClock, Org, answer, client, described, fault, page, rows_for, statements

AN_ID = "006000000000001AAA"
STAMP = "2026-11-20T10:00:00.000+0000"


def ids(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number:012d}AAA" for number in range(count)]


def retrieve(request: Request, body: Any) -> Response | None:
    """Every record asked for by id is there, except those that end in 7."""
    if "/composite/sobjects/" not in request.url:
        return None
    rows = [
        None if each[14] == "7" else {"attributes": {"type": "X"}, "Id": each, "Name": each} for each in body["ids"]
    ]
    return answer(rows)


async def test_two_thousand_opportunities_are_one_call() -> None:
    org = Org(retrieve)
    wanted = ids("006", 2000)
    found = await client(org).read("Opportunity", wanted)
    (call,) = org.calls()
    assert (call.method, call.url.partition(".com")[2]) == ("POST", f"{DATA}/composite/sobjects/Opportunity")
    assert list(found) == wanted
    assert found[wanted[7]] == Gone(Ref("salesforce", "Opportunity", wanted[7]))
    record = found[wanted[8]]
    assert isinstance(record, SObject)
    assert record["Name"] == wanted[8]


async def test_an_order_is_read_by_one_query() -> None:
    org = Org(rows_for({"attributes": {"type": "Order"}, "Id": "801000000000001AAA", "SystemModstamp": STAMP}))
    found = await client(org).read("Order", ["801000000000001", "801000000000002AAA"])
    (call,) = org.calls()
    assert "WHERE Id IN ('801000000000001AAA','801000000000002AAA') ORDER BY Id" in statements(call)[0]
    assert found["801000000000001"].version == STAMP
    assert found["801000000000002AAA"] == Gone(Ref("salesforce", "Order", "801000000000002AAA"))


async def test_ten_thousand_accounts_are_five_queries_in_one_call() -> None:
    org = Org(rows_for())
    found = await client(org).read("Account", ids("001", 10_000))
    (call,) = org.calls()
    assert call.url.endswith("/composite")
    assert len(statements(call)) == 5
    assert len(found) == 10_000


async def test_what_is_no_id_is_gone_and_asks_nothing() -> None:
    org = Org()
    assert await client(org).read("Account", ["12"]) == {"12": Gone(Ref("salesforce", "Account", "12"))}
    assert org.calls() == []


async def test_every_call_names_us_and_carries_the_session() -> None:
    org = Org(retrieve)
    await client(org).read("Opportunity", [AN_ID])
    headers = org.calls()[0].headers
    assert headers["Sforce-Call-Options"] == "client=ml-connector"
    assert headers["Authorization"] == "Bearer 00D!one"


async def test_what_the_org_shows_is_asked_once_in_one_call() -> None:
    org = Org(retrieve, rows_for())
    salesforce = client(org)
    for kind in ("Opportunity", "Account", "Order"):
        await salesforce.read(kind, [AN_ID])
    assert len(org.calls(describe=True)) - len(org.calls()) == 1


async def test_hidden_fields_are_left_out() -> None:
    org = Org(retrieve)
    org.objects["Opportunity"] = described("Opportunity", "Name", "SystemModstamp")
    await client(org).read("Opportunity", [AN_ID])
    assert org.bodies()[0]["fields"] == ["Id", "SystemModstamp", "Name"]


async def test_an_org_without_orders_says_so() -> None:
    org = Org()
    org.objects["Order"] = None
    with pytest.raises(ReadRefused, match="may not see Order, or the org does not have it"):
        await client(org).read("Order", ["801000000000001AAA"])


async def test_a_field_that_is_taken_away_meanwhile_is_no_crash() -> None:
    def without_name(request: Request, body: Any) -> Response | None:
        return fault(400, "INVALID_FIELD", "No such column 'Name'") if "Name" in body["fields"] else None

    org = Org(without_name, retrieve)
    salesforce = client(org)
    await salesforce.reference("fields:Opportunity")
    org.objects["Opportunity"] = described("Opportunity", "StageName")
    await salesforce.read("Opportunity", [AN_ID])
    assert org.bodies()[-1]["fields"] == ["Id", "StageName"]


async def test_pages_and_long_child_lists_are_followed() -> None:
    first = {"Id": "801000000000001AAA", "OrderItems": page({"Id": "802000000000001AAA"}, following=f"{DATA}/query/b")}
    pages = {
        "/query/a": page({"Id": "801000000000002AAA", "OrderItems": None}),
        "/query/b": page({"Id": "802000000000002AAA"}, following=f"{DATA}/query/c"),
        "/query/c": page({"Id": "802000000000003AAA"}),
    }

    def pages_of(request: Request, body: Any) -> Response | None:
        for path, found in pages.items():
            if request.url.endswith(path):
                return answer(found)
        return answer(page(first, following=f"{DATA}/query/a"))

    org = Org(pages_of)
    found = await client(org).read("Order", ["801000000000001AAA", "801000000000002AAA"])
    order = found["801000000000001AAA"]
    assert isinstance(order, SObject)
    assert [line.id[14] for line in order.children("OrderItems")] == ["1", "2", "3"]
    assert isinstance(found["801000000000002AAA"], SObject)


@pytest.mark.parametrize("following", ["https://evil.example.com/x", "//evil.example.com", "", None, 3])
async def test_the_next_page_is_never_looked_for_elsewhere(following: Any) -> None:
    bad = {"done": False, "records": [], "nextRecordsUrl": following}
    with pytest.raises(BadAnswer):
        await client(Org(lambda request, body: answer(bad))).read("Order", ["801000000000001AAA"])


async def test_a_page_that_leads_to_itself_ends() -> None:
    again = page(following=f"{DATA}/query/a")
    with pytest.raises(BadAnswer, match="leads to itself"):
        await client(Org(lambda request, body: answer(again))).read("Order", ["801000000000001AAA"])


async def test_text_is_found_without_regard_to_case() -> None:
    org = Org(
        rows_for({"Id": "003000000000001AAA", "Email": "Ann@Example.com"}, {"Id": "003000000000002AAA", "Email": None})
    )
    found = await client(org).find("Contact", "Email", ["ann@example.COM", "bob@example.com", "", "x" * 5000])
    assert {value: [r.ref.id for r in records] for value, records in found.items()} == {
        "ann@example.COM": ["003000000000001AAA"], "bob@example.com": [], "": [], "x" * 5000: [],
    }  # fmt: skip
    assert "xxxx" not in statements(org.calls()[0])[0]


async def test_case_sensitive_keys_are_told_apart() -> None:
    org = Org(
        rows_for({"Id": "001000000000001AAA", "QBO_Id__c": "1:a"}, {"Id": "001000000000002AAA", "QBO_Id__c": "1:A"})
    )
    org.objects["Account"] = described("Account", "QBO_Id__c")
    org.objects["Account"]["fields"][1] |= {"caseSensitive": True, "externalId": True, "unique": True}
    found = await client(org).find("Account", "QBO_Id__c", ["1:a", "1:A"])
    assert [r.ref.id for r in found["1:a"]] == ["001000000000001AAA"]
    assert [r.ref.id for r in found["1:A"]] == ["001000000000002AAA"]


async def test_lookups_are_found_by_short_and_long_ids() -> None:
    org = Org(rows_for({"Id": "003000000000001AAA", "AccountId": "001000000000001AAA"}))
    org.objects["Contact"] = described("Contact", "AccountId")
    org.objects["Contact"]["fields"][1]["type"] = "reference"
    found = await client(org).find("Contact", "AccountId", ["001000000000001", "nonsense"])
    assert [len(records) for records in found.values()] == [1, 0]


@pytest.mark.parametrize(
    ("kind", "value", "written", "held"),
    [
        ("boolean", "true", "IN (true)", True),
        ("currency", "5.00", "IN (5.00)", 5),
        ("date", "2026-11-01", "IN (2026-11-01)", "2026-11-01"),
    ],
)
async def test_numbers_days_and_truth_values_are_written_bare(kind: str, value: str, written: str, held: Any) -> None:
    org = Org(rows_for({"Id": AN_ID, "Name": held}))
    org.objects["Opportunity"] = described("Opportunity", "Name")
    org.objects["Opportunity"]["fields"][1]["type"] = kind
    found = await client(org).find("Opportunity", "Name", [value, "1 OR Name != 2"])
    assert written in statements(org.calls()[0])[0]
    assert [len(records) for records in found.values()] == [1, 0]


async def test_a_parents_field_can_be_looked_for() -> None:
    row = {"Id": "003000000000001AAA", "Account": {"attributes": {"type": "Account"}, "ParentId": "001000000000001AAA"}}
    found = await client(Org(rows_for(row))).find("Contact", "Account.ParentId", ["001000000000001AAA"])
    assert len(found["001000000000001AAA"]) == 1


@pytest.mark.parametrize(("kind", "field"), [("Contact", "Email) OR (Id"), ("Contact", "Nope__c"), ("User", "Name")])
async def test_unknown_kinds_and_fields_are_said_in_plain_words(kind: str, field: str) -> None:
    org = Org()
    org.objects["Contact"] = described("Contact", "Email")
    with pytest.raises((WrongUse, ReadRefused)):
        await client(org).find(kind, field, ["x"])


async def test_tables_are_read_whole() -> None:
    org = Org(rows_for({"Id": "01J000000000001AAA", "ApiName": "Won", "IsoCode": "EUR", "SortOrder": 3}))
    org.objects["OpportunityContactRole"] = described("OpportunityContactRole", "Role")
    org.objects["OpportunityContactRole"]["fields"][1]["picklistValues"] = [
        *({"value": "Other", "active": True}, {"value": "Old", "active": False}, {"value": None, "active": True}),
    ]
    salesforce = client(org)
    assert (await salesforce.reference("stages")).value["Won"]["SortOrder"] == Decimal(3)
    assert list((await salesforce.reference("currencies")).value) == ["EUR"]
    assert (await salesforce.reference("organization")).value.kind == "Organization"
    assert (await salesforce.reference("contact_roles")).value == ["Other"]
    assert "QBO_Id__c" in (await salesforce.reference("fields:Account")).value
    assert [a.kind for a in (await salesforce.reference("matching")).value] == ["Account"]
    with pytest.raises(WrongUse, match="no table"):
        await salesforce.reference("moons")


async def test_tables_out_of_describe_share_one_call_for_five_minutes() -> None:
    org, clock = Org(), FakeClock()
    salesforce = client(org, clock)
    for name in ("fields:Account", "fields:Opportunity", "contact_roles"):
        await salesforce.reference(name)
    assert len(org.calls(describe=True)) == 1
    await clock.sleep(timedelta(minutes=6))
    await salesforce.reference("fields:Account")
    assert len(org.calls(describe=True)) == 2


async def test_a_single_currency_org_has_no_currency_table() -> None:
    org = Org()
    org.objects["Account"] = described("Account", "Name")
    assert (await client(org).reference("currencies")).value == {}
    assert org.calls() == []


async def test_the_version_of_a_table_moves_with_its_content() -> None:
    rows = [{"Id": "01J000000000001AAA", "ApiName": "Won"}]
    org = Org(lambda request, body: answer(page(*rows)))
    salesforce = client(org)
    first = (await salesforce.reference("stages")).version
    assert (await salesforce.reference("stages")).version == first
    rows[0]["ApiName"] = "Lost"
    assert (await salesforce.reference("stages")).version != first


async def test_calls_stop_at_the_reserve_and_look_again_later() -> None:
    org, clock = Org(retrieve), FakeClock()
    org.headers["sforce-limit-info"] = "api-usage=14950/15000; per-app-api-usage=17/250(appName=x)"
    salesforce = client(org, clock, reserve=100)
    with pytest.raises(LimitReached):
        await salesforce.read("Opportunity", [AN_ID])
    assert (salesforce.usage.used, salesforce.usage.left) == (14950, 50)
    org.headers["sforce-limit-info"] = "api-usage=10/15000"
    clock.at = NOON.replace(hour=13)
    await salesforce.read("Opportunity", [AN_ID])
    assert salesforce.usage.left == 14990


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (Response(200, {}, b"<html>maintenance</html>"), Unreachable),
        (Response(503, {}, b"<html>maintenance</html>"), Unreachable),
        (Response(200, {}, b'[{"Id":'), BadAnswer),
        (Response(200, {}, b""), BadAnswer),
        (answer([]), BadAnswer),
        (answer({"a": 1}), BadAnswer),
        (answer([3]), BadAnswer),
        (answer([{"Id": "7"}]), BadAnswer),
        (fault(400, "MALFORMED_ID"), ReadRefused),
        (fault(403, "REQUEST_LIMIT_EXCEEDED"), LimitReached),
        (NoAnswer("No answer.", "Later."), Unreachable),
    ],
)
async def test_bad_answers_to_a_read_are_typed(bad: Response | Exception, kind: type[Exception]) -> None:
    org = Org(lambda request, body: bad)
    with pytest.raises(kind):
        await client(org).read("Opportunity", [AN_ID])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
GOOD = page({"attributes": {"type": "Order", "url": "x"}, "Id": "801000000000001AAA", "OrderItems": page()})


def places(tree: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [here, *(place for key, value in inner for place in places(value, (*here, key)))]


def changed(tree: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[place[0]] = changed(tree[place[0]], place[1:], value)
    return copy


@given(st.sampled_from(places(GOOD)), json_values)
async def test_a_mutated_page_gives_records_or_a_typed_error(place: tuple[Any, ...], value: Any) -> None:
    body = msgspec.json.encode(changed(GOOD, place, value))
    org = Org(lambda request, _: Response(200, {}, body))
    try:
        found = await client(org).read("Order", ["801000000000001AAA"])
    except ConnectorError:
        return
    assert list(found) == ["801000000000001AAA"]

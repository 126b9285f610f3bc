"""The query language (reference section 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_emulators.kit.wire import loads
from ml_emulators.quickbooks.kinds.catalog import KINDS

from ..client import Client, Json, Shop, ref

NAMES = ["Bill's Shop", "amy", "Zoe & Co", "Bären", "50% off", "back\\slash"]


@pytest.fixture
def people(qbo: Client) -> Client:
    for number, name in enumerate(NAMES, 1):
        qbo.make(
            "Customer",
            DisplayName=name,
            CompanyName=f"Co {number % 2}",
            PrimaryEmailAddr={"Address": f"n{number}@x.co"},
        )
        qbo.wait(minutes=1)
    qbo.change("Customer", qbo.read("Customer", "2"), Active=False)
    return qbo


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("", ["5", "6", "1", "4", "3"]),
        ("where Active = true", ["5", "6", "1", "4", "3"]),
        ("where Active = false", ["2"]),
        ("where Active in (true, false)", ["5", "2", "6", "1", "4", "3"]),
        ("WHERE Active IN (false)", ["2"]),
        ("where DisplayName = 'Bill\\'s Shop'", ["1"]),
        ("where DisplayName = 'BILL\\'S SHOP'", ["1"]),
        ("where displayname = 'Zoe & Co'", ["3"]),
        ("where DisplayName = 'back\\\\slash'", ["6"]),
        ("where DisplayName like 'B%'", ["6", "1", "4"]),
        ("where DisplayName LIKE '%s%'", ["6", "1"]),
        ("where DisplayName like 'b_ren'", []),
        ("where DisplayName in ('Bären', 'nobody', 'Zoe & Co')", ["4", "3"]),
        ("where DisplayName > 'c'", ["3"]),
        ("where Id = '3'", ["3"]),
        ("where Id = '2'", []),
        ("where Id in ('2', '4', '3', 'x')", ["4", "3"]),
        ("where Id in ('2', '4') and Active in (true, false)", ["2", "4"]),
        ("where Id > '4'", ["5", "6"]),
        ("where CompanyName = 'Co 1'", ["5", "1", "3"]),
        ("where CompanyName = 'Co 1' and DisplayName > 'a'", ["1", "3"]),
        ("where PrimaryEmailAddr = 'N4@x.co'", ["4"]),
        ("where Balance = '0'", ["5", "6", "1", "4", "3"]),
        ("where Balance > '0'", []),
        ("where GivenName = ' '", ["5", "6", "1", "4", "3"]),
        ("where MetaData.LastUpdatedTime >= '2026-11-22T12:04:00-08:00'", ["5", "6"]),
        ("where metadata.lastupdatedtime > '2026-11-22T20:04:00+00:00'", ["6"]),
        ("where MetaData.CreateTime < '2026-11-22T20:02:00Z' and Active in (true, false)", ["2", "1"]),
        ("where MetaData.CreateTime < '2026-11-22'", []),
        ("orderby Id", ["1", "3", "4", "5", "6"]),
        ("ORDERBY Id DESC", ["6", "5", "4", "3", "1"]),
        ("order by MetaData.LastUpdatedTime desc maxresults 2", ["6", "5"]),
        ("orderby CompanyName desc, Id desc", ["5", "3", "1", "6", "4"]),
        ("orderby Id startposition 2 maxresults 2", ["3", "4"]),
        ("orderby Id maxresults 2 startposition 5", ["6"]),
        ("orderby Id startposition 6", []),
        ("where Id > '1' orderby Id desc startposition 2 maxresults 2", ["5", "4"]),
    ],
)
def test_who_is_found(people: Client, where: str, ids: list[str]) -> None:
    found = people.ids(f"select * from Customer {where}")
    assert found == ids


@pytest.mark.parametrize(
    ("statement", "code", "detail"),
    [
        ("select * from Customer where DisplayName != 'x'", "4000", "QueryParserError:"),
        ("select * from Customer where Id = '1' or Id = '2'", "4000", "QueryParserError:"),
        ("select * from Customer where not Id = '1'", "4000", "QueryParserError:"),
        ("select * from Customer where Balance > 5", "4000", "QueryParserError:"),
        ("select * from Customer where Id = '1", "4000", "QueryParserError:"),
        ("select * from Customer group by Id", "4000", "QueryParserError:"),
        ("select sum(Balance) from Customer", "4000", "QueryParserError:"),
        ("select * from Customer, Invoice", "4000", "QueryParserError:"),
        ("delete from Customer", "4000", "QueryParserError:"),
        ("", "4000", "QueryParserError:"),
        ("select * from Customer where Id in ()", "4000", "QueryParserError:"),
        ("select * from Customer startposition 0", "4001", "QueryValidationError:"),
        ("select * from Customer maxresults 0", "4001", "QueryValidationError:"),
        ("select * from Gadget", "4001", "QueryValidationError: invalid context declaration: Gadget"),
        ("select * from customers", "4001", "QueryValidationError: invalid context declaration: customers"),
        ("select count(*) from trackingclass", "4001", "QueryValidationError: invalid context declaration: tracking"),
        ("select * from Customer where Notes = 'x'", "4001", "'Notes' is not queryable"),
        ("select * from Customer where BillAddr.City = 'x'", "4001", "not queryable"),
        ("select * from Customer where Colour = 'x'", "4001", "Colour"),
        ("select Colour from Customer", "4001", "Colour"),
        ("select * from Customer orderby Colour", "4001", "Colour"),
        ("select * from JournalEntry where PrivateNote = 'x'", "4001", "'PrivateNote' is not queryable"),
        ("select * from JournalEntry where Line.Amount = '5'", "4001", "not queryable"),
        ("select * from Invoice where DepartmentRef = '5'", "4001", "'DepartmentRef' is not queryable"),
        ("select * from Payment where DocNumber = '5'", "4001", "'DocNumber' is not queryable"),
        ("select * from Invoice where Balance > 'much'", "4001", "much"),
        ("select * from Invoice where TxnDate > 'soon'", "4001", "soon"),
        (
            "select * from Invoice where MetaData.CreateTime > '2026-11-22T00:00:00 08:00'",
            "4001",
            "MetaData.CreateTime",
        ),
        ("select * from Invoice where TxnDate like '2026%'", "4001", "LIKE"),
        ("select * from Customer where Active = 'maybe'", "4001", "maybe"),
    ],
)
def test_what_cannot_be_asked(qbo: Client, statement: str, code: str, detail: str) -> None:
    error = qbo.query_fault(statement)
    assert error["code"] == code
    assert detail in error["Detail"]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.swapcase], ids=["lower", "upper", "swapped"])
def test_entities_are_asked_for_in_any_case(qbo: Client, kind: str, spelling: Callable[[str], str]) -> None:
    assert qbo.query(f"select * from {spelling(kind)}") == qbo.query(f"select * from {kind}")
    assert list(qbo.query(f"select count(*) from {spelling(kind)}")) == ["totalCount"]


def test_the_answer_calls_the_entity_by_its_name(people: Client) -> None:
    found = people.query("SELECT id, DISPLAYNAME FROM customer WHERE ID = '1'")["Customer"]
    assert found == [{"domain": "QBO", "sparse": True, "Id": "1", "DisplayName": "Bill's Shop"}]


BEYOND = {
    "apostrophe": "Children\u2019s",
    "dash": "A \u2013 B",
    "polish": "\u0141\u00f3d\u017a",
    "chinese": "\u6c49\u5b57",
    "emoji": "\U0001f680",
}


@pytest.mark.parametrize("name", BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize("way", ["address", "body", "batch"])
def test_switch_letters_beyond_latin_1_in_a_statement(qbo: Client, name: str, way: str) -> None:
    made = qbo.make("Customer", DisplayName=name)
    statement = f"select * from Customer where DisplayName = '{name}'"

    def asked(text: str) -> Json:
        if way == "batch":
            return qbo.batch({"bId": "1", "Query": text})[0]
        body, params = (text.encode(), {}) if way == "body" else (None, {"query": text})
        answer: Json = loads(qbo.send("POST" if body else "GET", "/query", body, **params).body)
        return answer

    assert asked(statement)["QueryResponse"]["Customer"] == [made | qbo.read("Customer", "1") | {"ClientEntityId": "0"}]
    qbo.server.switches.query_letters = "latin-1"
    error = asked(statement)["Fault"]["Error"][0]
    assert (error["code"], error["Message"]) == ("4000", "Error parsing query")
    assert error["Detail"].startswith("QueryParserError: Encountered ")
    latin = "select * from Customer where DisplayName in ('B\u00e4ren', '\u00ff', 'x')"
    assert asked(latin)["QueryResponse"] == {}
    assert asked("select * from Customer where Id = '1'")["QueryResponse"]["Customer"][0]["DisplayName"] == name


def test_counting(people: Client) -> None:
    for statement, number in (
        ("", 5),
        ("where Active in (true,false)", 6),
        ("where DisplayName like 'B%' maxresults 1", 3),
    ):
        body = people.get("/query", query=f"select count(*) from Customer {statement}")
        assert body == {"QueryResponse": {"totalCount": number}, "time": body["time"]}


def test_the_answer_tells_its_page(people: Client) -> None:
    found = people.query("select * from Customer orderby Id startposition 2 maxresults 3")
    assert list(found) == ["Customer", "startPosition", "maxResults"]
    assert (found["startPosition"], found["maxResults"]) == (2, 3)


def test_some_columns(people: Client) -> None:
    found = people.query("select Id, DisplayName, MetaData.CreateTime from Customer where Id = '1'")["Customer"][0]
    assert set(found) == {"domain", "sparse", "Id", "DisplayName", "MetaData"}
    assert found["sparse"] is True


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        ("empty", {"QueryResponse": {}}),
        ("list", {"QueryResponse": {"Class": [], "startPosition": 1, "maxResults": 0}}),
        ("omitted", {}),
    ],
)
def test_switch_no_hits(qbo: Client, shape: Any, answer: Json) -> None:
    qbo.server.switches.zero_rows = shape
    body = qbo.get("/query", query="select * from Class")
    assert {key: value for key, value in body.items() if key != "time"} == answer


def test_pages_of_a_hundred_and_at_most_a_thousand(qbo: Client) -> None:
    for number in range(1050):
        qbo.server.act({"op": "create", "kind": "Customer", "body": {"DisplayName": f"C{number}"}})
    for limit, found in (
        ("", 100),
        ("maxresults 1000", 1000),
        ("maxresults 5000", 1000),
        ("startposition 1001 maxresults 1000", 50),
    ):
        assert qbo.query(f"select * from Customer {limit}")["maxResults"] == found
    qbo.server.switches.maxresults_over_limit = "fault"
    assert qbo.query_fault("select * from Customer maxresults 1001")["code"] == "4001"


def test_switch_case_counts(people: Client) -> None:
    people.server.switches.query_case_sensitive = True
    assert people.ids("select * from Customer where DisplayName = 'bären'") == []
    assert people.ids("select * from Customer where DisplayName = 'Bären'") == ["4"]


def test_switch_lists_show_old_sync_tokens(people: Client) -> None:
    people.server.switches.stale_list_sync_tokens = True
    people.change("Customer", people.read("Customer", "1"), Notes="x")
    assert people.query("select * from Customer where Id = '1'")["Customer"][0]["SyncToken"] == "0"
    assert people.read("Customer", "1")["SyncToken"] == "1"


def test_a_statement_may_come_as_a_body(people: Client) -> None:
    statement = "select * from Customer where Id = '1'"
    for answer in (
        people.send("POST", "/query", statement.encode(), {"content-type": "application/text"}),
        people.send("POST", "/query", query=statement),
    ):
        assert loads(answer.body)["QueryResponse"]["maxResults"] == 1


def test_transactions_by_their_fields(shop: Shop) -> None:
    for day, amount in (("2026-11-01", 10), ("2026-11-02", 30), ("2026-10-03", 20)):
        shop.invoice(amount, TxnDate=day)
    stranger = shop.make("Customer", DisplayName="Stranger")["Id"]
    shop.invoice(5, CustomerRef=ref(stranger))
    table = {
        "": ["4", "3", "2", "1"],
        "where TxnDate > '2026-11-01'": ["4", "2"],
        "where TxnDate >= '2026-10-03' and TxnDate < '2026-11-02' orderby TxnDate": ["3", "1"],
        "where Balance > '15' orderby Balance desc": ["2", "3"],
        "where TotalAmt < '15.00'": ["4", "1"],
        f"where CustomerRef = '{stranger}'": ["4"],
        "where DocNumber = '1002'": ["2"],
        "where DocNumber in ('1003','1001')": ["3", "1"],
        f"where CustomerRef = '{shop.customer}' and TxnDate = '2026-11-02'": ["2"],
        "where DueDate = '2026-12-02'": ["2"],
        "orderby TxnDate desc, Id": ["4", "2", "1", "3"],
        "orderby DocNumber desc maxresults 2": ["4", "3"],
    }
    for where, ids in table.items():
        assert shop.ids(f"select * from Invoice {where}") == ids, where


FIELDS = {
    "Id": "id",
    "DisplayName": "text",
    "CompanyName": "text",
    "MetaData.LastUpdatedTime": "time",
    "Active": "flag",
}


@st.composite
def statements(draw: st.DrawFn) -> str:
    def condition() -> str:
        name = draw(st.sampled_from(sorted(FIELDS)))
        number = draw(st.integers(0, 12))
        literal = {
            "id": f"'{number}'",
            "text": f"'n{number}'",
            "time": f"'2026-11-22T12:{number:02}:00-08:00'",
            "flag": draw(st.sampled_from(["true", "false"])),
        }[FIELDS[name]]
        operator = "=" if name == "Active" else draw(st.sampled_from(["=", "<", "<=", ">", ">=", "in", "like"]))
        if operator == "like" and FIELDS[name] == "text":
            return f"{name} like '%{number}'"
        return (
            f"{name} in ({literal}, '7')"
            if operator in ("in", "like") and FIELDS[name] != "time"
            else f"{name} {'>' if operator in ('in', 'like') else operator} {literal}"
        )

    where = " and ".join(condition() for _ in range(draw(st.integers(0, 3))))
    order = draw(
        st.sampled_from(
            [
                "",
                "orderby Id",
                "orderby CompanyName, Id desc",
                "orderby MetaData.LastUpdatedTime, Id",
                "orderby DisplayName desc",
            ]
        )
    )
    start, most = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    return f"select * from Customer {'where ' + where if where else ''} {order} startposition {start} maxresults {most}"


def _shuffled() -> Client:
    qbo = Client()
    for number in (5, 3, 11, 8, 1, 9, 2, 7, 10, 4):
        qbo.make("Customer", DisplayName=f"n{number}", CompanyName=f"n{number % 3}")
        qbo.wait(minutes=1)
    for gone in ("2", "5"):
        qbo.change("Customer", qbo.read("Customer", gone), Active=False)
    return qbo


SHUFFLED = _shuffled()


@settings(max_examples=300, deadline=None)
@given(statements())
def test_indexes_find_what_a_look_at_every_record_finds(statement: str) -> None:
    paged = SHUFFLED.ids(statement)
    whole, _, page = statement.partition(" startposition ")
    start, _, most = page.partition(" maxresults ")
    everything = SHUFFLED.query(f"{whole} maxresults 1000").get("Customer", [])
    assert paged == [one["Id"] for one in everything][int(start) - 1 : int(start) - 1 + int(most)]
    assert SHUFFLED.query(whole.replace("*", "count(*)").partition("orderby")[0]) == {"totalCount": len(everything)}
    if "Active" not in statement:
        assert all(one["Active"] for one in everything)

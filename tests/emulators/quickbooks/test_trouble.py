"""Records that cannot be answered and bodies that cannot be written: ordered at the control door, and by switch."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from ml_emulators.kit.faults import Fault, FaultBook, RecordMatch
from ml_emulators.kit.gate import Answer, Gate
from ml_emulators.kit.log import RequestLog
from ml_emulators.kit.wire import Request, Response, loads
from ml_emulators.quickbooks import QuickBooks

from .client import Json, Shop, ref

SINCE = "2026-11-22T12:00:00-08:00"
ROCKET = "Rocket \U0001f680 Ltd"


class Doored(Shop):
    """A shop behind a gate, where faults can be ordered."""

    book: FaultBook
    log: RequestLog

    def __init__(self) -> None:
        self.book, self.log = FaultBook(Random(1)), RequestLog(100)
        super().__init__()

    def serve(self, request: Request) -> Response:
        vendors: dict[str, QuickBooks] = {"quickbooks": self.server}
        outcome = Gate(vendors, self.book, self.log, self.clock.now).serve("quickbooks", request)
        assert isinstance(outcome, Answer)
        return outcome.response

    def order(self, record: Json, status: int = 400, code: str = "4002", **more: Any) -> None:
        words = {"message": "Error processing query", **more}
        self.book.add(Fault("status", "quickbooks", status=status, code=code, record=RecordMatch(**record), **words))

    def code(self, method: str, path: str, body: Any = None, **params: str) -> str:
        """The code of the first error, blank for success."""
        answer = loads(self.send(method, path, body, **params).body)
        return str(answer["Fault"]["Error"][0]["code"]) if "Fault" in answer else ""

    def asked(self, statement: str) -> str:
        return self.code("GET", "/query", query=statement)


@pytest.fixture
def door() -> Doored:
    return Doored()


def invoices(door: Doored) -> tuple[str, str, str]:
    """Three of them; the one in the middle is called BAD-1."""
    numbers = ("INV-6", "BAD-1", "INV-7")
    first, bad, last = (door.invoice(DocNumber=number)["Id"] for number in numbers)
    return first, bad, last


def create(name: str, customer: str) -> Json:
    """An item of a batch."""
    return {"bId": name, "operation": "create", "Customer": {"DisplayName": customer}}


@pytest.mark.parametrize("by", ["id", "DocNumber"])
def test_a_record_poisons_its_lists(door: Doored, by: str) -> None:
    first, bad, last = invoices(door)
    record = {"id": bad} if by == "id" else {"where": {"DocNumber": "BAD-1"}}
    door.order({"kind": "Invoice", "on": "list", **record})
    for statement in (
        "select * from Invoice",
        "SELECT Id, TotalAmt FROM invoice",
        f"select * from Invoice where Id in ('{first}', '{bad}')",
        f"select * from Invoice where Id = '{bad}'",
        f"select * from Invoice where CustomerRef = '{door.customer}'",
        "select * from Invoice orderby Id startposition 2 maxresults 1",
    ):
        assert door.asked(statement) == "4002", statement
    for statement in (
        "select Id from Invoice",
        "select Id, MetaData.LastUpdatedTime from Invoice",
        "select count(*) from Invoice",
        f"select * from Invoice where Id in ('{first}', '{last}')",
        "select * from Invoice orderby Id maxresults 1",
        "select * from Customer",
    ):
        assert door.asked(statement) == "", statement
    assert door.code("GET", "/cdc", entities="Invoice", changedSince=SINCE) == "4002"
    assert door.code("GET", "/cdc", entities="Customer", changedSince=SINCE) == ""
    assert door.read("Invoice", bad)["DocNumber"] == "BAD-1"
    assert door.change("Invoice", door.read("Invoice", bad), PrivateNote="x")["SyncToken"] == "1"


def test_a_fault_is_told_as_it_was_ordered(door: Doored) -> None:
    _, bad, _ = invoices(door)
    door.order({"kind": "Invoice", "id": bad}, message="Invalid e-mail", element="BillEmail.Address")
    answer = door.send("GET", f"/invoice/{bad}")
    error = {"Message": "Invalid e-mail", "Detail": "Invalid e-mail", "code": "4002", "element": "BillEmail.Address"}
    assert (answer.status, loads(answer.body)["Fault"]) == (400, {"Error": [error], "type": "ValidationFault"})
    assert door.log.entries[-1].fault == "record"
    door.read("Customer", door.customer)
    assert door.log.entries[-1].fault == ""


@pytest.mark.parametrize(
    ("on", "struck"),
    [
        ("any", {"read", "list", "write"}),
        ("read", {"read"}),
        ("list", {"list"}),
        ("write", {"write"}),
    ],
)
def test_where_a_record_meets_its_fault(door: Doored, on: str, struck: set[str]) -> None:
    _, bad, _ = invoices(door)
    door.order({"kind": "Invoice", "id": bad, "on": on})
    body = {"Id": bad, "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    codes = {
        "read": door.code("GET", f"/invoice/{bad}"),
        "list": door.asked("select * from Invoice"),
        "write": door.code("POST", "/invoice", body),
    }
    assert {name for name, code in codes.items() if code} == struck


@pytest.mark.parametrize("path", ["/invoice?operation=delete", "/invoice?operation=void", "/invoice/{id}/send"])
def test_every_write_meets_it(door: Doored, path: str) -> None:
    _, bad, _ = invoices(door)
    door.order({"kind": "Invoice", "id": bad, "on": "write"}, 500, "10000")
    where, _, operation = path.partition("?operation=")
    params = {"operation": operation} if operation else {"sendTo": "ann@acme.co"}
    body = {"Id": bad, "SyncToken": "0"}
    answer = door.send("POST", where.format(id=bad), body, **params)
    assert (answer.status, loads(answer.body)["Fault"]["type"]) == (500, "SystemFault")
    assert door.read("Invoice", bad)["SyncToken"] == "0"


def test_a_write_is_known_by_what_it_would_make(door: Doored) -> None:
    door.order({"kind": "Customer", "where": {"DisplayName": "Rocket"}, "on": "write"}, 500, "10000")
    assert door.code("POST", "/customer", {"DisplayName": "Rocket"}) == "10000"
    assert door.code("POST", "/customer", {"DisplayName": "Plain"}) == ""
    assert door.query("select count(*) from Customer where DisplayName = 'Rocket'") == {"totalCount": 0}


def test_in_a_batch_the_item_is_struck_and_its_neighbours_are_not(door: Doored) -> None:
    _, bad, _ = invoices(door)
    door.order({"kind": "Customer", "where": {"DisplayName": "Rocket"}}, 500, "10000")
    door.order({"kind": "Invoice", "id": bad})
    made = [
        {"bId": name, "operation": "create", "Customer": {"DisplayName": name}} for name in ("Plain", "Rocket", "Other")
    ]
    told = door.batch(
        *made, {"bId": "q", "Query": "select * from Invoice"}, {"bId": "i", "Query": "select * from Item"}
    )
    codes = [item["Fault"]["Error"][0]["code"] if "Fault" in item else "" for item in told]
    assert codes == ["", "10000", "", "4002", ""]


@pytest.mark.parametrize("place", [0, 1, 29])
def test_a_record_takes_its_whole_batch_along(door: Doored, place: int) -> None:
    door.order({"kind": "Customer", "where": {"DisplayName": "Rocket"}, "on": "write"}, 500, "10000", whole=True)
    names = [f"Plain {number}" for number in range(30)]
    names[place] = "Rocket"
    items = [
        {"bId": str(at), "operation": "create", "Customer": {"DisplayName": name}} for at, name in enumerate(names)
    ]
    answer = door.send("POST", "/batch", {"BatchItemRequest": items})
    assert (answer.status, loads(answer.body)["Fault"]["Error"][0]["code"]) == (500, "10000")
    assert door.query("select count(*) from Customer where DisplayName like 'Plain%'") == {"totalCount": 0}
    del items[place]
    assert all("Customer" in item for item in door.batch(*items))
    assert door.code("POST", "/customer", {"DisplayName": "Rocket"}) == "10000"


def test_a_list_takes_its_whole_batch_along(door: Doored) -> None:
    _, bad, _ = invoices(door)
    door.order({"kind": "Invoice", "id": bad}, 500, "10000", whole=True)
    body = {"BatchItemRequest": [{"bId": "q", "Query": "select * from Invoice"}]}
    assert door.code("POST", "/batch", body) == "10000"


def test_meetings_are_counted(door: Doored) -> None:
    _, bad, _ = invoices(door)
    door.order({"kind": "Invoice", "id": bad}, skip=1, count=2)
    codes = [door.asked(f"select * from {kind}") for kind in ("Invoice", "Item", "Invoice", "Invoice", "Invoice")]
    assert codes == ["", "", "4002", "4002", ""]
    (live,) = door.book.list()
    assert (live["seen"], live["struck"]) == (3, 2)


def test_the_address_of_a_request_goes_on_to_choose(door: Doored) -> None:
    _, bad, _ = invoices(door)
    door.order({"kind": "Invoice", "id": bad}, method="GET", path="query")
    assert (door.asked("select * from Invoice"), door.code("GET", f"/invoice/{bad}")) == ("4002", "")


def test_users_meet_no_fault(door: Doored) -> None:
    door.order({"kind": "Customer"})
    assert door.server.act({"op": "create", "kind": "Customer", "body": {"DisplayName": "Fern"}})["SyncToken"] == "0"


@pytest.mark.parametrize(
    ("address", "malformed"),
    [
        ("ap@globex.example", False),
        ("ap@globex.example, cfo@globex.example", False),
        ("b\u00fcro@globex.example", False),
        ("ap@@globex.example", True),
        ("ap@globex..example", True),
        ("a p@globex.example", True),
        ("ap@globex.example; cfo@globex.example", True),
        ("ap.globex@", True),
    ],
)
def test_switch_a_malformed_email_poisons_its_lists(shop: Shop, address: str, malformed: bool) -> None:
    invoice = shop.invoice(BillEmail={"Address": address})
    shop.invoice()

    def told(path: str, **params: str) -> tuple[int, str]:
        answer = shop.send("GET", path, **params)
        return answer.status, loads(answer.body).get("Fault", {}).get("Error", [{}])[0].get("code", "")

    fine, bad = (200, ""), (400, "4002")
    changes = {"entities": "Invoice,Customer", "changedSince": SINCE}
    assert told("/query", query="select * from Invoice") == told("/cdc", **changes) == fine
    shop.server.switches.malformed_email = "fails_lists"
    expected = bad if malformed else fine
    assert told("/query", query="select * from Invoice") == told("/cdc", **changes) == expected
    assert told("/query", query="select Id, BillEmail from Invoice") == expected
    assert told("/query", query="select Id from Invoice") == fine
    assert told("/query", query="select Id, TotalAmt from Invoice") == fine
    assert told("/query", query=f"select * from Invoice where Id > '{invoice['Id']}'") == fine
    assert told("/cdc", **{**changes, "entities": "Customer"}) == told(f"/invoice/{invoice['Id']}") == fine


TEXTS: dict[str, Json] = {
    "name": {"DisplayName": ROCKET},
    "note": {"DisplayName": "Plain Three", "Notes": ROCKET},
    "line": {"DisplayName": "Plain Three", "BillAddr": {"Line1": ROCKET}},
}


@pytest.mark.parametrize("body", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize(
    ("switch", "alone", "made"), [("kept", 200, [True, True]), ("fails", 500, [True, False]), ("fails_batch", 500, [])]
)
def test_switch_letters_beyond_the_bmp_in_a_write(
    shop: Shop, body: Json, switch: Any, alone: int, made: list[bool]
) -> None:
    shop.server.switches.beyond_bmp = switch
    customers = [{"DisplayName": "Plain \u2019\uffee \u6c49"}, body]
    items = [{"bId": str(at), "operation": "create", "Customer": body} for at, body in enumerate(customers)]
    answer = shop.send("POST", "/batch", {"BatchItemRequest": items})
    told = loads(answer.body)
    assert ["Customer" in item for item in told.get("BatchItemResponse", [])] == made
    assert answer.status == (200 if made else 500)
    if not made:
        assert told["Fault"]["Error"][0]["code"] == "10000"
    other = {**body, "DisplayName": body["DisplayName"] + " 2"}
    assert shop.send("POST", "/customer", other).status == alone


def test_switch_letters_beyond_the_bmp_in_a_line(shop: Shop) -> None:
    shop.server.switches.beyond_bmp = "fails"
    line = {**shop.line(), "Description": ROCKET}
    assert shop.send("POST", "/invoice", {"CustomerRef": ref(shop.customer), "Line": [line]}).status == 500
    assert shop.query("select count(*) from Invoice") == {"totalCount": 0}

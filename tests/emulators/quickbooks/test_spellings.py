"""The same call as different clients spell it, over a real socket (reference 2 and 3)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.quickbooks import QuickBooks

from .client import Client, Json, ref
from .judges import Bench
from .sockets import listening


class Caller:
    """HTTP by hand."""

    def __init__(self, port: int, info: Json, token: str) -> None:
        self.port = port
        self.base = f"/v3/company/{info['realm_id']}"
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[HTTPResponse, bytes]:
        line = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
            chunked = not isinstance(body, bytes | None)
            line.request(method, self.base + path, body, sent, encode_chunked=chunked)
            answer = line.getresponse()
            return answer, answer.read()
        finally:
            line.close()

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Json:
        answer, told = self(method, path, body, **headers)
        assert answer.status == 200, told
        found: Json = json.loads(told)
        return found


@pytest.fixture(scope="module")
def call() -> Iterator[Caller]:
    clock = VirtualClock()
    server = QuickBooks(clock, Random(3))
    with listening(server, clock.now) as port:
        bench = Bench(server, port)
        bench.save("Customer", DisplayName="Fern")
        yield Caller(port, bench.info, bench.auth.access_token)
        bench.close()


@pytest.mark.parametrize(
    "path", ["/customer/1", "/customer/1/", "/Customer/1", "/CUSTOMER//1/", "/customer/1?minorversion=4"]
)
def test_paths(call: Caller, path: str) -> None:
    assert call.json("GET", path)["Customer"]["DisplayName"] == "Fern"


STATEMENTS = [
    "SELECT * FROM Customer WHERE Id = '1' ORDERBY Id STARTPOSITION 1 MAXRESULTS 10",
    "select * from Customer where Id = '1' order by Id startposition 1 maxresults 10",
    "Select  *\n From Customer\tWhere id In ('1') OrderBy ID Desc MaxResults 10 StartPosition 1",
    "select *, Sku from Customer where metadata.lastupdatedtime > '2020-01-01'",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_in_the_address_and_as_a_body(call: Caller, statement: str) -> None:
    found = call.json("GET", f"/query?query={quote(statement)}")["QueryResponse"]["Customer"]
    for kind in ("application/text", "text/plain; charset=utf-8"):
        posted = call.json("POST", "/query?minorversion=75", statement.encode(), Content_Type=kind)
        assert posted["QueryResponse"]["Customer"] == found
    assert [one["Id"] for one in found] == ["1"]


def test_a_plus_in_an_address_is_a_space(call: Caller) -> None:
    assert call.json("GET", "/query?query=select+count(*)+from+Customer")["QueryResponse"] == {"totalCount": 1}


def test_a_body_in_chunks(call: Caller) -> None:
    parts = iter([b'{"Display', b'Name": "In pieces"', b"}"])
    made = call.json("POST", "/customer", parts, Content_Type="application/json", Transfer_Encoding="chunked")
    assert made["Customer"]["DisplayName"] == "In pieces"


def test_answers_are_zipped_for_those_who_take_it(call: Caller) -> None:
    path = "/preferences"
    plain, body = call("GET", path)
    zipped, packed = call("GET", path, Accept_Encoding="gzip, deflate")
    assert (plain.getheader("Content-Encoding"), zipped.getheader("Content-Encoding")) == (None, "gzip")
    assert json.loads(gzip.decompress(packed))["Preferences"] == json.loads(body)["Preferences"]


def test_head_and_options(call: Caller) -> None:
    head, nothing = call("HEAD", "/customer/1")
    assert (head.status, nothing) == (200, b"")
    assert int(head.getheader("Content-Length", "0")) > 100
    options, _ = call("OPTIONS", "/customer/1")
    assert (options.status, "POST" in options.getheader("Allow", "")) == (204, True)


def test_an_unknown_method_or_path_is_not_supported(call: Caller) -> None:
    for method, path in (("PUT", "/customer"), ("DELETE", "/customer/1"), ("GET", "/customer/1/2/3")):
        answer, body = call(method, path)
        assert (answer.status, json.loads(body)["Fault"]["Error"][0]["code"]) == (400, "500")


@pytest.mark.parametrize(
    ("accept", "starts"),
    [
        ("application/json", b"{"),
        ("application/json; charset=utf-8", b"{"),
        ("text/html, application/json;q=0.5", b"{"),
        ("application/xml", b"<?xml"),
        ("*/*", b"<?xml"),
    ],
)
def test_the_form_of_an_answer(call: Caller, accept: str, starts: bytes) -> None:
    for path in ("/customer/1", "/customer/999"):
        assert call("GET", path, Accept=accept)[1].startswith(starts)


def test_ids_and_tokens_as_numbers(qbo: Client) -> None:
    made = qbo.make("Customer", DisplayName="Moss")
    sent = {"Id": int(made["Id"]), "SyncToken": int(made["SyncToken"]), "sparse": "true", "Notes": "x"}
    assert qbo.post("/customer", sent)["Customer"]["SyncToken"] == "1"


def test_an_invoice_shows_its_link_when_asked(qbo: Client) -> None:
    sales = qbo.make("Account", Name="Sales", AccountType="Income")["Id"]
    item = qbo.make("Item", Name="Seat", Type="Service", IncomeAccountRef=ref(sales))["Id"]
    who = qbo.make("Customer", DisplayName="Moss")["Id"]
    line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": ref(item)}}
    made = qbo.make("Invoice", CustomerRef=ref(who), Line=[line], BillEmail={"Address": "a@b.co"})
    assert "InvoiceLink" not in qbo.read("Invoice", made["Id"])
    shown = qbo.get(f"/invoice/{made['Id']}", include="invoiceLink")["Invoice"]
    assert shown["InvoiceLink"].startswith("https://connect.intuit.com/")


def test_lines_of_an_address_have_two_thousand_signs_together(qbo: Client) -> None:
    full = {f"Line{number}": "x" * 400 for number in range(1, 6)}
    assert qbo.make("Customer", DisplayName="A", BillAddr=full)["BillAddr"]["Line5"] == "x" * 400
    assert qbo.fault("/customer", {"DisplayName": "B", "BillAddr": {**full, "Line1": "x" * 401}})["code"] == "2050"

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from ml_emulators.kit import bodies
from ml_emulators.kit.emulation import Emulation
from ml_emulators.kit.faults import BadFault, Fault, FaultBook, RecordMatch
from ml_emulators.kit.gate import Answer, Dropped
from ml_emulators.kit.wire import Request, Response, loads

GET = Request("GET", "/v3/company/1/query", "query=select * from Item")
POST = Request("POST", "/v3/company/1/journalentry", body=b'{"DocNumber":"SFO-1-01"}')


def struck(fault: Fault, request: Request, times: int = 1, vendor: str = "quickbooks") -> int:
    book = FaultBook(Random(7))
    book.add(fault)
    return sum(book.pick(vendor, request)[1] is not None for _ in range(times))


@pytest.mark.parametrize(
    ("fault", "request_", "times", "hits"),
    [
        (Fault("drop_after"), GET, 3, 3),
        (Fault("drop_after", vendor="salesforce"), GET, 3, 0),
        (Fault("drop_after", method="POST"), GET, 1, 0),
        (Fault("drop_after", method="post"), POST, 1, 1),
        (Fault("drop_after", path="journalentry$|query"), GET, 1, 1),
        (Fault("drop_after", path=r"\?query=select \* from Item"), GET, 1, 1),
        (Fault("drop_after", body="SFO-"), POST, 1, 1),
        (Fault("drop_after", body="SFC-"), POST, 1, 0),
        (Fault("drop_after", count=2), GET, 5, 2),
        (Fault("drop_after", skip=2, count=1), GET, 5, 1),
        (Fault("drop_after", probability=0.0), GET, 50, 0),
    ],
)
def test_which_requests_a_fault_strikes(fault: Fault, request_: Request, times: int, hits: int) -> None:
    assert struck(fault, request_, times) == hits


def test_chance_is_seeded() -> None:
    fault = Fault("drop_before", probability=0.3)
    assert struck(fault, GET, 100) == struck(fault, GET, 100) == 33


def test_delays_add_up_and_the_first_other_fault_strikes() -> None:
    book = FaultBook(Random(1))
    for fault in (
        Fault("delay", seconds=1.5),
        Fault("html"),
        Fault("delay", seconds=0.5),
        Fault("drop_before"),
    ):
        book.add(fault)
    assert book.pick("quickbooks", GET) == (2.0, Fault("html"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop_after", path="("),
        Fault("drop_after", body="["),
        Fault("drop_after", probability=1.1),
        Fault("drop_after", count=0),
        Fault("drop_after", skip=-1),
        Fault("status"),
        Fault("status", status=99),
        Fault("delay"),
        Fault("timeout_after", seconds=601),
        Fault("ok_with_fault", vendor="salesforce"),
        Fault("status", status=500, whole=True),
        Fault("status", status=500, record=RecordMatch("Invoice")),
        Fault("status", "quickbooks", status=200, record=RecordMatch("Invoice")),
        Fault("status", "quickbooks", status=500, record=RecordMatch("Invoice"), done=True),
        Fault("status", "quickbooks", status=500, record=RecordMatch("Invoice"), retry_after=1),
        Fault("status", "quickbooks", status=500, record=RecordMatch("Invoice"), text="x"),
        Fault("drop_after", "quickbooks", record=RecordMatch("Invoice")),
    ],
)
def test_senseless_faults_are_refused(fault: Fault) -> None:
    with pytest.raises(BadFault):
        FaultBook(Random(1)).add(fault)


INVOICE = {"Id": "12", "DocNumber": "INV-7", "Balance": 0}


@pytest.mark.parametrize(
    ("match", "on", "kind", "fits"),
    [
        (RecordMatch("Invoice"), "read", "Invoice", True),
        (RecordMatch("Invoice"), "read", "Payment", False),
        (RecordMatch("Invoice", id="12"), "list", "Invoice", True),
        (RecordMatch("Invoice", id="1"), "list", "Invoice", False),
        (RecordMatch("Invoice", where={"DocNumber": "INV-7"}), "write", "Invoice", True),
        (RecordMatch("Invoice", where={"DocNumber": "INV-7", "Balance": 1}), "write", "Invoice", False),
        (RecordMatch("Invoice", where={"Colour": "red"}), "write", "Invoice", False),
        (RecordMatch("Invoice", id="12", on="list"), "list", "Invoice", True),
        (RecordMatch("Invoice", id="12", on="list"), "read", "Invoice", False),
    ],
)
def test_which_record_a_fault_means(match: RecordMatch, on: Any, kind: str, fits: bool) -> None:
    book = FaultBook(Random(1))
    book.add(Fault("status", "quickbooks", status=400, record=match))
    met = book.at_records("quickbooks", GET)
    assert (met.meet(on, kind, INVOICE) is not None) is fits is met.struck
    assert (met.meet(on, kind, {"Id": "other"}, INVOICE) is not None) is fits, "any form of it will do"


def test_a_fault_at_a_record_leaves_requests_alone() -> None:
    book = FaultBook(Random(1))
    book.add(Fault("status", "quickbooks", status=400, record=RecordMatch("Invoice"), path="query", count=1))
    assert book.pick("quickbooks", GET) == (0.0, None)
    assert not book.at_records("quickbooks", POST)
    assert not book.at_records("salesforce", GET)
    met = book.at_records("quickbooks", GET)
    assert [met.meet("list", "Invoice", INVOICE) is not None for _ in range(3)] == [True, False, False]


def test_a_fault_of_a_whole_call_is_asked_for_by_itself() -> None:
    book = FaultBook(Random(1))
    book.add(Fault("status", "quickbooks", status=500, record=RecordMatch("Invoice"), whole=True))
    met = book.at_records("quickbooks", GET)
    assert met.meet("write", "Invoice", INVOICE, whole=False) is None
    assert met.meet("write", "Invoice", INVOICE, whole=True) == met.meet("write", "Invoice", INVOICE)


def test_a_vendor_that_knows_no_records_goes_on(emulation: Emulation) -> None:
    emulation.faults.add(Fault("status", "quickbooks", status=400, record=RecordMatch("Note")))
    got = emulation.serve("quickbooks", POST)
    assert isinstance(got, Answer)
    assert (got.response.status, emulation.log.entries[-1].fault) == (200, "")


def test_an_error_answer_names_the_element(emulation: Emulation) -> None:
    body = outcome(emulation, Fault("status", status=400, code="2050", element="DocNumber"))[2]
    assert loads(body)["Fault"]["Error"][0]["element"] == "DocNumber"


def outcome(emulation: Emulation, fault: Fault, vendor: str = "quickbooks") -> tuple[str, int, bytes, int]:
    """What came (answer or dropped), status, body, and how many notes the vendor kept."""
    emulation.faults.add(fault)
    got = emulation.serve(vendor, POST)
    kept = len(emulation.vendors[vendor].records("Note"))
    if isinstance(got, Dropped):
        return ("dropped done" if got.done else "dropped", 0, b"", kept)
    return ("cut" if got.cut else "answer", got.response.status, got.response.body, kept)


@pytest.mark.parametrize(
    ("fault", "came", "status", "kept"),
    [
        (Fault("drop_before"), "dropped", 0, 0),
        (Fault("drop_after"), "dropped done", 0, 1),
        (Fault("timeout_before", seconds=3), "dropped", 0, 0),
        (Fault("timeout_after", seconds=3), "dropped done", 0, 1),
        (Fault("status", status=429), "answer", 429, 0),
        (Fault("status", status=429, done=True), "answer", 429, 1),
        (Fault("html"), "answer", 503, 0),
        (Fault("xml", status=500), "answer", 500, 0),
        (Fault("ok_with_fault"), "answer", 200, 0),
        (Fault("malformed", shape="nan"), "answer", 200, 1),
        (Fault("cut"), "cut", 200, 1),
        (Fault("delay", seconds=9), "answer", 200, 1),
        (Fault("kill_session"), "answer", 401, 0),
    ],
)
def test_what_a_fault_does(emulation: Emulation, fault: Fault, came: str, status: int, kept: int) -> None:
    got = outcome(emulation, fault)
    assert (got[0], got[1], got[3]) == (came, status, kept)
    assert emulation.log.entries[-1].fault == fault.kind
    assert emulation.log.totals("quickbooks").writes == kept


@pytest.mark.parametrize(
    ("vendor", "status", "where", "text"),
    [
        ("quickbooks", 429, ("Fault", "Error", 0, "code"), "3001"),
        ("quickbooks", 401, ("fault", "error", 0, "code"), "3200"),
        ("quickbooks", 500, ("Fault", "type"), "SystemFault"),
        ("salesforce", 403, (0, "errorCode"), "REQUEST_LIMIT_EXCEEDED"),
        ("salesforce", 401, (0, "errorCode"), "INVALID_SESSION_ID"),
        ("salesforce", 503, (0, "errorCode"), "SERVER_UNAVAILABLE"),
    ],
)
def test_error_answers_have_the_vendors_shape(
    emulation: Emulation, vendor: str, status: int, where: tuple[Any, ...], text: str
) -> None:
    value = loads(outcome(emulation, Fault("status", status=status), vendor)[2])
    for step in where:
        value = value[step]
    assert value == text


def test_an_error_answer_can_be_worded_and_asks_to_wait(emulation: Emulation) -> None:
    emulation.faults.add(Fault("status", status=429, retry_after=60, code="003001", message="slow down"))
    got = emulation.serve("quickbooks", GET)
    assert isinstance(got, Answer)
    assert got.response.headers["Retry-After"] == "60"
    assert loads(got.response.body)["Fault"]["Error"][0] == {
        "Message": "slow down",
        "Detail": "slow down",
        "code": "003001",
    }


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("nan", b'{"Name":"Acme","Amount":NaN}'),
        ("infinity", b'{"Name":"Acme","Amount":Infinity}'),
        ("huge_number", b'{"Name":"Acme","Amount":1e400}'),
        ("duplicate_keys", b'{"Name":"Acme","Name":"twice","Amount":12.50}'),
        ("bad_utf8", b'{"Name":"\xff\xfe\xc3(Acme","Amount":12.50}'),
        ("nul", b'{"Name":"\x00Acme","Amount":12.50}'),
        ("truncated", b'{"Name":"Acme",'),
        ("empty", b""),
    ],
)
def test_malformed_bodies(shape: Any, body: bytes) -> None:
    real = Response(200, {"Content-Type": "application/json"}, b'{"Name":"Acme","Amount":12.50}')
    assert bodies.malformed(real, Fault("malformed", shape=shape)).body == body

"""Numbers, notes and idempotency keys (accounting-rules B.11, golden values)."""

from __future__ import annotations

from datetime import date

import pytest

from accounting.books import ORDER_ID, ORG, REALM
from ml_connector.accounting.identity import Identity, note, order_link
from ml_connector.engine.batches import batch_id, request_id
from ml_connector.systems.quickbooks.records import note_fields


def identity(number: str = "00001234", kind: str = "O", seq: str = "01", order_id: str = ORDER_ID) -> Identity:
    return Identity(realm_id=REALM, org_id=ORG, order_id=order_id, order_number=number, kind=kind, seq=seq)


@pytest.mark.parametrize(
    ("number", "kind", "seq", "expected"),
    [
        ("00001234", "O", "01", "SFO-00001234-01"),
        ("00001234", "S", "202611", "SFS-00001234-202611"),
        ("00000000001234", "S", "202611", "SFS-1K0FKW7B-202611"),
        ("00000000001234", "O", "01", "SFO-00000000001234-01"),  # 21 characters just fit
        ("000000000001234", "O", "01", "SFO-1K0FKW7B-01"),
    ],
)
def test_number(number: str, kind: str, seq: str, expected: str) -> None:
    assert identity(number, kind, seq).number == expected
    assert len(expected) <= 21


def test_golden_keys() -> None:
    golden = "v1|JE|4620816365000001|00DHp0000001AbCMAU|801Hp00001AbCdEIAV|O|01"
    clearing = golden.replace("|O|01", "|C|01")
    assert identity().key == golden
    assert identity(kind="C").key == clearing
    assert request_id(golden) == "fd70d2d8cbaebfdc7e65c6c896e93b9e"
    assert request_id(golden, 2) == "8e1b73b9c106e4d55713d7eb408a82ee"
    assert batch_id([(golden, 1), (clearing, 1)]) == "5166fd18511d066b413c61b0add60a01"
    assert identity().mark == request_id(golden)[:12]


def test_short_ids_make_the_same_key() -> None:
    assert identity(order_id=ORDER_ID[:15]).key == identity().key
    assert identity("0" * 20, order_id=ORDER_ID[:15]).number == identity("0" * 20).number


def test_note() -> None:
    text = note(identity(), "https://login.salesforce.com/x", date(2026, 10, 28), "SFO-00001000-01")
    mark = "mlc1|org=00DHp0000001AbCMAU|ord=801Hp00001AbCdEIAV|on=00001234|k=O|seq=01|key=fd70d2d8cbae"
    assert text == f"{mark}|orig=2026-10-28|rev_of=SFO-00001000-01\nhttps://login.salesforce.com/x"


def test_an_order_number_cannot_break_the_note() -> None:
    fields = note_fields(note(identity("7|key=x\nmlc1"), ""))
    assert (fields["on"], fields["key"]) == ("7_key=x_mlc1", identity("7|key=x\nmlc1").mark)


@pytest.mark.parametrize(("sandbox", "host"), [(False, "login"), (True, "test")])
def test_order_link(sandbox: bool, host: str) -> None:
    assert order_link(ORDER_ID[:15], sandbox=sandbox) == f"https://{host}.salesforce.com/{ORDER_ID}"

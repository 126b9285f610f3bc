"""Headers, bitmaps, and bytes that are none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_connector.systems.salesforce.pubsub.events import BadEvent, EventSchema, places

from .evented import ACCOUNT_ID, optional, payload, schema

ADDRESS = {
    "type": "record",
    "name": "Address",
    "fields": [optional(name) for name in ("Street", "City", "Latitude", "Longitude")],
}
ACCOUNT = schema(
    optional("Name"),
    optional("LastModifiedDate", "long"),
    optional("Billing", ADDRESS),
    optional("Shipping", "Address"),
)
LINE = schema(optional("UnitPrice", "double"), optional("OrderId"), optional("Late"), name="OrderItemChangeEvent")


def changed(*maps: str, **header: Any) -> Any:
    return EventSchema(ACCOUNT).notice(payload(ACCOUNT, changedFields=list(maps), **header)).fields


def test_the_published_vector() -> None:
    """The golden vector of reference 6.3: header, then Name and Type."""
    text = schema(optional("Name"), optional("Type"))
    golden = bytes.fromhex(
        "0e4163636f756e74022430303130303030303030303030303141414100024c636f6d2f73616c6573666f7263652f6170692f726573742f"
        "36372e303b636c69656e743d7162046b310280a0d5edee660e243030353030303030303030303030314141410000020830783036000208"
        "41636d6500"
    )
    assert golden == payload(text, {"Name": "Acme", "Type": None}, changedFields=["0x06"])
    notice = EventSchema(text).notice(golden)
    assert (notice.kind, notice.ids, notice.change) == ("Account", (ACCOUNT_ID,), "UPDATE")
    assert (notice.at, notice.transaction) == (datetime(2026, 1, 1, tzinfo=UTC), "k1")
    assert notice.fields == frozenset({"Name", "Type"})


def test_the_record_itself_is_not_decoded() -> None:
    """Whatever follows the header may be cut off or senseless: it is not looked at."""
    whole = payload(ACCOUNT, {"Name": "Acme"})
    assert EventSchema(ACCOUNT).notice(whole[:-8] + b"\xff").ids == (ACCOUNT_ID,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0x06", [1, 2]),
        ("0xA0060140", [6, 8, 17, 18, 29, 31]),
        ("0x400800", [11, 22]),
        ("0x0400000000000000", [58]),
        ("0x100000000000800000", [23, 68]),
        ("0x801000", [12, 23]),
        ("0x800002", [1, 23]),
        ("0x0180", [7, 8]),
    ],
)
def test_bitmaps(text: str, expected: list[int]) -> None:
    assert places(text) == expected


def test_nested_bitmaps_and_compounds_by_name() -> None:
    assert changed("0x02", "3-0x03") == {"Name", "Billing.Street", "Billing.City"}
    assert changed("4-0x04") == {"Shipping.Latitude"}
    assert changed("0x02", nulledFields=["0x04"], diffFields=["3-0x01"]) == {
        *("Name", "LastModifiedDate", "Billing.Street")
    }


@pytest.mark.parametrize(
    "text", ["", "0x", "06", "0xZZ", "9-0x01", "-1-0x01", "3-0xFF", "0x80", "x-0x01", "0x" + "F" * 5000]
)
def test_what_a_bitmap_does_not_explain_is_not_guessed(text: str) -> None:
    assert changed(text) is None


def test_quiet_events() -> None:
    """Only stamps, or co-ordinates that the platform adds: nothing to look at."""
    quiet = EventSchema(ACCOUNT)

    def is_quiet(*maps: str, **header: Any) -> bool:
        return quiet.notice(payload(ACCOUNT, changedFields=list(maps), **header)).quiet

    assert is_quiet("0x04")
    assert is_quiet("4-0x0C")
    assert not is_quiet("0x06")
    assert not is_quiet("3-0x0E")
    assert not is_quiet()
    assert not is_quiet("0x04", changeType="CREATE")
    assert not is_quiet("0x04", nulledFields=["0x02"])


def test_a_line_names_its_order() -> None:
    line = EventSchema(LINE)
    header: dict[str, Any] = {"entityName": "OrderItem", "recordIds": ["802000000000001AAA"]}
    told = payload(LINE, {"UnitPrice": 1.5, "OrderId": "801000000000001AAA"}, **header)
    assert line.notice(told).owner == "801000000000001AAA"
    assert line.notice(payload(LINE, **header)).owner == ""
    assert EventSchema(ACCOUNT).notice(payload(ACCOUNT, **header)).owner == ""


def test_a_header_with_more_in_it_is_read() -> None:
    text = json.loads(schema())
    text["fields"][0]["type"]["fields"].append({"name": "extra", "type": ["null", _array("long")], "default": None})
    more = json.dumps(text)
    assert EventSchema(more).notice(payload(more, extra=[1, 2])).kind == "Account"


def _array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _with_header(fields: Any) -> str:
    text = json.loads(schema())
    text["fields"][0]["type"]["fields"] = fields
    return json.dumps(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        '"string"',
        "[" * 100_000,
        '{"type":"record"}',
        '{"type":"record","name":"X","fields":[]}',
        '{"type":"record","name":"X","fields":[1]}',
        '{"type":"record","name":"X","fields":[{"name":"Name","type":"string"}]}',
        _with_header([{"name": "recordIds", "type": _array("null")}]),
        _with_header([{"name": "recordIds", "type": _array({"type": "fixed", "name": "F", "size": 0})}]),
        _with_header([{"name": "recordIds", "type": _array({"type": "record", "name": "R", "fields": []})}]),
        _with_header([{"name": "recordIds", "type": {"type": "map", "values": "null"}}]),
        _with_header([{"type": "string"}]),
        _with_header("x"),
        schema(7),
    ],
)
def test_schemas_that_are_none(text: str) -> None:
    with pytest.raises(BadEvent):
        EventSchema(text)


@pytest.mark.parametrize(
    "header",
    [{"commitTimestamp": 2**62}, {"commitTimestamp": -(2**62)}, {"recordIds": []}, {"entityName": ""}],
)
def test_headers_at_their_bounds(header: dict[str, Any]) -> None:
    try:
        EventSchema(ACCOUNT).notice(payload(ACCOUNT, **header))
    except BadEvent:
        assert "commitTimestamp" in header
    else:
        assert "commitTimestamp" not in header


GOOD = payload(ACCOUNT, {"Name": "Acme"}, changedFields=["0x06", "3-0x03"])


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda at, new: GOOD[:at] + new + GOOD[at + len(new) :], st.integers(0, len(GOOD)), st.binary(max_size=8)
        ),
    )
)
def test_bytes_that_are_no_event(data: bytes) -> None:
    known = EventSchema(ACCOUNT)
    try:
        notice = known.notice(data)
    except BadEvent:
        return
    assert all(isinstance(text, str) for text in (notice.kind, notice.change, notice.origin, *notice.ids))

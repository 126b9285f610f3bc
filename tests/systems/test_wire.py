"""Money and JSON on the wire: exact, or a clear error."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import BadAnswer
from ml_connector.systems import wire


class Line(msgspec.Struct, rename="pascal"):
    amount: Decimal
    line: tuple[Line, ...] = ()


class Bill(msgspec.Struct, rename="pascal"):
    id: str
    total_amt: Decimal
    rate: Decimal | None = None
    line: tuple[Line, ...] = ()
    note: str = ""


def bill(total: str, more: str = "") -> bytes:
    return f'{{"Id":"1","TotalAmt":{total}{more}}}'.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100.00", "100.00"),
        ("0", "0"),
        ("-12.5", "-12.5"),
        ("-0.00", "0.00"),
        ("1E+3", "1000"),
        ("9.5E8", "950000000"),
        ("1.5e-3", "0.0015"),
        ("999999999999999", "999999999999999"),
        ("99999999999.9999", "99999999999.9999"),
        ("1234567890123.0000", "1234567890123.0000"),
        ("0E+400", "0"),
    ],
)
def test_an_amount_is_read_digit_for_digit(text: str, expected: str) -> None:
    amount = wire.decode(bill(text), Bill, "a bill").total_amt

    assert str(amount) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1e400", "1E+15", "1e-400", "NaN", "Infinity", "-Infinity", '"1_0"', '"12.50"', '"NaN"', "0x10",
        "1234567890123456", "0.1234567890123456", "12345678901234.56", "1_0",
        "01", "+1", ".5", "1.", "true", "null", "[1]", "{}", "",
    ],
)  # fmt: skip
def test_what_is_no_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(BadAnswer):
        wire.decode(bill(text), Bill, "a bill")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b'<?xml version="1.0"?><Fault/>', "is XML or a web page"),
        (b"<html>502</html>", "is XML or a web page"),
        (b'{"Id":"1","TotalAmt":1', "is cut off"),
        (b'{"Id":"1","TotalAmt":1}}', "is not valid JSON"),
        (b'{"Id":"\xff","TotalAmt":1}', "is not valid UTF-8"),
        (b'{"Id":"a\x00","TotalAmt":1}', "is not valid JSON"),
        (b'{"Id":"1","TotalAmt":1,"TotalAmt":2}', "names the same field twice"),
        (b'{"Id":"1","TotalAmt":1,"x":{"a":{},"a" : {}}}', "names the same field twice"),
        (b'{"Id":"1","TotalAmt":1,"a":"\\u003a","b":1,"b":1}', "names the same field twice"),
        (b'{"TotalAmt":1}', "lacks a part"),
        (b'{"Id":7,"TotalAmt":1}', "lacks a part or has one of another kind than documented at $.Id"),
        (b"[]", "lacks a part"),
        (b"[" * 5000, "is nested too deeply"),
    ],
)
def test_a_broken_answer_is_named_and_never_quoted(body: bytes, says: str) -> None:
    with pytest.raises(BadAnswer, match="a bill") as caught:
        wire.decode(body, Bill, "a bill")

    assert says in caught.value.sentence
    assert caught.value.remedy


def test_names_that_only_look_doubled_are_accepted() -> None:
    body = b'{ "Id" : "a\\u003a: \\\\u003a \\\\u0000" , "TotalAmt" : 1, "Note":"\\"Id\\":", "x":{"Id":1},"y":{"Id":2} }'

    assert wire.decode(body, Bill, "a bill").id == "a:: \\u003a \\u0000"


@pytest.mark.parametrize("text", ['"\\u0000"', '"a\\u0000\\u0000b"'])
def test_a_nul_in_a_text_spoils_nothing_and_makes_no_other_id(text: str) -> None:
    tree = wire.loads(f'{{"Id":"1\\u00002","rows":[{{"Note":{text}}}],"Total":1.50}}'.encode(), "a bill")

    assert tree["Id"] == "1\ufffd2"
    assert tree["rows"] == [{"Note": json.loads(text).replace("\0", "\ufffd")}]
    assert tree["Total"] == Decimal("1.50")


def test_unknown_fields_may_hold_anything() -> None:
    found = wire.decode(bill("1.00", ',"big":12345678901234567890,"far":1e999,"amount":"1_0"'), Bill, "a bill")

    assert found.total_amt == Decimal("1.00")


def test_null_counts_as_absent_but_not_for_an_amount_that_must_be_there() -> None:
    assert wire.decode(bill("1", ',"Rate":null,"Note":null'), Bill, "a bill").note == ""
    with pytest.raises(BadAnswer):
        wire.decode(bill("null"), Bill, "a bill")


def test_amounts_are_guarded_at_any_depth() -> None:
    good = wire.decode(bill("1", ',"Line":[{"Amount":1.10,"Line":[{"Amount":2}]}]'), Bill, "a bill")
    assert [good.line[0].amount, good.line[0].line[0].amount] == [Decimal("1.10"), Decimal(2)]
    with pytest.raises(BadAnswer):
        wire.decode(bill("1", ',"Line":[{"Amount":1.10,"Line":[{"Amount":"2"}]}]'), Bill, "a bill")


def test_loads_gives_exact_numbers_or_refuses() -> None:
    assert wire.loads(b'{"a":1.10,"b":2}', "x") == {"a": Decimal("1.10"), "b": 2}
    for body in (b'{"a":1e400}', b'{"a":12345678901234567}'):
        with pytest.raises(BadAnswer):
            wire.loads(body, "x")
        assert wire.loads(body, "x", strict=False) == {"a": wire.UNREAD}


@pytest.mark.parametrize("value", ["1", True, None, 1.5, wire.UNREAD, 10**15])
def test_amount_takes_numbers_only(value: object) -> None:
    assert wire.amount(7, "x") == Decimal(7)
    with pytest.raises(BadAnswer):
        wire.amount(value, "x")


def test_what_is_sent_is_exact_and_always_the_same() -> None:
    body = {"b": [Decimal("1E+3"), Decimal("120.50")], "a": {"d": True, "c": date(2026, 11, 22)}, "é": None}

    assert wire.encode(body) == '{"a":{"c":"2026-11-22","d":true},"b":[1000,120.50],"é":null}'.encode()
    assert wire.encode(dict(reversed(body.items()))) == wire.encode(body)


@pytest.mark.parametrize(
    "value",
    [1.5, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+400"), Decimal("1.234567890123456"), "a\0b", b"x", {1: 2}],
)
def test_what_has_no_exact_form_is_not_sent(value: Any) -> None:
    with pytest.raises(ValueError):
        wire.encode({"x": value})


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=5)
tree = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(codec="utf-8", exclude_characters="\0")) | amounts,
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab:"\\é', max_size=3), inner),
    max_leaves=20,
)


@given(tree)
def test_what_is_sent_comes_back(value: Any) -> None:
    assert wire.loads(wire.encode({"x": value}), "x") == {"x": value}


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(BadAnswer):
        assert wire.decode(body, Bill, "a bill").total_amt.is_finite()

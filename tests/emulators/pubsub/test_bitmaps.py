"""Bitmaps and bytes: the published vectors, and a decoder of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_emulators.pubsub.bitmaps import bitmap, bitmaps
from ml_emulators.pubsub.changes import Change
from ml_emulators.pubsub.codec import encode
from ml_emulators.pubsub.schemas import change_schema
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.schema.words import pick, text

from .event_org import field_names

VECTORS = [
    ({6, 8, 17, 18, 29, 31}, {}, ["0xA0060140"]),
    ({11, 22}, {}, ["0x400800"]),
    ({22}, {4: {0}}, ["0x400000", "4-0x01"]),
    ({23}, {6: {0}}, ["0x800000", "6-0x01"]),
    (set(), {6: {7, 8}}, ["6-0x0180"]),
    ({58}, {}, ["0x0400000000000000"]),
    ({23, 68}, {}, ["0x100000000000800000"]),
    ({12, 23}, {}, ["0x801000"]),
    ({1, 23}, {}, ["0x800002"]),
    (set(), {}, []),
]


@pytest.mark.parametrize(("top", "nested", "texts"), VECTORS)
def test_vectors(top: set[int], nested: dict[int, set[int]], texts: list[str]) -> None:
    assert bitmaps(top, nested) == texts


@given(st.sets(st.integers(0, 200), min_size=1))
def test_a_bitmap_says_its_places_in_the_fewest_whole_bytes(places: set[int]) -> None:
    digits = bitmap(places).removeprefix("0x")
    assert {i for i in range(len(digits) * 4) if int(digits, 16) >> i & 1} == places
    assert len(digits) == 2 * (max(places) // 8 + 1)
    assert digits == digits.upper()


def _flat(count: int) -> dict[str, Any]:
    return {"name": "X", "fields": [{"name": f"f{place}", "type": ["null", "string"]} for place in range(count)]}


@given(st.sets(st.integers(1, 59)), st.dictionaries(st.integers(60, 63), st.sets(st.integers(0, 9), min_size=1)))
def test_what_was_encoded_is_decoded(top: set[int], nested: dict[int, set[int]]) -> None:
    schema = _flat(64)
    for parent in range(60, 64):
        schema["fields"][parent]["type"] = ["null", _flat(10)]
    expected = {f"f{place}" for place in top} | {f"f{p}.f{place}" for p, places in nested.items() for place in places}
    assert field_names(schema, bitmaps(top, nested)) == expected


GOLDEN = (
    "0e4163636f756e7402243030313030303030303030303030314141410002"
    "4c636f6d2f73616c6573666f7263652f6170692f726573742f36372e303b636c69656e743d7162"
    "046b310280a0d5edee660e24303035303030303030303030303031414141000002083078303600"
    "020841636d6500"
)


def test_golden_bytes() -> None:
    name = text("Name", 255, name_field=True, compound="Name", extra_type="switchablepersonname")
    schema = change_schema(SObject("Account", "001", (name, pick("Type"))))
    change = Change(
        kind="Account",
        ids=("001000000000001AAA",),
        change_type="UPDATE",
        transaction_key="k1",
        sequence=1,
        commit_number=7,
        instant=datetime(2026, 1, 1, tzinfo=UTC),
        user_id="005000000000001AAA",
        origin="com/salesforce/api/rest/67.0;client=qb",
        schema_id=schema.schema_id,
        values={"Name": "Acme", "Type": None},
        changed=("Name", "Type"),
    )
    assert encode(schema, change).hex() == GOLDEN

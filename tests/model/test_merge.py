"""Who wins when two sides differ (accounting-rules E.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.merge import Conflict, Owner, Values, merge

NEVER = object()
ROWS: list[tuple[Owner, str | None, str | None, object, str, bool]] = [
    # owner, source, target, agreed, what is written, conflict
    ("source", "a", "a", "a", "", False),
    ("source", "b", "a", "a", "target", False),
    ("source", "a", "b", "a", "target", False),
    ("source", "b", "c", "a", "target", True),
    ("source", None, "a", "a", "target", False),
    ("source", None, "a", NEVER, "", False),
    ("source", "a", None, NEVER, "target", False),
    ("target", "b", "a", "a", "source", False),
    ("target", "b", "c", "a", "source", True),
    ("target", "a", "b", NEVER, "source", False),
    ("last_change", "b", "a", "a", "target", False),
    ("last_change", "a", "b", "a", "source", False),
    ("last_change", "b", "c", "a", "source", True),
    ("last_change", "b", "b", "a", "", False),
    ("last_change", None, "a", "a", "target", False),
    ("last_change", "a", None, "a", "source", False),
    ("last_change", None, "a", NEVER, "source", False),
    ("last_change", "a", None, NEVER, "target", False),
    ("last_change", "b", "c", NEVER, "source", False),
    ("last_change", None, None, NEVER, "", False),
]


@pytest.mark.parametrize(("owner", "source", "target", "agreed", "written", "conflict"), ROWS)
def test_each_field(
    owner: Owner, source: str | None, target: str | None, agreed: str | None, written: str, conflict: bool
) -> None:
    before = {} if agreed is NEVER else {"phone": agreed}
    found = merge({"phone": Values(owner, source, target)}, before)
    assert (found.to_source, found.to_target) == (
        ("phone",) if written == "source" else (),
        ("phone",) if written == "target" else (),
    )
    assert bool(found.conflicts) is conflict


def test_a_conflict_says_what_is_lost() -> None:
    found = merge({"phone": Values("last_change", "111", "222")}, {"phone": "000"})
    assert found.conflicts == (Conflict("phone", "target", kept="222", lost="111"),)


def test_what_is_agreed_grows_with_each_side_that_is_written() -> None:
    fields = {
        "name": Values("target", "Old", "New"),
        "balance": Values("source", "5", "7"),
        "site": Values("source", "x", "x"),
    }
    found = merge(fields, {"name": "Old", "balance": "7", "mark": "kept"})
    assert found.agreed_after(()) == {"name": "Old", "balance": "7", "site": "x", "mark": "kept"}
    assert found.agreed_after(found.to_target) == {"name": "Old", "balance": "5", "site": "x", "mark": "kept"}
    assert found.agreed == {"name": "New", "balance": "5", "site": "x", "mark": "kept"}


values = st.sampled_from([None, "a", "b", "c"])


@given(
    owner=st.sampled_from(["source", "target", "last_change"]),
    source=values,
    target=values,
    agreed=st.one_of(st.just({}), values.map(lambda each: {"f": each})),
)
def test_once_written_both_sides_rest(
    owner: Owner, source: str | None, target: str | None, agreed: dict[str, str | None]
) -> None:
    found = merge({"f": Values(owner, source, target)}, agreed)
    if found.to_source:
        source = target
    if found.to_target:
        target = source
    again = merge({"f": Values(owner, source, target)}, found.agreed)
    assert (again.to_source, again.to_target, again.conflicts) == ((), (), ())

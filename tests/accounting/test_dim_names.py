"""Old names of departments and classes, as links keep them (accounting-rules F.3, S17)."""

from __future__ import annotations

from datetime import date

import pytest

from ml_connector.accounting.dim_names import aliases_in, name_ref, renames
from ml_connector.accounting.dims import Alias
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role

OLD = name_ref("department", "East:Boston")
LINK = Link(
    Role.DIM_ALIAS, OLD, Ref("quickbooks", "Department", "11"),
    {"name": "East:Boston", "11": "2026-11-01", "leaf 12": "2026-11-05"},
)  # fmt: skip


def test_a_name_is_looked_up_whatever_its_spelling() -> None:
    assert name_ref("department", " east : BOSTON") == OLD == Ref("quickbooks", "DepartmentName", "east:boston")
    assert name_ref("class", "SaaS").kind == "ClassName"


def test_each_that_had_the_name_is_an_alias_for_90_days() -> None:
    assert aliases_in(LINK) == (
        Alias("east:boston", "11", date(2027, 1, 30)),
        Alias("east:boston", "12", date(2027, 2, 3), leaf=True),
    )


def test_what_was_posted_knows_the_name_for_ever() -> None:
    assert [alias.until for alias in aliases_in(LINK, past=True)] == [None, None]


@pytest.mark.parametrize("past", [False, True])
def test_aliases_of_several_texts_by_dimension(past: bool) -> None:
    links = {OLD: [LINK]}
    names = [("department", "East:Boston"), ("department", "West"), ("class", "East:Boston")]
    found = renames(names, lambda ref: links.get(ref, []), past=past)  # type: ignore[arg-type]  # literals
    assert found == {"department": aliases_in(LINK, past=past)}

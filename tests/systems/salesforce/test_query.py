"""Queries as text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.model.errors import ReadRefused
from ml_connector.systems.salesforce.query import PAGE, STATEMENT_MAX, in_lists, literal, moment, select, selects


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Acme", "'Acme'"),
        ("O'Neil & Sons", r"'O\'Neil & Sons'"),
        ('"quoted"', r"'\"quoted\"'"),
        ("back\\slash", r"'back\\slash'"),
        ("a\nb\tc", r"'a\nb\tc'"),
        ("x' OR Name != '", r"'x\' OR Name != \''"),
        ("me@example.com", r"'me\u0040example.com'"),
        ("Müller 日本", "'Müller 日本'"),
        ("\x00\x1f", r"'\u0000\u001f'"),
    ],
)
def test_text_in_a_query_is_quoted(text: str, written: str) -> None:
    assert literal(text) == written


@given(st.text())
def test_no_text_ends_its_own_quotes(text: str) -> None:
    inner = literal(text)[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inner
    assert "@{" not in inner


def test_instants_are_written_in_utc() -> None:
    paris = timezone(timedelta(hours=1))
    assert moment(datetime(2026, 11, 1, 0, 30, 15, 999, tzinfo=paris)) == "2026-10-31T23:30:15Z"
    assert moment(datetime(2026, 11, 1, tzinfo=UTC)) == "2026-11-01T00:00:00Z"


def test_an_order_is_read_with_parents_and_lines_in_one_query() -> None:
    query = select("Order", {}, "Id IN ('801000000000001AAA')")
    assert query.startswith("SELECT Id, SystemModstamp, ")
    assert "Account.Department__c" in query
    assert "(SELECT Id, SystemModstamp, OrderItemNumber, Product2Id, Product2.Name" in query
    assert query.endswith(" FROM OrderItems ORDER BY Id) FROM Order WHERE Id IN ('801000000000001AAA') ORDER BY Id")


def test_what_the_org_hides_is_not_asked_for() -> None:
    seen = {
        "Contact": frozenset({"Id", "Email", "AccountId"}),
        "Account": frozenset({"Id", "Name"}),
    }
    assert select("Contact", seen) == "SELECT Id, Email, AccountId FROM Contact ORDER BY Id"
    assert select("Account", {**seen, "Contact": frozenset()}) == "SELECT Id, Name FROM Account ORDER BY Id"
    assert "(SELECT Id, Email FROM Contacts" in select("Account", seen)


def test_relations_to_other_accounts_are_asked_for_only_where_the_org_has_them() -> None:
    seen = {"Contact": frozenset({"Id"})}
    plain = "SELECT Id FROM Contact ORDER BY Id"
    assert [select("Contact", each) for each in (seen, {**seen, "AccountContactRelation": frozenset()})] == [plain] * 2
    related = "(SELECT Id, AccountId FROM AccountContactRelations WHERE IsDirect = false ORDER BY Id)"
    assert select("Contact", {**seen, "AccountContactRelation": frozenset({"Id", "AccountId"})}) == (
        f"SELECT Id, {related} FROM Contact ORDER BY Id"
    )


def test_a_parent_is_asked_for_only_where_the_lookup_is_shown() -> None:
    seen = {"Contact": frozenset({"Id"}), "Account": frozenset({"Id", "ParentId"})}
    assert "Account.ParentId" not in select("Contact", seen)


def test_an_object_that_is_not_there_is_said_in_plain_words() -> None:
    with pytest.raises(ReadRefused, match="may not see Order, or the org does not have it"):
        select("Order", {"Order": frozenset()})


@given(st.lists(st.integers(1, 300), max_size=80))
def test_in_lists_hold_every_literal_once_and_stay_short(lengths: list[int]) -> None:
    literals = [f"'{'x' * length}'" for length in lengths]
    conditions = list(in_lists("Name", literals, 400))
    assert all(len(condition) <= 400 for condition in conditions)
    assert [lit for c in conditions for lit in c.removeprefix("Name IN (").removesuffix(")").split(",")] == literals


def test_ten_thousand_ids_are_five_queries() -> None:
    queries = selects("Order", {}, "Id", [literal(f"{n:018}") for n in range(5 * PAGE)])
    assert len(queries) == 5
    assert all(len(query) <= STATEMENT_MAX for query in queries)

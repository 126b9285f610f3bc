"""What a page finds after a write: by the value written, in any spelling; otherwise only the vendor can tell."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.engine.search_cache import SearchCache
from ml_connector.model.errors import BadAnswer
from ml_connector.model.plans import Done, NeedFind, Write
from ml_connector.model.refs import Json
from ml_connector.systems.salesforce.records import SObject

ANN, BOB = "ann@alder.example", "bob@birch.example"


def contact(key: str, email: str) -> SObject:
    return SObject("Contact", key, {"Email": email, "LastName": key})


def by_email(value: str) -> NeedFind:
    return NeedFind("salesforce", "Contact", "Email", value)


def write(body: Json, **other: Any) -> Write:
    return Write(step="contact", system="salesforce", kind="Contact", action="update", body=body, key="k", **other)


@pytest.fixture
def cache() -> SearchCache:
    made = SearchCache()
    made.put(by_email(ANN), [contact("A", ANN)])
    made.put(by_email(ANN.upper()), [contact("A", ANN)])
    made.put(by_email(BOB), [])
    return made


def keys(cache: SearchCache, value: str) -> list[str]:
    found = cache.get(by_email(value))
    assert found is not None
    assert not isinstance(found, BadAnswer)
    return [each.id for each in found]


def test_a_contact_with_a_new_address_is_found_by_it_and_no_longer_by_the_old_one(cache: SearchCache) -> None:
    moved = contact("A", BOB)
    cache.settled(write({"Email": BOB.title()}), Done(moved.ref), moved)
    assert {value: keys(cache, value) for value in (ANN, ANN.upper(), BOB)} == {ANN: [], ANN.upper(): [], BOB: ["A"]}


def test_a_made_contact_is_found_by_its_address_beside_the_one_that_was_there(cache: SearchCache) -> None:
    made = contact("B", ANN)
    cache.settled(write({"Email": ANN}), Done(made.ref, created=True), made)
    assert keys(cache, ANN) == keys(cache, ANN.upper()) == ["A", "B"]


def test_a_write_of_another_field_leaves_it_where_it_was_found_and_shows_it_as_it_stands(cache: SearchCache) -> None:
    renamed = contact("A", ANN).merged({"LastName": "Alder"})
    cache.settled(write({"LastName": "Alder"}), Done(renamed.ref), renamed)
    assert cache.get(by_email(ANN)) == [renamed]


@pytest.mark.parametrize(
    ("body", "created"), [({"Email": None}, False), ({"LastName": "Alder"}, True)], ids=["emptied", "made by default"]
)
def test_what_only_the_vendor_can_tell_is_asked_again(cache: SearchCache, body: Json, created: bool) -> None:
    record = contact("A", "")
    cache.settled(write(body), Done(record.ref, created=created), record)
    assert by_email(ANN) not in cache
    assert by_email(BOB) not in cache


def test_an_answer_that_could_not_be_read_is_asked_again_after_a_write(cache: SearchCache) -> None:
    cache.put(by_email(BOB), BadAnswer("The answer made no sense.", "Again."))
    cache.settled(write({"LastName": "Alder"}), Done(contact("A", ANN).ref), contact("A", ANN))
    assert by_email(BOB) not in cache
    assert keys(cache, ANN) == ["A"]


def test_a_write_of_another_kind_changes_nothing(cache: SearchCache) -> None:
    account = SObject("Account", "X", {"Email": ANN})
    other = Write(step="a", system="salesforce", kind="Account", action="update", body={"Email": None}, key="k")
    cache.settled(other, Done(account.ref), account)
    assert keys(cache, ANN) == ["A"]

"""Whatever people type into whatever field: no sync stops, no other record suffers, nothing is refused unseen."""

from __future__ import annotations

from random import Random

import pytest

from . import fields
from .company import QUICKBOOKS, SALESFORCE, Company
from .play import Place, place
from .texts import Known, text

SEEDS, TEXTS = (1, 4), 2_000


def test_random_texts_in_every_field_stop_nothing_and_lose_nothing() -> None:
    results = [place().play(seed) for seed in SEEDS]
    assert not [result.report() for result in results if not result.good]
    assert sum(result.put for result in results) >= TEXTS


def test_the_fields_are_those_that_the_vendors_take() -> None:
    texts = {(kind, field.name): field.most for kind, known in fields.quickbooks().items() for field in known}
    assert texts["Invoice", "PrivateNote"] == 4000
    assert texts["Invoice", "Line.Description"] == 4000
    assert texts["Customer", "BillAddr.City"] == 255
    assert ("Customer", "Active") not in texts


def test_every_kind_gets_texts_in_its_fields(company: Company) -> None:
    kinds = [(system, kind) for system, known in company.fields.items() for kind in known]
    kinds.remove((SALESFORCE, "OrderItem"))  # comes with its order
    for system, kind in kinds * 4:  # some are refused at the door
        company.plant(system, kind)
    planted = {(record.system, record.kind) for record in company.planted}
    assert planted == {*kinds, (SALESFORCE, "OrderItem")}


def test_what_the_vendor_refuses_at_the_door_is_not_put(company: Company) -> None:
    long = fields.Field(("DisplayName",), 10_000)
    company.fields = {QUICKBOOKS: {"Customer": [long]}}
    for _ in range(30):
        company.plant(QUICKBOOKS, "Customer")
    assert company.refused
    assert company.put + company.refused == 30
    assert all(len(record.texts["DisplayName"]) <= 500 for record in company.planted)


@pytest.fixture
def company() -> Company:
    played: Place = place()
    played.testbed.back_to(played.in_step, "fields")
    company = Company(played.testbed.home.emulation, Random(3))
    company.look_around()
    return company


def test_texts_are_of_every_length_and_plane_and_never_half_a_letter() -> None:
    random, known = Random(7), Known(["Acme"], ["001Hs0000000002IAA"])
    texts = [text(random, known, 10_000) for _ in range(2_000)]
    assert {ord(letter) >> 16 for one in texts for letter in one} == set(range(17))
    assert max(map(len, texts)) > 9_000
    assert min(map(len, texts)) == 1
    assert "".join(texts).encode()  # no surrogates

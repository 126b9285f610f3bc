"""Evidence in points, and what follows from it (accounting-rules E.1)."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.flows.parties import matching
from ml_connector.flows.parties.candidates import of_account, of_customer
from ml_connector.flows.parties.matching import Candidate, Index, Match, Party, evidence, facts_of, match, similar
from ml_connector.flows.parties.names import sorted_words
from ml_connector.systems.quickbooks import records as quickbooks
from support.context import RULES, TABLES, sobject


def party(name: str, key: str = "x", **known: object) -> Party:
    sets = {field: frozenset({value}) for field, value in known.items() if field in ("emails", "hosts", "phones")}
    texts = {field: value for field, value in known.items() if field not in sets}
    return Party(**{"id": key, "name": name, **texts, **sets})  # type: ignore[arg-type]  # one helper for all fields


ACME = party("Acme, Inc.", emails="ap@acme.com", phones="+16175550100", country="US", country_or_home="US")


@pytest.mark.parametrize(
    ("left", "right", "points"),
    [
        (ACME, party("ACME Incorporated", hosts="acme.com", phones="+16175550100"), 100),
        (ACME, party("Acme Ltd", country="GB", country_or_home="GB"), 20),
        (ACME, party("Other", emails="ap@acme.com"), 50),
        (ACME, party("Other", emails="cfo@acme.com"), 40),
        (party("Bob", emails="bob@gmail.com"), party("Sue", emails="sue@gmail.com"), 0),
        (party("Bob", emails="bob@gmail.com"), party("Sue", emails="bob@gmail.com"), 50),
        (party("North Acme"), party("Acme North"), 35),
        (party("Initech Systems LLC"), party("Initech System"), 35),
        (party("Initech"), party("Initeck"), 0),
        (
            party("A", postal_code="02110", country_or_home="US"),
            party("B", postal_code="02110", country_or_home="US"),
            15,
        ),
        (
            party("A", postal_code="02110", country_or_home="US", street_number="1"),
            party("B", postal_code="02110", country_or_home="US", street_number="1"),
            20,
        ),
        (party("A", postal_code="1000", country_or_home="DE"), party("B", postal_code="1000", country_or_home="BE"), 0),
        (party("Same", tax_id="1"), party("Same", tax_id="2"), -60),
        (party("A"), party("A", country="US"), 40),
    ],
)
def test_points(left: Party, right: Party, points: int) -> None:
    owners = dict.fromkeys(right.domains, 1)
    assert sum(each for _, each in evidence(left, right, owners)) == points


@pytest.mark.parametrize(
    ("left", "right", "is_similar"),
    [
        ("a" * 25, "a" * 23 + "bb", True),
        ("a" * 24, "a" * 22 + "bb", False),
        ("a" * 12, "a" * 11 + "b", False),
        ("a" * 13, "a" * 12 + "b", True),
        ("", "", False),
    ],
)
def test_similarity_of_092_is_exact(left: str, right: str, is_similar: bool) -> None:
    assert similar(left, right) is is_similar


def outcome(customer: Party, *candidates: Party) -> Match:
    return match(customer, Index(candidates), RULES)


def test_the_five_rows_of_the_rules() -> None:
    accounts = (
        party("ACME Incorporated", "a", hosts="acme.com", phones="+16175550100"),
        party("Acme Ltd", "b", country="GB", country_or_home="GB"),
        party("Globex", "c"),
        party("Initech System", "d", hosts="initech.com"),
        party("Initech Systemes", "e", hosts="initech.com"),
    )
    acme = outcome(ACME, *accounts)
    assert (acme.outcome, acme.best.score, acme.best.party.id, acme.gap) == ("auto", 100, "a", 80)
    globex = outcome(party("Globex LLC", emails="bob@gmail.com"), *accounts)
    assert (globex.outcome, globex.best.score) == ("review", 40)
    initech = outcome(party("Initech Systems LLC", emails="x@initech.com"), *accounts)
    assert (initech.outcome, [candidate.score for candidate in initech.candidates]) == ("review", [35, 35])
    assert outcome(party("Umbrella SA"), *accounts) == Match("new")


@pytest.mark.parametrize(
    ("rival", "gap", "expected"),
    [
        (party("Acme", "b", emails="ap@acme.com", phones="+16175550100", country="GB"), 20, "auto"),
        (party("Acme", "b", emails="ap@acme.com", phones="+16175550100"), 0, "review"),
        (party("North Acme", "b", emails="ap@acme.com", phones="+16175550100"), 40, "auto"),
        (party("Acme", "b", emails="ap@acme.com"), 20, "auto"),
    ],
)
def test_the_gap_must_be_20(rival: Party, gap: int, expected: str) -> None:
    best = party("Acme", "a", emails="ap@acme.com", phones="+16175550100")
    found = outcome(ACME, best, rival)
    assert (found.best.score, found.gap, found.outcome) == (110, gap, expected)


def test_those_with_a_counterpart_do_not_count() -> None:
    """Of two accounts with the domain one is taken: then the domain says something again."""
    index = Index([party("Acme", "a", hosts="acme.com"), party("Acme", "b", hosts="acme.com")])
    assert match(ACME, index, RULES).outcome == "review"
    free = match(ACME, index, RULES, lambda parties: [each for each in parties if each.id == "a"])
    assert (free.outcome, free.best.score) == ("auto", 80)


def test_facts_for_a_person() -> None:
    found = Match("review", (Candidate(party("Globex", "001"), 40, ("same name 40",)),))
    assert facts_of(found)["candidates"] == "Globex (001, 40 points)"
    assert facts_of(found)["evidence"] == "001: same name 40"


def test_candidates_are_opened_again_from_their_place_and_none_is_none() -> None:
    names = ["Acme", "Initech", "Acme North"]
    opened = []

    def at(place: int) -> Party | None:
        opened.append(place)
        return None if place == 1 else party(names[place], str(place), hosts="acme.com")

    index = Index(map(at, range(3)), at)
    opened.clear()
    assert [each.name for each in index.near(party("Other", hosts="acme.com"))] == ["Acme", "Acme North"]
    assert index.near(party("Initech")) == []
    assert opened == [0, 2]


def test_two_keys_with_one_digest_change_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = [party("Acme", "a", emails="ap@acme.com"), party("Globex", "b", emails="ap@globex.com")]
    alone = match(ACME, Index(candidates), RULES)
    monkeypatch.setattr(matching, "_digest", lambda key: 7)
    crowded = Index(candidates)
    assert len(crowded.near(ACME)) == 2
    assert match(ACME, crowded, RULES) == alone


def brute_force(customer: Party, candidates: list[Party]) -> list[tuple[str, int]]:
    """Every candidate scored, without an index."""
    owners = {d: sum(d in candidate.domains for candidate in candidates) for d in customer.domains}
    scored = [
        (candidate.id, sum(points for _, points in evidence(customer, candidate, owners))) for candidate in candidates
    ]
    return sorted([each for each in scored if each[1] > 0], key=lambda each: (-each[1], each[0]))[:10]


WORDS = [
    "acme",
    "north",
    "systems",
    "system",
    "systemes",
    "international",
    "internationale",
    "of",
    "the",
    "inc",
    "gmbh",
]
parties = st.builds(
    lambda key, words, mail, phone, postal: Party(
        id=str(key),
        name=" ".join(words),
        emails=frozenset({mail} if mail else ()),
        phones=frozenset({phone} if phone else ()),
        postal_code=postal,
        country_or_home="US",
    ),
    st.integers(0, 10**6),
    st.lists(st.sampled_from(WORDS), max_size=4),
    st.sampled_from(["", "a@acme.com", "b@acme.com", "c@north.com", "d@gmail.com"]),
    st.sampled_from(["", "+1", "+2"]),
    st.sampled_from(["", "02110", "10001"]),
)


@given(parties, st.lists(parties, max_size=12, unique_by=lambda each: each.id))
def test_the_index_changes_no_result(customer: Party, candidates: list[Party]) -> None:
    found = match(customer, Index(candidates), RULES)
    assert [(candidate.party.id, candidate.score) for candidate in found.candidates] == brute_force(
        customer, candidates
    )


def test_names_one_slip_apart_are_found_among_many() -> None:
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = ["".join(chance.choice(letters) for _ in range(chance.randint(13, 40))) for _ in range(400)]
    index = Index(party(name, str(number)) for number, name in enumerate(names))
    for number, name in enumerate(names):
        place = chance.randrange(len(name))
        slip = name[:place] + chance.choice(["", "1", name[place] + "1"]) + name[place + 1 :]
        assert similar(sorted_words(slip), sorted_words(name))
        assert str(number) in [candidate.party.id for candidate in match(party(slip), index, RULES).candidates]


def test_a_customer_keeps_all_its_evidence_in_the_table() -> None:
    customer = quickbooks.Customer(
        id="7", display_name="Acme (deleted)", is_project=True, active=False, balance=Decimal(5),
        primary_email_addr=quickbooks.Email(address="ap@acme.com, cfo@acme.com"),
        primary_phone=quickbooks.Phone(free_form_number="(617) 555-0100"), web_addr=quickbooks.Web(uri="https://acme.com"),
        bill_addr=quickbooks.Address(line1="12 Main St", postal_code="02110", country="USA"),
    )  # fmt: skip
    (kept,) = TABLES["quickbooks"]([customer])
    assert of_customer(kept, "DE") == of_customer(customer, "DE")
    assert (kept.is_project, of_customer(kept, "DE").country) == (True, "US")


def test_an_account_keeps_all_its_evidence_in_the_table() -> None:
    contacts = tuple(
        sobject("Contact", f"00300000000000{n}AAA", Email=mail) for n, mail in ((1, "ap@acme.com"), (2, None))
    )
    account = sobject(
        "Account", "001000000000001AAA", Name="Acme", Phone="(617) 555-0100", Website="www.acme.com", QBO_Id__c=None,
        QBO_Billing_Email__c="billing@acme.com", BillingStreet="12 Main St", BillingPostalCode="02110",
        BillingCountryCode="US", Contacts=contacts, NumberOfEmployees=Decimal(7),
    )  # fmt: skip
    (kept,) = TABLES["salesforce"]([account])
    assert of_account(kept, "DE") == of_account(account, "DE")
    assert of_account(kept, "DE").emails == {"ap@acme.com", "billing@acme.com"}
    assert kept.text("QBO_Id__c") == ""

"""Which account is this customer? Evidence in points, and three outcomes (accounting-rules E.1).

Works on `Party`, so that it serves both ways: a customer among the accounts, an account among the customers.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, Protocol

import msgspec
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from .free_mail import free_mail
from .names import normalised, sorted_words

SAME_EMAIL, SAME_DOMAIN = 50, 40
SAME_NAME, SIMILAR_NAME = 40, 35
SAME_PHONE = 20
SAME_POSTAL, SAME_STREET_NUMBER = 15, 5
OTHER_COUNTRY, OTHER_TAX_ID = -20, -100
UNLIKE_PER_100 = 8
"""Names are similar when at most 8 of 100 characters differ: similarity >= 0.92."""
CROWD = 200
"""A domain that more candidates have than this says nothing; they are not even looked at for it."""
OPENED = 512
"""So many candidates are kept as they were opened last."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a customer or an account, in canonical text (`model/canonical.py`). Empty is unknown.

    `country_or_home` is the country, or where none is written the one of the company; `id` is the vendor's.
    """

    id: str
    name: str
    emails: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    postal_code: str = ""
    street_number: str = ""
    country: str = ""
    country_or_home: str = ""
    tax_id: str = ""

    @property
    def domains(self) -> frozenset[str]:
        """Domains that belong to a business: of its e-mails and its web site, without those that everybody may use."""
        return (self.hosts | {email.rpartition("@")[2] for email in self.emails}) - free_mail() - {""}

    @property
    def place(self) -> tuple[str, str]:
        """Postal code and country: a postal code alone says nothing across borders (E.1)."""
        return self.postal_code, self.country_or_home


class Candidate(msgspec.Struct, frozen=True):
    """One possible counterpart. `why` names the evidence with its points: `same name 40`."""

    party: Party
    score: int
    why: tuple[str, ...] = ()


class Match(msgspec.Struct, frozen=True):
    """`auto`: link the first candidate. `review`: a person decides. `new`: there is no counterpart."""

    outcome: Literal["auto", "review", "new"]
    candidates: tuple[Candidate, ...] = ()

    @property
    def best(self) -> Candidate:
        """The candidate with most points; `auto` and `review` always have one."""
        return self.candidates[0]

    @property
    def gap(self) -> int:
        """Points between the best and the next; an empty place has 0."""
        return self.best.score - max(self.candidates[1].score if len(self.candidates) > 1 else 0, 0)


class Thresholds(Protocol):
    """Points: `match_auto` to link by itself, `match_review` to ask, `match_gap` ahead of the next best."""

    @property
    def match_auto(self) -> int:
        """At least as many points link without a person."""

    @property
    def match_review(self) -> int:
        """At least as many points are shown to a person; below is no counterpart."""

    @property
    def match_gap(self) -> int:
        """By so many points the best must lead, or a person decides."""


Free = Callable[[Sequence[Party]], Sequence[Party]]
_PLACE_BITS = 32
_PLACES = (1 << _PLACE_BITS) - 1


class Index:
    """Candidates by their evidence, so that only those with a point in common are scored.

    Kept small, for there may be very many: of each key a number of 64 bits, its digest before the place of the
    candidate. Two keys with one digest make a candidate without points, and those are left out.
    """

    def __init__(self, parties: Iterable[Party | None], opened: Callable[[int], Party | None] | None = None) -> None:
        """`opened` gives the party at a place again; without it all are kept. None stands for no candidate."""
        if opened is None:
            parties = tuple(parties)
            opened = parties.__getitem__
        self._opened = lru_cache(OPENED)(opened)
        names: dict[int, dict[str, None]] = defaultdict(dict)
        self._keys = array("Q", sorted(_keyed(parties, names)))
        self._names = {length: tuple(texts) for length, texts in names.items()}

    def near(self, party: Party) -> list[Party]:
        """All candidates that can have points for this party, in the order of the index."""
        places = {place for key in _keys(party) for place in self._sharing(key)}
        for name in self._similar(sorted_words(party.name)):
            places.update(self._sharing(("words", name)))
        return [found for place in sorted(places) if (found := self._opened(place))]

    def _sharing(self, key: tuple[str, ...]) -> Sequence[int]:
        first = _digest(key) << _PLACE_BITS
        start = bisect_left(self._keys, first)
        end = bisect_right(self._keys, first | _PLACES, start)
        return [] if key[0] == "domain" and end - start > CROWD else [each & _PLACES for each in self._keys[start:end]]

    def _similar(self, words: str) -> Iterable[str]:
        """Names that differ in as many letters as may be. Where none may, the key of the name finds them."""
        for length in range(len(words) * 92 // 100, len(words) * 100 // 92 + 2):
            allowed = max(length, len(words)) * UNLIKE_PER_100 // 100
            names = self._names.get(length)
            if names and allowed >= max(abs(length - len(words)), 1):
                hits = process.extract(words, names, scorer=Levenshtein.distance, score_cutoff=allowed, limit=None)
                yield from (hit[0] for hit in hits)


def _keyed(parties: Iterable[Party | None], names: dict[int, dict[str, None]]) -> Iterable[int]:
    """The keys of all parties as they are kept; their names go to `names`, by length."""
    for place, party in enumerate(parties):
        for key in _keys(party) if party else ():
            if key[0] == "words":
                names[len(key[1])][key[1]] = None
            yield _digest(key) << _PLACE_BITS | place


def _keys(party: Party) -> Iterable[tuple[str, ...]]:
    yield from (("email", email) for email in party.emails)
    yield from (("domain", domain) for domain in party.domains)
    yield from (("phone", phone) for phone in party.phones)
    if party.postal_code:
        yield "place", *party.place
    if words := sorted_words(party.name):
        yield "words", words


def _digest(key: tuple[str, ...]) -> int:
    return int.from_bytes(blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=4).digest())


def similar(left: str, right: str) -> bool:
    """Whether two names, words sorted, have a similarity of 0.92 or more. Exact: no floating point."""
    longer = max(len(left), len(right))
    allowed = longer * UNLIKE_PER_100 // 100
    return bool(left and right) and Levenshtein.distance(left, right, score_cutoff=allowed) <= allowed


def evidence(left: Party, right: Party, owners: Mapping[str, int]) -> list[tuple[str, int]]:
    """Each piece of evidence with its points. `owners` counts, by domain, the candidates that have it."""
    found = [_contact(left, right, owners), _name(left, right)]
    if left.phones & right.phones:
        found.append(("same phone", SAME_PHONE))
    if left.postal_code and left.place == right.place:
        found.append(("same postal code", SAME_POSTAL))
        if left.street_number and left.street_number == right.street_number:
            found.append(("same street number", SAME_STREET_NUMBER))
    if left.country and right.country and left.country != right.country:
        found.append(("other country", OTHER_COUNTRY))
    if left.tax_id and right.tax_id and left.tax_id != right.tax_id:
        found.append(("other tax id", OTHER_TAX_ID))
    return [each for each in found if each[1]]


def _contact(left: Party, right: Party, owners: Mapping[str, int]) -> tuple[str, int]:
    if left.emails & right.emails:
        return "same e-mail", SAME_EMAIL
    if any(owners.get(domain) == 1 for domain in left.domains & right.domains):
        return "same domain", SAME_DOMAIN
    return "", 0


def _name(left: Party, right: Party) -> tuple[str, int]:
    if normalised(left.name) and normalised(left.name) == normalised(right.name):
        return "same name", SAME_NAME
    return ("similar name", SIMILAR_NAME) if similar(sorted_words(left.name), sorted_words(right.name)) else ("", 0)


def everyone(parties: Sequence[Party]) -> Sequence[Party]:
    """All candidates may be taken: nobody is linked yet."""
    return parties


def match(party: Party, index: Index, rules: Thresholds, free: Free = everyone) -> Match:
    """Score the candidates and say what to do. `free` leaves out those that have a counterpart already.

    Candidates come best first, at most ten, all above 0 points: what is left out has no points, and so can neither
    be linked nor stand in the way.
    """
    candidates = free(index.near(party))
    owners = Counter(domain for candidate in candidates for domain in candidate.domains & party.domains)
    scored = (_scored(party, candidate, owners) for candidate in candidates)
    ahead = sorted((each for each in scored if each.score > 0), key=lambda each: (-each.score, each.party.id))[:10]
    if not ahead or ahead[0].score < rules.match_review:
        return Match("new", tuple(ahead))
    found = Match("auto", tuple(ahead))
    sure = found.best.score >= rules.match_auto and found.gap >= rules.match_gap
    return found if sure else Match("review", tuple(ahead))


def _scored(party: Party, candidate: Party, owners: Mapping[str, int]) -> Candidate:
    found = evidence(party, candidate, owners)
    return Candidate(candidate, sum(points for _, points in found), tuple(f"{what} {points}" for what, points in found))


def facts_of(found: Match) -> Mapping[str, str]:
    """For the words of a hold: the candidates with their points, the best score, the gap to the next."""
    named = ", ".join(
        f"{candidate.party.name} ({candidate.party.id}, {candidate.score} points)" for candidate in found.candidates[:5]
    )
    why = "; ".join(f"{candidate.party.id}: {', '.join(candidate.why)}" for candidate in found.candidates[:5])
    return {"candidates": named, "score": str(found.best.score), "next_gap": str(found.gap), "evidence": why}

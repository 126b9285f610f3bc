"""Accounting-rules E.1 and F.2, written down once more for the tests: what a careful reader would decide."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz.distance import Levenshtein

FREE = {"gmail.com"}
_LEGAL = {"inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "co", "gmbh", "ag", "sa", "plc"}


def normal(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold().replace("&", " and ").removesuffix(" (deleted)")
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"[.']", "", text)).split()
    if words and words[0] == "the":
        words = words[1:]
    while words and words[-1] in _LEGAL:
        words = words[:-1]
    return " ".join(words)


def digits(phone: str) -> str:
    found = re.sub(r"\D", "", phone)
    return "1" + found if len(found) == 10 else found


@dataclass(frozen=True)
class Party:
    """What E.1 looks at, from either side."""

    id: str
    name: str
    emails: frozenset[str]
    domains: frozenset[str]
    phone: str
    postal: str
    street_number: str
    country: str
    sorted_name: str = field(default="", compare=False)


def _party(ident: str, name: str, emails: Iterable[str], web: str, phone: str, address: tuple[str, str, str]) -> Party:
    mails = frozenset(email.lower() for email in emails if "@" in email)
    domains = {email.partition("@")[2] for email in mails} | ({web} if web else set())
    postal, street, country = address
    number = street.partition(" ")[0]
    named = normal(name)
    return Party(
        ident,
        named,
        mails,
        frozenset(domains - FREE),
        digits(phone),
        postal,
        number,
        country,
        " ".join(sorted(named.split())),
    )


def customer(record: dict[str, Any]) -> Party:
    address = record.get("BillAddr", {})
    email = record.get("PrimaryEmailAddr", {}).get("Address", "")
    where = (address.get("PostalCode", ""), address.get("Line1", ""), address.get("Country", ""))
    phone = record.get("PrimaryPhone", {}).get("FreeFormNumber", "")
    return _party(record["Id"], record["DisplayName"], [email], "", phone, where)


def account(record: dict[str, Any], contacts: list[dict[str, Any]]) -> Party:
    emails = [contact["Email"] for contact in contacts]
    web = (record.get("Website") or "").removeprefix("https://www.")
    keys = ("BillingPostalCode", "BillingStreet", "BillingCountry")
    postal, street, country = (record.get(key) or "" for key in keys)
    return _party(record["Id"], record["Name"], emails, web, record.get("Phone") or "", (postal, street, country))


class Matcher:
    """Scores one party against many. A domain on several candidates counts nothing."""

    def __init__(self, candidates: list[Party]) -> None:
        self.candidates = candidates
        self.domains = Counter(domain for candidate in candidates for domain in candidate.domains)

    def score(self, one: Party, other: Party) -> int:
        points = 0
        if one.emails & other.emails:
            points += 50
        elif any(self.domains[domain] == 1 for domain in one.domains & other.domains):
            points += 40
        if one.name == other.name:
            points += 40
        elif Levenshtein.normalized_similarity(one.sorted_name, other.sorted_name, score_cutoff=0.92) >= 0.92:
            points += 35
        points += 20 if one.phone and one.phone == other.phone else 0
        if one.country and other.country:
            if one.country != other.country:
                points -= 20
            elif one.postal and one.postal == other.postal:
                points += 20 if one.street_number == other.street_number else 15
        return points

    def outcome(self, one: Party) -> tuple[str, str]:
        """auto, review or new, and the best candidate's id."""
        scores = sorted(((self.score(one, other), other.id) for other in self.candidates), reverse=True)
        best, ident = scores[0]
        if best >= 80 and scores[1][0] <= best - 20:
            return "auto", ident
        return ("review", ident) if best >= 35 else ("new", "")


def resolve(text: str, names: Iterable[str]) -> list[str]:
    """F.2 on full names without the deactivated's suffix: the names a text may mean."""
    wanted = ":".join(part.strip() for part in text.split(":")).casefold()
    full = [name for name in names if name.casefold() == wanted]
    return full or [name for name in names if name.rpartition(":")[2].casefold() == wanted]

"""Addresses of both vendors, compared by parts. A part too long for the other side means that none is sent."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from ml_connector.model import canonical
from ml_connector.model.flags import Flag
from ml_connector.model.refs import Json
from ml_connector.systems.quickbooks.records import Address
from ml_connector.systems.salesforce.records import Regions, SObject

Place = Literal["Billing", "Shipping"]

_ACCOUNT_LIMITS = {"Street": 255, "City": 40, "State": 80, "PostalCode": 20, "Country": 80}
_CUSTOMER_LIMITS = {"City": 255, "State": 255, "PostalCode": 30, "Country": 255}
_LINES, _LINE_LIMIT = 5, 500
_BETWEEN = " | "
_FIELD = {"Street": "street", "City": "city", "State": "state", "PostalCode": "postal_code", "Country": "country"}


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """An address as written on one side. `state_code` is what a picklist org has beside the state's name."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    state_code: str = ""

    def __bool__(self) -> bool:
        """Whether there is an address: a country alone is none."""
        return any(part.strip() for part in (self.street, self.city, self.state, self.postal_code))

    def canonical(self, home: str) -> dict[str, str | None]:
        """Each part as it is compared. Without a written country an address lies in the country of the company."""
        return {
            "Street": canonical.folded(self.street.replace("\n", " ")),
            "City": canonical.folded(self.city),
            "State": canonical.folded(self.state_code or self.state),
            "PostalCode": canonical.folded(self.postal_code),
            "Country": canonical.country(self.country) or home,
        }

    def text(self, home: str) -> str | None:
        """The whole address in canonical text, None for none."""
        return _BETWEEN.join(part or "" for part in self.canonical(home).values()) if self else None

    def filled(self, other: Parts, names: Collection[str]) -> Parts:
        """With what the other side writes in these parts, where this side cannot have them and has none."""
        mine, theirs = self.raw(), other.raw()
        blank = {_FIELD[name]: theirs[name] for name in names if not mine[name].strip()}
        return msgspec.structs.replace(self, **blank)

    def line(self) -> str:
        """The whole address in one line, as it is written."""
        return ", ".join(plain for part in self.raw().values() if (plain := " ".join(part.split())))

    def like(self, other: Parts) -> Parts:
        """With the state as the other side writes it, if it is the same by name or by code."""
        own = {canonical.folded(self.state), canonical.folded(self.state_code)}
        if other.state and canonical.folded(other.state) in own:
            return msgspec.structs.replace(self, state=other.state, state_code="")
        return self

    def without_country(self, owner: Parts) -> Parts:
        """A country that the owner never typed is none of the owner's business."""
        return self if owner.country.strip() else msgspec.structs.replace(self, country="")

    def raw(self) -> dict[str, str]:
        """Each part as it is written, by the vendor-neutral end of its Salesforce field: `Street`, `PostalCode`, ..."""
        return {name: getattr(self, field) for name, field in _FIELD.items()}


def of_customer(address: Address | None) -> Parts:
    """An address of QuickBooks; its up to five lines become one street of as many lines."""
    if address is None:
        return Parts()
    lines = (address.line1, address.line2, address.line3, address.line4, address.line5)
    return Parts(
        street="\n".join(line.strip() for line in lines if line.strip()),
        city=address.city,
        state=address.country_sub_division_code,
        postal_code=address.postal_code,
        country=address.country,
    )


def of_account(account: SObject, place: Place) -> Parts:
    """The billing or shipping address of an account. An org with picklists shows codes beside the names."""
    return Parts(
        street=account.text(f"{place}Street"),
        city=account.text(f"{place}City"),
        state=account.text(f"{place}State"),
        postal_code=account.text(f"{place}PostalCode"),
        country=account.text(f"{place}CountryCode") or account.text(f"{place}Country"),
        state_code=account.text(f"{place}StateCode"),
    )


def text_without(text: str | None, parts: Collection[str]) -> str | None:
    """A canonical text of `Parts.text` with these parts blank; None where nothing is left, or its parts cannot be told
    apart."""
    values = (text or "").split(_BETWEEN)
    if len(values) != len(_FIELD):
        return None
    left = {name: "" if name in parts else value for name, value in zip(_FIELD, values, strict=True)}
    return _BETWEEN.join(left.values()) if any(left[name] for name in left if name != "Country") else None


def fits_account(parts: Parts) -> bool:
    """Whether Salesforce takes every part whole: a part that is cut would be another address."""
    return all(len(value) <= _ACCOUNT_LIMITS[name] for name, value in parts.raw().items())


def fits_customer(parts: Parts) -> bool:
    """Whether QuickBooks takes every part whole: a street of at most 5 lines, 500 characters each."""
    lines = parts.street.splitlines()
    short = all(len(value) <= _CUSTOMER_LIMITS.get(name, 2000) for name, value in parts.raw().items())
    return short and len(lines) <= _LINES and all(len(line) <= _LINE_LIMIT for line in lines)


class Placed(msgspec.Struct, frozen=True):
    """An address as the org can keep it. `outside` are its state and country that the list does not have, by part;
    `line` is what stands in the street of them, blank where there is no room for it."""

    parts: Parts
    outside: Mapping[str, str] = {}
    line: str = ""

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Whether state or country stand in the street instead, or nowhere for want of room."""
        if not self.outside:
            return ()
        return (Flag.REGION_IN_STREET if self.line else Flag.REGION_LEFT_OUT,)

    def as_typed(self, there: Parts, typed: Parts) -> Parts:
        """What stands there, in the words of who typed it: so a state in other words or in the street is no change."""
        same = {"state": typed.state} if there.state_code and there.state_code == self.parts.state_code else {}
        there = msgspec.structs.replace(there, **same)
        street = there.street.replace("\r\n", "\n")
        if self.line and (street == self.line or street.endswith(f"\n{self.line}")):
            there = msgspec.structs.replace(there, street=street.removesuffix(self.line).rstrip("\n"))
        elif self.line:
            return there
        there = there.filled(typed, self.outside)
        return msgspec.structs.replace(there, state_code="") if there.state == typed.state else there


def placed(parts: Parts, regions: Regions | None, home: str) -> Placed:
    """State and country by the list of the org, what is not in it in the street.

    Without a written country the address lies in the company's where its state or postal code says so.
    """
    if regions is None or not parts:
        return Placed(parts)
    country = regions.country(parts.country)
    if not parts.country.strip() and (regions.state(home, parts.state) or _is_postal_code(parts, home)):
        country = regions.country(home)
    state = regions.state(country, parts.state)
    codes = {"State": (parts.state, state), "Country": (parts.country, country)}
    outside = {name: " ".join(typed.split()) for name, (typed, code) in codes.items() if typed.strip() and not code}
    line = ", ".join(outside.values())
    street = "\n".join(filter(None, (parts.street, line)))
    if len(street) > _ACCOUNT_LIMITS["Street"] >= len(parts.street):
        street, line = parts.street, ""
    kept = msgspec.structs.replace(parts, street=street, state=state, state_code=state, country=country)
    return Placed(kept, outside, line)


_POSTAL_CODES = {
    "US": r"\d{5}(-?\d{4})?", "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}",
    "AU": r"\d{4}", "DE": r"\d{5}", "FR": r"\d{5}", "ES": r"\d{5}", "IT": r"\d{5}", "NL": r"\d{4} ?[A-Z]{2}",
    "IN": r"\d{3} ?\d{3}", "MX": r"\d{5}", "BR": r"\d{5}-?\d{3}", "NZ": r"\d{4}", "ZA": r"\d{4}",
    "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}", "JP": r"\d{3}-?\d{4}", "SG": r"\d{6}",
}  # fmt: skip
"""How postal codes look in the countries in which companies of QuickBooks mostly are."""


def _is_postal_code(parts: Parts, country: str) -> bool:
    """Whether the postal code may be one of this country, and no state contradicts it."""
    pattern = _POSTAL_CODES.get(country)
    plain = parts.postal_code.strip().upper()
    return pattern is not None and not parts.state.strip() and re.fullmatch(pattern, plain) is not None


def for_account(wanted: Parts, now: Parts, place: Place, home: str, has_codes: bool) -> Json:
    """The fields of the account that must change, `None` to clear one. A blank country never clears a written one.

    `wanted` is `Placed`: an org with picklists (`has_codes`) takes a country and a state by their codes.
    """
    ours, theirs = wanted.canonical(home), now.canonical(home)
    moved = [name for name in ours if ours[name] != theirs[name]] if wanted else [n for n, v in now.raw().items() if v]
    if wanted and wanted.country.strip() and not now.country and "Country" not in moved:
        moved.append("Country")
    body = {f"{place}{name}": wanted.raw()[name].strip() or None for name in moved}
    return _with_codes(body, wanted, place) if has_codes else body


def _with_codes(body: Json, wanted: Parts, place: Place) -> Json:
    """Written by code; cleared are both, so that they agree."""
    listed = (f"{place}State", f"{place}Country")
    coded = {name: value for name, value in body.items() if name not in listed or value is None}
    coded |= {f"{name}Code": body[name] for name in listed if name in body}
    if coded.get(f"{place}StateCode") and wanted.country:
        coded[f"{place}CountryCode"] = wanted.country
    return coded


def for_customer(parts: Parts) -> Json:
    """The whole address object of a customer; all of it is sent again, blank where nothing is."""
    lines = [*parts.street.splitlines(), *[""] * _LINES][:_LINES]
    whole = {
        **{f"Line{number}": line.strip() for number, line in enumerate(lines, 1)},
        "City": parts.city,
        "CountrySubDivisionCode": parts.state_code or parts.state,
        "PostalCode": parts.postal_code,
        "Country": parts.country,
    }
    return {name: value for name, value in whole.items() if value} or {"Line1": ""}

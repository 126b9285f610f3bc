"""Addresses of both vendors, compared by parts. A part too long for the other side means that none is sent."""

from __future__ import annotations

from typing import Literal

import msgspec

from ml_connector.model import canonical
from ml_connector.model.refs import Json
from ml_connector.systems.quickbooks.records import Address
from ml_connector.systems.salesforce.records import SObject

Place = Literal["Billing", "Shipping"]

_ACCOUNT_LIMITS = {"Street": 255, "City": 40, "State": 80, "PostalCode": 20, "Country": 80}
_CUSTOMER_LIMITS = {"City": 255, "State": 255, "PostalCode": 30, "Country": 255}
_LINES, _LINE_LIMIT = 5, 500


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
        return " | ".join(part or "" for part in self.canonical(home).values()) if self else None

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
        return {
            "Street": self.street,
            "City": self.city,
            "State": self.state,
            "PostalCode": self.postal_code,
            "Country": self.country,
        }


def of_customer(address: Address | None) -> Parts:
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
    return Parts(
        street=account.text(f"{place}Street"),
        city=account.text(f"{place}City"),
        state=account.text(f"{place}State"),
        postal_code=account.text(f"{place}PostalCode"),
        country=account.text(f"{place}CountryCode") or account.text(f"{place}Country"),
        state_code=account.text(f"{place}StateCode"),
    )


def fits_account(parts: Parts) -> bool:
    return all(len(value) <= _ACCOUNT_LIMITS[name] for name, value in parts.raw().items())


def fits_customer(parts: Parts) -> bool:
    lines = parts.street.splitlines()
    short = all(len(value) <= _CUSTOMER_LIMITS.get(name, 2000) for name, value in parts.raw().items())
    return short and len(lines) <= _LINES and all(len(line) <= _LINE_LIMIT for line in lines)


def for_account(wanted: Parts, now: Parts, place: Place, home: str, has_codes: bool) -> Json:
    """The fields of the account that must change, `None` to clear one. A blank country never clears a written one."""
    ours, theirs = wanted.canonical(home), now.canonical(home)
    moved = [name for name in ours if ours[name] != theirs[name]] if wanted else [n for n, v in now.raw().items() if v]
    if wanted and wanted.country.strip() and not now.country and "Country" not in moved:
        moved.append("Country")
    body = {f"{place}{name}": wanted.raw()[name].strip() or None for name in moved}
    return _with_codes(body, wanted, place) if has_codes else body


def _with_codes(body: Json, wanted: Parts, place: Place) -> Json:
    """Picklist orgs take a country and a state by their codes; one that we have no code for is left as it is there."""
    coded = {name: value for name, value in body.items() if name not in (f"{place}State", f"{place}Country")}
    codes = {"State": _state_code(wanted), "Country": _country_code(wanted)}
    for part, written in (("State", wanted.state), ("Country", wanted.country)):
        if f"{place}{part}" not in body:
            continue
        if not written.strip():
            coded |= {f"{place}{part}": None, f"{place}{part}Code": None}
        elif codes[part]:
            coded[f"{place}{part}Code"] = codes[part]
    if coded.get(f"{place}StateCode") and codes["Country"]:
        coded[f"{place}CountryCode"] = codes["Country"]
    return coded


def _state_code(parts: Parts) -> str:
    code = parts.state.strip().upper()
    return code if len(code) <= 3 and code.isalnum() else ""


def _country_code(parts: Parts) -> str:
    code = canonical.country(parts.country) or ""
    return code if len(code) == 2 and code.isupper() else ""


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

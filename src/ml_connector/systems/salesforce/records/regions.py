"""Countries and states of an org that keeps them as picklists, and what people mean by what they type.

Such an org refuses an address with a state that its country does not have, or with a state and no country
(salesforce reference, State and Country/Territory Picklists). Both fields are written by their codes.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from ml_connector.model import canonical

_SHORTEST = 3


class Listed(Protocol):
    """A value of a picklist."""

    @property
    def value(self) -> str | None:
        """The code that records keep."""

    @property
    def label(self) -> str | None:
        """What people see."""

    @property
    def active(self) -> bool:
        """Whether new records may have it."""

    @property
    def valid_for(self) -> str | None:
        """Of a state: the places of its countries in their list, as base64 bits; None for a country."""


class Regions(msgspec.Struct, frozen=True):
    """Codes by what people write, folded; of the states by the code of their country."""

    countries: Mapping[str, str]
    states: Mapping[str, Mapping[str, str]]

    def country(self, text: str) -> str:
        """The code of a country by its code, label or a usual name of it; blank if the org does not have it."""
        own = self.countries.get(_folded(text)) if text.strip() else None
        return own or self.countries.get(_folded(canonical.country(text) or ""), "")

    def state(self, country: str, text: str) -> str:
        """The code of a state by its code, its label or a beginning of that (`Calif.`); blank if the country has none
        such."""
        names = self.states.get(country, {})
        return names.get(_folded(text)) or _abbreviated(_folded(text), names)


def _abbreviated(text: str, names: Mapping[str, str]) -> str:
    """The only state with a name that begins so. Three letters at least, and no whole word of a longer name: `West` may
    mean anything."""
    if len(text) < _SHORTEST:
        return ""
    codes = {code for name, code in names.items() if name.startswith(text) and name[len(text) :][:1] != " "}
    return codes.pop() if len(codes) == 1 else ""


def regions_of(countries: Sequence[Listed], states: Sequence[Listed]) -> Regions:
    """From the two picklists as describe shows them."""
    by_country: dict[str, dict[str, str]] = {}
    for state in states:
        for place in _places(state.valid_for or ""):
            country = countries[place] if place < len(countries) else None
            if country is not None and country.value and state.active and state.value:
                by_country.setdefault(country.value, {}).update(_names(state))
    # A label never hides the code of another one.
    return Regions(_with_codes(countries), {code: _codes_first(names) for code, names in by_country.items()})


def _with_codes(choices: Sequence[Listed]) -> dict[str, str]:
    names: dict[str, str] = {}
    for choice in choices:
        if choice.active and choice.value:
            names |= _names(choice)
    return _codes_first(names)


def _names(choice: Listed) -> dict[str, str]:
    value = choice.value or ""
    return {_folded(name): value for name in (choice.label or value, value) if name}


def _codes_first(names: Mapping[str, str]) -> dict[str, str]:
    return {**names, **{_folded(code): code for code in names.values()}}


def _places(bits: str) -> list[int]:
    """The places of the set bits, the highest bit of the first byte is place 0."""
    try:
        raw = base64.b64decode(bits, validate=True)
    except (binascii.Error, ValueError):
        return []
    return [8 * at + bit for at, byte in enumerate(raw) for bit in range(8) if byte & (0x80 >> bit)]


def _folded(text: str) -> str:
    """Without case, accents and points: `n.y.` is `NY`, `Québec` is `Quebec`."""
    plain = unicodedata.normalize("NFKD", canonical.folded(text) or "")
    return "".join(char for char in plain if not unicodedata.combining(char) and char not in ".'’")

"""State and Country/Territory Picklists: texts and codes of addresses go by the org's list and agree with each other.

From salesforce reference, added 2026-11-30. Which countries and states there are, and how their texts are spelled,
is the administrator's: `active_countries`, `address_places`, `state_texts`. The words of refusals are captured ones.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Any, NamedTuple

from ml_emulators.salesforce.errors import ApiError, integrity
from ml_emulators.salesforce.schema import Field, SObject
from ml_emulators.salesforce.schema.places import Setting, setting, standard
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx, World


class Place(NamedTuple):
    """A country, or a state of `country`. `text` is what the text field holds (the integration value)."""

    code: str
    text: str
    name: str
    country: str = ""


class Places(NamedTuple):
    """The list of an org: countries by code, and states by the code of their country."""

    countries: dict[str, Place]
    states: dict[str, dict[str, Place]]


@cache
def listed(set_up: Setting) -> Places:
    """The active countries and states: the standard ones, with what the administrator renamed, added or closed."""
    changed = dict(set_up.changed)
    names = standard() | changed
    countries: dict[str, Place] = {}
    states: dict[str, dict[str, Place]] = {}
    for key, name in names.items():
        country, _, code = key.partition("-")
        if not name or (set_up.active is not None and country not in set_up.active):
            continue
        if not code:
            countries[key] = Place(key, name, standard().get(key, name))
        else:
            text = code if set_up.state_texts == "code" and key not in changed else name
            place = Place(code, text, standard().get(key, name), country)
            states.setdefault(country, {})[code] = place
    known = {country: places_there for country, places_there in states.items() if country in countries}
    return Places(dict(sorted(countries.items(), key=lambda pair: pair[1].name)), known)


def _state_rows(known: Places) -> list[tuple[Place, str]]:
    """Each state with the bits of the countries that it is valid for, as `validFor` has them."""
    order = {code: index for index, code in enumerate(known.countries)}
    return [
        (state, _bits(order[country]))
        for country, places_there in known.states.items()
        for state in places_there.values()
    ]


def _bits(index: int) -> str:
    """The bit of that number set, in base64; the first bit is the highest of the first byte."""
    size = 3 * (index // 24 + 1)
    return base64.b64encode((1 << (8 * size - 1 - index)).to_bytes(size)).decode()


def choices(world: World, field: Field) -> list[dict[str, Any]]:
    """`picklistValues` of a code field."""
    set_up = setting(world.switches)
    if set_up is None:
        return []
    known = listed(set_up)
    rows: list[tuple[Place, str | None]] = [*_state_rows(known)]
    if field.controller is None:
        rows = [(place, None) for place in known.countries.values()]
    return [
        {"active": True, "defaultValue": False, "label": place.name, "validFor": bits, "value": place.code}
        for place, bits in rows
    ]


def settle(tx: Tx, kind: SObject, old: Record, values: dict[str, Any]) -> None:
    """Complete what a save names of an address: the code to a text, the text to a code.

    `values` is changed in place. Raises FIELD_INTEGRITY_EXCEPTION for what the org's list does not have.
    """
    set_up = setting(tx.switches)
    if set_up is None:
        return
    for whole in kind.compounds:
        stem = whole.removesuffix("Address")
        names = {f"{stem}{part}" for part in ("Country", "CountryCode", "State", "StateCode")}
        if names & values.keys() and f"{stem}StateCode" in kind.by_name:
            _Address(kind, stem, listed(set_up), tx.switches.address_texts_take_codes).settle(old, values)


class _Address:
    """The four fields of one address of a record that is being saved."""

    def __init__(self, kind: SObject, stem: str, known: Places, texts_take_codes: bool) -> None:
        self._kind = kind
        self._stem = stem
        self._known = known
        self._lenient = texts_take_codes

    def settle(self, old: Record, values: dict[str, Any]) -> None:
        country = self._settled("Country", self._known.countries, old, values)
        if country is None and self._names("Country", values) and not self._given("State", values):
            self._put("State", None, values)
            return
        states = self._known.states.get(country.code, {}) if country else {}
        if country is None and (self._given("State", values) or self._kept("State", old, values)):
            label = self._label("State")
            text = f"A country/territory must be specified before specifying a state value for field: {label}"
            raise integrity(text, f"{self._stem}State")
        self._settled("State", states, old, values)

    def _settled(self, part: str, known: dict[str, Place], old: Record, values: dict[str, Any]) -> Place | None:
        """The place that the record has after the save, with text and code in `values`; None when it has none."""
        text, code = values.get(f"{self._stem}{part}"), values.get(f"{self._stem}{part}Code")
        if text is None and code is None:
            if self._names(part, values):
                return self._put(part, None, values)
            kept = old.get(f"{self._stem}{part}Code")
            return self._of_code(part, kept, known) if kept else None
        by_code = self._of_code(part, code, known) if code is not None else None
        by_text = self._of_text(part, text, known) if text is not None else None
        if by_code and by_text and by_code != by_text:
            label = self._label(part)
            raise integrity(f"Mismatched integration value and ISO code for field: {label}", f"{self._stem}{part}Code")
        return self._put(part, by_code or by_text, values)

    def _put(self, part: str, place: Place | None, values: dict[str, Any]) -> Place | None:
        values[f"{self._stem}{part}"] = place.text if place else None
        values[f"{self._stem}{part}Code"] = place.code if place else None
        return place

    def _names(self, part: str, values: dict[str, Any]) -> bool:
        return f"{self._stem}{part}" in values or f"{self._stem}{part}Code" in values

    def _given(self, part: str, values: dict[str, Any]) -> bool:
        return any(values.get(f"{self._stem}{part}{end}") is not None for end in ("", "Code"))

    def _kept(self, part: str, old: Record, values: dict[str, Any]) -> bool:
        return not self._names(part, values) and old.get(f"{self._stem}{part}Code") is not None

    def _of_code(self, part: str, code: str, known: dict[str, Place]) -> Place:
        if place := known.get(code.upper()):
            return place
        raise self._refused(part, code, f"{self._stem}{part}Code")

    def _of_text(self, part: str, text: str, known: dict[str, Place]) -> Place:
        for place in known.values():
            if place.text.casefold() == text.casefold():
                return place
        if self._lenient and (of_code := known.get(text.upper())):
            return of_code
        raise self._refused(part, text, f"{self._stem}{part}")

    def _refused(self, part: str, given: str, field: str) -> ApiError:
        if part == "State" and any(self._is(place, given) for place in self._all_states()):
            text = f"The existing country/territory doesn't recognize the state value {given} for field: "
            return integrity(text + self._label(part), field)
        lists = "country/territory from the list of valid countries" if part == "Country" else ""
        lists = lists or "state from the list of valid states"
        text = (
            f"There's a problem with this {part.lower()}, even though it may appear correct. Please select a {lists}."
        )
        return integrity(f"{text}: {self._label(part)}", field)

    def _all_states(self) -> list[Place]:
        return [place for places_there in self._known.states.values() for place in places_there.values()]

    @staticmethod
    def _is(place: Place, given: str) -> bool:
        return given.casefold() in (place.text.casefold(), place.code.casefold())

    def _label(self, part: str) -> str:
        return self._kind.by_name[f"{self._stem}{part}"].label


def adopt(world: World) -> None:
    """An administrator has turned the picklists on, or changed the list: addresses that fit get their codes.

    Nobody is told of it: such set-up makes no change events (reference 6.4).
    """
    set_up = setting(world.switches)
    if set_up == world.address_setting:
        return
    world.address_setting = set_up
    if set_up is None:
        return
    for kind in world.schema.objects.values():
        stems = [whole.removesuffix("Address") for whole in kind.compounds]
        table = world.state.tables[kind.name]
        for record in list(table.live.values()) if stems else ():
            codes = {name: value for stem in stems for name, value in _codes(record, stem, listed(set_up)).items()}
            if codes.items() - record.items():
                table.put(record | codes)


def _codes(record: Record, stem: str, known: Places) -> Record:
    """The codes, and the texts as the list has them, of an address typed freely; nothing where none fits."""
    country = _meant(record.get(f"{stem}Country"), known.countries)
    if country is None:
        return {}
    codes = {f"{stem}Country": country.text, f"{stem}CountryCode": country.code}
    state = _meant(record.get(f"{stem}State"), known.states.get(country.code, {}))
    return codes | ({f"{stem}State": state.text, f"{stem}StateCode": state.code} if state else {})


def _meant(text: str | None, known: dict[str, Place]) -> Place | None:
    words = (text or "").casefold()
    return next((place for place in known.values() if words in (place.text.casefold(), place.code.casefold())), None)

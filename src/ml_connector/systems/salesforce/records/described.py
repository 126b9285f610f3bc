"""What the org shows of an object to this user. Hidden and missing look the same (salesforce reference 2.3)."""

from __future__ import annotations

from functools import cached_property

import msgspec

from .regions import Regions, regions_of


class Choice(msgspec.Struct, frozen=True, rename="camel"):
    """One value of a picklist. `valid_for`: the values of the controlling picklist that it goes with, as a bit map."""

    value: str | None = None
    label: str | None = None
    active: bool = True
    valid_for: str | None = None


class Field(msgspec.Struct, frozen=True, rename="camel"):
    """One field. `scale` counts the decimals of a number; `length` the characters of a text."""

    name: str
    type: str = ""
    length: int = 0
    scale: int = 0
    case_sensitive: bool = False
    external_id: bool = False
    unique: bool = False
    createable: bool = False
    updateable: bool = False
    restricted_picklist: bool = False
    picklist_values: tuple[Choice, ...] = ()

    @property
    def choices(self) -> list[str]:
        """The active values of a picklist, in the org's order."""
        return [choice.value for choice in self.picklist_values if choice.active and choice.value]

    def choice(self, text: str) -> str | None:
        """The active value that a text means: the value itself, else its value or label in any case."""
        if text in self.choices:
            return text
        plain = text.strip().casefold()
        for choice in self.picklist_values:
            if choice.active and choice.value and plain in (choice.value.casefold(), (choice.label or "").casefold()):
                return choice.value
        return None


class Object(msgspec.Struct, frozen=True, rename="camel", dict=True):
    """One object. Without any field it is not there, or the user has no right to it."""

    name: str
    fields: tuple[Field, ...] = ()
    createable: bool = False
    updateable: bool = False
    queryable: bool = False
    replicateable: bool = False

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __bool__(self) -> bool:
        return bool(self.fields)

    @property
    def names(self) -> frozenset[str]:
        """The fields that the user may see."""
        return frozenset(self._by_name)

    def field(self, name: str) -> Field | None:
        """None for a field that is not there or hidden."""
        return self._by_name.get(name)

    def choices(self, name: str) -> list[str]:
        """The active values of a picklist, in the org's order; empty if the field is hidden."""
        field = self.field(name)
        return field.choices if field else []

    @cached_property
    def regions(self) -> Regions | None:
        """The countries and states of an org that keeps them as picklists; None for one that takes any text."""
        for place in ("Billing", "Shipping"):
            country, state = self.field(f"{place}CountryCode"), self.field(f"{place}StateCode")
            if country and country.choices:
                return regions_of(country.picklist_values, state.picklist_values if state else ())
        return None

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

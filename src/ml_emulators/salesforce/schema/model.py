"""What an object and a field are: the facts that describe shows and that every write is checked against."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")

TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox"})
NUMBERS = frozenset({"double", "currency", "percent"})
IDS = frozenset({"id", "reference"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `required` on create means: not nillable, not defaulted, createable.

    `controller` is the field that a dependent picklist depends on, `feature` what an org must have for the field.
    """

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    createable: bool = True
    updateable: bool = True
    nillable: bool = True
    defaulted: bool = False
    default: Any = None
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = False
    refers_to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    cascade: bool = False
    restrict_delete: bool = False
    calculated: bool = False
    auto_number: bool = False
    compound: str | None = None
    name_field: bool = False
    extra_type: str | None = None
    permissionable: bool | None = None
    controller: str | None = None
    feature: str = ""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        return self.createable and not self.nillable and not self.defaulted

    @property
    def long_text(self) -> bool:
        return self.type == "textarea" and self.length > 255

    @property
    def hideable(self) -> bool:
        """True when field-level security may take the field away."""
        if self.permissionable is not None:
            return self.permissionable
        return self.nillable and (self.createable or self.updateable or self.calculated)

    @property
    def exact(self) -> bool:
        """True when equality looks at upper and lower case."""
        return self.case_sensitive or self.type in IDS

    def index_key(self, value: Any) -> Any:
        return value if self.exact or not isinstance(value, str) else value.lower()


@dataclass(frozen=True)
class SObject:
    """One kind of record: its fields in the order the API shows them, and what may be done with it."""

    name: str
    prefix: str
    fields: tuple[Field, ...]
    label: str = ""
    plural: str = ""
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    replicateable: bool = True
    mergeable: bool = False
    recycles: bool = True
    auto_number_width: int = 0

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {each.name: each for each in self.fields}

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        return {each.name.lower(): each for each in self.fields}

    @cached_property
    def parents(self) -> dict[str, Field]:
        """Lower-case relationship name -> reference field."""
        found = {each.relationship.lower(): each for each in self.fields if each.relationship}
        return {name: each for name, each in found.items() if each.type == "reference"}

    @cached_property
    def indexed(self) -> tuple[Field, ...]:
        """Fields with an index: keys, names and references (but not to users: half the org has the same)."""
        return tuple(each for each in self.fields if _is_indexed(each))

    @cached_property
    def unique_fields(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.unique and each.type != "id")

    @cached_property
    def references(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.type == "reference")

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset(each.name for each in self.fields if each.type in NUMBERS)

    @cached_property
    def required_names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields if each.required)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What a new record starts with: checkboxes are never null, picklists may have a default."""
        given = {each.name: each.default for each in self.fields if each.default is not None}
        return {each.name: False for each in self.fields if each.type == "boolean"} | given

    @cached_property
    def compounds(self) -> dict[str, dict[str, str]]:
        """Compound address field -> {key in the answer: field that holds the part}."""
        parts: dict[str, dict[str, str]] = {}
        for each in self.fields:
            if each.type == "address":
                parts[each.name] = {}
        for each in self.fields:
            if each.compound in parts and each.name != each.compound:
                stem = each.compound.removesuffix("Address")
                key = each.name.removeprefix(stem)
                parts[each.compound][key[0].lower() + key[1:]] = each.name
        return {name: dict(sorted(found.items())) for name, found in parts.items()}

    @cached_property
    def name_of(self) -> str | None:
        return next((each.name for each in self.fields if each.name_field), None)

    def find(self, name: str) -> Field | None:
        """The field by its API name in any case."""
        return self.by_name.get(name) or self.by_lower.get(name.lower())

    def with_fields(self, *more: Field) -> SObject:
        return replace(self, fields=self.fields + more)

    @property
    def customs(self) -> tuple[Field, ...]:
        """The fields that an admin made."""
        return tuple(each for each in self.fields if each.custom)

    def with_customs(self, customs: tuple[Field, ...]) -> SObject:
        """The object with these custom fields instead of its own."""
        return replace(self, fields=tuple(each for each in self.fields if not each.custom) + customs)


def _is_indexed(each: Field) -> bool:
    if each.type == "reference":
        return "User" not in each.refers_to
    if each.type == "id":
        return False
    return each.unique or each.external_id or each.id_lookup or (each.name_field and each.type == "string")


@dataclass(frozen=True)
class Child:
    """The other end of a reference: records of `kind` that point here by `field`."""

    kind: str
    field: Field


@dataclass(frozen=True)
class Schema:
    """All objects of an org, with the relationships between them."""

    objects: dict[str, SObject]
    _lower: dict[str, SObject] = field(default_factory=dict, init=False, repr=False)
    _children: dict[str, list[Child]] = field(default_factory=dict, init=False, repr=False)
    by_prefix: dict[str, SObject] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, kind in self.objects.items():
            self._lower[name.lower()] = kind
            self.by_prefix[kind.prefix] = kind
            for reference in kind.references:
                for target in reference.refers_to:
                    self._children.setdefault(target, []).append(Child(name, reference))

    def find(self, name: str) -> SObject | None:
        """The object by its API name in any case."""
        return self.objects.get(name) or self._lower.get(name.lower())

    def children(self, name: str) -> list[Child]:
        return self._children.get(name, [])

    def child_named(self, name: str, relationship: str) -> Child | None:
        wanted = relationship.lower()
        for child in self.children(name):
            if child.field.children and child.field.children.lower() == wanted:
                return child
        return None


def label_of(name: str) -> str:
    """`QBO_Overdue__c` -> `QBO Overdue`, `AccountId` -> `Account ID`."""
    words = _WORDS.sub(" ", name.removesuffix("__c").replace("_", " "))
    return words[:-2] + "ID" if words.endswith(" Id") else words

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
        """Whether an administrator, or a package, made it: its name ends with `__c`."""
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        """Whether a new record must name it: writable, not null and without a default."""
        return self.createable and not self.nillable and not self.defaulted

    @property
    def long_text(self) -> bool:
        """Whether it is a long text area (above 255), which can be neither filtered, sorted nor grouped."""
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
        """The value as indexes hold it: without case unless the field minds it."""
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
        """Whether an administrator made it: its name ends with `__c`."""
        return self.name.endswith("__c")

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Fields by their exact name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def by_lower(self) -> dict[str, Field]:
        """Fields by their name in lower case: the API takes any spelling."""
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def parents(self) -> dict[str, Field]:
        """Lower-case relationship name -> reference field."""
        related = {field.relationship.lower(): field for field in self.fields if field.relationship}
        return {name: field for name, field in related.items() if field.type == "reference"}

    @cached_property
    def indexed(self) -> tuple[Field, ...]:
        """Fields with an index: keys, names and references (but not to users: half the org has the same)."""
        return tuple(field for field in self.fields if _is_indexed(field))

    @cached_property
    def unique_fields(self) -> tuple[Field, ...]:
        """Fields of which two records may not have the same value, the id apart."""
        return tuple(field for field in self.fields if field.unique and field.type != "id")

    @cached_property
    def references(self) -> tuple[Field, ...]:
        """Fields that hold the id of another record."""
        return tuple(field for field in self.fields if field.type == "reference")

    @cached_property
    def numbers(self) -> frozenset[str]:
        """The names of fields whose values are numbers."""
        return frozenset(field.name for field in self.fields if field.type in NUMBERS)

    @cached_property
    def required_names(self) -> tuple[str, ...]:
        """The names of fields that a new record must name."""
        return tuple(field.name for field in self.fields if field.required)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What a new record starts with: checkboxes are never null, picklists may have a default."""
        given = {field.name: field.default for field in self.fields if field.default is not None}
        return {field.name: False for field in self.fields if field.type == "boolean"} | given

    @cached_property
    def compounds(self) -> dict[str, dict[str, str]]:
        """Compound address field -> {key in the answer: field that holds the part}."""
        parts: dict[str, dict[str, str]] = {}
        for part in self.fields:
            if part.type == "address":
                parts[part.name] = {}
        for part in self.fields:
            if part.compound in parts and part.name != part.compound:
                stem = part.compound.removesuffix("Address")
                key = part.name.removeprefix(stem)
                parts[part.compound][key[0].lower() + key[1:]] = part.name
        return {name: dict(sorted(keys.items())) for name, keys in parts.items()}

    @cached_property
    def name_of(self) -> str | None:
        """The field that names a record to people; None where there is none."""
        return next((field.name for field in self.fields if field.name_field), None)

    def find(self, name: str) -> Field | None:
        """The field by its API name in any case."""
        return self.by_name.get(name) or self.by_lower.get(name.lower())

    def with_fields(self, *more: Field) -> SObject:
        """The object with more fields behind its own."""
        return replace(self, fields=self.fields + more)

    @property
    def customs(self) -> tuple[Field, ...]:
        """The fields that an admin made."""
        return tuple(field for field in self.fields if field.custom)

    def with_customs(self, customs: tuple[Field, ...]) -> SObject:
        """The object with these custom fields instead of its own."""
        return replace(self, fields=tuple(field for field in self.fields if not field.custom) + customs)


def _is_indexed(field: Field) -> bool:
    if field.type == "reference":
        return "User" not in field.refers_to
    if field.type == "id":
        return False
    return field.unique or field.external_id or field.id_lookup or (field.name_field and field.type == "string")


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
        """The lookups of other objects to this one, for describe and for cascades; none for an unknown name."""
        return self._children.get(name, [])

    def child_named(self, name: str, relationship: str) -> Child | None:
        """The lookup behind a child relationship (`Contacts`), in any case; None when there is none."""
        asked = relationship.lower()
        for child in self.children(name):
            if child.field.children and child.field.children.lower() == asked:
                return child
        return None


def label_of(name: str) -> str:
    """`QBO_Overdue__c` -> `QBO Overdue`, `AccountId` -> `Account ID`."""
    words = _WORDS.sub(" ", name.removesuffix("__c").replace("_", " "))
    return words[:-2] + "ID" if words.endswith(" Id") else words

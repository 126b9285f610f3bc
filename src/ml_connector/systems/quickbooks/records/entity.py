"""What all QuickBooks records share: identity, version, common shapes (reference section 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar

import msgspec

from ml_connector.model.refs import Ref

SYSTEM = "quickbooks"
ZERO = Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARKER = re.compile(r"\s*\(deleted(?:-\d+)?\)\s*$", re.IGNORECASE)


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A piece of a record."""


class Reference(msgspec.Struct, frozen=True):
    """Points at another record by id; `name` is filled in by QuickBooks and may be missing."""

    value: str = ""
    name: str = ""


class Email(Part, frozen=True, kw_only=True):
    """As people typed it: perhaps several addresses in one text."""

    address: str = ""


class Phone(Part, frozen=True, kw_only=True):
    """A number in the form in which it was typed."""

    free_form_number: str = ""


class Web(msgspec.Struct, frozen=True, kw_only=True):
    """A web address as it was typed."""

    uri: str = msgspec.field(name="URI", default="")


class Memo(msgspec.Struct, frozen=True, kw_only=True):
    """A text that the customer sees."""

    value: str = ""


class Address(Part, frozen=True, kw_only=True):
    """`country` may come back as ISO alpha-3 whatever was written; addresses of transactions may be reshuffled."""

    line1: str = ""
    line2: str = ""
    line3: str = ""
    line4: str = ""
    line5: str = ""
    city: str = ""
    country_sub_division_code: str = ""
    postal_code: str = ""
    country: str = ""


class Meta(Part, frozen=True, kw_only=True):
    """When QuickBooks made and last changed the record, by its own clock, with an offset."""

    create_time: datetime | None = None
    last_updated_time: datetime | None = None


class LinkedTxn(Part, frozen=True, kw_only=True):
    """Another transaction that this one belongs to: payment and invoice, credit memo and payment."""

    txn_id: str = ""
    txn_type: str = ""
    txn_line_id: str = ""


class CustomField(Part, frozen=True, kw_only=True):
    """A custom field of a sales form (reference 6.12); only texts are read."""

    definition_id: str = ""
    name: str = ""
    type: str = ""
    string_value: str = ""


class NameValue(Part, frozen=True, kw_only=True):
    """A setting by name."""

    name: str = ""
    value: str = ""


class Entity(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What all records share. `status` is `Deleted` in the stubs of change data capture, else empty."""

    KIND: ClassVar[str] = ""

    id: str
    sync_token: str = ""
    meta_data: Meta = Meta()
    status: str = msgspec.field(name="status", default="")

    @property
    def ref(self) -> Ref:
        """The record's name in our words."""
        return Ref(SYSTEM, type(self).KIND, self.id)

    @property
    def version(self) -> str:
        """SyncToken and last change; moves with every change, also with those QuickBooks makes itself."""
        return f"{self.sync_token}@{self.changed_at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def changed_at(self) -> datetime:
        """When it last changed, UTC, whole seconds; 1970 if the vendor does not say."""
        return (self.meta_data.last_updated_time or _EPOCH).astimezone(UTC)

    @property
    def created_at(self) -> datetime | None:
        """When it was made, UTC; None where the vendor does not say."""
        made = self.meta_data.create_time
        return made.astimezone(UTC) if made else None


def text_of(value: object) -> str:
    """A field's value as records are found by it: the id of a reference, the address of an e-mail, blank for none."""
    if isinstance(value, Reference):
        return value.value
    if isinstance(value, Email):
        return value.address
    return "" if value is None else str(value)


def plain_name(name: str, *, active: bool) -> str:
    """The name that people gave. QuickBooks adds ` (deleted)` to inactive ones, ` (deleted-1)` to the next of that name
    (reference 4.3); an active one may really be called so."""
    return name if active else _MARKER.sub("", name) or name


class Named(Entity, frozen=True, kw_only=True):
    """An entry of a list that can be inactive."""

    active: bool = True
    fully_qualified_name: str = ""
    parent_ref: Reference | None = None


def plain_path(entry: Named, table: Mapping[str, Named]) -> str:
    """`Parent:Child`, each part as people gave it. What stands above it is looked up by id in `table`; a part that is
    not there counts as inactive, since nobody can be asked."""
    if not has_marks(entry.fully_qualified_name):
        return entry.fully_qualified_name
    parts: list[str] = []
    now: Named | None = entry
    for part in reversed(entry.fully_qualified_name.split(":")):
        parts.append(plain_name(part, active=now is not None and now.active))
        now = table.get(now.parent_ref.value) if now is not None and now.parent_ref else None
    return ":".join(reversed(parts))


@lru_cache(maxsize=10_000)
def has_marks(path: str) -> bool:
    """Whether any part of a full name looks like that of an inactive record; only the record can tell."""
    return any(map(_MARKER.search, path.split(":")))

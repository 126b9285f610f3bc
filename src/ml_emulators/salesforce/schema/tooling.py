"""What the Tooling API shows of an org: custom objects and fields, event channels and members (reference 8.3)."""

from __future__ import annotations

from typing import Any

from .model import Field, Schema, SObject
from .words import area, deleted_flag, integer, moment, pick, record_id, text

_FIXED: dict[str, Any] = {"undeletable": False, "replicateable": False}
_MADE: dict[str, Any] = {"createable": False, "updateable": False}


def _stamps() -> tuple[Field, ...]:
    """Set-up has no users to lead to here: their ids stand as they are."""
    return (
        moment("CreatedDate", **_MADE),
        text("CreatedById", 18, **_MADE),
        moment("LastModifiedDate", **_MADE),
        text("LastModifiedById", 18, **_MADE),
        moment("SystemModstamp", **_MADE),
    )


def _metadata() -> tuple[Field, ...]:
    return (text("FullName", 255, updateable=False, unique=True), Field("Metadata", "complexvalue", "Metadata"))


CUSTOM_FIELD = SObject(
    "CustomField",
    "00N",
    **_FIXED,
    fields=(
        record_id("CustomField"),
        text("TableEnumOrId", 40, **_MADE),
        text("DeveloperName", 40, name_field=True, **_MADE),
        area("Description", 1000, **_MADE),
        integer("Length", **_MADE),
        integer("Precision", **_MADE),
        integer("Scale", **_MADE),
        text("NamespacePrefix", 15, **_MADE),
        pick("ManageableState", "unmanaged", length=40, **_MADE),
        *_stamps(),
        *_metadata(),
    ),
)

CUSTOM_OBJECT = SObject(
    "CustomObject",
    "01I",
    **_FIXED,
    fields=(
        record_id("CustomObject"),
        text("DeveloperName", 40, name_field=True, **_MADE),
        area("Description", 1000, **_MADE),
        text("NamespacePrefix", 15, **_MADE),
        pick("ManageableState", "unmanaged", length=40, **_MADE),
        *_stamps(),
        *_metadata(),
    ),
)

CHANNEL = SObject(
    "PlatformEventChannel",
    "0YL",
    **_FIXED,
    fields=(
        record_id("PlatformEventChannel"),
        deleted_flag(),
        text("DeveloperName", 80, name_field=True, **_MADE),
        pick("Language", "en_US", length=40, **_MADE),
        text("MasterLabel", 80, **_MADE),
        text("NamespacePrefix", 15, **_MADE),
        pick("ManageableState", "unmanaged", length=40, **_MADE),
        pick("ChannelType", "data", "event", length=40, **_MADE),
        *_stamps(),
        *_metadata(),
    ),
)

MEMBER = SObject(
    "PlatformEventChannelMember",
    "0v8",
    **_FIXED,
    fields=(
        record_id("PlatformEventChannelMember"),
        deleted_flag(),
        text("DeveloperName", 80, name_field=True, **_MADE),
        pick("Language", "en_US", length=40, **_MADE),
        text("MasterLabel", 80, **_MADE),
        text("NamespacePrefix", 15, **_MADE),
        pick("ManageableState", "unmanaged", length=40, **_MADE),
        text("EventChannel", 80, **_MADE),
        text("SelectedEntity", 120, **_MADE),
        *_stamps(),
        *_metadata(),
    ),
)


def tooling_schema() -> Schema:
    """The objects of the Tooling API that the emulator has."""
    return Schema({kind.name: kind for kind in (CUSTOM_FIELD, CUSTOM_OBJECT, CHANNEL, MEMBER)})

"""Permission sets, what they grant, and who has them (salesforce reference 8.3)."""

from __future__ import annotations

from typing import Any

from .model import SObject
from .words import area, create_only, flag, record_id, ref, stamps, text

_SETUP: dict[str, Any] = {"undeletable": False, "replicateable": False, "recycles": False}

PERMISSION_SET = SObject(
    "PermissionSet",
    "0PS",
    **_SETUP,
    fields=(
        record_id("PermissionSet"),
        text("Name", 80, nillable=False, name_field=True, unique=True),
        text("Label", 80, nillable=False),
        area("Description", 255),
        text("NamespacePrefix", 15, createable=False, updateable=False),
        flag("IsCustom", createable=False, updateable=False, default=True),
        *stamps(),
    ),
)

ASSIGNMENT = SObject(
    "PermissionSetAssignment",
    "0Pa",
    **_SETUP,
    updateable=False,
    fields=(
        record_id("PermissionSetAssignment"),
        ref("PermissionSetId", "PermissionSet", "Assignments", nillable=False, cascade=True),
        ref("AssigneeId", "User", "PermissionSetAssignments", nillable=False),
        flag("IsActive", createable=False, updateable=False, default=True),
        *stamps()[-1:],
    ),
)

FIELD_PERMISSIONS = SObject(
    "FieldPermissions",
    "01k",
    **_SETUP,
    fields=(
        record_id("FieldPermissions"),
        create_only(ref("ParentId", "PermissionSet", "FieldPerms", nillable=False, cascade=True)),
        create_only(text("SobjectType", 40, nillable=False)),
        create_only(text("Field", 255, nillable=False)),
        flag("PermissionsRead"),
        flag("PermissionsEdit"),
        *stamps()[-1:],
    ),
)

OBJECT_PERMISSIONS = SObject(
    "ObjectPermissions",
    "110",
    **_SETUP,
    fields=(
        record_id("ObjectPermissions"),
        create_only(ref("ParentId", "PermissionSet", "ObjectPerms", nillable=False, cascade=True)),
        create_only(text("SobjectType", 40, nillable=False)),
        flag("PermissionsRead"),
        flag("PermissionsCreate"),
        flag("PermissionsEdit"),
        flag("PermissionsDelete"),
        flag("PermissionsViewAllRecords"),
        flag("PermissionsModifyAllRecords"),
        flag("PermissionsViewAllFields"),
        *stamps(),
    ),
)

SETUP_ACCESS = SObject(
    "SetupEntityAccess",
    "0J0",
    **_SETUP,
    updateable=False,
    fields=(
        record_id("SetupEntityAccess"),
        ref("ParentId", "PermissionSet", "SetupEntityAccessItems", nillable=False, cascade=True),
        text("SetupEntityId", 18, nillable=False),
        *stamps()[-1:],
    ),
)

PERMISSIONS = (PERMISSION_SET, ASSIGNMENT, FIELD_PERMISSIONS, OBJECT_PERMISSIONS, SETUP_ACCESS)

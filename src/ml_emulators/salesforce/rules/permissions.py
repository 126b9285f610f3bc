"""Permission sets at work: what is granted by REST opens what was closed to a user (salesforce reference 8.3).

A grant only opens. When it is taken away, or its set from the user, what was closed before is closed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from ml_emulators.salesforce import rights
from ml_emulators.salesforce.errors import ApiError, integrity
from ml_emulators.salesforce.org import Switches, UserRights
from ml_emulators.salesforce.schema import SObject
from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Tx, World

from .rule import Rules

_WATCHED = ("PermissionSetAssignment", "FieldPermissions", "ObjectPermissions")
_BELOW = ("PermissionSetAssignment", "FieldPermissions", "ObjectPermissions", "SetupEntityAccess")
_RIGHTS = {"PermissionsRead": "read", "PermissionsCreate": "create", "PermissionsEdit": "edit"} | {
    "PermissionsDelete": "delete"
}
# A right on records brings those that it needs.
_NEEDS = {
    "PermissionsCreate": ("PermissionsRead",),
    "PermissionsEdit": ("PermissionsRead",),
    "PermissionsDelete": ("PermissionsRead", "PermissionsEdit"),
    "PermissionsViewAllRecords": ("PermissionsRead",),
    "PermissionsModifyAllRecords": ("PermissionsRead", "PermissionsEdit", "PermissionsDelete"),
}
Place = tuple[str, str, str]
"""User, object, and the field, or blank for the object itself."""


def _check_admin(tx: Tx) -> None:
    if not rights.holds(tx.world, tx.actor, "CustomizeApplication"):
        raise ApiError("INSUFFICIENT_ACCESS", "the user lacks the permission Customize Application", fields=())


def _once(tx: Tx, kind: str, draft: Record, *names: str) -> None:
    """DUPLICATE_VALUE when the parent has one like this."""
    for other in tx.find(kind, names[0], draft.get(names[0])):
        if other["Id"] != draft.get("Id") and all(other.get(name) == draft.get(name) for name in names):
            raise ApiError("DUPLICATE_VALUE", f"a {kind} like this exists: {other['Id']}", fields=names[-1:])


def _object(tx: Tx, draft: Record) -> SObject:
    kind = tx.world.schema.find(str(draft.get("SobjectType")))
    if kind is None:
        text = f"Sobject Type Name: bad value for restricted picklist field: {draft.get('SobjectType')}"
        raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, fields=["SobjectType"])
    draft["SobjectType"] = kind.name
    return kind


class SetRules(Rules):
    """Permission sets are made by administrators only (reference 8.3)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Raises INSUFFICIENT_ACCESS without Customize Application."""
        _check_admin(tx)

    def before_delete(self, tx: Tx, record: Record) -> None:
        """What hangs on the set goes with it."""
        _check_admin(tx)
        for kind in _BELOW:
            name = "PermissionSetId" if kind == "PermissionSetAssignment" else "ParentId"
            for row in list(tx.find(kind, name, record["Id"])):
                tx.erase(kind, row["Id"])


class AssignmentRules(Rules):
    """A set is given to a user once (reference 8.3)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Raises INSUFFICIENT_ACCESS without Customize Application, DUPLICATE_VALUE the second time."""
        _check_admin(tx)
        _once(tx, "PermissionSetAssignment", draft, "PermissionSetId", "AssigneeId")


class AccessRules(Rules):
    """A set opens an app or another set-up entity once (reference 8.3)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Raises INSUFFICIENT_ACCESS without Customize Application, DUPLICATE_VALUE the second time."""
        _check_admin(tx)
        _once(tx, "SetupEntityAccess", draft, "ParentId", "SetupEntityId")


class FieldRules(Rules):
    """Which fields may stand in a permission set: not the required ones and not the platform's own."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Spell the field as the object has it. Raises for a field that cannot be hidden, and the second time."""
        _check_admin(tx)
        kind = _object(tx, draft)
        owner, _, name = str(draft.get("Field")).partition(".")
        field = kind.find(name) if owner.lower() == kind.name.lower() else None
        if field is None or not field.hideable:
            text = f"Field Name: bad value for restricted picklist field: {draft.get('Field')}"
            raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, fields=["Field"])
        draft["Field"] = f"{kind.name}.{field.name}"
        _once(tx, "FieldPermissions", draft, "ParentId", "Field")
        self._check(draft)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Raises for a permission that does not even grant to read, and without Customize Application."""
        _check_admin(tx)
        self._check(new)

    @staticmethod
    def _check(record: Record) -> None:
        if not record["PermissionsRead"]:
            raise integrity("a field permission grants at least to read", "PermissionsRead")


class ObjectRules(Rules):
    """Rights of a set on the records of an object; one without those it needs is refused (reference 8.3)."""

    def before_create(self, tx: Tx, draft: Record) -> None:
        """Raises for an unknown object, a right without those it needs, and the second time."""
        _check_admin(tx)
        _object(tx, draft)
        _once(tx, "ObjectPermissions", draft, "ParentId", "SobjectType")
        self._check(draft)

    def before_update(self, tx: Tx, old: Record, new: Record, values: dict[str, Any]) -> None:
        """Raises for a right without those it needs, and without Customize Application."""
        _check_admin(tx)
        self._check(new)

    @staticmethod
    def _check(record: Record) -> None:
        for name, needs in _NEEDS.items():
            missing = [need for need in needs if record.get(name) and not record.get(need)]
            if missing:
                raise integrity(f"Permission {name} depends on permission(s): {', '.join(missing)}", name)


class Permissions:
    """Carries what stands in the records over to the users' rights."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: tuple[Record, ...] = ()
        self._before: dict[Place, set[str]] = {}

    def forget(self) -> None:
        """The rights were made anew: nothing of them comes from a permission set."""
        self._seen, self._before = (), {}

    def settle(self) -> None:
        """Bring rights up to date with the records; quick when nothing was written."""
        tables = [self._world.state.tables[kind].live for kind in _WATCHED]
        if not self._seen and not any(tables):
            return
        rows = tuple(chain.from_iterable(live.values() for live in tables))
        if len(rows) == len(self._seen) and all(
            before is other for before, other in zip(rows, self._seen, strict=True)
        ):
            return
        self._seen = rows
        self._carry(self._granted())

    def _granted(self) -> dict[Place, set[str]]:
        """Place -> what is granted there."""
        granted: dict[Place, set[str]] = {}
        for assignment in self._world.state.tables["PermissionSetAssignment"].live.values():
            for kind, field, opened in self._opened(assignment["PermissionSetId"]):
                granted.setdefault((assignment["AssigneeId"], kind, field), set()).update(opened)
        return granted

    def _opened(self, permission_set: str) -> Iterator[tuple[str, str, set[str]]]:
        tables = self._world.state.tables
        for row in tables["FieldPermissions"].find("ParentId", permission_set):
            kind, _, field = row["Field"].partition(".")
            yield kind, field, {"read", "edit"} if row["PermissionsEdit"] else {"read"}
        for row in tables["ObjectPermissions"].find("ParentId", permission_set):
            yield row["SobjectType"], "", {right for name, right in _RIGHTS.items() if row.get(name)}

    def _carry(self, granted: dict[Place, set[str]]) -> None:
        for place in list(self._before):
            self._close(place, self._before.pop(place))
        for place, opened in granted.items():
            closed = self._closed(place)
            if closed is not None:
                self._before[place] = closed
                self._close(place, closed - opened)

    def _owner(self, user_id: str) -> Switches | UserRights | None:
        """Where a user's rights stand; None for who may do everything."""
        if user_id == self._world.integration.user_id:
            return self._world.switches
        user = self._world.state.live("User", user_id)
        if user is None or user_id == self._world.sales.user_id:
            return None
        return self._world.switches.user_rights.setdefault(str(user["Username"]), UserRights())

    def _closed(self, place: Place) -> set[str] | None:
        """What the user may not do there now."""
        user, kind, field = place
        owner = self._owner(user)
        if owner is None:
            return None
        if not field:
            return set(owner.denied_rights.get(kind, ()))
        hidden, fixed = field in owner.hidden_fields.get(kind, ()), field in owner.read_only_fields.get(kind, ())
        return {"read", "edit"} if hidden else {"edit"} if fixed else set()

    def _close(self, place: Place, closed: set[str]) -> None:
        """Make exactly this what the user may not do there."""
        user, kind, field = place
        owner = self._owner(user)
        if owner is None:
            return
        if not field:
            owner.denied_rights[kind] = set(closed)
            return
        for store, shut in ((owner.hidden_fields, "read" in closed), (owner.read_only_fields, closed == {"edit"})):
            names = store.setdefault(kind, set())
            (names.add if shut else names.discard)(field)

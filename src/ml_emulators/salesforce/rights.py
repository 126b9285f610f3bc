"""What a user may see and do: objects, fields, permissions (salesforce reference 1.6, 2.3, 2.6, 7.5).

The integration user's rights stand in the switches of their own names; another user's under its username in
`user_rights`. The administrator, and who acts on screens, may do everything.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Literal, NamedTuple

from .errors import ApiError
from .org import Switches, UserRights
from .schema import SObject
from .world import Actor, World

Right = Literal["read", "create", "edit", "delete"]
PERMISSIONS = {
    "EditActivatedOrders": "edit_activated_orders",
    "ActivateOrder": "activate_orders",
    "CustomizeApplication": "customize_application",
    "ApiEnabled": "api_enabled",
}
# Who may edit an order may add, change and delete its products (reference 7.5).
_FOLLOWS = {"OrderItem": "Order"}
_NEEDED: dict[Right, Right] = {"read": "read", "create": "edit", "edit": "edit", "delete": "edit"}
_NONE: Mapping[str, Collection[str]] = {}


class Held(NamedTuple):
    """What is taken from a user: fields and rights by object, permissions by name."""

    hidden_fields: Mapping[str, Collection[str]] = _NONE
    read_only_fields: Mapping[str, Collection[str]] = _NONE
    hidden_objects: Collection[str] = ()
    denied_rights: Mapping[str, Collection[str]] = _NONE
    permissions: Collection[str] = ()


_EVERYTHING = Held()


def held(world: World, actor: Actor) -> Held | UserRights | Switches:
    """What the user must do without. The integration user's permissions are switches of their own: see `holds`."""
    if not actor.limited:
        return _EVERYTHING
    if actor.user_id == world.integration.user_id:
        return world.switches
    return _own(world, actor)


def _own(world: World, actor: Actor) -> Held | UserRights:
    user = world.state.live("User", actor.user_id) or {}
    return world.switches.user_rights.get(str(user.get("Username", ""))) or _EVERYTHING


def fingerprint(world: World, actor: Actor) -> Hashable:
    """What the user must do without in objects and fields, as a value that differs when a right is given or taken."""
    taken = held(world, actor)
    by_kind = (taken.hidden_fields, taken.read_only_fields, taken.denied_rights)
    stores = tuple(frozenset((kind, frozenset(names)) for kind, names in store.items() if names) for store in by_kind)
    return frozenset(taken.hidden_objects), stores


def sees_object(world: World, actor: Actor, kind: str) -> bool:
    """Whether describe, queries and addresses know the object for the user; some follow a parent object's right."""
    if not actor.limited:
        return True
    taken, name = held(world, actor), _FOLLOWS.get(kind, kind)
    away = taken.hidden_objects
    return kind not in away and name not in away and may(world, actor, name, "read")


def hidden_of(world: World, actor: Actor, kind: str) -> Collection[str]:
    """The fields of an object that the user may not read."""
    return held(world, actor).hidden_fields.get(kind, ()) if actor.limited else ()


def may_write(world: World, actor: Actor, kind: str, field: str) -> bool:
    """Field-level security: whether the user may read and edit the field."""
    if not actor.limited:
        return True
    taken = held(world, actor)
    return field not in taken.hidden_fields.get(kind, ()) and field not in taken.read_only_fields.get(kind, ())


def may(world: World, actor: Actor, kind: str, right: Right) -> bool:
    """Whether the user has a right on the object."""
    if not actor.limited:
        return True
    denied, above = held(world, actor).denied_rights, _FOLLOWS.get(kind)
    if above and _NEEDED[right] in denied.get(above, ()):
        return False
    return right not in denied.get(kind, ())


def holds(world: World, actor: Actor, permission: str) -> bool:
    """Whether the user has a permission of the whole org, such as EditActivatedOrders."""
    if not actor.limited:
        return True
    if actor.user_id == world.integration.user_id:
        return bool(getattr(world.switches, PERMISSIONS[permission]))
    return permission not in _own(world, actor).permissions


def require(world: World, actor: Actor, kind: SObject, right: Right) -> None:
    """Raises INSUFFICIENT_ACCESS_OR_READONLY without the right."""
    if not may(world, actor, kind.name, right):
        text = f"insufficient access rights on entity: {kind.name}"
        raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", text, status=world.switches.access_status, fields=())


def require_api(world: World, actor: Actor) -> None:
    """Raises API_DISABLED_FOR_ORG, or API_CURRENTLY_DISABLED for a user without the permission."""
    if not world.switches.org_has_api:
        raise ApiError("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", status=403)
    if not holds(world, actor, "ApiEnabled"):
        raise ApiError("API_CURRENTLY_DISABLED", "API is disabled for this User", status=403)


def hide_from_all(world: World, kind: str, field: str) -> None:
    """A new field is nobody's until it is granted."""
    switches = world.switches
    for store in (switches.hidden_fields, *(user.hidden_fields for user in switches.user_rights.values())):
        store.setdefault(kind, set()).add(field)


def forget_field(world: World, kind: str, field: str) -> None:
    """The field is gone, and with it what was said of it."""
    owners: list[Switches | UserRights] = [world.switches, *world.switches.user_rights.values()]
    for owner in owners:
        for store in (owner.hidden_fields, owner.read_only_fields):
            store.get(kind, set()).discard(field)

"""What a user may see and do: objects, fields, permissions (salesforce reference 1.6, 2.3, 2.6, 7.5).

The integration user's rights stand in the switches of their own names; another user's under its username in
`user_rights`. The administrator, and who acts on screens, may do everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def held(world: World, actor: Actor) -> Held:
    """What the user must do without."""
    switches = world.switches
    if not actor.limited:
        return _EVERYTHING
    if actor.user_id == world.integration.user_id:
        return _integration(switches)
    user = world.state.live("User", actor.user_id) or {}
    own = switches.user_rights.get(str(user.get("Username", "")))
    if own is None:
        return _EVERYTHING
    return Held(own.hidden_fields, own.read_only_fields, own.hidden_objects, own.denied_rights, own.permissions)


def _integration(switches: Switches) -> Held:
    """Its permissions are switches of their own: see `holds`."""
    return Held(switches.hidden_fields, switches.read_only_fields, switches.hidden_objects, switches.denied_rights)


def sees_object(world: World, actor: Actor, kind: str) -> bool:
    if not actor.limited:
        return True
    taken, name = held(world, actor), _FOLLOWS.get(kind, kind)
    return not {kind, name} & set(taken.hidden_objects) and may(world, actor, name, "read")


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
    return permission not in held(world, actor).permissions


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
    for store in (switches.hidden_fields, *(each.hidden_fields for each in switches.user_rights.values())):
        store.setdefault(kind, set()).add(field)


def forget_field(world: World, kind: str, field: str) -> None:
    """The field is gone, and with it what was said of it."""
    owners: list[Switches | UserRights] = [world.switches, *world.switches.user_rights.values()]
    for owner in owners:
        for store in (owner.hidden_fields, owner.read_only_fields):
            store.get(kind, set()).discard(field)

"""What an administrator does with users: makes them, and gives and takes their rights, also while they are at work."""

from __future__ import annotations

from typing import Any, get_args

from ml_emulators.salesforce import rights
from ml_emulators.salesforce.errors import ApiError, required
from ml_emulators.salesforce.org import Person, Switches, UserRights
from ml_emulators.salesforce.seed import put_user
from ml_emulators.salesforce.signin.oauth import Sessions
from ml_emulators.salesforce.world import World

Body = dict[str, Any]


def _wrong(message: str) -> ApiError:
    return ApiError("INVALID_OPERATION", message)


class Users:
    """Acts of the control door. Without `username` they mean the integration user."""

    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions

    def add_user(self, body: Body) -> Body:
        """{"Username", "LastName", "FirstName"?, "TimeZoneSidKey"?}: a new user, who lacks no right."""
        missing = [name for name in ("Username", "LastName") if not body.get(name)]
        if missing:
            raise required(missing)
        username = str(body["Username"])
        if self._world.actor_named(username) is not None:
            raise ApiError("DUPLICATE_USERNAME", f"Duplicate Username: {username}", fields=["Username"])
        zone = str(body.get("TimeZoneSidKey") or self._world.org.time_zone)
        first = str(body.get("FirstName") or "")
        user_id = put_user(self._world, Person(username, str(body["LastName"]), first, zone))
        return dict(self._world.state.live("User", user_id) or {})

    def open_session(self, body: Body) -> Body:
        """{"username"}: a token of that user, as any sign-in gives it."""
        actor = self._world.actor_named(str(body.get("username", ""))) or self._world.integration
        return {"access_token": self._sessions.open(actor), "user_id": actor.user_id}

    def _own(self, body: Body) -> Switches | UserRights:
        """Where the rights of the named user stand."""
        username = str(body.get("username") or "")
        actor = self._world.actor_named(username) if username else self._world.integration
        if actor is None:
            raise _wrong(f"no user {username}")
        if not actor.limited:
            raise _wrong("an administrator's rights are not taken away")
        if actor.user_id == self._world.integration.user_id:
            return self._world.switches
        user = self._world.state.live("User", actor.user_id) or {}
        return self._world.switches.user_rights.setdefault(str(user["Username"]), UserRights())

    def set_fls(self, body: Body) -> Body:
        """{"object", "field", "readable": bool, "editable": bool, "username"?}."""
        kind = self._world.schema.find(str(body.get("object")))
        field = kind.find(str(body.get("field"))) if kind else None
        if kind is None or field is None:
            raise _wrong("no such object or field")
        own = self._own(body)
        for store, granted in (
            (own.hidden_fields, body.get("readable", True)),
            (own.read_only_fields, body.get("editable", True)),
        ):
            names = store.setdefault(kind.name, set())
            (names.discard if granted else names.add)(field.name)
        return {"object": kind.name, "field": field.name}

    def set_object_rights(self, body: Body) -> Body:
        """{"object", "read"?, "create"?, "edit"?, "delete"?: bool, "username"?}: what is not named stays."""
        kind = self._world.schema.find(str(body.get("object")))
        if kind is None:
            raise _wrong("no such object")
        own = self._own(body)
        denied = own.denied_rights.setdefault(kind.name, set())
        for right in get_args(rights.Right):
            if right in body:
                (denied.discard if body[right] else denied.add)(right)
        return {"object": kind.name, "denied": sorted(denied)}

    def set_permission(self, body: Body) -> Body:
        """{"permission": such as "EditActivatedOrders", "granted": bool, "username"?}."""
        name, granted = str(body.get("permission")), body.get("granted", True) is True
        if name not in rights.PERMISSIONS:
            raise _wrong(f"a permission is one of {', '.join(rights.PERMISSIONS)}")
        own = self._own(body)
        if isinstance(own, UserRights):
            (own.permissions.discard if granted else own.permissions.add)(name)
        else:
            setattr(own, rights.PERMISSIONS[name], granted)
        return {"permission": name, "granted": granted}

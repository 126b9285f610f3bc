"""Who a session's user is, as userinfo and the identity URL tell it (salesforce reference 1.2, 1.4)."""

from __future__ import annotations

from typing import Any

from ml_emulators.salesforce.state import Record
from ml_emulators.salesforce.world import Actor, World

_URLS = {
    "enterprise": "/services/Soap/c/{version}/",
    "metadata": "/services/Soap/m/{version}/",
    "partner": "/services/Soap/u/{version}/",
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
    "search": "/services/data/v{version}/search/",
    "query": "/services/data/v{version}/query/",
    "recent": "/services/data/v{version}/recent/",
    "tooling_soap": "/services/Soap/T/{version}/",
    "tooling_rest": "/services/data/v{version}/tooling/",
}


def identity_url(world: World, actor: Actor, login: str) -> str:
    """`login` is the address of the login host, as the caller can reach it."""
    return f"{login}/id/{world.org_id}/{actor.user_id}"


def _user(world: World, actor: Actor) -> Record:
    return world.state.live("User", actor.user_id) or {}


def _urls(base_url: str) -> dict[str, str]:
    return {name: base_url + path for name, path in _URLS.items()}


def _offset(actor: Actor, world: World) -> int:
    """What the user's clock is ahead of UTC in winter, in milliseconds."""
    standard = world.clock.now().replace(month=1, day=1).astimezone(actor.zone).utcoffset()
    return int(standard.total_seconds()) * 1000 if standard is not None else 0


def userinfo(world: World, actor: Actor, base_url: str, login: str) -> dict[str, Any]:
    """`/services/oauth2/userinfo`."""
    user = _user(world, actor)
    return {
        "sub": identity_url(world, actor, login),
        "user_id": actor.user_id,
        "organization_id": world.org_id,
        "preferred_username": user.get("Username"),
        "nickname": user.get("Alias"),
        "name": user.get("Name"),
        "email": user.get("Email"),
        "email_verified": True,
        "given_name": user.get("FirstName"),
        "family_name": user.get("LastName"),
        "zoneinfo": user.get("TimeZoneSidKey"),
        "urls": _urls(base_url),
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "language": user.get("LanguageLocaleKey"),
        "locale": user.get("LocaleSidKey"),
        "utcOffset": _offset(actor, world),
        "updated_at": user.get("SystemModstamp"),
    }


def identity(world: World, actor: Actor, base_url: str) -> dict[str, Any]:
    """The identity URL, `/id/{org}/{user}`."""
    user = _user(world, actor)
    return {
        "id": identity_url(world, actor, base_url),
        "asserted_user": True,
        "user_id": actor.user_id,
        "organization_id": world.org_id,
        "username": user.get("Username"),
        "nick_name": user.get("Alias"),
        "display_name": user.get("Name"),
        "email": user.get("Email"),
        "email_verified": True,
        "first_name": user.get("FirstName"),
        "last_name": user.get("LastName"),
        "timezone": user.get("TimeZoneSidKey"),
        "urls": _urls(base_url),
        "active": bool(user.get("IsActive")),
        "user_type": "STANDARD",
        "language": user.get("LanguageLocaleKey"),
        "locale": user.get("LocaleSidKey"),
        "utcOffset": _offset(actor, world),
        "last_modified_date": user.get("LastModifiedDate"),
    }

"""Webhook bodies and their signature (reference 9.1 to 9.3). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ml_emulators.kit.wire import dumps
from ml_emulators.quickbooks.settings import App, ChangeNotice, Switches
from ml_emulators.quickbooks.values import PACIFIC, Json

SIGNATURE = "intuit-signature"
_VERBS = {"Create": "created", "Update": "updated", "Delete": "deleted", "Merge": "merged", "Emailed": "emailed"}


@dataclass(frozen=True)
class Event:
    """One change to be announced, at `due` or later. `held`: it was put off; `copy`: it goes out a second time."""

    number: int
    notice: ChangeNotice
    due: datetime
    held: bool = False
    copy: bool = False


def sign(body: bytes, verifier_token: str) -> str:
    """Base64 of the HMAC-SHA256 of the raw body."""
    return base64.b64encode(hmac.new(verifier_token.encode(), body, hashlib.sha256).digest()).decode()


def cloud_events(events: Iterable[Event], app: App, switches: Switches) -> bytes:
    """The JSON array of section 9.3."""
    return dumps([_cloud_event(event, app, switches) for event in events])


def _cloud_event(event: Event, app: App, switches: Switches) -> Json:
    notice = event.notice
    verb = switches.webhook_void_verb if notice.operation == "Void" else _VERBS[notice.operation]
    return {
        "specversion": "1.0",
        "id": f"{_uuid(event, app)}-{notice.entity}-{notice.id}",
        "source": f"intuit.{_source(app)}",
        "type": f"qbo.{notice.entity.lower()}.{verb}.v1",
        "datacontenttype": "application/json",
        "time": notice.instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
        "intuitentityid": notice.id,
        "intuitaccountid": notice.realm_id,
        "data": {} if notice.deleted_id is None else {"deletedid": notice.deleted_id},
    }


def _uuid(event: Event, app: App) -> uuid.UUID:
    """The same for every attempt and every copy, another one for every other change."""
    notice = event.notice
    parts = (app.client_id, event.number, notice.realm_id, notice.operation, notice.instant.isoformat())
    return uuid.uuid5(uuid.NAMESPACE_OID, " ".join(map(str, parts)))


def _source(app: App) -> str:
    return base64.b64encode(hashlib.sha256(app.client_id.encode()).digest()).decode()


def legacy(events: Sequence[Event], switches: Switches) -> bytes:
    """The `eventNotifications` of section 9.2, one for each company."""
    by_realm: dict[str, list[Json]] = {}
    for event in events:
        by_realm.setdefault(event.notice.realm_id, []).append(_entity(event.notice, switches))
    notices = [{"realmId": realm, "dataChangeEvent": {"entities": entities}} for realm, entities in by_realm.items()]
    return dumps({"eventNotifications": notices})


def _entity(notice: ChangeNotice, switches: Switches) -> Json:
    entity: Json = {
        "name": notice.entity,
        "id": notice.id,
        "operation": notice.operation,
        "lastUpdated": _last_updated(notice.instant, switches),
    }
    return entity if notice.deleted_id is None else {**entity, "deletedId": notice.deleted_id}


def _last_updated(at: datetime, switches: Switches) -> str:
    if switches.webhook_legacy_time == "offset":
        return at.astimezone(PACIFIC).strftime("%Y-%m-%dT%H:%M:%S%z")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

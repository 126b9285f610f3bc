"""How the event bus refuses: a code of the vendor's table, a gRPC status by name, a sentence (reference 5.5)."""

from __future__ import annotations

PREFIX = "sfdc.platform.eventbus.grpc."

_INVALID = "INVALID_ARGUMENT"
# Only UNAUTHENTICATED and the INVALID_ARGUMENT of replay ids and schemas are in the documents; see GAPS.md.
_STATUS = {
    "service.auth.error": "UNAUTHENTICATED",
    "service.auth.headers.invalid": "UNAUTHENTICATED",
    "service.auth.refresh.invalid": "UNAUTHENTICATED",
    "service.tenant.license": "PERMISSION_DENIED",
    "service.unavailable": "UNAVAILABLE",
    "service.protection.triggered": "RESOURCE_EXHAUSTED",
    "service.protection.stream.limit.triggered": "RESOURCE_EXHAUSTED",
    "concurrent.client.limit.exceeded": "RESOURCE_EXHAUSTED",
    "subscription.internal.error": "INTERNAL",
    "subscription.limit.exceeded": "RESOURCE_EXHAUSTED",
    "subscription.topic.cannot.subscribe": "PERMISSION_DENIED",
    "topic.api.unavailable": "UNAVAILABLE",
    "topic.meta.permission": "PERMISSION_DENIED",
    "topic.not.found": "NOT_FOUND",
    "schema.api.unavailable": "UNAVAILABLE",
    "schema.meta.permission": "PERMISSION_DENIED",
    "publish.stream.sweeper.timeout": "ABORTED",
    "": "UNAVAILABLE",
}
_MESSAGES = {
    "service.auth.error": ("An authentication exception occurred. Provide valid authentication via metadata headers."),
    "service.auth.headers.invalid": "The metadata headers accesstoken, instanceurl and tenantid must all be given.",
    "service.unavailable": "The service is unavailable. Try again later.",
    "subscription.limit.exceeded": "You have exceeded the event delivery limit for your org.",
    "subscription.fetch.replayid.corrupted": (
        "The Replay ID validation failed. Ensure that the Replay ID is valid and within the retention window."
    ),
    "subscription.fetch.replayid.validation.failed": (
        "The Replay ID validation failed. Ensure that a Replay ID that can be used is given with CUSTOM."
    ),
    "subscription.fetch.requested.events.invalid": "The number of requested events must be greater than zero.",
    "subscription.fetch.topic.mismatch": "The topic name differs from the one in the first request.",
    "subscription.fetch.request.invalid": "The fetch request is not valid.",
    "subscription.topic.cannot.subscribe": "Subscribing to this topic is not allowed for this user.",
    "topic.validation.empty": "The topic name must not be empty.",
    "topic.not.found": "The topic was not found, or this user may not see it.",
    "topic.meta.permission": "This user may not see this topic.",
    "schema.validation.failed": "The schema ID is not valid.",
    "schema.meta.permission": "This user may not see this schema.",
    "publish.event.count.invalid": "The number of events must be greater than zero.",
    "publish.topic.mismatch": "The topic name differs from the one in the first request.",
    "publish.topic.validation.empty": "The topic name must not be empty.",
    "publish.stream.sweeper.timeout": "No publish request came in time.",
}


class Refusal(Exception):
    """`code` is the suffix of the vendor's code (blank: a status without trailers), `status` a gRPC status name."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.status = _STATUS.get(code, _INVALID)
        self.message = message or _MESSAGES.get(code, "The request was refused.")
        super().__init__(f"{code}: {self.message}")

    @property
    def full_code(self) -> str:
        """The code as trailers carry it; blank for a status without trailers."""
        return f"{PREFIX}{self.code}" if self.code else ""


def known_code(code: str) -> bool:
    """Whether the code is one this emulator can say (blank: a bare status)."""
    return code in _STATUS or code in _MESSAGES

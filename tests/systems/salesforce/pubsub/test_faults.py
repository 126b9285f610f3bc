"""What each way to end means for the stream."""

from __future__ import annotations

import pytest

from ml_connector.model.errors import BadAnswer, LimitReached, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems.salesforce.pubsub.faults import PREFIX, Cause, StreamEnded, ended

# salesforce reference 5.5, row by row
CODES = {
    Cause.SESSION: ["service.auth.error", "service.auth.refresh.invalid"],
    Cause.SETUP: [
        *("service.auth.headers.invalid", "service.tenant.license", "topic.not.found", "topic.validation.empty"),
        *("subscription.topic.cannot.subscribe", "topic.meta.permission"),
    ],
    Cause.AGAIN: [
        *("service.unavailable", "subscription.internal.error", "topic.api.unavailable", "schema.api.unavailable"),
        "subscription.fetch.replay.repeated",
    ],
    Cause.CROWDED: [
        *("service.protection.triggered", "service.protection.stream.limit.triggered"),
        "concurrent.client.limit.exceeded",
    ],
    Cause.SCHEMA: ["schema.meta.permission", "schema.validation.failed"],
    Cause.POSITION: [
        "subscription.fetch.replayid.corrupted",
        "subscription.fetch.replayid.validation.failed",
    ],
    Cause.OURS: [
        *("subscription.fetch.requested.events.invalid", "subscription.fetch.topic.mismatch"),
        *("subscription.fetch.request.invalid", "subscription.fetch.overflow"),
        *("publish.event.count.invalid", "managed.subscription.already.active"),
    ],
    Cause.ALLOWANCE: ["subscription.limit.exceeded"],
}


@pytest.mark.parametrize(("cause", "code"), [(cause, code) for cause, codes in CODES.items() for code in codes])
def test_each_code(cause: Cause, code: str) -> None:
    end = ended("INVALID_ARGUMENT", [("rpc-id", "x"), ("error-code", PREFIX + code)])
    assert (end.cause, end.code) == (cause, code)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("UNAVAILABLE", Cause.AGAIN),
        ("UNKNOWN", Cause.AGAIN),
        ("INTERNAL", Cause.AGAIN),
        ("DEADLINE_EXCEEDED", Cause.AGAIN),
        ("OK", Cause.AGAIN),
        ("UNAUTHENTICATED", Cause.SESSION),
        ("PERMISSION_DENIED", Cause.SETUP),
        ("RESOURCE_EXHAUSTED", Cause.CROWDED),
        ("INVALID_ARGUMENT", Cause.AGAIN),
    ],
)
def test_a_status_without_a_code(status: str, cause: Cause) -> None:
    assert ended(status, []).cause is cause
    assert ended(status, [("error-code", PREFIX + "something.new")]).cause is cause


@pytest.mark.parametrize("said", [b"\xff\xfe", "", "x y\nz", "a" * 10_000, PREFIX, b"sfdc." + b"\0" * 50])
def test_trailers_that_say_nothing(said: str | bytes) -> None:
    end = ended("UNAVAILABLE", [("error-code", said), ("error-code", "x")])
    assert (end.cause, len(end.code) <= 80) == (Cause.AGAIN, True)
    assert "\n" not in end.error.sentence


def test_every_end_is_an_error_with_a_remedy() -> None:
    kinds = {cause: type(StreamEnded(cause, "x").error) for cause in Cause}
    assert kinds == {
        Cause.SESSION: SignInNeeded,
        Cause.AGAIN: Unreachable,
        Cause.CROWDED: Unreachable,
        Cause.SETUP: WrongUse,
        Cause.SCHEMA: BadAnswer,
        Cause.POSITION: BadAnswer,
        Cause.ALLOWANCE: LimitReached,
        Cause.OURS: BadAnswer,
    }

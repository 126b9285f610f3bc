"""A write as it was decided, with the exact body that would go out: one value for approval, note and sending."""

from __future__ import annotations

import hashlib

import msgspec

from ml_connector.model.plans import Write
from ml_connector.model.tasks import Task

from .ports import System


class PreparedWrite(msgspec.Struct, frozen=True):
    """What is approved, noted and sent.

    The body is encoded once. If each of the three encoded it for itself, a person could approve one text and another
    one could leave. `approval` is the digest that an approval of this write must have.
    """

    task: Task
    write: Write
    body: bytes
    approval: str


def prepare(task: Task, write: Write, system: System) -> PreparedWrite:
    """Raises `ConnectorError` for a write that its system cannot put into a body: it must never be sent."""
    body = system.encode(write)
    return PreparedWrite(task, write, body, approval_of(write, body))


def approval_of(write: Write, body: bytes) -> str:
    """What an approval binds: SHA-256 of the exact body, and of those that are approved with it and follow."""
    followers = write.together.followers if write.together else ""
    return hashlib.sha256(body + followers.encode()).hexdigest()

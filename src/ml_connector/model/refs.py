"""Records, the knocks about them, and the links between them (DESIGN section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from .errors import WrongUse
from .roles import Role


class Ref(msgspec.Struct, frozen=True, order=True):
    """Names one record: `quickbooks:Invoice:1043`. `id` is the vendor's own id, always text."""

    system: str
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.system}:{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """From `system:kind:id`, as `str` writes it; an id may hold colons. Raises `WrongUse`."""
        parts = text.split(":", 2)
        if len(parts) != 3 or not all(parts):
            raise WrongUse(f"{text!r} names no record.", "Write system:kind:id, for example quickbooks:Invoice:1043.")
        return cls(*parts)


class Change(msgspec.Struct, frozen=True):
    """A knock: record `ref` may differ. `at` is when the source says it changed (UTC), `source` who says so."""

    ref: Ref
    source: str
    at: datetime


class Record(Protocol):
    """What the engine knows of a vendor's record: its name, and a version text that moves when it changes."""

    @property
    def ref(self) -> Ref:
        """Its system, kind and id."""

    @property
    def version(self) -> str:
        """The vendor's own mark where it has one (SyncToken, SystemModstamp): compared for equality only."""


class Gone(msgspec.Struct, frozen=True):
    """The vendor says that the record is deleted or was never there.

    `into` is the record that it was merged into, where the vendor tells.
    """

    ref: Ref
    version: str = ""
    into: Ref | None = None


class Link(msgspec.Struct, frozen=True):
    """Two records that belong together, and what both sides last agreed on.

    `role` says what the target is to the source;
    `agreed` holds field values as canonical text, `None` for empty. Where `strange` names its row, somebody without the
    key has put it into the state: nothing may be decided by it.
    """

    role: Role
    source: Ref
    target: Ref
    agreed: Mapping[str, str | None] = {}
    exclusive: bool = False
    source_version: str = ""
    target_version: str = ""
    strange: str = ""

    @property
    def proved(self) -> bool:
        """Whether it was put there by somebody with the key."""
        return not self.strange


class LinkDraft(msgspec.Struct, frozen=True):
    """A link that a decision makes or renews. `target=None` stands for the record that the write makes.

    A source with an empty id stands for it too. `exclusive`: no other source may have the same target in this role.
    """

    role: Role
    source: Ref
    target: Ref | None = None
    agreed: Mapping[str, str | None] = {}
    exclusive: bool = False
    source_version: str = ""


Json = dict[str, Any]

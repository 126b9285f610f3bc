"""One write between request and record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml_emulators.quickbooks.faults import Fault, FaultError, missing
from ml_emulators.quickbooks.kinds.kind import Kind
from ml_emulators.quickbooks.values import Json


@dataclass
class Draft:
    """`sent` are the cleaned fields of the request, `body` what the record shall become, `old` what it was."""

    kind: Kind
    sent: Json
    body: Json
    old: Json | None

    def kept(self, name: str) -> Any:
        """The former value of a field, or None."""
        return self.old.get(name) if self.old is not None else None

    def default(self, name: str, value: Any) -> None:
        """Fill in a field that was not sent."""
        self.body.setdefault(name, value)

    def keep(self, *names: str) -> None:
        """Fields that a full update cannot clear: absent, they stay as they were."""
        for name in names:
            if name not in self.body and self.kept(name) is not None:
                self.body[name] = self.kept(name)

    def require(self, *names: str) -> None:
        """Raises 2020, one error for each field that is missing."""
        absent: list[FaultError] = [missing(name) for name in names if name not in self.body]
        if absent:
            raise Fault(absent)

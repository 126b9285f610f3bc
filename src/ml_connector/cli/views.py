"""What the command line asks of its surroundings, and the values whose actions are written elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ml_connector.tieout.report import Report as TieOutReport

Names = Mapping[str, Mapping[str, str]]
"""Names of QuickBooks ids by table: `{"accounts": {"85": "1250 Unbilled Receivable"}, "departments": {...}}`."""


class Finding(Protocol):
    """One check of the doctor. `level` is ok, warn or FAIL."""

    @property
    def level(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class TieOut(Protocol):
    """The proof of a month, made of fresh reads."""

    @property
    def month(self) -> str: ...
    @property
    def read_at(self) -> datetime: ...
    @property
    def reports(self) -> Sequence[TieOutReport]: ...


class Ask(Protocol):
    """Questions to the person who connects a system. Without a terminal the environment answers."""

    def text(self, name: str, question: str, default: str = "") -> str:
        """`name` is a setting such as `quickbooks.client_id`; `MLC_QUICKBOOKS_CLIENT_ID` answers it."""

    def secret(self, name: str, question: str) -> str:
        """Asked without echo; never shown, never logged."""

    def tell(self, sentence: str) -> None: ...

"""What the command line asks of its surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

Names = Mapping[str, Mapping[str, str]]
"""Names of QuickBooks ids by table: `{"accounts": {"85": "1250 Unbilled Receivable"}, "departments": {...}}`."""


class Ask(Protocol):
    """Questions to the person who connects a system. Without a terminal the environment answers."""

    def text(self, name: str, question: str, default: str = "") -> str:
        """`name` is a setting such as `quickbooks.client_id`; `MLC_QUICKBOOKS_CLIENT_ID` answers it."""

    def secret(self, name: str, question: str) -> str:
        """Asked without echo; never shown, never logged."""

    def tell(self, sentence: str) -> None:
        """Say what comes next, or what has been done."""

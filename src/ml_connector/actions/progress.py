"""How far long work is: what an action tells the door that started it."""

from __future__ import annotations

from ml_connector.service.progress import Progress, quiet

__all__ = ["Progress", "quiet"]

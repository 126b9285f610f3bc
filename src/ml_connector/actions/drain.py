"""Do all that is due, of one connection, both directions."""

from __future__ import annotations

from ml_connector.service.draining import DrainReport, connection_of, drain

__all__ = ["DrainReport", "connection_of", "drain"]

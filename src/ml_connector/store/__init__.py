"""Our state. Only this room speaks SQL."""

from .store import Store

__all__ = ["Store"]

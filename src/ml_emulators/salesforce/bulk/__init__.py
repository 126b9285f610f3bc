"""Bulk API 2.0: jobs that load and extract records as CSV (salesforce reference 4)."""

from .routes import Bulk

__all__ = ["Bulk"]

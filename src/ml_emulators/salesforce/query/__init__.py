"""SOQL: parse, find, show (salesforce reference 2.4)."""

from .columns import columns
from .run import Result, run

__all__ = ["Result", "columns", "run"]

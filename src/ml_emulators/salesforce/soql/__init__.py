"""SOQL: parse, find, show (salesforce reference 2.4)."""

from .run import Result, run

__all__ = ["Result", "run"]

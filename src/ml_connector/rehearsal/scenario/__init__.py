"""Given, when, then: a file of them is played on fresh emulators and checked (docs/scenarios.md)."""

from ml_connector.rehearsal.scenario.player import run

__all__ = ["run"]

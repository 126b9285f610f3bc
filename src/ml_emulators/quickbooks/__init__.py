"""An emulator of QuickBooks Online (Accounting API v3): see `GAPS.md` for what is not imitated."""

from __future__ import annotations

from ml_emulators.quickbooks.emulator import QuickBooks
from ml_emulators.quickbooks.faults import Fault, FaultError
from ml_emulators.quickbooks.settings import App, ChangeNotice, Company, Counters, Switches

__all__ = ["App", "ChangeNotice", "Company", "Counters", "Fault", "FaultError", "QuickBooks", "Switches"]

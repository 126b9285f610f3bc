"""Every kind of record, by name and by its place in a path."""

from __future__ import annotations

from ml_emulators.quickbooks.kinds import auxiliary
from ml_emulators.quickbooks.kinds import lists as list_kinds
from ml_emulators.quickbooks.kinds import purchases as purchase_kinds
from ml_emulators.quickbooks.kinds import spending as spending_kinds
from ml_emulators.quickbooks.kinds import transactions as txn_kinds
from ml_emulators.quickbooks.kinds.kind import Kind

_EVERY = (*list_kinds.KINDS, *txn_kinds.KINDS, *purchase_kinds.KINDS, *spending_kinds.KINDS, *auxiliary.KINDS)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _EVERY}
PATHS: dict[str, str] = {name.lower(): name for name in KINDS}

"""What the marks of rows cost: their share of the processor time of a first sync (docs/security.md)."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from time import process_time

from ml_connector.store import schema
from ml_connector.store.marks import Marker, content_of
from ml_connector.vault import Vault
from support.market import Market

from .rows import Row, row

PAIRS = 1000
MOST = 3.0
"""Per cent of the processor time of a first sync."""
_LINK = {
    "connection": "4620816365000000001-00DHs0000000001MAA",
    "role": "account",
    "source": "quickbooks:Customer:1043",
    "target": "salesforce:Account:001Hs0000000001IAA",
    "agreed": '{"name":"Acme Inc.","phone":"+1 555 0100","email":"ap@acme.example","city":"Springfield"}',
    "exclusive": 1,
    "source_version": "2026-11-20T12:00:00Z",
    "target_version": "2026-11-20T12:00:00Z",
}


class _Counting:
    """A marker, and how many marks it has made and compared."""

    def __init__(self, marker: Marker) -> None:
        self._marker = marker
        self.made = self.compared = 0

    def marks(self, contents: Sequence[bytes]) -> list[bytes]:
        self.made += len(contents)
        return self._marker.marks(contents)

    def fits(self, content: bytes, mark: bytes) -> bool:
        self.compared += 1
        return self._marker.fits(content, mark)


async def marks() -> AsyncIterator[Row]:
    """Marks made and compared in a first sync of 1,000 pairs and their invoices, and what that costs."""
    with tempfile.TemporaryDirectory() as folder:
        market = Market(Path(folder))
        market.add_pairs(PAIRS)
        market.add_invoices(PAIRS)
        counting = _Counting(market.home.vault)
        market.home.store.marker = counting
        market.home.app.store.marker = counting
        began = process_time()
        await market.home.run()
        whole = process_time() - began
        make, compare = _costs(market.home.vault)
    spent = counting.made * make + counting.compared * compare
    yield row("marks made in a first sync", counting.made, "rows")
    yield row("marks compared in a first sync", counting.compared, "rows")
    yield row("make a mark", make * 1e6, "us")
    yield row("compare a mark", compare * 1e6, "us")
    yield row("marks, of a first sync's processor time", spent / whole * 100, "per cent", MOST)


def _costs(vault: Vault) -> tuple[float, float]:
    """Seconds for making and for comparing the mark of one link, its row put into bytes included."""
    rows = [_LINK] * 1000
    (mark,) = vault.marks([content_of(schema.link, _LINK)])

    def make() -> None:
        vault.marks([content_of(schema.link, row) for row in rows])

    def compare() -> None:
        for link in rows:
            vault.fits(content_of(schema.link, link), mark)

    return _each(make), _each(compare)


def _each(work: Callable[[], None]) -> float:
    spent = []
    for _ in range(5):
        began = process_time()
        work()
        spent.append(process_time() - began)
    return min(spent) / 1000

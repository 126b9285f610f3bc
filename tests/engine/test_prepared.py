"""A decided write is encoded once: what a person approves is what is noted, and what leaves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ml_connector.actions.drain import drain
from ml_connector.model.plans import Write
from ml_connector.systems.http import Request, Response
from ml_connector.systems.quickbooks.client import QuickBooks
from support.world import Installation


async def test_each_entry_is_encoded_once_and_leaves_as_it_was_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Installation(tmp_path)
    await home.approve_all()
    encoded: Counter[str] = Counter()
    encode = QuickBooks.encode

    def count(client: QuickBooks, write: Write) -> bytes:
        encoded[write.key] += write.kind == "JournalEntry"
        return encode(client, write)

    monkeypatch.setattr(QuickBooks, "encode", count)
    noted: list[bytes] = []
    sent: list[bytes] = []

    class Line:
        async def send(self, request: Request) -> Response:
            if b"JournalEntry" in request.body:
                noted.extend(write.body for write in home.store.open_writes(home.app.connection.id))
                sent.append(request.body)
            return await home.network.send(request)

    await drain(home.process(network=Line()))
    assert sorted(encoded.elements()) == sorted(set(encoded.elements()))
    assert len(noted) == sum(encoded.values()) == 3
    assert all(any(body in request for request in sent) for body in noted)

"""What a settled write keeps: enough to prove what was sent, and nothing about people (promise P7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from ml_connector.model.plans import OpenWrite, Write
from ml_connector.model.refs import LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Settled, WriteEnd
from ml_connector.store import Store
from ml_connector.store.schema import write as table
from support.stores import fresh

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CUSTOMER = Ref("quickbooks", "Customer", "12")
BODY = b'{"Email":"ann@example.org","LastName":"Lee"}'


def _noted(*, approved: bool) -> OpenWrite:
    write = Write(
        step="contact",
        system="salesforce",
        kind="Contact",
        action="upsert",
        body={"Email": "ann@example.org", "LastName": "Lee"},
        key="1:12:abc",
        key_field="QBO_Id__c",
        links=(LinkDraft(Role.CONTACT, CUSTOMER, None, {"email": "ann@example.org"}),),
        why=("Ann Lee is new",),
        label="Ann Lee",
        needs_approval=approved,
        claims=("email ann@example.org",),
    )
    return OpenWrite(
        id="w", flow="customers", source=CUSTOMER, write=write, body=BODY, request_id="r", batch_id="b", position=0,
        noted_at=NOON, sent_at=NOON,
    )  # fmt: skip


def _settled(state: WriteEnd | None, *, approved: bool = False) -> tuple[Store, Any]:
    store = fresh()
    store.add_connection("acme", "4620", "00D", "Acme Inc.", NOON)
    token = store.take_lease("acme", "me", NOON)
    assert token is not None
    store.note("acme", token, [_noted(approved=approved)], NOON)
    if state is not None:
        store.settle_writes("acme", token, [Settled(id="w", state=state)], NOON)
    with store.begin() as tx:
        return store, tx.execute(select(table)).one()


@pytest.mark.parametrize("state", ["done", "refused", "dropped"])
def test_a_settled_write_keeps_ids_and_no_body(state: WriteEnd) -> None:
    store, row = _settled(state)
    assert row.body == b""
    assert "ann" not in row.content.lower()
    assert (row.key, row.request_id, row.state) == ("1:12:abc", "r", state)
    assert store.written("acme", "customers", CUSTOMER) == [(state, "contact", "", NOON)]


def test_an_open_write_keeps_its_exact_body() -> None:
    store, row = _settled(None)
    assert row.body == BODY
    assert store.open_writes("acme") == [_noted(approved=False)]


def test_what_a_person_approved_stays_whole() -> None:
    _, row = _settled("done", approved=True)
    assert row.body == BODY

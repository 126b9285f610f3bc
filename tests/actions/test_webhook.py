"""Verifier tokens through a rotation, and what the doctor says of deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ml_connector.actions.doctor import _webhooks
from ml_connector.actions.open import Home
from ml_connector.actions.sweep import sweep_all
from ml_connector.actions.webhook import STALE, forget_verifier, hook_state, set_verifier, verifier_tokens
from ml_connector.model.errors import WrongUse
from ml_connector.model.refs import Ref
from support.in_step import in_step
from support.world import Installation


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Installation]:
    home = in_step(tmp_path)
    yield home
    home.store.close()


def opened(home: Installation) -> Home:
    app = home.app
    return Home(home.settings.home, home.settings, home.store, home.vault, app.world)


def said(home: Installation) -> tuple[str, str]:
    (finding,) = _webhooks(home.app)
    return finding.level, finding.sentence


def test_both_tokens_of_a_rotation_count_until_the_one_before_is_forgotten(home: Installation) -> None:
    assert verifier_tokens(home.app) == []
    set_verifier(opened(home), " first\n")
    set_verifier(opened(home), "first")
    assert verifier_tokens(home.app) == ["first"]
    set_verifier(opened(home), "second")
    assert verifier_tokens(home.app) == ["second", "first"]
    assert forget_verifier(opened(home))
    assert verifier_tokens(home.app) == ["second"]
    assert not forget_verifier(opened(home))
    assert b"second" not in b"".join(sealed for _, _, sealed in home.store.all_sealed())


@pytest.mark.parametrize("token", ["", " \n", "x" * 201, "ü", "a\x00b"])
def test_what_cannot_be_a_verifier_token_is_not_sealed(home: Installation, token: str) -> None:
    with pytest.raises(WrongUse):
        set_verifier(opened(home), token)
    assert verifier_tokens(home.app) == []


def test_the_doctor_says_how_deliveries_went(home: Installation) -> None:
    store, clock, connection = home.store, home.clock, home.app.connection.id
    level, sentence = said(home)
    assert (level, "No verifier token" in sentence) == ("warn", True)
    set_verifier(opened(home), "token")
    assert said(home) == ("warn", "A verifier token is sealed; no webhook has ever arrived.")
    invoice = Ref("quickbooks", "Invoice", "1")
    store.add_arrivals([(connection, "webhook", [invoice])], {"deliveries": 1, "knocks": 1}, clock.now())
    assert said(home)[0] == "ok"
    clock.advance(timedelta(minutes=1))
    store.add_arrivals([], {"deliveries": 1, "empty": 1}, clock.now())
    assert hook_state(home.app).alarm
    assert said(home)[0] == "FAIL"
    clock.advance(timedelta(minutes=1))
    store.add_arrivals([], {"deliveries": 1, "knocks": 1}, clock.now())
    assert said(home)[0] == "ok", "something that is understood has come since"
    clock.advance(STALE)
    assert said(home) == ("FAIL", "1 webhooks were acknowledged and are not looked at: no service is running.")


async def test_what_was_delivered_becomes_tasks_once(home: Installation) -> None:
    store, connection = home.store, home.app.connection.id
    invoice = next(ref for ref in store.verdicts(connection, "invoice_to_opportunity") if ref.kind == "Invoice")
    for _ in range(3):
        store.add_arrivals([(connection, "webhook", [invoice])], {}, home.clock.now())
    assert store.arrivals_waiting(connection)[0] == 3
    before = store.unserved(connection)
    await sweep_all(home.app)
    assert store.arrivals_waiting(connection) == (0, None)
    after = store.unserved(connection)
    assert after.get("invoice_to_opportunity", 0) == before.get("invoice_to_opportunity", 0) + 1

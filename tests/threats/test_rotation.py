"""Keys are rotated beside a process that seals and marks: no token is lost, and no row is taken for a stranger's.

The two processes share the home and the database, and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.keys import rotate_keys
from ml_connector.actions.tampered import tampered_rows
from ml_connector.app import App, assemble
from ml_connector.custody import Custody, SealedTokens
from ml_connector.model.errors import Busy
from ml_connector.settings import destination
from ml_connector.store import Store, schema
from ml_connector.store.database import insert, open_engine
from ml_connector.store.marks import marked
from ml_connector.systems.http import Request, Response
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.vault import Vault
from ml_connector.world import World
from support.world import EmulatedNetwork, Installation, SimClock

RENEWAL = timedelta(hours=2)
BEFORE_ITS_TURN = 4
"""Steps until a rotation has its turn: who acts is looked up, then the turn is taken."""


def process(home: Installation, network: Any = None, store: Store | None = None) -> App:
    """Another process on the same home."""
    clock = SimClock(home.clock)
    world = World(network or home.network, clock, home.ids)
    vault = Vault.open_home(home.settings.home)
    return assemble(home.settings, home.rules, store or Store(home.store.engine), vault, world)


def tokens_of(app: App) -> SealedTokens:
    custody = Custody(app.store, app.vault, destination(app.settings, "quickbooks"), app.world.clock)
    return SealedTokens(custody, app.settings.both()[0].realm_id, "renewing")


def keys_of(home: Installation) -> set[str]:
    return {path.stem for path in (home.settings.home / "keys").glob("*.key")}


class _Slow:
    """The sign-in service has given out new tokens; `meanwhile` happens before they arrive."""

    def __init__(self, network: EmulatedNetwork, meanwhile: Callable[[], None]) -> None:
        self._network = network
        self._meanwhile = meanwhile

    async def send(self, request: Request) -> Response:
        answer = await self._network.send(request)
        if b"grant_type=refresh_token" in request.body:
            self._meanwhile()
        return answer


async def test_no_rotation_while_a_sign_in_is_renewed(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    keys, refusals = keys_of(home), []

    def rotate() -> None:
        with pytest.raises(Busy, match="being renewed") as refusal:
            rotate_keys(process(home), "setup")
        refusals.append(refusal)

    home.clock.advance(RENEWAL)
    await process(home, _Slow(home.network, rotate)).quickbooks.check_company()
    assert (len(refusals), keys_of(home)) == (1, keys)
    rotate_keys(process(home), "setup")
    await process(home).quickbooks.check_company()


class Steps:
    """A rotation, and what another process does before each of its transactions."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.number = 0
        self.acts: dict[int, list[Callable[[], None]]] = {}
        begin = app.store.begin

        def step() -> Any:
            for act in self.acts.get(self.number, []):
                act()
            self.number += 1
            return begin()

        app.store.begin = step  # type: ignore[method-assign]

    def rotate(self) -> int:
        """The number of its steps. What was to happen after it happens now."""
        self.number = 0
        rotate_keys(self.app, "setup")
        for act in self.acts.get(-1, []):
            act()
        return self.number


def _moments(steps: int) -> list[tuple[int, int]]:
    """When a value is sealed or marked, and when it is put down; -1 is after the end."""
    return [*((step, -1) for step in range(steps)), *((0, step) for step in range(1, steps))]


class Late:
    """A token and an approval that another process seals and marks at one moment, and puts down at another.

    As after a full disk, where the token is kept until it can be stored.
    """

    def __init__(self, app: App, name: str) -> None:
        self._app = app
        self._name = name
        self._sealed = b""
        approval = {"connection": app.connection.id, "key": name, "body_hash": "h", "plan": "p"}
        self._approval: dict[str, Any] = approval | {"approved_by": "approver", "approved_at": 1}

    def make(self) -> None:
        self._sealed = self._app.vault.seal(b"token", "owner", self._name)
        self._approval = marked(self._app.vault, schema.approval, [self._approval])[0]

    def put_down(self) -> None:
        self._app.store.put_sealed("owner", self._name, self._sealed, self._app.world.clock.now())
        with self._app.store.begin() as tx:
            tx.execute(insert(tx, schema.approval), self._approval)


def test_whenever_it_was_made_and_put_down_it_opens_and_is_believed(tmp_path: Path) -> None:
    """After this rotation, and after each that follows."""
    home = Installation(tmp_path)
    for start, end in _moments(Steps(process(home)).rotate()):
        rotation, late = Steps(process(home)), Late(process(home), f"{start} {end}")
        rotation.acts = {start: [late.make], end: [late.put_down]}
        rotation.rotate()
        app = process(home)
        sealed = [row for row in app.store.all_sealed() if row[0] == "owner"]
        assert {app.vault.open(value, owner, name) for owner, name, value in sealed} == {b"token"}, (start, end)
        assert tampered_rows(app) == [], (start, end)
        assert len(keys_of(home)) == 2


def test_two_rotations_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    home = Installation(tmp_path)
    first = Steps(process(home))
    refusals: list[object] = []

    def rotate_too() -> None:
        with pytest.raises(Busy, match="Another rotation") as refusal:
            rotate_keys(process(home), "setup")
        refusals.append(refusal)

    steps = first.rotate()
    first.acts = {step: [rotate_too] for step in range(BEFORE_ITS_TURN, steps - 1)}
    first.rotate()
    assert len(refusals) == steps - 1 - BEFORE_ITS_TURN
    assert tokens_of(process(home)).load() is not None


def test_renewals_go_on_beside_many_rotations(tmp_path: Path) -> None:
    """Two threads with files between them: one renews and stores, the other rotates for as long as that lasts."""
    url = f"sqlite:///{tmp_path}/state.db"
    home = Installation(tmp_path, store_url=url)
    renewing = process(home, store=Store(open_engine(url)))
    tokens, now, stored = tokens_of(renewing), home.clock.now(), 0
    ended, faults = threading.Event(), []

    def rotate() -> None:
        app = process(home)
        while not ended.is_set():
            try:
                rotate_keys(app, "setup")
            except Busy:  # a renewal is under way
                continue
            except Exception as fault:  # noqa: BLE001 - it is shown by the test
                faults.append(fault)
                return

    rotating = threading.Thread(target=rotate)
    rotating.start()
    while stored < 40:
        if tokens.take_turn(now + RENEWAL):
            stored += 1
            tokens.store(Tokens(access_token=str(stored), refresh_token="r", access_expires_at=now))
            tokens.end_turn()
            loaded = tokens.load()
            assert loaded is not None
            assert loaded.access_token == str(stored)
    ended.set()
    rotating.join()
    renewing.store.close()
    assert faults == []

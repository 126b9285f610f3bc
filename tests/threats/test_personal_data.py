"""Somebody has the state and no key, and tries all telephone numbers, names and addresses: none is found."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from ml_connector.actions.drain import drain
from ml_connector.actions.keys import rotate_keys
from ml_connector.actions.retention import forget_old
from ml_connector.app import key_older_digests
from ml_connector.clock import WallClock
from ml_connector.custody import DIGESTS, Digests
from ml_connector.engine.batches import identity, request_id
from ml_connector.flows.older_digests import ROLES
from ml_connector.model.plans import Write
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.store import Store, schema
from ml_connector.vault import Vault
from ml_emulators.kit.faults import Fault, RecordMatch
from support.market import Market
from support.tables import put_back, rows_of

ADDRESS, PHONE, LOST, NAME = "person.50000@client50000.example", "617-555-0042", "617-555-0043", "Client of Boston"
RETENTION = timedelta(days=90)
KEYED = re.compile(r"k[0-9a-f]{31}")
PLAIN = {
    "email": hashlib.sha256(ADDRESS.encode()).hexdigest()[:12],
    "value": hashlib.sha256(json.dumps(PHONE).encode()).hexdigest()[:16],
    "name": hashlib.sha256(NAME.casefold().encode()).hexdigest()[:24],
}
"""What an older version kept of each."""


class Situation:
    """An invoice went to an address; Salesforce refused a telephone number, QuickBooks a name; a number was lost."""

    def __init__(self, folder: Path) -> None:
        self.market = Market(folder)
        self.home = self.market.home
        self.connection = self.home.app.connection.id
        self._state: Any = None

    async def prepare(self) -> None:
        market, faults = self.market, self.home.emulation.faults
        market.add_pairs(2)
        await market.in_step()
        market.add_invoices(1, strangers=True)
        await market.later(minutes=30)
        (customer, account), (other, _) = market.pairs
        market.quickbooks("update", "Customer", Id=customer, PrimaryPhone={"FreeFormNumber": "617-555-0040"})
        await market.later(minutes=30)
        market.quickbooks("update", "Customer", Id=customer, PrimaryPhone={"FreeFormNumber": LOST})
        market.salesforce("update", "Account", Id=account, Phone="617-555-0044", Name=NAME)
        market.quickbooks("update", "Customer", Id=other, PrimaryPhone={"FreeFormNumber": PHONE})
        faults.add(_refusal("salesforce", "FIELD_INTEGRITY_EXCEPTION", {"Account": {"Phone": PHONE}}))
        faults.add(_refusal("quickbooks", "6240", {"Customer": {"DisplayName": NAME}}))
        await market.later(minutes=30)
        self._state = rows_of(self.home.store)

    def put_back(self) -> None:
        """The state as it was; the log, whose head the home keeps, as well."""
        put_back(self.home.store, self._state)

    def links(self, *roles: Role) -> list[Link]:
        return [link for role in roles for link in self.home.store.all_links(self.connection, role)]

    def refused(self) -> dict[str, str | None]:
        """What is remembered of refused fields: the digest by field."""
        return {str(link.agreed["field"]): link.agreed["value"] for link in self.links(Role.REFUSED)}

    def everything(self) -> str:
        """All that stands in the state, as text."""
        with self.home.store.begin() as tx:
            rows = [row for table in schema.metadata.sorted_tables for row in tx.execute(select(table))]
        return repr(rows) + "".join(part.hex() for row in rows for part in row if isinstance(part, bytes))

    def grow_old(self) -> None:
        """Put the digests of an older version in place of the keyed ones."""
        old = {self.home.app.digest(f"{kind} {plain}"): plain for kind, plain in PLAIN.items()}
        table = schema.link
        with self.home.store.begin() as tx:
            for row in tx.execute(select(table).where(table.c.role.in_(ROLES))).all():
                now = {name: getattr(row, name) for name in ("source", "target", "agreed")}
                for keyed, plain in old.items():
                    now = {name: text.replace(keyed, plain) for name, text in now.items()}
                tx.execute(update(table).where(table.c.role == row.role, table.c.source == row.source).values(now))
            tx.execute(update(schema.conflict).values(digest=""))
            tx.execute(update(table).values(mark=b""))
        self.home.store.mark_unmarked(self.connection, self.home.clock.now())


def _refusal(vendor: str, code: str, record: dict[str, dict[str, Any]]) -> Fault:
    ((kind, where),) = record.items()
    match = RecordMatch(kind, where=where, on="write")
    return Fault(kind="status", vendor=vendor, status=400, code=code, message="No.", element="Phone", record=match)


@pytest.fixture(scope="module")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Situation:
    situation = Situation(tmp_path_factory.mktemp("home"))
    asyncio.run(situation.prepare())
    return situation


@pytest.fixture
def situation(_prepared: Situation) -> Situation:
    _prepared.put_back()
    return _prepared


def _guesses(value: str) -> Iterator[str]:
    """What a digest of this value could be, by itself or with what stands beside it."""
    for text in (value, value.casefold(), json.dumps(value), json.dumps({"FreeFormNumber": value})):
        for kind in ("sha256", "blake2b", "sha1", "md5"):
            yield hashlib.new(kind, text.encode()).hexdigest()[:12]


def test_nothing_is_guessed_back(situation: Situation) -> None:
    state = situation.everything()
    assert situation.links(Role.NAME_TAKEN)
    assert situation.refused().keys() == {"Phone"}
    assert len(situation.home.store.conflicts(situation.connection)) == 1
    assert any(link.agreed.get("emails") for link in situation.links(Role.OPPORTUNITY))
    values = [PHONE, LOST, NAME, ADDRESS]
    assert [value for value in values if any(guess in state for guess in _guesses(value))] == []


def test_an_idempotency_key_of_a_change_tells_nothing_of_its_body() -> None:
    """All that stands beside it in the state is known, and the body is guessed right."""
    write = Write(step="s", system="salesforce", kind="Account", action="update", body={}, key="1:17", sync_token="3")
    body = json.dumps({"Phone": PHONE}).encode()
    plain = f"1:17|3|{hashlib.sha256(body).hexdigest()}"
    made = [request_id(identity(write, body, partial(_digest_under, key))) for key in (b"one", b"other")]
    assert len({request_id(plain), *made}) == 3


def _digest_under(key: bytes, text: str) -> str:
    return hashlib.blake2b(text.encode(), key=key).hexdigest()


async def test_digests_of_an_older_version_are_made_anew_and_nothing_is_sent_because_of_it(
    situation: Situation,
) -> None:
    before = [situation.links(role) for role in ROLES]
    situation.grow_old()
    assert all(plain in situation.everything() for plain in PLAIN.values())
    key_older_digests(situation.home.app)
    assert [situation.links(role) for role in ROLES] == before
    assert [plain for plain in PLAIN.values() if plain in situation.everything()] == []
    assert all(KEYED.fullmatch(row.digest) for row in situation.home.store.conflicts(situation.connection))
    sent = len(situation.home.network.sent)
    for flow, ref in [
        ("customer_to_account", Ref("quickbooks", "Customer", pair[0])) for pair in situation.market.pairs
    ]:
        situation.home.store.intake(situation.connection, [(flow, ref)], "test", situation.home.clock.now())
    await drain(situation.home.app)
    assert [method for _, method, path in situation.home.network.sent[sent:] if "/sobjects" in path] == []
    assert [situation.links(role) for role in ROLES] == before


def test_they_are_made_anew_once_when_no_write_is_open(situation: Situation) -> None:
    """An open write makes its links as they were decided, with digests of the older version."""
    table = schema.write
    situation.grow_old()
    with situation.home.store.begin() as tx:
        one = tx.execute(select(table.c.id).where(table.c.state == "done").limit(1)).scalar_one()
        tx.execute(update(table).where(table.c.id == one).values(state="open"))
    key_older_digests(situation.home.app)
    situation.grow_old()
    with situation.home.store.begin() as tx:
        tx.execute(update(table).where(table.c.id == one).values(state="done"))
    key_older_digests(situation.home.app)
    assert PLAIN["email"] not in situation.everything()
    situation.grow_old()
    key_older_digests(situation.home.app)
    assert PLAIN["email"] in situation.everything(), "it is not done at every start"


async def test_contacts_that_a_version_marked_with_a_keyed_digest_get_the_mark_of_the_rule_once(
    situation: Situation,
) -> None:
    """It was there if its digests are keyed, and nothing was done about its marks."""
    home, table = situation.home, schema.reference_version
    customer = situation.market.pairs[0][0]
    head = f"{home.rules.realm_id}:{customer}"

    def marks() -> list[str]:
        rows = home.state("salesforce", "Contact")
        return [row["QBO_Id__c"] for row in rows if row["Email"] == ADDRESS]

    def mark_with_a_key() -> None:
        (contact,) = [row for row in home.state("salesforce", "Contact") if row["Email"] == ADDRESS]
        keyed = f"{head}:{home.app.digest('email ' + PLAIN['email'])}"
        situation.market.salesforce("update", "Contact", Id=contact["Id"], QBO_Id__c=keyed)

    rule = f"{head}:{PLAIN['email']}"
    assert marks() == [rule]
    mark_with_a_key()
    key_older_digests(home.app)
    await drain(home.app)
    assert marks() != [rule], "before that version there was no keyed one"
    with home.store.begin() as tx:
        tx.execute(delete(table).where(table.c.name == "contact marks"))
    key_older_digests(home.app)
    await drain(home.app)
    assert marks() == [rule]
    assert PLAIN["email"] not in situation.everything()
    mark_with_a_key()
    key_older_digests(home.app)
    await drain(home.app)
    assert marks() != [rule], "it is not done at every start"


def test_a_link_that_was_changed_is_left_as_it_is(situation: Situation) -> None:
    situation.grow_old()
    table = schema.link
    with situation.home.store.begin() as tx:
        tx.execute(update(table).where(table.c.role == Role.REFUSED).values(target_version="9"))
    key_older_digests(situation.home.app)
    assert PLAIN["value"] in situation.everything()
    assert not situation.links(Role.REFUSED)[0].proved


def test_a_rotation_changes_no_digest(situation: Situation) -> None:
    before = [situation.links(role) for role in ROLES]
    rotate_keys(situation.home.app, "ops")
    assert situation.home.process().digest("value") == situation.home.app.digest("value")
    assert [situation.links(role) for role in ROLES] == before


@pytest.mark.parametrize("change", ["gone", "exchanged"])
async def test_without_their_key_another_is_made_and_the_log_says_so(change: str, situation: Situation) -> None:
    """What was known by the one before is tried once more; nothing else is lost."""
    table = schema.secret
    ours = (table.c.connection == situation.connection) & (table.c.name == DIGESTS)
    with situation.home.store.begin() as tx:
        tx.execute(delete(table).where(ours) if change == "gone" else update(table).where(ours).values(sealed=b"mlc1"))
    process = situation.home.process()
    assert process.digest("value") == situation.home.process().digest("value") != situation.home.app.digest("value")
    events = situation.home.store.audit_events(situation.connection)
    assert events[-1].action == "key of digests"
    assert bool(events[-1].detail) == (change == "exchanged")


def test_nothing_of_it_is_left_after_the_retention_period(situation: Situation) -> None:
    home, app = situation.home, situation.home.app
    digests = [link.source.id for link in situation.links(Role.NAME_TAKEN)]
    digests += [str(value) for value in situation.refused().values()]
    digests += [row.digest for row in home.store.conflicts(situation.connection)]
    assert len(digests) == 3
    began = home.clock.now()
    home.clock.advance(RETENTION - timedelta(hours=1))
    young = forget_old(app)
    assert (young.lost_values, young.refusals) == (0, 0)
    assert all(digest in situation.everything() for digest in digests)
    home.clock.advance(timedelta(hours=1, minutes=1))
    forgotten = forget_old(app)
    assert (forgotten.lost_values, forgotten.refusals) == (1, 2)
    assert [digest for digest in digests if digest in situation.everything()] == []
    with home.store.begin() as tx:
        left = set(tx.execute(select(schema.write.c.action).where(schema.write.c.state != "open")).scalars())
    assert left == {"create"}, "what was made could be made twice, if nobody knew of it"
    home.clock.freeze(began)


async def test_what_was_refused_is_tried_once_more_after_that(situation: Situation) -> None:
    home = situation.home
    with home.store.begin() as tx:
        for table in (schema.link, schema.write):
            tx.execute(update(table).values(settled_at=0))
    forget_old(home.app)
    customer = Ref("quickbooks", "Customer", situation.market.pairs[1][0])
    for _ in range(2):
        home.store.intake(situation.connection, [("customer_to_account", customer)], "test", home.clock.now())
        await drain(home.app)
    tried = [
        row for row in home.store.written(situation.connection, "customer_to_account", customer) if row[0] != "done"
    ]
    assert len(tried) == 1
    assert situation.refused().keys() == {"Phone"}


def test_the_retention_period_is_a_setting(situation: Situation) -> None:
    home, began = situation.home, situation.home.clock.now()
    state = msgspec.structs.replace(home.settings.state, payload_days=7)
    app = msgspec.structs.replace(home.app, settings=msgspec.structs.replace(home.settings, state=state))
    home.clock.advance(timedelta(days=7, minutes=1))
    assert forget_old(app).refusals == 2
    home.clock.freeze(began)


def test_two_homes_have_different_digests(tmp_path: Path) -> None:
    """Else a table of all addresses could be made once, for everybody."""
    made = set()
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        store, vault = Store.fresh(), Vault.create(tmp_path / name)
        digest = Digests(store, vault, "acme", WallClock())
        assert KEYED.fullmatch(digest(ADDRESS))
        assert digest(ADDRESS) == Digests(store, vault, "acme", WallClock())(ADDRESS)
        made.add(digest(ADDRESS))
        store.close()
    assert len(made) == 2

"""`up` as a process of its own: what it says, how it ends, and that nothing it has acknowledged is lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import msgspec
import pytest
import requests

from journeys.rig import MAIN, Servers, command, environment, servers

PATIENCE = 30.0
"""Seconds for which a condition is waited for: the machine may be busy."""


class Place(NamedTuple):
    vendors: Servers
    home: Path

    def delivery(self, *ids: str) -> tuple[bytes, dict[str, str]]:
        line = self.vendors.line["quickbooks"]
        events = [
            {"type": "qbo.invoice.updated.v1", "intuitentityid": key, "intuitaccountid": line["realm_id"]}
            for key in ids
        ]
        body = msgspec.json.encode(events)
        token = line["webhook_verifier_token"].encode()
        return body, {"intuit-signature": base64.b64encode(hmac.new(token, body, hashlib.sha256).digest()).decode()}

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "state.db")) as state:
            return state.execute(question).fetchall()


class Up(NamedTuple):
    place: Place
    process: subprocess.Popen[str]
    ready: dict[str, Any]
    log: Path

    def deliver(self, *ids: str) -> int:
        body, headers = self.place.delivery(*ids)
        return requests.post(self.ready["webhook_url"], data=body, headers=headers, timeout=10).status_code

    def get(self, path: str) -> int:
        return requests.get(self.ready["url"] + path, timeout=10).status_code


@contextmanager
def up(place: Place, before: Callable[[], None] | None = None) -> Iterator[Up]:
    log = place.home.parent / "up.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "up", "--json", "--log", "json", "--home", str(place.home)],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True,
            preexec_fn=before,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            yield Up(place, process, json.loads(process.stdout.readline()), log)
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def vendors() -> Iterator[Servers]:
    with servers("--scenario", "tiny") as found:
        yield found


@pytest.fixture
def place(vendors: Servers, tmp_path: Path) -> Place:
    """A home that is connected; the first service brings it in step."""
    line, home = tmp_path / "emulators.json", tmp_path / "home"
    line.write_bytes(msgspec.json.encode(vendors.line))
    assert command("init", "--emulators", str(line), home=home).status == 0
    return Place(vendors, home)


def until(what: Callable[[], Any]) -> Any:
    """Waits for a condition, not for a time."""
    end = monotonic() + PATIENCE
    while not (found := what()):
        assert monotonic() < end, "it never came true"
        sleep(0.02)
    return found


def test_it_says_where_it_is_and_ends_in_time_giving_the_lease_back(place: Place) -> None:
    with up(place) as running:
        assert running.ready["pid"] == running.process.pid
        assert running.ready["webhook_url"] == running.ready["url"] + "/hooks/quickbooks"
        assert (running.get("/healthz"), running.get("/readyz")) == (200, 200)
        until(lambda: place.rows("SELECT 1 FROM connection WHERE run_token > 0"))
        begun = monotonic()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
        assert monotonic() - begun < 10
    assert place.rows("SELECT run_until FROM connection") == [(0,)]


def test_a_webhook_of_the_vendor_reaches_the_other_side(place: Place) -> None:
    vendors = place.vendors
    with up(place) as running:
        vendors.ask("POST", "/webhooks", {"target": running.ready["webhook_url"]})
        invoice = vendors.records("quickbooks", "Invoice")[0]
        body = {"Id": invoice["Id"], "PrivateNote": "x", "DueDate": "2027-02-03"}
        vendors.ask("POST", "/seed", {"operations": [_update(body)]})

        def there() -> bool:
            return any("2027-02-03" in json.dumps(row) for row in vendors.records("salesforce", "Opportunity"))

        until(there)
        vendors.ask("POST", "/webhooks", {"target": None})
        assert place.rows("SELECT number FROM hook_count WHERE name = 'deliveries'")[0][0] >= 1
        until(lambda: place.rows("SELECT count(*) FROM arrival") == [(0,)])
        figures = requests.get(running.ready["url"] + "/metrics", timeout=10)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(20) == 0
        logged = running.log.read_text()
    assert figures.status_code == 401
    events = [json.loads(line) for line in logged.splitlines() if line.startswith("{")]
    assert {"a delivery was taken", "call"} <= {event["event"] for event in events}
    secrets = [value for name, value in vendors.line["quickbooks"].items() if "secret" in name or "token" in name]
    secrets = [value for value in secrets if not value.startswith("http")] + [
        vendors.line["salesforce"]["client_secret"]
    ]
    assert len(secrets) == 4
    assert [secret for secret in secrets if secret in logged] == []


def _update(body: dict[str, Any]) -> dict[str, Any]:
    return {"system": "quickbooks", "op": "update", "kind": "Invoice", "body": body}


def test_a_second_one_on_the_home_says_so_and_ends_and_the_first_goes_on(place: Place) -> None:
    with up(place) as running:
        second = command("up", "--json", home=place.home)
        assert second.status == 3
        assert f"process {running.process.pid}" in second.error["sentence"]
        assert running.deliver("1") == 200
        running.process.kill()
        running.process.wait()
        with up(place) as third:
            assert third.deliver("1") == 200, "a lock ends with its process"


def test_killed_under_load_it_loses_nothing_that_it_has_acknowledged(place: Place) -> None:
    acknowledged: list[str] = []
    for kill in range(3):
        with up(place) as running:
            for number in range(5 + kill * 5):
                key = str(10**6 + kill * 1000 + number)
                if running.deliver(key) == 200:
                    acknowledged.append(key)
            running.process.kill()
    assert len(acknowledged) == 30
    with up(place):
        until(lambda: place.rows("SELECT count(*) FROM arrival") == [(0,)])
    known = {row[0] for row in place.rows("SELECT ref FROM task WHERE flow = 'invoice_to_opportunity'")}
    assert {f"quickbooks:Invoice:{key}" for key in acknowledged} <= known


def test_a_locked_state_is_said_and_nothing_is_acknowledged_meanwhile(place: Place) -> None:
    with up(place) as running, closing(sqlite3.connect(place.home / "state.db", isolation_level=None)) as other:
        assert running.deliver("1") == 200
        until(lambda: _begun(other))
        begun = monotonic()
        assert running.deliver("2") == 503
        assert monotonic() - begun < 5, "the vendor waits for three seconds, this machine may be busy"
        assert (running.get("/healthz"), running.get("/readyz")) == (200, 503)
        other.execute("ROLLBACK")
        until(lambda: running.deliver("3") == 200)


def _begun(other: sqlite3.Connection) -> bool:
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


def test_a_full_disk_acknowledges_nothing_and_what_was_acknowledged_is_there_afterwards(place: Place) -> None:
    """A limit on the size of files stands for the disk; the log of the database reaches it after some deliveries."""

    def limited() -> None:
        size = (place.home / "state.db").stat().st_size + 2**20
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    acknowledged, refused = [], 0
    with up(place, limited) as running:
        for number in range(2000):
            keys = [str(10**6 + number * 100 + each) for each in range(100)]
            status = running.deliver(*keys)
            if status == 200:
                acknowledged += keys
            else:
                assert status == 503
                refused += 1
            if refused == 3:
                break
        assert refused == 3
        assert running.get("/healthz") == 200
    assert acknowledged
    with up(place):
        until(lambda: place.rows("SELECT count(*) FROM arrival") == [(0,)])
    known = {row[0] for row in place.rows("SELECT ref FROM task WHERE flow = 'invoice_to_opportunity'")}
    assert {f"quickbooks:Invoice:{key}" for key in acknowledged} <= known


def test_a_withdrawn_sign_in_is_said_and_a_new_one_by_the_page_lets_it_go_on(place: Place) -> None:
    """The knocks that came meanwhile are kept, and done after that."""
    vendors = place.vendors
    with up(place) as running:
        until(lambda: place.rows("SELECT 1 FROM side WHERE system = 'quickbooks' AND state = 'live'"))
        link = until(lambda: _link(running))
        vendors.fault("revoke_token", vendor="quickbooks", path="/v3/", count=1)
        invoice = vendors.records("quickbooks", "Invoice")[0]
        vendors.ask("POST", "/seed", {"operations": [_update({"Id": invoice["Id"], "DueDate": "2027-04-05"})]})
        assert running.deliver(invoice["Id"]) == 200
        until(lambda: place.rows("SELECT 1 FROM side WHERE system = 'quickbooks' AND state = 'dead'"))
        assert running.deliver(invoice["Id"]) == 200, "knocks are taken all the same"
        browser = requests.Session()
        assert "QuickBooks: dead" in browser.get(link, timeout=30).text
        _reconnect(browser, running.ready["url"], vendors.line["quickbooks"]["realm_id"])
        until(lambda: any("2027-04-05" in json.dumps(row) for row in vendors.records("salesforce", "Opportunity")))
        assert "QuickBooks: live" in browser.get(running.ready["url"], timeout=30).text


def _link(running: Up) -> str:
    """The one-time link, on stderr."""
    line = next((line for line in running.log.read_text().splitlines() if "/enter?" in line), "")
    return line.partition(":  ")[2].strip()


def _reconnect(browser: requests.Session, url: str, realm_id: str) -> None:
    csrf = browser.get(f"{url}/connect", timeout=30).text.partition('name="csrf" value="')[2].partition('"')[0]
    begun = browser.post(f"{url}/connect/quickbooks", {"csrf": csrf}, timeout=30, allow_redirects=False)
    given = requests.get(begun.headers["location"], timeout=30, allow_redirects=False)
    assert browser.get(given.headers["location"], timeout=30).status_code == 200
    form = {"csrf": csrf, "realm_id": realm_id}
    assert browser.post(f"{url}/connect/quickbooks/confirm", form, timeout=30).status_code == 200

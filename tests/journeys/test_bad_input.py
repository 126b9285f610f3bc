"""Whatever is wrong: one sentence with a remedy, a status that is not 0, nothing half-written.

The real command line against both emulators; faults come from the control door.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ml_connector.store import Store, database
from ml_connector.vault import Vault
from support.homes import unplaced

from .rig import Ran, Servers, command, process, servers

SYNC = ("sync", "--once", "--json")
BOOKS = ("--template", "T1", "--start-date", "2026-10-01", "--unbilled", "1250", "--deferred", "2450")


class Rig(NamedTuple):
    vendors: Servers
    base: Path
    line: Path


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The emulators, their line in a file, and a connected, signed-off home that tests copy."""
    folder = tmp_path_factory.mktemp("bad")
    with servers("--scenario", "tiny") as vendors:
        line = folder / "emulators.json"
        line.write_text(json.dumps(vendors.line))
        base = folder / "base"
        for words in (("init", "--emulators", str(line)), ("sign-off", *BOOKS)):
            done = command(*words, home=base)
            assert done.status == 0, done.err
        yield Rig(vendors, base, line)


@pytest.fixture
def home(rig: Rig, tmp_path: Path) -> Path:
    """A home of its own; its state moves with it."""
    copy = tmp_path / "home"
    shutil.copytree(rig.base, copy)
    unplaced(copy)
    rig.vendors.no_faults()
    return copy


def check(ran: Ran, status: int, *words: str) -> None:
    """The command ended as expected: a document on stderr with a sentence and a remedy, and nothing else to read."""
    assert ran.status == status, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    error = ran.error
    assert error["exit_status"] == status
    assert error["sentence"].endswith(".")
    assert error["remedy"].strip()
    for word in words:
        assert word in f"{error['sentence']} {error['remedy']}"


def intact(home: Path) -> None:
    """The state database is whole: no open write, no run that never ended, an unbroken audit log."""
    with closing(sqlite3.connect(home / "state.db")) as state:
        assert state.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert state.execute("SELECT count(*) FROM write WHERE state = 'open'").fetchone() == (0,)
        assert state.execute("SELECT count(*) FROM connection WHERE run_until > 0").fetchone() == (0,)
    store = Store.open(f"sqlite:///{home / 'state.db'}")
    store.marker = Vault.open_home(home)
    assert store.verify_audit() >= 2
    store.close()


# --- what somebody wrote wrongly, lost or damaged


def edit(old: str, new: str) -> Callable[[Path], None]:
    def change(home: Path) -> None:
        file = home / "settings.toml"
        text = file.read_text()
        assert f"\n{old}\n" in text, f"{old} is not a line of {text}"
        file.write_text(text.replace(f"\n{old}\n", f"\n{new}\n", 1))

    return change


def setting(section: str, name: str, value: str) -> Callable[[Path], None]:
    """Give a key another value, in the line where it stands."""

    def change(home: Path) -> None:
        file = home / "settings.toml"
        at, lines = "", []
        for line in file.read_text().splitlines():
            at = line.strip("[]") if line.startswith("[") else at
            lines.append(f'{name} = "{value}"' if at == section and line.split(" =")[0] == name else line)
        assert f'{name} = "{value}"' in lines
        file.write_text("\n".join(lines) + "\n")

    return change


def the_key(change: Callable[[Path], Any]) -> Callable[[Path], None]:
    def damage(home: Path) -> None:
        (key,) = (home / "keys").glob("*.key")
        change(key)

    return damage


def forget(table: str, where: str) -> Callable[[Path], None]:
    def damage(home: Path) -> None:
        with closing(sqlite3.connect(home / "state.db")) as state:
            assert state.execute(f"DELETE FROM {table} WHERE {where}").rowcount
            state.commit()

    return damage


def a_folder_instead(home: Path) -> None:
    (home / "state.db").unlink()
    (home / "state.db").mkdir()


SITUATIONS: dict[str, tuple[Callable[[Path], Any], int, tuple[str, ...]]] = {
    "unknown setting": (edit("[rules]", '[rules]\nclosed_polici = "hold"'), 2, ("closed_polici", "closed_policy")),
    "unknown section": (edit("[rules]", "[ruels]\na = 1\n[rules]"), 2, ("ruels",)),
    "not TOML": (edit("[rules]", "[rules"), 2, ("is not TOML", "line")),
    "not UTF-8": (lambda home: (home / "settings.toml").write_bytes(b"\xff\xfe"), 2, ("UTF-8",)),
    "no settings": (lambda home: (home / "settings.toml").unlink(), 2, ("ml-connector init",)),
    "no secret": (forget("secret", "name = 'client_secret'"), 3, ("client secret", "ml-connector connect")),
    "no tokens": (forget("secret", "name = 'tokens'"), 3, ("not connected", "ml-connector connect quickbooks")),
    "another company": (setting("quickbooks", "realm_id", "4620816365999999999"), 3, ("connect quickbooks",)),
    "another org": (setting("salesforce", "org_id", "00D0000000000AbCMA"), 2, ("00D0000000000AbCMA",)),
    "wrong client id": (setting("salesforce", "client_id", "nobody"), 3, ("client secret", "connect salesforce")),
    "nobody listens": (setting("salesforce", "base_url", "http://127.0.0.1:9"), 3, ("127.0.0.1 cannot be reached",)),
    "http to QuickBooks": (setting("quickbooks", "base_url", "http://qbo.example.com"), 2, ("must begin with https",)),
    "http to Salesforce": (setting("salesforce", "base_url", "http://acme.example.com"), 2, ("must begin with https",)),
    "password in URL": (setting("salesforce", "base_url", "https://me:pw@acme.example.com"), 2, ("password",)),
    "key lost": (the_key(Path.unlink), 3, ("cannot be read", "backup of the keys")),
    "key cut off": (the_key(lambda key: key.write_bytes(b"short")), 3, ("is damaged",)),
    "another key": (the_key(lambda key: key.write_bytes(bytes(32))), 3, ("does not open",)),
    "key open to others": (the_key(lambda key: key.chmod(0o644)), 3, ("open to other users", "chmod 600")),
    "no database": (lambda home: (home / "state.db").write_bytes(b"no database, no database, " * 99), 3, ("database",)),
    "a folder for a database": (a_folder_instead, 3, ("state",)),
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_home_that_is_not_right(rig: Rig, home: Path, name: str) -> None:
    damage, status, words = SITUATIONS[name]
    before = rig.vendors.books()
    damage(home)
    ran = command(*SYNC, home=home)
    check(ran, status, *words)
    assert rig.vendors.books() == before


def test_people_read_the_same_without_json(rig: Rig, home: Path) -> None:
    edit("[rules]", '[rules]\nclosed_polici = "hold"')(home)
    ran = process("status", home=home)
    sentence, remedy = ran.err.splitlines()
    assert (ran.status, ran.out) == (2, "")
    assert "closed_polici" in sentence
    assert "closed_policy" in remedy


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "emulators.json"),
        (b"\xff\xfe{", "emulators.json"),
        (b"[1]", "emulators.json"),
        (b'{"quickbooks": {}, "salesforce": {}}', "ml-connector emulators --json"),
        (b'{"quickbooks": 1, "salesforce": []}', "ml-connector emulators --json"),
    ],
)
def test_a_line_that_is_none_makes_no_home(tmp_path: Path, text: bytes, word: str) -> None:
    file, home = tmp_path / "wrong.json", tmp_path / "new"
    file.write_bytes(text)
    check(command("init", "--emulators", str(file), "--json", home=home), 2, word)
    assert not (home / "settings.toml").exists()
    assert not (home / "keys").exists()


def test_a_line_of_emulators_that_are_gone(tmp_path: Path, rig: Rig) -> None:
    """Nothing of a half-made home keeps the next attempt from succeeding."""
    home, file = tmp_path / "new", tmp_path / "gone.json"
    gone = json.loads(rig.line.read_text())
    for name in ("base_url", "token_url", "authorize_url"):
        gone["quickbooks"][name] = "http://127.0.0.1:9/nobody"
    file.write_text(json.dumps(gone))
    check(command("init", "--emulators", str(file), "--json", home=home), 3, "cannot be reached")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("x")
    check(command("init", "--json", home=home), 3, "home")
    assert home.read_text() == "x"


def test_a_database_that_another_program_keeps_locked(rig: Rig, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits half a minute for the other program (here less), then says so."""
    assert database.PATIENCE == 30
    monkeypatch.setattr(database, "PATIENCE", 1)
    before = rig.vendors.books()
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        check(command(*SYNC, home=home), 3, "database is locked", "nothing was acknowledged")
        other.execute("ROLLBACK")
    assert rig.vendors.books() == before
    intact(home)


# --- what a vendor answers wrongly


class Fault(NamedTuple):
    """A fault at one vendor, and how a sync has to end: status, and words of the error."""

    name: str
    how: dict[str, Any]
    status: int
    words: tuple[str, ...] = ()


def _shape(vendor: str, shape: str, *words: str) -> Fault:
    path = {"quickbooks": "/cdc|/query", "salesforce": "/query|/composite"}[vendor]
    return Fault(f"{vendor} {shape}", {"kind": "malformed", "vendor": vendor, "path": path, "shape": shape}, 1, words)


QUICKBOOKS_SHAPES = {
    "nan": "not valid JSON",
    "infinity": "not valid JSON",
    "duplicate_keys": "the same field twice",
    "bad_utf8": "not valid UTF-8",
    "nul": "not valid JSON",
    "xml": "XML",
    "truncated": "cut off",
    "empty": "is empty",
}
SALESFORCE_SHAPES = ("nan", "huge_number", "duplicate_keys", "bad_utf8", "nul", "truncated", "empty")
_HOUR = {"retry_after": 3600}
FAULTS = [
    *(_shape("quickbooks", shape, words) for shape, words in QUICKBOOKS_SHAPES.items()),
    *(_shape("salesforce", shape, "cannot be read") for shape in SALESFORCE_SHAPES),
    Fault("not authorised, with 200", {"kind": "ok_with_fault", "code": "3100"}, 3, ("connect quickbooks",)),
    Fault("system failure, with 200", {"kind": "ok_with_fault", "code": "10000"}, 3, ("failure of its own",)),
    Fault(
        "refused for good",
        {"kind": "status", "vendor": "quickbooks", "path": "/v3/", "status": 401},
        3,
        ("no longer accepts", "connect quickbooks"),
    ),
    Fault(
        "session refused for good",
        {"kind": "status", "vendor": "salesforce", "path": "/query|/composite", "status": 401},
        3,
        ("connect salesforce",),
    ),
    Fault("too many calls", {"kind": "status", "vendor": "quickbooks", "status": 429, **_HOUR}, 3, ("too many calls",)),
    Fault(
        "no calls left",
        {"kind": "status", "vendor": "salesforce", "path": "/query|/composite", "status": 403},
        3,
        ("no more API calls",),
    ),
    Fault("away", {"kind": "status", "vendor": "quickbooks", "path": "/v3/", "status": 503, **_HOUR}, 3, ("503",)),
    Fault("a web page", {"kind": "html", "vendor": "quickbooks", "path": "/v3/", "status": 200}, 1, ("web page",)),
    Fault("XML", {"kind": "xml", "vendor": "salesforce", "path": "/query|/comp", "status": 200}, 3, ("web page",)),
    Fault("no answer", {"kind": "drop_before", "vendor": "quickbooks", "path": "/v3/"}, 3, ("broke",)),
]


REFUSED_READS = [
    Fault("a fault with 200", {"kind": "ok_with_fault", "vendor": "quickbooks", "code": "987654"}, 1, ("987654",)),
    Fault(
        "unknown code",
        {"kind": "status", "vendor": "salesforce", "path": "/query|/composite", "status": 400, "code": "FROBNICATED"},
        1,
        ("FROBNICATED",),
    ),
]
"""What only refuses to answer ends no run: the rest goes on, and the run says what is missing."""


@pytest.mark.parametrize("fault", REFUSED_READS, ids=lambda fault: fault.name)
def test_a_vendor_that_refuses_what_it_is_asked(rig: Rig, home: Path, fault: Fault) -> None:
    before = rig.vendors.books()
    rig.vendors.fault(**fault.how)
    ran = command(*SYNC, home=home)
    rig.vendors.no_faults()
    assert ran.status == fault.status, ran
    assert "Traceback" not in ran.err
    assert all(word in ran.out for word in fault.words), ran
    assert rig.vendors.books() == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_vendor_that_answers_wrongly(rig: Rig, home: Path, fault: Fault) -> None:
    before = rig.vendors.books()
    rig.vendors.fault(**fault.how)
    ran = command(*SYNC, home=home)
    rig.vendors.no_faults()
    check(ran, fault.status, *fault.words)
    assert rig.vendors.books() == before
    intact(home)


def test_an_amount_that_is_none_holds_its_record_only(rig: Rig, home: Path) -> None:
    """1e400 is JSON; the record that has it is held, the command says so, and nothing is calculated with it."""
    before = rig.vendors.records("salesforce", "Opportunity")
    rig.vendors.fault("malformed", vendor="quickbooks", path="/query.*Invoice", shape="huge_number")
    ran = command(*SYNC, home=home)
    assert (ran.status, ran.document["unreadable"] > 0) == (1, True), ran
    held = command("holds", "UNREADABLE", "--json", home=home).document["items"]
    assert len(held) == ran.document["unreadable"]
    assert {each["record"].split(":")[1] for each in held} == {"Invoice", "Order"}
    assert all("by itself" in each["remedy"] for each in held)
    assert rig.vendors.records("salesforce", "Opportunity") == before
    intact(home)


@pytest.mark.parametrize(
    "how",
    [
        {"kind": "status", "vendor": "quickbooks", "path": "/v3/", "status": 401, "count": 1},
        {"kind": "kill_session", "vendor": "salesforce", "path": "/query|/composite", "count": 1},
    ],
    ids=lambda how: how["vendor"],
)
def test_a_token_that_expires_is_renewed_unnoticed(rig: Rig, home: Path, how: dict[str, Any]) -> None:
    rig.vendors.fault(**how)
    ran = command("doctor", "--fit", "--json", home=home)
    assert ran.status == 0, ran
    assert rig.vendors.ask("GET", "/faults")["faults"][0]["struck"] == 1
    intact(home)

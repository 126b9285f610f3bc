"""Each command from its words to its last line and its exit status; the actions behind it are stood in for."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from ml_connector.actions.audit import AuditLog
from ml_connector.actions.backup import Backup
from ml_connector.actions.doctor import Finding
from ml_connector.actions.flags import FlagView
from ml_connector.cli import entry
from ml_connector.clock import WallClock
from ml_connector.engine.context import ReferenceCache
from ml_connector.engine.worker import DrainReport
from ml_connector.model.errors import Busy, ConnectorError
from ml_connector.model.people import Person
from ml_connector.model.rules import Rules, Template
from ml_connector.settings import write_settings
from ml_connector.systems.salesforce.fitness import Finding as OrgFinding
from ml_connector.tieout import TieOut
from ml_connector.tieout.report import Report as TieOutReport

from .samples import AFTER, AGREED, CALM, COMPARED, DEMO, EXPLAINED, LATE, NOON, RUN, STATUS, TIE_OUT, hold, plan, row
from .samples import entry as journal_entry
from .test_render_conflicts import PHONE

LOG = AuditLog(events=8, head="8:9f", kept_in_home=True)
FLAGGED = FlagView(flag="REDATED", flow="order_to_journal", record="salesforce:Order:801", sentence="Dated later.")
UNEXPLAINED = TieOut(months=["2026-11"], read_at=NOON, reports=[TieOutReport("R1", [row("East", "2", "1")])])


class Company:
    name = "quickbooks"
    volatile: tuple[str, ...] = ()
    """Stands for both clients and the store."""

    async def reference(self, table: str) -> Any:
        accounts = {"85": SimpleNamespace(acct_num="1250", id="85", fully_qualified_name="Unbilled Receivable")}
        return SimpleNamespace(value=accounts if table == "accounts" else {})

    async def fit(self) -> list[OrgFinding]:
        return [OrgFinding("FAIL", "Field Order.Department__c is missing.", "Create it in Setup.")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    @asynccontextmanager
    async def open_app(folder: Path, name: str = "") -> AsyncIterator[Any]:
        assert folder == tmp_path
        yield SimpleNamespace(
            quickbooks=Company(),
            salesforce=Company(),
            store=Company(),
            settings=None,
            rules=Rules(realm_id="1", org_id="2"),
            tables=ReferenceCache(),
            world=SimpleNamespace(clock=WallClock()),
        )

    write_settings(tmp_path, {"quickbooks": {"environment": "production"}, "rules": {"time_zone": "America/New_York"}})
    monkeypatch.setattr("ml_connector.actions.open.open_app", open_app)
    monkeypatch.setattr("ml_connector.actions.acting.asks_for_proof", lambda app: False)
    monkeypatch.setattr("ml_connector.actions.status.current_status", lambda app: CALM)
    monkeypatch.setattr("ml_connector.actions.apply.four_eyes", lambda app: True)
    return tmp_path


def later(value: Any, seen: list[Any] | None = None) -> Any:
    """An action that gives `value`, or raises it, and notes what it was called with."""

    async def action(*arguments: Any, **options: Any) -> Any:
        if seen is not None:
            seen.append(arguments[1:])
        if isinstance(value, Exception):
            raise value
        return value

    return action


def rehearsal(document: dict[str, Any]) -> Any:
    """A demo that shows `document` and gives it."""

    async def run(_options: Any, _step: Any, shown: Callable[[dict[str, Any]], None], _watch: Any) -> dict[str, Any]:
        shown(document)
        return document

    return run


CASES = [
    ("status", {}, 0, "Acme Inc., PRODUCTION", "Next:  ml-connector sync --once"),
    (
        "status",
        {"actions.status.current_status": lambda app: STATUS},
        0,
        "Acme Inc., PRODUCTION",
        "Next:  ml-connector plan --list",
    ),
    ("flags", {"actions.flags.flags": lambda app, name: []}, 0, "Nothing is marked.", "Next:  ml-connector status"),
    (
        "flags REDATED",
        {"actions.flags.flags": lambda app, name: [FLAGGED]},
        0,
        "flag  REDATED  1 record",
        "Next:  ml-connector explain salesforce:Order:801",
    ),
    (
        "holds",
        {"actions.holds.open_holds": lambda app, code: [hold()]},
        0,
        "held  H-DIM-AMBIGUOUS",
        "Next:  ml-connector explain",
    ),
    (
        "status",
        {"actions.status.current_status": lambda app: LATE},
        1,
        "Acme Inc., PRODUCTION",
        "Next:  ml-connector holds WAIT",
    ),
    (
        "conflicts",
        {"actions.conflicts.entries": lambda app: [PHONE]},
        0,
        "When  ",
        "Next:  ml-connector conflicts --values",
    ),
    (
        "conflicts --values",
        {"actions.conflicts.with_values": lambda app, actor: [PHONE]},
        0,
        "When  ",
        "Next:  ml-connector explain quickbooks:Customer:58",
    ),
    (
        "holds H-TAX",
        {"actions.holds.open_holds": lambda app, code: []},
        0,
        "Nothing is held for H-TAX.",
        "Next:  ml-connector",
    ),
    (
        "explain a:b:c",
        {"actions.explain.explain": lambda app, ref: EXPLAINED},
        0,
        "salesforce:Order:801",
        "Next:  ml-connector",
    ),
    (
        "plan",
        {"actions.plan.make_plan": later(plan(journal_entry()))},
        0,
        "Acme Inc., PRODUCTION",
        "Next: another person",
    ),
    (
        "plan --list",
        {"actions.plan.plans": lambda app: [plan(journal_entry())]},
        0,
        "Plan ",
        "Next:  ml-connector apply",
    ),
    (
        "plan --show 2026-11-22-03",
        {"actions.plan.plans": lambda app: [plan()]},
        0,
        "Acme Inc., PRODUCTION",
        "Nothing is to",
    ),
    ("plan --show 1", {"actions.plan.plans": lambda app: [plan()]}, 2, "There is no such plan.", "List them with"),
    (
        "apply 2026-11-22-03",
        {"actions.apply.apply": later(RUN), "actions.status.current_status": lambda app: AFTER},
        0,
        "2026-11-22 16:40 EST",
        "Next:  ml-connector holds",
    ),
    ("apply 1", {"actions.apply.apply": later(Busy("Another run.", "Wait."))}, 3, "Another run.", "Wait."),
    ("sync --once", {"actions.sync.sync": later(DrainReport())}, 0, "2026-11-22 16:40", "Next:  ml-connector status"),
    (
        "sync --once",
        {"actions.sync.sync": later(DrainReport()), "actions.status.current_status": lambda app: LATE},
        1,
        "Nothing was done in this run.",
        "Next:  ml-connector holds WAIT_CUSTOMER",
    ),
    ("sync", {"actions.follow.follow": later(None)}, 0, "Syncing until stopped with Ctrl+C.", ""),
    (
        "backfill",
        {"actions.backfill.backfill": later({"quickbooks": 1240})},
        0,
        "1,240 records of QuickBooks",
        "Next:  ml-",
    ),
    (
        "backfill --compare-only",
        {"actions.compare.estimate": lambda app: {"quickbooks": 3}, "actions.compare.compare_all": later(COMPARED[:1])},
        0,
        "QuickBooks Customer: 1,240 ids in 2 reads, 3 gone, 1 never heard of.",
        "Next:  ml-connector sync --once",
    ),
    (
        "backfill --compare-only",
        {"actions.compare.estimate": lambda app: {"quickbooks": 3}, "actions.compare.compare_all": later(COMPARED)},
        1,
        "QuickBooks Customer",
        "Next:  ml-connector backfill --compare-only",
    ),
    ("stop month end", {}, 2, "stop takes fewer words than were given.", "See"),
    (
        "stop month-end",
        {"actions.pause.pause": lambda app, actor, reason: None},
        0,
        "Writes are stopped.",
        "Next:  ml-connector",
    ),
    (
        "resume",
        {"actions.pause.resume": later({})},
        0,
        "Writes go on.",
        "Next:  ml-connector sync --once",
    ),
    (
        "match pair q:C:1 s:A:2",
        {"actions.match.declare_pair": lambda app, *_: None},
        0,
        "q:C:1 and s:A:2 belong",
        "Next:",
    ),
    (
        "retry V-CUR",
        {"actions.retry.retry": lambda app, what, actor: ["quickbooks:Invoice:8001"]},
        0,
        "1 record will be looked at again.",
        "Next:  ml-connector sync --once",
    ),
    (
        "tampered list",
        {"actions.tampered.tampered_rows": lambda app: ["write 3f"]},
        1,
        "FAIL  write 3f",
        "ml-connector tampered accept ROW",
    ),
    ("tampered list", {"actions.tampered.tampered_rows": lambda app: []}, 0, "ok    Every row", "Next:  ml-connector"),
    (
        "tampered accept 'write 3f'",
        {"actions.tampered.accept_row": lambda app, *_: None},
        0,
        "Row write 3f is believed as it stands.",
        "Next:  ml-connector sync --once",
    ),
    (
        "tampered drop 'write 3f'",
        {"actions.tampered.drop_row": lambda app, *_: None},
        0,
        "Row write 3f is gone.",
        "Next:  ml-connector sync --once",
    ),
    ("match new q:C:1", {"actions.match.declare_new": lambda app, *_: None}, 0, "A counterpart of q:C:1", "Next:"),
    (
        "doctor",
        {"actions.doctor.doctor": later([Finding("ok", "QuickBooks", "Well.")])},
        0,
        "ok    QuickBooks   Well.",
        "Next:",
    ),
    (
        "doctor",
        {"actions.doctor.doctor": later([Finding("FAIL", "State", "Ill.", "x")])},
        1,
        "FAIL  State   Ill.",
        "Next: mend",
    ),
    (
        "setup salesforce",
        {"actions.setup_salesforce.event_findings": later([])},
        1,
        "FAIL  Salesforce   Field Order.Department__c",
        "Next: mend",
    ),
    (
        "reconcile --month 2026-11",
        {"actions.reconcile.reconcile": later(AGREED)},
        0,
        "2026-11, read",
        "Next:  ml-connector status",
    ),
    (
        "reconcile --month 2026-11",
        {"actions.reconcile.reconcile": later(TIE_OUT)},
        1,
        "2026-11, read",
        "Next:  ml-connector holds",
    ),
    (
        "reconcile --month 2026-11",
        {"actions.reconcile.reconcile": later(UNEXPLAINED)},
        1,
        "2026-11, read",
        "Next:  ml-connector holds",
    ),
    (
        "audit verify",
        {"actions.audit.verify_audit": lambda app, head, **_: LOG},
        0,
        "ok    8 events",
        "Next:  ml-connector audit verify",
    ),
    (
        "backup",
        {"actions.backup.backup": lambda app, actor, to: Backup(Path("copy.db"), "8:9f")},
        0,
        "The state is in copy.db.",
        "Keys are not in it.",
    ),
    ("demo", {"rehearsal.demo.run": rehearsal(DEMO)}, 0, "What moved", "Next: do the same by hand"),
    (
        "demo",
        {"rehearsal.demo.run": rehearsal({**DEMO, "converged": False})},
        1,
        "What moved",
        "Next: do the same by hand",
    ),
    ("demo --scale 0", {}, 2, "--scale must be at least 1", "Correct the number."),
    ("sign-off --auto-approve-limit much", {}, 2, "--auto-approve-limit is no amount.", "Write it like 250.00"),
    (
        "sign-off --auto-approve-limit 250.00",
        {"actions.sign_off.sign_limit": lambda app, limit, actor: ["start_date", "template"]},
        0,
        "auto_approve_limit = 250.00 is signed, with [rules] as it stands: start_date, template.",
        "Next:  ml-connector sync --once",
    ),
    ("sign-off --start-date soon", {}, 2, "--start-date is no day.", "Write it as year, month, day"),
    (
        "sign-off --start-date 2026-11-01 --unbilled 1250 --deferred 2450",
        {"actions.sign_off.sign_off": later(Template(id="T1", signed_off_by="ana"))},
        0,
        "Template T1 is signed off by ana.",
        "Next:  ml-connector plan",
    ),
]


@pytest.mark.parametrize(("words", "stands_for", "status", "first", "last"), CASES)
def test_a_command_from_words_to_last_line(
    words: str,
    stands_for: dict[str, Any],
    status: int,
    first: str,
    last: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, action in stands_for.items():
        monkeypatch.setattr(f"ml_connector.{name}", action)
    assert entry.main([*shlex.split(words), "--home", str(home)]) == status
    out, err = capsys.readouterr()
    lines = (out or err).splitlines()
    assert lines[0].startswith(first)
    assert lines[-1].startswith(last)


@pytest.mark.parametrize(
    ("words", "stands_for", "schema"),
    [
        ("status", {}, "status"),
        ("holds", {"actions.holds.open_holds": lambda app, code: [hold()]}, "holds"),
        ("explain a:b:c", {"actions.explain.explain": lambda app, ref: EXPLAINED}, "explained"),
        ("plan", {"actions.plan.make_plan": later(plan(journal_entry()))}, "plan"),
        ("plan --list", {"actions.plan.plans": lambda app: [plan()]}, "plans"),
        ("apply 1", {"actions.apply.apply": later(RUN)}, "report"),
        (
            "backfill --compare-only",
            {"actions.compare.estimate": lambda app: {}, "actions.compare.compare_all": later(COMPARED[:1])},
            "compare",
        ),
        ("sync --once", {"actions.sync.sync": later(RUN)}, "report"),
        ("doctor", {"actions.doctor.doctor": later([Finding("ok", "QuickBooks", "Well.")])}, "findings"),
        ("reconcile --month 2026-11", {"actions.reconcile.reconcile": later(AGREED)}, "tie-out"),
    ],
)
def test_with_json_stdout_is_one_document(
    words: str,
    stands_for: dict[str, Any],
    schema: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, action in stands_for.items():
        monkeypatch.setattr(f"ml_connector.{name}", action)
    assert entry.main([*shlex.split(words), "--json", "--home", str(home)]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == f"ml-connector/{schema}/1"


def test_the_demo_document_is_the_documented_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ml_connector.rehearsal.demo.run", rehearsal(DEMO))
    assert entry.main(["demo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == DEMO


def test_names_come_from_quickbooks(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ml_connector.actions.plan.make_plan", later(plan(journal_entry())))
    entry.main(["plan", "--home", str(home)])
    assert "Dr 1250 Unbilled Receivable" in capsys.readouterr().out


class Keyboard:
    def __init__(self, answer: str) -> None:
        self.answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self.answer


@pytest.mark.parametrize(("answer", "status", "calls"), [("apply\n", 0, 1), ("\n", 2, 0), ("yes\n", 2, 0)])
def test_on_a_terminal_apply_asks_first(
    answer: str, status: int, calls: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("ml_connector.actions.apply.apply", later(DrainReport(), seen))
    monkeypatch.setattr("ml_connector.actions.plan.plans", lambda app: [plan(journal_entry())])
    monkeypatch.setattr(sys, "stdin", Keyboard(answer))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert entry.main(["apply", "2026-11-22-03", "--home", str(home)]) == status
    assert len(seen) == calls


@pytest.fixture
def ana_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user of the machine is ana, whatever the environment says."""
    monkeypatch.setattr("pwd.getpwuid", lambda uid: SimpleNamespace(pw_name="ana"))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "eve")


@pytest.mark.usefixtures("ana_by_number")
def test_in_a_rehearsal_who_acts_is_the_user_of_the_machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("ml_connector.actions.apply.apply", later(DrainReport(), seen))
    entry.main(["apply", "2026-11-22-03", "--home", str(home)])
    assert seen[0][:2] == ("2026-11-22-03", Person(name="os:ana", uid=os.getuid()))


def test_a_plan_is_made_by_whoever_proves_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a token where nobody is asked; without one by the user of the machine, also where proofs are asked for."""
    seen: list[Any] = []
    nightly = Person(name="nightly", uid=7, roles=("preparer",), proved=True)
    monkeypatch.setattr("ml_connector.actions.acting.asks_for_proof", lambda app: True)
    monkeypatch.setattr("ml_connector.actions.acting.knows_people", lambda app: True)
    monkeypatch.setattr("ml_connector.actions.proof.prove_by_file", lambda app, file, name: nightly)
    monkeypatch.setattr("ml_connector.actions.plan.make_plan", later(plan(journal_entry()), seen))
    entry.main(["plan", "--home", str(home)])
    entry.main(["plan", "--token-file", "t", "--home", str(home)])
    assert [call[0].proved for call in seen] == [False, True]
    assert seen[1][0] == nightly


@pytest.mark.parametrize(("typed", "name"), [("mia\n", "mia"), ("\n", "os:ana")])
@pytest.mark.usefixtures("ana_by_number")
def test_on_a_terminal_plan_asks_who_makes_it(
    typed: str, name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("ml_connector.actions.acting.asks_for_proof", lambda app: True)
    monkeypatch.setattr("ml_connector.actions.acting.knows_people", lambda app: True)
    monkeypatch.setattr("ml_connector.actions.proof.prove", lambda app, name, _: Person(name=name, uid=7, proved=True))
    monkeypatch.setattr("getpass.getpass", lambda question, stream: "typed unseen")
    monkeypatch.setattr("ml_connector.actions.plan.make_plan", later(plan(journal_entry()), seen))
    monkeypatch.setattr(sys, "stdin", Keyboard(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    entry.main(["plan", "--home", str(home)])
    assert seen[0][0].name == name


@pytest.mark.usefixtures("ana_by_number")
def test_who_reads_lost_values_is_named_to_the_log(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(app: Any, actor: Person) -> list[Any]:
        return [msgspec.structs.replace(PHONE, lost=f"as {actor.name} asked")]

    monkeypatch.setattr("ml_connector.actions.conflicts.with_values", told)
    assert entry.main(["conflicts", "--values", "--home", str(home)]) == 0
    assert "as os:ana asked" in capsys.readouterr().out


def test_an_error_of_an_action_reaches_the_person(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ml_connector.actions.sync.sync", later(ConnectorError("One is wrong.", "Mend it.")))
    assert entry.main(["sync", "--once", "--home", str(home)]) == 1
    assert capsys.readouterr().err.endswith("One is wrong.\nMend it.\n")

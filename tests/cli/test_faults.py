"""Whatever goes wrong ends in a sentence, without a value in it; the log for --debug has no secret in it."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest
import structlog

from ml_connector.cli import logs
from ml_connector.cli.ask import TerminalAsk, variable
from ml_connector.cli.faults import LOG, known_cause, of_fault, without_secrets
from ml_connector.model.errors import LimitReached, StateTrouble, WrongUse

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def fault(message: str) -> BaseException:
    try:
        raise KeyError(message)
    except KeyError as error:
        return error


def test_a_fault_names_its_place_and_no_value() -> None:
    told = of_fault(fault(f"refresh_token={TOKEN}"), ["status"])
    assert "KeyError, test_faults.py line" in told.sentence
    assert TOKEN not in str(told)
    assert told.exit_status == 1


def test_with_debug_the_log_has_the_way_there_and_no_secret(tmp_path: Path) -> None:
    told = of_fault(fault(f"Bearer {TOKEN} of ana@acme.com"), ["status", "--debug", "--home", str(tmp_path)])
    log = tmp_path / LOG
    assert str(log) in told.remedy
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    written = log.read_text("utf-8")
    assert "test_faults.py" in written
    assert TOKEN not in written
    assert "ana@acme.com" not in written


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = of_fault(fault("x"), ["status", "--debug", "--home", str(tmp_path / "file")])
    assert "could not be written" in told.remedy


@pytest.mark.parametrize(
    "secret",
    [
        f"Authorization: Bearer {TOKEN}",
        "client_secret=abc",
        '"refresh_token": "RT1-1"',
        "https://x.example/?code=AB11 next",
        "Basic QWxhZGRpbjpPcGVu",
        "password: hunter2",
        "ana.ortiz@acme.com",
        "3MVG9lKcPoNINVBIPJjdw1J9LLM82HnFVVX19KY1uA5mu0QqEWhqKpoW",
    ],
)
def test_secrets_and_persons_are_taken_out(secret: str) -> None:
    shown = without_secrets(f"row 7 of page 3: {secret} was refused")
    assert "row 7 of page 3" in shown
    for part in (TOKEN, "=abc", "RT1-1", "AB11", "QWxhZGRpbjpPcGVu", "hunter2", "ana.ortiz", "3MVG9"):
        assert part not in shown


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (ExceptionGroup("all", [KeyError("x"), LimitReached("a", "b")]), LimitReached),
        (ExceptionGroup("all", [KeyError("x")]), type(None)),
        (OSError(28, "No space left on device", "state.db"), StateTrouble),
        (KeyError("x"), type(None)),
    ],
)
def test_errors_with_a_remedy_are_found_inside_others(error: Exception, known: type) -> None:
    assert isinstance(known_cause(error), known)


def test_without_a_terminal_the_environment_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("never read"))
    ask = TerminalAsk({"MLC_QUICKBOOKS_CLIENT_SECRET": " s3cret "})
    assert ask.secret("quickbooks.client_secret", "Client secret") == "s3cret"
    assert ask.text("quickbooks.environment", "Environment", "sandbox") == "sandbox"
    with pytest.raises(WrongUse, match="MLC_SALESFORCE_CLIENT_ID"):
        ask.text("salesforce.client_id", "Client id")
    assert variable("salesforce.client_id") == "MLC_SALESFORCE_CLIENT_ID"


def test_log_events_are_one_line_each_without_secrets() -> None:
    err = io.StringIO()
    with logs.logged(Path("/nowhere"), debug=False, err=err):
        log = structlog.get_logger("engine")
        log.info("not shown")
        log.error("decision failed", ref="salesforce:Order:801", note=f"Bearer {TOKEN}", exc_info=fault("ana@acme.com"))
    told = json.loads(err.getvalue())
    assert (told["event"], told["ref"], told["error"]) == ("decision failed", "salesforce:Order:801", "KeyError")
    assert told["note"] == "[removed]"
    assert "ana@acme.com" not in err.getvalue()


def test_with_debug_all_events_go_to_the_log(tmp_path: Path) -> None:
    with logs.logged(tmp_path, debug=True):
        structlog.get_logger("engine").debug("page read", exc_info=fault(TOKEN))
    told = json.loads((tmp_path / LOG).read_text("utf-8"))
    assert told["event"] == "page read"
    assert any("test_faults.py" in line for line in told["trace"])
    assert TOKEN not in str(told)

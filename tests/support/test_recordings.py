"""A clone without the recordings passes and says what it left out; a run that demands them fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.recordings import closing_lines, recording


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLC_RECORDED_DIR", str(tmp_path / "nowhere"))
    monkeypatch.delenv("MLC_REQUIRE_RECORDED", raising=False)
    return tmp_path / "nowhere"


def report(name: str, why: str) -> pytest.TestReport:
    longrepr = ("tests/support/recordings.py", 1, f"Skipped: {why}")
    return pytest.TestReport(name, ("", 0, ""), {}, "skipped", longrepr, "call")


def test_the_test_is_skipped_and_the_folder_named(nowhere: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"absent: no folder {nowhere}"):
        recording("quickbooks")


def test_demanded_the_test_fails(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLC_REQUIRE_RECORDED", "1")
    with pytest.raises(pytest.fail.Exception, match=f"absent: no folder {nowhere}"):
        recording("quickbooks")


def test_a_file_that_is_missing_among_others_is_a_failure(nowhere: Path) -> None:
    (nowhere / "quickbooks").mkdir(parents=True)
    assert recording("quickbooks") == nowhere / "quickbooks"
    with pytest.raises(pytest.fail.Exception, match=r"nothing\.json is not among the recordings"):
        recording("quickbooks", "nothing.json")


def test_the_run_ends_with_names_number_and_reason(nowhere: Path) -> None:
    with pytest.raises(pytest.skip.Exception) as skip:
        recording()
    why = str(skip.value)
    reports = [report("b.py::test_two", why), report("a.py::test_one", why), report("c.py::test_other", "no https")]
    assert closing_lines(reports) == ["a.py::test_one", "b.py::test_two", f"2 tests skipped: {why}"]
    assert closing_lines(reports[2:]) == []

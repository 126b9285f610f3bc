"""Where the recorded answers of the real vendors lie. They are not part of the repository and are read where they lie.

Whoever asks for them in a clone without them is skipped by name, and the run ends with a line that counts those tests.
With MLC_REQUIRE_RECORDED=1 they are demanded: the same tests fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
FOLDER, REQUIRED = "MLC_RECORDED_DIR", "MLC_REQUIRE_RECORDED"
_ABSENT = "the recordings are absent"


def recording(*path: str) -> Path:
    """A file or folder of the recordings. They lie in MLC_RECORDED_DIR, beside the clone if it does not say otherwise.

    Ends the test that asks where they are absent. A single file that is missing in a folder that is there is a failure.
    """
    folder = (ROOT / os.environ.get(FOLDER, "../shared/recorded")).resolve()
    if not folder.is_dir():
        _end(f"{_ABSENT}: no folder {folder} ({FOLDER} says where they lie)")
    place = folder.joinpath(*path)
    if not place.exists():
        pytest.fail(f"{place} is not among the recordings of {folder}")
    return place


def _end(why: str) -> NoReturn:
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(why)
    pytest.skip(why)


def closing_lines(skipped: Iterable[pytest.TestReport]) -> list[str]:
    """The names of the tests that lacked the recordings, and how many they are; nothing where there are none."""
    reasons = {
        report.nodeid: str(report.longrepr[2])
        for report in skipped
        if isinstance(report.longrepr, tuple) and _ABSENT in report.longrepr[2]
    }
    if not reasons:
        return []
    why = next(iter(reasons.values())).removeprefix("Skipped: ")
    return [*sorted(reasons), f"{len(reasons)} tests skipped: {why}"]

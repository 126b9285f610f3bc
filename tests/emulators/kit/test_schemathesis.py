"""The control door judged by schemathesis, from the door's own document: no 500, and answers as described."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks

from ml_emulators.kit.control import ROUTES
from ml_emulators.kit.wire import loads

load_all_checks()
JUDGES = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "unsupported_method",
        "use_after_free",
    ]
)
BRIEF = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def door() -> Iterator[Any]:
    command = [sys.executable, "-m", "ml_emulators.server", "--scenario", "empty", "--json", "--watch-stdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        url = loads(process.stdout.readline())["control_url"]
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")
    process.wait(10)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), [(route.method, route.path) for route in ROUTES])
def test_the_door_does_what_its_document_says(
    door: Any, session: requests.Session, method: str, path: str, mode: schemathesis.GenerationMode
) -> None:
    cases = door[path][method].as_strategy(generation_mode=mode)

    @BRIEF
    @given(case=cases)
    def judged(case: Any) -> None:
        case.call_and_validate(session=session, checks=JUDGES)

    with contextlib.suppress(Unsatisfiable):  # a call without parameters cannot be made wrongly
        judged()

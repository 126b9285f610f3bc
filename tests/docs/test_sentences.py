"""How the runbook finds what a module says when something goes wrong."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from ml_connector.docs.errors import goes_on
from ml_connector.docs.sentences import messages_in
from ml_connector.model import errors
from ml_connector.model.errors import ConnectorError, Stopped, Unreachable

SOURCE = """
WAIT = "Wait."
TABLE = (("code", Stopped, "It is over.", "Start " + WAIT),)
def fail(host, error, remedy):
    raise Unreachable(f"{host} is away: {error.said}.", WAIT)
    raise Stopped(f"{safe(file)} says {name.partition(':')[0]} | so.", f"Run  this  {remedy}")
    raise Stopped("It is so.", remedy)
    raise Stopped(f"{sentence}", "Never shown: nothing is known of the sentence.")
    raise ValueError("Not ours.", "Not shown.")
    other("It is so.", "Not an error.")
"""


def _module(tmp_path: Path) -> ModuleType:
    module = ModuleType("said")
    module.__file__ = str(tmp_path / "said.py")
    (tmp_path / "said.py").write_text(SOURCE)
    vars(module).update(WAIT="Wait.", Stopped=Stopped, Unreachable=Unreachable, ValueError=ValueError)
    return module


def test_sentences_are_found_in_calls_and_in_tables(tmp_path: Path) -> None:
    found = {(told.kind, told.sentence, told.remedy) for told in messages_in(_module(tmp_path))}
    assert found == {
        (Stopped, "It is over.", "Start Wait."),
        (Unreachable, "*host* is away: *said*.", "Wait."),
        (Stopped, "*file* says *name* \\| so.", "Run this *remedy*"),
        (Stopped, "It is so.", "what the second line says"),
    }


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ConnectorError)]
)
def test_every_error_says_what_makes_it_go_on(kind: type[ConnectorError]) -> None:
    assert goes_on(kind).endswith(".")

"""docs/scenarios.md: every key stands there, and every example runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.pages import blocks, text_of
from ml_connector.actions.progress import quiet
from ml_connector.docs import MARK
from ml_connector.rehearsal.scenario import run
from ml_connector.rehearsal.scenario.compare import COMPARISONS
from ml_connector.rehearsal.scenario.names import KINDS
from ml_connector.rehearsal.scenario.player import CHECKS, DOES
from ml_connector.rehearsal.scenario.published import as_markdown
from ml_connector.rehearsal.scenario.reader import VERBS

from .in_process import in_process

PAGE = text_of("scenarios.md")
EXAMPLES = [(kind, "\n".join(lines)) for kind in ("toml", "json") for lines in blocks(PAGE, kind)]


def test_the_tables_are_those_of_the_reader() -> None:
    assert PAGE.partition(MARK)[2].strip() == as_markdown().strip()


def test_what_is_read_can_be_played() -> None:
    assert {name for name, verb in VERBS.items() if verb.part != "then"} == set(DOES)
    assert {name for name, verb in VERBS.items() if verb.part == "then"} == set(CHECKS)


def test_comparisons_and_kinds_are_named() -> None:
    assert [name for name in (*COMPARISONS, *KINDS) if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize(("kind", "text"), EXAMPLES, ids=[text[:60] for _, text in EXAMPLES])
async def test_an_example_holds(kind: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / f"example.{kind}"
    file.write_text(text)
    document = await run(file, quiet, in_process)
    assert [check for check in document["checks"] if not check["ok"]] == []

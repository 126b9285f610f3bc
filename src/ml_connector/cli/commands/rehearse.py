"""Rehearsals: demo, emulators, scenarios."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from ml_connector.cli.address import living_at
from ml_connector.cli.home import find_home
from ml_connector.cli.logs import logged
from ml_connector.cli.progress import progress_on, stay
from ml_connector.cli.render_plan import plan_lines
from ml_connector.cli.render_proof import demo_lines
from ml_connector.cli.render_state import finding_lines
from ml_connector.cli.text import hanging, safe
from ml_connector.model.errors import WrongUse

from .common import USUAL, Common

if TYPE_CHECKING:
    from ml_connector.rehearsal.demo import Milestone

_SERVER = "ml_emulators.server"


@dataclass(frozen=True)
class DemoOptions:
    """What `ml_connector.rehearsal.demo.run` is asked to rehearse. `home` None means a folder that is thrown away."""

    scale: int
    seed: int
    days: int
    serve: bool
    home: Path | None


def demo(
    *,
    scale: Annotated[int, Parameter(help="How much data, 1 is a small company (1)")] = 1,
    seed: Annotated[int, Parameter(help="The same seed gives the same company and days (7)")] = 7,
    days: Annotated[int, Parameter(help="Live days after the first plan (3)")] = 3,
    serve: Annotated[bool, Parameter(help="Keep everything running afterwards")] = False,
    common: Common = USUAL,
) -> int:
    """Rehearse everything: emulators, connect, doctor, plan, apply, live days, tie-out."""
    if scale < 1 or days < 0:
        raise WrongUse("--scale must be at least 1 and --days at least 0.", "Correct the number.")
    options = DemoOptions(scale, seed, days, serve, common.home)
    from ml_connector.rehearsal.demo import run

    def shown(result: Any) -> None:
        document = _document(result)
        document["seconds"] = msgspec.json.decode(str(document.get("seconds") or 0))  # a number, as documented
        if common.json:
            common.screen.document(document)
        else:
            with living_at(str(document.get("home") or "")):
                common.screen.lines(demo_lines(document, common.screen.width))
        sys.stdout.flush()

    with logged(find_home(common.home), debug=common.debug), progress_on() as step:
        document = asyncio.run(run(options, step, shown, _milestones(common)))
    return 0 if document.get("converged") else 1


def _milestones(common: Common) -> Callable[[Milestone], None]:
    """Shows the doctor's findings, the signature and each plan on stderr while the demo goes on."""
    width = common.screen.width

    def show(milestone: Milestone) -> None:
        if milestone.name == "doctor":
            stay(finding_lines(milestone.value, width, again="doctor")[:-1])
        elif milestone.name == "sign-off":
            stay([f"Template {milestone.value.id} is signed off by {safe(milestone.value.signed_off_by)}.", ""])
        elif milestone.name == "plan":
            view, names = milestone.value
            stay([*plan_lines(view, width, names=names, four_eyes=False, most=1)[:-1], ""])

    return show


def emulators(words: Sequence[str]) -> int:
    """Become the emulators; their options are theirs. `--home` is not for them."""
    from ml_connector.rehearsal.emulators import check_installed

    check_installed()
    options = list(words)
    if "--home" in options:
        at = options.index("--home")
        del options[at : at + 2]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", _SERVER, *options])  # noqa: S606 - our own interpreter, no shell


def scenario_run(
    file: Annotated[Path, Parameter(name="FILE", help="A file as described in docs/scenarios.md")],
    /,
    *,
    common: Common = USUAL,
) -> int:
    """Play a given/when/then file on fresh emulators; ends with 1 if a check does not hold."""
    if not file.is_file():
        raise WrongUse(f"There is no file {safe(file)}.", "The format is described in docs/scenarios.md")
    from ml_connector.rehearsal.scenario import run

    with logged(find_home(common.home), debug=common.debug), progress_on() as step:
        document = _document(asyncio.run(run(file, step)))
    if common.json:
        common.screen.document(document)
    else:
        common.screen.lines(scenario_lines(document, common.screen.width))
    return 0 if document.get("passed") else 1


def scenario_lines(document: dict[str, Any], width: int | None) -> list[str]:
    """Each check with its verdict; where it does not hold, what was expected and what came."""
    lines = []
    for check in document.get("checks", ()):
        level = "ok    " if check.get("ok") else "FAIL  "
        lines += hanging(level, safe(check.get("name", "")), width)
        if not check.get("ok"):
            lines += hanging("      ", f"expected {safe(check.get('expected'))}", width)
            lines += hanging("      ", f"actual   {safe(check.get('actual'))}", width)
    return [*lines, "Passed." if document.get("passed") else "Next: look at the first FAIL."]


def _document(result: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(getattr(result, "document", result))
    return plain

"""From nothing to a checked connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ml_connector.cli.ask import TerminalAsk
from ml_connector.cli.render_state import finding_lines, worst
from ml_connector.cli.text import safe, system_name
from ml_connector.cli.views import Finding
from ml_connector.model.errors import WrongUse

from .common import USUAL, Common, action, awaited, run, show

_LONGEST = 1_000_000


def init(
    *,
    emulators: Annotated[Path | None, Parameter(help="File with the line that `emulators --json` prints")] = None,
    common: Common = USUAL,
) -> int:
    """Make a home. With the emulators' line it is connected to them, without questions."""
    document = None if emulators is None else read_line(emulators)
    made = asyncio.run(awaited(action("init")(common.folder, document)))
    following = "ml-connector doctor" if emulators else "ml-connector connect quickbooks"
    lines = [f"Home {safe(common.folder)} is ready.", *_company(made), f"Next:  {following}"]
    show(common, "connected", _document(common, made), lambda _: lines)
    return 0


def read_line(file: Path) -> dict[str, Any]:
    """The emulators' document. Raises `WrongUse` if the file does not hold it."""
    import msgspec

    try:
        with file.open("rb") as source:
            found = msgspec.json.decode(source.read(_LONGEST))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not {"quickbooks", "salesforce"} <= found.keys():
        raise WrongUse(
            f"{safe(file)} does not hold the line of the emulators.",
            "Start them and keep their line:  ml-connector emulators --json > emulators.json",
        )
    return found


def connect_quickbooks(*, common: Common = USUAL) -> int:
    """Sign in to a QuickBooks company. Secrets are asked for without echo and sealed."""
    return _connect(common, "quickbooks", "connect salesforce")


def connect_salesforce(*, common: Common = USUAL) -> int:
    """Connect a Salesforce org. Secrets are asked for without echo and sealed."""
    return _connect(common, "salesforce", "doctor")


def _connect(common: Common, system: str, following: str) -> int:
    made = asyncio.run(awaited(action("connect")(common.folder, system, TerminalAsk())))
    lines = [f"{system_name(system)} is connected.", *_company(made), f"Next:  ml-connector {following}"]
    show(common, "connected", _document(common, made), lambda _: lines)
    return 0


def _company(made: Any) -> list[str]:
    company = getattr(made, "company", "")
    return [f"Company: {safe(company)}"] if company else []


def _document(common: Common, made: Any) -> dict[str, Any]:
    import msgspec

    return {"home": str(common.folder), "connection": msgspec.to_builtins(made)}


def doctor(
    *,
    fit: Annotated[bool, Parameter(help="Also check how well the data of both sides fit together")] = False,
    common: Common = USUAL,
) -> int:
    """Check both sides. Ends with 1 if anything says FAIL."""
    findings: Sequence[Finding] = run(common, lambda app, _: awaited(action("doctor")(app, fit)))
    show(common, "findings", list(findings), lambda width: finding_lines(findings, width, again="doctor"))
    return worst(findings)


def setup_salesforce(*, common: Common = USUAL) -> int:
    """List the fields, rights and event channels that the org still lacks, and how to add them."""
    findings: Sequence[Finding] = run(common, lambda app, _: awaited(action("setup_salesforce")(app)))
    show(common, "findings", list(findings), lambda width: finding_lines(findings, width, again="setup salesforce"))
    return worst(findings)

"""What must hold of the connector's own records after a round, whatever texts came."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from ml_connector.actions.conflicts import with_values
from ml_connector.actions.doctor import doctor
from ml_connector.actions.explain import explain
from ml_connector.actions.flags import flags
from ml_connector.actions.holds import open_holds
from ml_connector.actions.plan import PlanView, names_of
from ml_connector.actions.reconcile import reconcile
from ml_connector.actions.status import current_status
from ml_connector.app import App
from ml_connector.cli.documents import tie_out_document
from ml_connector.cli.output import Screen
from ml_connector.cli.render_conflicts import conflict_lines
from ml_connector.cli.render_plan import plan_lines
from ml_connector.cli.render_proof import tie_out_lines
from ml_connector.cli.render_records import explained_lines, flag_lines, hold_lines
from ml_connector.cli.render_state import finding_lines, status_lines
from ml_connector.cli.views import Names
from ml_connector.engine.corridor import UNANSWERED
from ml_connector.engine.intake import listeners
from ml_connector.model.refs import Ref

from .company import Planted

WIDTH = 100
_SOURCES = (
    *(f"quickbooks:{kind}" for kind in ("Customer", "Invoice", "Department", "Class")),
    *("salesforce:Account", "salesforce:Order"),
)
MONTH = "2026-11"
_RAW = ("Cc", "Cs", "Zl", "Zp")


def ends(app: App, planted: Sequence[Planted], verdicts: dict[str, int], allowed: Mapping[str, str]) -> Iterator[str]:
    """Every record has a verdict or a hold with a reason, and nothing of our own is at a loss. Counts the verdicts.

    `allowed`: codes that otherwise say that ml-connector is at a loss, with how the records begin that may have them.
    """
    holds = {(hold.flow, hold.record): hold.code for hold in open_holds(app)}
    for record in {record.ref: record for record in planted}.values():
        ref, ways = Ref.parse(record.ref), 0
        for flow, _ in listeners(app.runtime.flows, ref):
            verdict = holds.get((flow, record.ref)) or app.store.verdict(app.connection.id, flow, ref)
            if verdict:
                ways += 1
                name = f"{flow} {record.kind} {verdict}"
                verdicts[name] = verdicts.get(name, 0) + 1
        if not ways and record.ref.rpartition(":")[0] in _SOURCES:
            yield f"nothing has looked at {record.ref}"
    for (flow, name), code in holds.items():
        if code in ("UNEXPECTED", "WRITE-FAILS", *UNANSWERED) and not name.startswith(allowed.get(code, "none")):
            yield f"{flow} {name} is held {code}: {[hold.sentence for hold in open_holds(app) if hold.record == name]}"


def shown(app: App) -> Iterator[str]:
    """What people and machines are shown has no control letters in it, and agrees."""
    holds, status = open_holds(app), current_status(app)
    lines = [*status_lines(status, WIDTH), *hold_lines(holds, WIDTH), *flag_lines(flags(app), WIDTH)]
    lines += conflict_lines(with_values(app, "reader"), WIDTH, values=True)
    for code in {hold.code for hold in holds}:
        lines += hold_lines(open_holds(app, code), WIDTH, code=code)
    for name in {hold.record for hold in holds}:
        lines += explained_lines(explain(app, name), WIDTH)
    yield from (f"shown raw: {line!r}" for line in lines if _is_raw(line))
    yield from _document(holds, "holds")
    if sum(status.holds.values()) != len(holds):
        yield f"status counts {status.holds}, and {len(holds)} are held"
    if any(hold.overdue or hold.unread for hold in holds) != status.attention:
        yield f"status says {[item.sentence for item in status.undone()]}, the holds do not"


def _document(value: object, name: str) -> Iterator[str]:
    out = io.StringIO()
    Screen(json=True, out=out).document(value, name)
    text = out.getvalue()
    json.loads(text)
    if _is_raw(text.removesuffix("\n")):
        yield f"{name} --json has raw control letters: {[letter for letter in text if _is_raw(letter)][:5]!r}"


def _is_raw(text: str) -> bool:
    return any(unicodedata.category(letter) in _RAW for letter in text)


def plan_shown(view: PlanView, names: Names) -> Iterator[str]:
    """What people approve is shown without control letters."""
    lines = plan_lines(view, WIDTH, whole=True, names=names)
    yield from (f"a plan shown raw: {line!r}" for line in lines if _is_raw(line))


async def proved(app: App) -> None:
    """Doctor and proof of the month can be made and shown. What it finds is no matter: random texts are no books."""
    assert finding_lines(await doctor(app), WIDTH, again="doctor")
    proof = await reconcile(app, [MONTH])
    assert tie_out_document(proof)
    assert tie_out_lines(proof, WIDTH, names=await names_of(app))

"""What `--json` gives where the stored value alone would leave work to its reader. Amounts stay `Decimal`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ml_connector.model.holds import render

from .render_plan import totals

if TYPE_CHECKING:
    from ml_connector.actions.drain import DrainReport
    from ml_connector.actions.plan import PlannedHold, PlanView
    from ml_connector.actions.reconcile import Report, Row, TieOut
    from ml_connector.actions.status import Status, Undone


def plan_document(view: PlanView, company: str = "", left: Sequence[Undone] = ()) -> dict[str, Any]:
    """A plan with its writes, its holds in words, debits and credits by currency, and what may be missing in it."""
    plan = view.plan
    entries = plan.postings()
    return {
        "company": company,
        **{name: getattr(view, name) for name in ("id", "made_by", "made_at", "hash", "state")},
        "counts": {
            "journal_entries": len(entries),
            "other_writes": len(plan.writes) - len(entries),
            "held": len(plan.holds),
            "unchanged_or_skipped": sum(number for flow in plan.skipped.values() for number in flow.values()),
        },
        "totals": {name: {"debits": both[0], "credits": both[1]} for name, both in totals(entries).items()},
        "writes": plan.writes,
        "holds": [_hold(hold) for hold in plan.holds],
        "skipped": plan.skipped,
        "unlisted": view.unlisted,
        "unreadable": view.unread,
        "undone": left,
    }


def report_document(report: DrainReport, status: Status) -> dict[str, Any]:
    """What a run did, when, and what is left undone now."""
    run = status.last_run
    return {
        **msgspec.structs.asdict(report),
        "began_at": run.began_at if run else None,
        "ended_at": run.ended_at if run else None,
        "held_now": status.held_by_flow,
        "undone": status.undone(),
    }


def _hold(hold: PlannedHold) -> dict[str, Any]:
    spoken = render(hold.code, hold.facts, hold.amount, hold.currency)
    return {**msgspec.structs.asdict(hold), **msgspec.structs.asdict(spoken)}


def tie_out_document(tie_out: TieOut) -> dict[str, Any]:
    """A tie-out with differences, totals and verdicts worked out. A difference is QuickBooks minus Salesforce."""
    return {
        "months": tie_out.months,
        "read_at": tie_out.read_at,
        "agrees": tie_out.agrees,
        "adds_up": tie_out.adds_up,
        "open": len(tie_out.open_items),
        "reports": [_report(report) for report in tie_out.reports],
    }


def _report(report: Report) -> dict[str, Any]:
    return {
        "report": report.name,
        "agrees": report.agrees,
        "adds_up": report.adds_up,
        "rows": [_row(row) for row in report.rows],
        "totals": [_row(row) for row in report.totals()],
        "completeness": [
            {**msgspec.structs.asdict(completeness), "adds_up": completeness.adds_up}
            for completeness in report.completeness
        ],
        "notes": report.notes,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(row.cell),
        **{name: getattr(row, name) for name in ("quickbooks_count", "quickbooks", "salesforce_count", "salesforce")},
        "difference": row.difference,
        "explained": row.explained,
        "unexplained": row.unexplained,
        "items": row.items,
    }

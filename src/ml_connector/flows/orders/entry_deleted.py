"""A journal entry that was posted for an order and that people deleted in QuickBooks.

Nothing is posted in its place: who deleted it had a reason. It is flagged, and R2 shows what is missing.
"""

from __future__ import annotations

from typing import Any

from ml_connector.flows.refusals import refused_alone
from ml_connector.model.flags import Flag
from ml_connector.model.plans import Context, Decision, Flow, Skip
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Gone
from ml_connector.model.roles import Role


def decide(entry: Any, context: Context) -> Decision:
    """Nothing: an entry that is there is looked at by the tie-out."""
    del entry, context
    return Skip()


def gone(entry: Gone, context: Context) -> Decision:
    """Flagged if it is one of ours."""
    ours = context.links(Role.JOURNAL, entry.ref)
    return Skip(reason=Reason.GONE, flags=(Flag.ENTRY_DELETED,) if ours else ())


FLOW = Flow(
    name="entry_deleted",
    system="quickbooks",
    kind="JournalEntry",
    rank=45,
    decide=decide,
    gone=gone,
    refused=refused_alone,
    swept=False,
)
"""After the orders. Only a comparison of ids tells it of an entry."""

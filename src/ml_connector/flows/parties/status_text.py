"""Why an Account is held, in the words people read, on the Account itself (docs/salesforce-fields.md)."""

from __future__ import annotations

from ml_connector.flows.fields import for_salesforce
from ml_connector.model.holds import render_hold
from ml_connector.model.plans import Context, Decision, Hold, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Json
from ml_connector.systems.salesforce.records import SObject

FIELD, LIMIT = "QBO_Status__c", 255


def shown(account: SObject, decision: Decision, context: Context) -> Decision:
    """The same decision; before the Account comes to rest, its status is brought to what is the case.

    An Account of another company is not ours to write to.
    """
    if isinstance(decision, Write) or FIELD not in account:
        return decision
    if isinstance(decision, Skip) and decision.links:
        return decision  # what was found out is kept first; then it is decided again
    if not isinstance(decision, Hold) and decision.reason == Reason.OTHER_COMPANY:
        return decision
    text = text_of(decision) if isinstance(decision, Hold) else ""
    body: Json = {} if text == account.text(FIELD) else {FIELD: text or None}
    name = account.text("Name")
    fitted = for_salesforce("Account", account.id, body, context, creating=False, record=name)
    if not fitted.body:
        return decision
    return Write(
        step="account_status",
        system="salesforce",
        kind="Account",
        action="update",
        body=fitted.body,
        key=account.id,
        target_id=account.id,
        why=("it is held" if text else "it is held no longer",),
        label=name,
    )


def text_of(hold: Hold) -> str:
    """Code and sentence; blank for what only waits for the connector itself, where nobody has to act."""
    if hold.code.startswith("WAIT_"):
        return ""
    text = f"{hold.code}: {render_hold(hold).sentence}"
    return text if len(text) <= LIMIT else f"{text[: LIMIT - 1].rstrip()}…"

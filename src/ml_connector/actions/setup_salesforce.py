"""What the org still needs: objects, fields, rights and a channel of change events, and how to add them."""

from __future__ import annotations

from ml_connector.actions.doctor import Finding, event_findings, org_findings
from ml_connector.app import App


async def setup_salesforce(app: App) -> list[Finding]:
    """Whatever a sync would miss in Salesforce; the channel is made where rights allow. Raises vendor errors."""
    return [*await org_findings(app), *await event_findings(app, make=True)]

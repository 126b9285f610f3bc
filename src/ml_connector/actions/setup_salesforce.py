"""What the org still needs: objects, fields and rights, and how to add them."""

from __future__ import annotations

from ml_connector.actions.doctor import Finding, org_findings
from ml_connector.app import App


async def setup_salesforce(app: App) -> list[Finding]:
    """Whatever a sync would miss in Salesforce. Raises vendor errors."""
    return await org_findings(app)

"""Whether what came with random texts stands on the other side as it should, and once."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ml_connector.app import App
from ml_connector.model.reasons import Reason
from ml_connector.model.refs import Link
from ml_connector.model.roles import Role

from .company import QUICKBOOKS, SALESFORCE, Company, Json

_MADE = (
    (QUICKBOOKS, "Customer", Role.ACCOUNT),
    (SALESFORCE, "Account", Role.ACCOUNT),
    (SALESFORCE, "Opportunity", Role.OPPORTUNITY),
    (SALESFORCE, "Contact", Role.CONTACT),
    (QUICKBOOKS, "JournalEntry", Role.JOURNAL),
)
"""What ml-connector makes, and the link that says for what."""


class Arrivals:
    """What was there before a round, and what is there after it."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._before = {name for system, kind, _ in _MADE for name in self._names(system, kind)}

    def _names(self, system: str, kind: str) -> set[str]:
        return {f"{system}:{kind}:{row['Id']}" for row in self._company.rows(system, kind)}

    def wrong(self, app: App) -> Iterator[str]:
        """Records that are linked to nothing, to what is gone, or to what shows other figures."""
        links = {role: app.store.all_links(app.connection.id, role) for role in {role for _, _, role in _MADE}}
        yield from self._loose(links)
        yield from self._customers(app, links[Role.ACCOUNT])
        yield from self._invoices(app, links[Role.OPPORTUNITY])

    def _loose(self, links: dict[Role, list[Link]]) -> Iterator[str]:
        """What ml-connector made and no longer knows of is there twice, or will be."""
        others = {*self._before, *(record.ref for record in self._company.planted), *self._company.clean}
        for system, kind, role in _MADE:
            linked = {str(ref) for link in links[role] for ref in (link.source, link.target)}
            made = self._names(system, kind)
            yield from (f"{name} was made, and is linked to nothing" for name in sorted(made - linked - others))

    def _customers(self, app: App, links: list[Link]) -> Iterator[str]:
        accounts = {row["Id"]: row for row in self._company.rows(SALESFORCE, "Account")}
        customers = {link.source: link.target.id for link in links if link.exclusive}
        for ref, verdict in app.store.verdicts(app.connection.id, "customer_to_account").items():
            if verdict == Reason.IN_AGREEMENT:
                account = accounts.get(customers.get(ref, ""), {})
                mark = f"{self._company.realm}:{ref.id}"
                if account.get("QBO_Id__c") != mark:
                    yield f"{ref} is in agreement with {account.get('Id')}, marked {account.get('QBO_Id__c')!r}"

    def _invoices(self, app: App, links: list[Link]) -> Iterator[str]:
        invoices = {row["Id"]: row for row in self._company.rows(QUICKBOOKS, "Invoice")}
        shown: dict[str, list[Json]] = {}
        for link in links:
            shown.setdefault(link.target.id, []).append(invoices.get(link.source.id, {}))
        rows = {row["Id"]: row for row in self._company.rows(SALESFORCE, "Opportunity")}
        done = {link.source: link.target.id for link in links}
        for ref, verdict in app.store.verdicts(app.connection.id, "invoice_to_opportunity").items():
            if ref.kind == "Invoice" and verdict == Reason.IN_AGREEMENT:
                target = done.get(ref, "")
                total = sum((row.get("TotalAmt", Decimal(0)) for row in shown.get(target, ())), Decimal(0))
                if rows.get(target, {}).get("QBO_Total__c") != total:
                    yield f"{ref} over {total} is shown by {target!r} as {rows.get(target, {}).get('QBO_Total__c')}"

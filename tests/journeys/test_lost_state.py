"""The state is lost, and everything is connected anew: what was made is found by its marks (accounting-rules E.6)."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import delete

from ml_connector.custody import DIGESTS
from ml_connector.store import schema
from support.market import Market, mail


async def test_a_contact_whose_email_people_changed_is_not_made_again(tmp_path: Path) -> None:
    """Only the mark leads to it then. The key of the digests in the state is lost as well."""
    market = Market(tmp_path / "before")
    home = market.home
    market.add_pairs(1, contact=False)
    await market.in_step()
    market.add_invoices(1, strangers=True)
    await market.later(minutes=30)
    ((customer, account),) = market.pairs
    (made,) = [row for row in home.state("salesforce", "Contact") if row["AccountId"] == account]
    address = hashlib.sha256(mail(50_000).encode()).hexdigest()[:12]
    assert made["QBO_Id__c"] == f"{home.rules.realm_id}:{customer}:{address}"
    market.salesforce("update", "Contact", Id=made["Id"], Email="other@elsewhere.example")
    people = _people(market)

    digest = home.app.digest("value")
    home.begin(tmp_path / "after")
    with home.store.begin() as tx:
        tx.execute(delete(schema.secret).where(schema.secret.c.name == DIGESTS))
    await market.in_step()
    assert home.app.digest("value") != digest
    assert _people(market) == people


def _people(market: Market) -> list[tuple[str, ...]]:
    """Contacts and contact roles."""
    contacts = [(row["Id"], row["QBO_Id__c"], row["Email"]) for row in market.home.state("salesforce", "Contact")]
    roles = market.home.state("salesforce", "OpportunityContactRole")
    return [*contacts, *((row["Id"], row["OpportunityId"], row["ContactId"]) for row in roles)]

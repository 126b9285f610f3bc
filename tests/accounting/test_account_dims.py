"""The default allocation of an account as it was when an order was posted (accounting-rules B.4, E.2)."""

from __future__ import annotations

from accounting import books
from ml_connector.accounting import account_dims
from ml_connector.systems.salesforce.records import SObject


def order(department: str | None) -> SObject:
    account = SObject("Account", books.ACCOUNT_ID, {"Department__c": department, "Class__c": "SaaS"})
    return books.sales_order(Account=account)


def test_what_was_kept_counts_not_what_the_account_says_now() -> None:
    kept = account_dims.now(order("East"))
    assert kept == {"account_department": "East", "account_class": "SaaS"}
    then = account_dims.as_posted(order("West"), kept)
    assert then["Account"].text("Department__c") == "East"


def test_without_anything_kept_the_order_stays_as_it_is() -> None:
    now = order("West")
    assert account_dims.as_posted(now, {"doc_number": "SFO-1"}) is now
    assert account_dims.now(books.sales_order(Account=None)) == {}

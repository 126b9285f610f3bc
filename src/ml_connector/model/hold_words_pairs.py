"""The words for pairs that came apart, and for invoices in a currency that has no place."""

from __future__ import annotations

from .hold_words import RECORD, words

PAIRS = (
    words(
        "ACCOUNT-GONE", "sales", RECORD,
        "The account of customer {customer} was deleted in Salesforce.",
        "The customer stays as it is in QuickBooks; its open balance of {money} is not shown in Salesforce any more.",
        "Restore the account, or link the customer to another one.",
    ),
    words(
        "CUSTOMER-GONE", "preparer", ("link:account:<account>", "record"),
        "Customer {customer} of account {account} is no longer in QuickBooks; it was probably merged into another one.",
        "Accounts are never merged by themselves; the account keeps what it showed last.",
        "Link the account to the customer that survived.",
    ),
    words(
        "CURRENCY-INACTIVE/customer", "admin", ("reference:salesforce:currencies", "record"),
        "Customer {customer} is in {currency}, which is not active in Salesforce.",
        "No account is created for it; its invoices wait.",
        "Activate {currency} in Salesforce.",
    ),
    words(
        "H-CUR-MISMATCH/invoice", "sales", RECORD,
        "Invoice {invoice} is in {order_currency}, its opportunity or another invoice on it is in {customer_currency}.",
        "{money} is not shown there: sums of two currencies would be wrong.",
        "Correct the currency of the opportunity, or take its number off the invoice.",
    ),
    words(
        "H-NO-RATE/invoice", "preparer", RECORD,
        "Invoice {invoice} is in {order_currency} and has no rate to {home_currency}.",
        "{money} is not shown in Salesforce, which keeps {home_currency} only.",
        "Enter the exchange rate on the invoice.",
    ),
)  # fmt: skip

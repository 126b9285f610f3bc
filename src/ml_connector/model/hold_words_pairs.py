"""The words for pairs that came apart, and for invoices in a currency that has no place."""

from __future__ import annotations

from .hold_words import RECORD, words
from .roles import Role
from .triggers import ITSELF, OTHER_SETTINGS, when_linked, when_table

PAIRS = (
    words(
        "ACCOUNT-GONE", "sales", (when_linked(Role.ACCOUNT, "customer"), ITSELF),
        "The account of customer {customer} was deleted in Salesforce.",
        "The customer stays as it is in QuickBooks; its open balance of {money} is not shown in Salesforce any more.",
        "Restore the account, or link the customer to another one.",
    ),
    words(
        "ACCOUNT-GONE/invoice", "sales", (when_linked(Role.ACCOUNT, "customer"), ITSELF),
        "Invoice {invoice} is not in Salesforce, because the account of its customer was deleted there.",
        "{money} is not shown in Salesforce; it is never put on another account.",
        "Restore the account, or link the customer to another one.",
    ),
    words(
        "ACCOUNT-GONE/parent", "sales", (when_linked(Role.ACCOUNT, "parent"), ITSELF),
        "The account of {parent}, the parent of {customer}, was deleted in Salesforce.",
        "No account is created for {customer}; what belongs to it waits.",
        "Restore the account, or link {parent} to another one, or give {customer} another parent.",
    ),
    words(
        "ACCOUNTS-MERGED", "preparer", (when_linked(Role.ACCOUNT, "customer"), ITSELF),
        "The account of customer {customer} was merged into {account} in Salesforce, which has a customer of its own.",
        "Invoices of both are shown there, all else is of customer {other}; the balance of {money} is not added.",
        "Merge the two customers in QuickBooks, or make this one inactive, or confirm that both stay with"
        "  ml-connector match pair {record} {target}  .",
    ),
    words(
        "CUSTOMERS-MERGED", "preparer", (when_linked(Role.ACCOUNT, "account"), ITSELF),
        "The customer of account {account} was merged into {customer} in QuickBooks, whose account is {other}.",
        "Its orders are posted with {customer}, its invoices are shown on {other}; accounts are merged by people only.",
        "Merge the two accounts in Salesforce, or confirm both with  ml-connector match pair {record} {target}  .",
    ),
    words(
        "CUSTOMER-GONE", "preparer", (when_linked(Role.ACCOUNT, "account"), ITSELF),
        "Customer {customer} of account {account} is no longer in QuickBooks; it was probably merged into another one.",
        "Its invoices do not tell which one, and nothing is guessed: the account stays as it is, its orders wait.",
        "Link it to the customer that survived with  ml-connector match pair quickbooks:Customer:ID {record}  .",
    ),
    words(
        "OTHER-COMPANY", "preparer", (when_linked(Role.ACCOUNT, "customer"), OTHER_SETTINGS, ITSELF),
        "Customer {customer} would be account {account}, which is a customer of another QuickBooks company.",
        "An account shows the figures of one company: nothing was created or changed, and its invoices wait.",
        "Give it an account of its own with  ml-connector match new {record}  , or take the mark (QBO_Id__c) off that"
        " account where the other company does not need it.",
    ),
    words(
        "CURRENCY-INACTIVE/customer", "admin", (when_table("currencies", "salesforce"), ITSELF),
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

"""Why nothing is written: the closed list of reasons to skip, each with the words that people read.

The values stand in the state; they never change.
"""

from __future__ import annotations

from .spoken import Spoken


class Reason(Spoken):
    """A reason to skip, with its sentence: `Reason.ZERO.sentence`."""

    IN_AGREEMENT = "in_agreement", "Both sides agree."
    GONE = "gone", "The record was deleted, and nothing of the other side depends on it."
    RELAYED = "relayed", "The change was passed on to the records that it concerns."

    # customers and accounts
    PROJECT = "project", "A project belongs to its customer and gets no account of its own."
    INACTIVE = "inactive", "The customer is inactive, and no invoice and no customer below it needs an account."
    NOT_READY = "not_ready", "Nobody has said yet that this account is to become a customer."
    OTHER_COMPANY = "other_company", "The account belongs to a customer of another QuickBooks company."
    CUSTOMER_HAS_ANOTHER_ACCOUNT = (
        "customer_has_another_account",
        "Its customer is kept in agreement with another account.",
    )
    SECONDARY_LINK = "secondary_link", "The other record of the pair is kept in agreement with another one."
    ACCOUNT_DECIDES = "account_decides", "What becomes of the pair is decided at the account."
    CUSTOMER_MERGED = "customer_merged", "The customer was merged into another one, which takes its place."
    CUSTOMER_GONE = "customer_gone", "The customer was deleted; its account is looked at."
    ACCOUNT_MERGED = "account_merged", "The account was merged into another one, which takes its place."
    ACCOUNT_GONE = "account_gone", "The account was deleted; its customer is looked at."

    # invoices and what they say of an account
    NO_INVOICES = "no_invoices", "The account has no invoices to be summed up."
    NOT_OF_SALES = "not_of_sales", "The Opportunity shows no invoice, so its texts are left to people."
    BEFORE_START = "SKIPPED_BEFORE_START", "It is dated before the go-live date."

    # orders
    NOT_ACTIVATED = "not_activated", "The order is not activated."
    REDUCTION_ORDER = "reduction_order", "Reduction orders are listed and not posted."
    NO_TEMPLATE = "no_template", "No posting template that posts is signed off."
    ZERO = "SKIPPED_ZERO", "The order has nothing to post."
    ADOPTED = "adopted", "The very entry was in QuickBooks already and is taken as its posting."
    ORDER_MARK_REFUSED = "order_mark_refused", "The entry is posted; Salesforce refuses to show so on the order."

    # departments and classes
    FIRST_SEEN = "first_seen", "The department or class was seen for the first time."
    RENAMED = "renamed", "The department or class has another name; what carries the old one is looked at."
    TABLE_IS_OLDER = (
        "table_is_older",
        "The list of departments and classes was read before this change; it is read again.",
    )

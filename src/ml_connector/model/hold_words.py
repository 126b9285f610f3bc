"""What a hold code is made of, and the words for what can stop an order (accounting-rules 0.5, design-brief 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import msgspec

from .roles import Role
from .triggers import ITSELF, OTHER_SETTINGS, Release, on_day, when_linked, when_table

Actor = Literal["preparer", "approver", "admin", "sales", "nobody"]


class Late(msgspec.Struct, frozen=True, kw_only=True):
    """What holds of a hold that should have ended by itself: after how long, who looks after it then, and how.

    `remedy` is a template as those of `HoldCode` are.
    """

    after: timedelta
    actor: Actor
    remedy: str


class HoldCode(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to hold. The three texts are templates: `{fact}` is filled in, `{money}` is amount and currency.

    `actor` is who can act: preparer (maps), approver, admin of the connection, sales (the record itself), nobody.
    `released_by` is what usually ends it.
    A name `CODE/case` has the words for the fact `case` of that code. `late` is set where the wait has an end.
    """

    name: str
    actor: Actor
    released_by: tuple[Release, ...]
    sentence: str
    meaning: str
    remedy: str
    late: Late | None = None

    @property
    def code(self) -> str:
        """The code without its case."""
        return self.name.partition("/")[0]


def words(
    name: str,
    actor: Actor,
    released_by: tuple[Release, ...],
    sentence: str,
    meaning: str,
    remedy: str,
    late: Late | None = None,
) -> HoldCode:
    """A `HoldCode` in one line of a table."""
    return HoldCode(
        name=name, actor=actor, released_by=released_by, sentence=sentence, meaning=meaning, remedy=remedy, late=late
    )


RECORD = (ITSELF,)
SETTINGS = (OTHER_SETTINGS, ITSELF)
ITEMS = (when_table("items"), OTHER_SETTINGS, ITSELF)
ACCOUNTS = (when_table("accounts"), when_table("items"), OTHER_SETTINGS, ITSELF)
DIMS = (when_table("departments"), when_table("classes"), OTHER_SETTINGS, ITSELF)
BOOKS = (when_table("preferences"), OTHER_SETTINGS, ITSELF)

ORDERS = (
    words(
        "H-CUST-UNLINKED", "preparer", (when_linked(Role.ACCOUNT, "account"), ITSELF),
        "{account} has no customer in QuickBooks.",
        "Order {order}, {money}, cannot be posted without one.",
        "Link an existing customer, or mark the account ready so that it is created.",
    ),
    words(
        "H-CUST-INACTIVE", "preparer", (ITSELF,),
        "Customer {customer} is inactive in QuickBooks.",
        "Order {order}, {money}, waits; posted entries stay.",
        "Make it active in QuickBooks, or link the account to another customer.",
    ),
    words(
        "H-CUST-INACTIVE/gone", "preparer", (ITSELF,),
        "The customer of {account} is no longer in QuickBooks.",
        "Order {order}, {money}, waits; posted entries stay.",
        "Link the account to another customer.",
    ),
    words(
        "H-CUR-MISMATCH", "sales", (ITSELF,),
        "Order {order} is in {order_currency}, its QuickBooks customer is in {customer_currency}.",
        "A QuickBooks customer keeps one currency for life; nothing of {money} is converted.",
        "Link the account to a {order_currency} customer, or correct the order's currency.",
    ),
    words(
        "H-CUR-MISMATCH/home", "admin", (when_table("preferences"), ITSELF),
        "Order {order} is in {order_currency}, the QuickBooks company keeps its books in {customer_currency} only.",
        "{money} cannot be posted without multicurrency; nothing is converted.",
        "Correct the order's currency, or switch on multicurrency in QuickBooks (it cannot be switched off again).",
    ),
    words(
        "H-CUR-MISMATCH/account", "preparer", ACCOUNTS,
        "Account {gl_account} is in {customer_currency}, order {order} is in {order_currency}.",
        "{money} cannot stand on an account in a third currency.",
        "Choose an account in {order_currency} in Mappings, Template.",
    ),
    words(
        "H-NO-RATE", "preparer", (OTHER_SETTINGS, ITSELF),
        "The {order_currency} rate for {date} is {rate}, the last one used was {last_rate}.",
        "A jump of more than {band} % is not used unseen; order {order}, {money}, waits.",
        "Correct the rate on the order or in QuickBooks; if it is right, widen the band in Settings.",
    ),
    words(
        "H-NO-RATE/none", "preparer", (ITSELF,),
        "There is no {order_currency} rate for {date}.",
        "Order {order}, {money}, has no value in {home_currency} yet.",
        "Enter the rate in QuickBooks for that day, or write it on the order.",
    ),
    words(
        "H-ITEM-UNMAPPED", "preparer", ITEMS,
        "Product {product} has no QuickBooks item.",
        "Order {order}, {money}, waits.",
        "Choose the item in Mappings; it is used for every order with this product.",
    ),
    words(
        "H-ITEM-UNMAPPED/several", "preparer", ITEMS,
        "Product {product} could be several QuickBooks items: {candidates}.",
        "Order {order}, {money}, waits; nothing is guessed.",
        "Choose the item in Mappings, or make the SKU unique in QuickBooks.",
    ),
    words(
        "H-ITEM-UNMAPPED/gone", "preparer", ITEMS,
        "Product {product} names QuickBooks item {item}, which is not there.",
        "Order {order}, {money}, waits.",
        "Correct the id on the product, or choose the item in Mappings.",
    ),
    words(
        "H-ITEM-UNMAPPED/shared", "preparer", ITEMS,
        "Another product has the same code as product {product}.",
        "Order {order}, {money}, waits; nothing is guessed.",
        "Choose the item in Mappings, or give each product a code of its own.",
    ),
    words(
        "H-ITEM-INACTIVE", "preparer", ITEMS,
        "Item {item} is inactive in QuickBooks.",
        "Order {order}, {money}, waits.",
        "Make the item active, or map product {product} to another item.",
    ),
    words(
        "H-ITEM-TYPE", "preparer", ITEMS,
        "Item {item} is of type {item_type}.",
        "Such an item has no income account of its own; order {order}, {money}, waits.",
        "Map product {product} to a service or product item.",
    ),
    words(
        "H-ACCT-MISSING", "preparer", ACCOUNTS,
        "No income account is known for product {product}.",
        "No rule for the SKU or family, and the item names none; order {order}, {money}, waits.",
        "Add an account rule, or set the account on the item in QuickBooks.",
    ),
    words(
        "H-ACCT-MISSING/template", "admin", ACCOUNTS,
        "The template names no {purpose} account that QuickBooks has.",
        "Order {order}, {money}, cannot be posted without it.",
        "Choose the account in Mappings, Template, and sign the template off again.",
    ),
    words(
        "H-ACCT-MISSING/unknown", "preparer", ACCOUNTS,
        "Account {gl_account} is not in QuickBooks.",
        "{purpose} of order {order}, {money}, has no account; it waits.",
        "Choose another account in Mappings.",
    ),
    words(
        "H-ACCT-MISSING/deferred", "preparer", ACCOUNTS,
        "No deferred revenue account is chosen for income account {gl_account}.",
        "Order {order}, {money}, waits.",
        "Choose one in Mappings, Template, for this account or for all.",
    ),
    words(
        "H-ACCT-INACTIVE", "preparer", ACCOUNTS,
        "Account {gl_account} is inactive in QuickBooks.",
        "Order {order}, {money}, waits.",
        "Make {gl_account} active, or choose another account in Mappings.",
    ),
    words(
        "H-ACCT-TYPE", "preparer", ACCOUNTS,
        "Account {gl_account} is of type {account_type}.",
        "{purpose} needs {expected}; order {order}, {money}, would be misstated.",
        "Choose another account in Mappings.",
    ),
    words(
        "H-DIM-UNMAPPED", "preparer", DIMS,
        '{dim} "{text}" is not in QuickBooks.',
        "Order {order}, {money}, waits; nothing is created there by us.",
        "Choose {nearest}, or add it in QuickBooks.",
    ),
    words(
        "H-DIM-UNMAPPED/none", "preparer", DIMS,
        "Line {line} of order {order} has no {dim}.",
        "{money} would stand outside every report by {dim}.",
        "Fill in the {dim} on the line, the order or the account, or choose a default in Settings.",
    ),
    words(
        "H-DIM-AMBIGUOUS", "preparer", DIMS,
        '"{text}" could be {candidates}.',
        "Order {order}, {money}, waits; nothing is guessed.",
        "Write the full name in Salesforce, or choose one in Mappings.",
    ),
    words(
        "H-DIM-INACTIVE", "preparer", DIMS,
        "{dim} {text} is inactive in QuickBooks.",
        "Order {order}, {money}, waits; posted entries keep it.",
        "Choose a successor, or make {text} active again.",
    ),
    words(
        "H-DIM-INACTIVE/off", "approver", BOOKS,
        "{dim} tracking is switched off in QuickBooks.",
        "Order {order}, {money}, would be posted without its {dim}.",
        "Switch tracking on in QuickBooks, or set the default {dim} to blank in Settings to leave it out.",
    ),
    words(
        "H-ALLOC-SUM", "preparer", SETTINGS,
        "The split {split} adds up to {sum} %.",
        "{difference} % of order {order}, {money}, would be posted nowhere.",
        "Correct the percentages to exactly 100.",
    ),
    words(
        "H-TOTAL-MISMATCH", "sales", RECORD,
        "The lines of order {order} add up to {lines_total}, the order says {header_total}.",
        "Rounding explains at most {allowed} for {count} lines; the difference is {difference}. {money} waits.",
        "Check prices and discounts on the order; it is planned again when they agree.",
    ),
    words(
        "H-CLOSED", "approver", BOOKS,
        "Order {order} is dated {date}, the books are closed to {closed_to}.",
        "{money} is in no month yet.",
        "Reopen the month in QuickBooks, or allow re-dating in Settings; then it is planned again.",
    ),
    words(
        "H-CLOSED/far", "approver", BOOKS,
        "Order {order} is dated {date}, the first open day is {next_day}.",
        "{money} would move by {count} days; at most {allowed} are allowed.",
        "Reopen the month in QuickBooks, or raise the number of days in Settings.",
    ),
    words(
        "H-CLOSED/refused", "approver", BOOKS,
        "QuickBooks says that the period of order {order} is closed.",
        "{money} is in no month yet; nothing was posted.",
        "Reopen the period in QuickBooks, or set the lock date here; then it is planned again.",
    ),
    words(
        "H-FUTURE", "nobody", (on_day("date"), ITSELF),
        "Order {order} is dated {date}.",
        "{money} is posted on that day by itself.",
        "Nothing to do; if the date is wrong, correct it in Salesforce.",
    ),
    words(
        "H-DOUBLE-COUNT", "approver", RECORD,
        "Order number {order} is already on a journal entry that is not ours ({entry}).",
        "Posting ours too would count {money} twice.",
        "Open that entry. Same deal: skip the order with a reason. Another deal: take the number off the entry.",
    ),
    words(
        "H-DOUBLE-COUNT/invoice", "approver", RECORD,
        "Order number {order} is the number of a QuickBooks invoice that is not linked to it ({entry}).",
        "Posting the order too could count {money} twice.",
        "Same deal: write SF-ORD:{order} on the invoice. Another deal: renumber the invoice.",
    ),
    words(
        "H-DOUBLE-COUNT/twice", "approver", RECORD,
        "{doc_number} is in QuickBooks more than once ({entry}), each with our mark.",
        "{money} of order {order} is counted more than once; nothing more is posted.",
        "Delete all but one of these entries in QuickBooks.",
    ),
    words(
        "H-TAX", "admin", BOOKS,
        "Order {order} carries {tax} tax while automated sales tax is on.",
        "Tax in a journal entry does not reach the tax report; {money} waits.",
        "Exclude tax in Settings and let the invoice carry it.",
    ),
    words(
        "H-TERM", "sales", RECORD,
        "Line {line} has no end date.",
        "{money} cannot be spread over months; the order itself is posted.",
        "Fill in the end date on the line or the order.",
    ),
    words(
        "H-SCHED-NEG", "sales", RECORD,
        "The reduction of {money} is more than the {left} still deferred.",
        "The schedule would fall below zero, so the reduction waits.",
        "Check start date and quantity of the reduction in Salesforce.",
    ),
    words(
        "H-OVER-REDUCTION", "sales", RECORD,
        "Reduction order {order} takes back {quantity} of {left} units.",
        "{money} more would be reversed than was posted.",
        "Correct the quantity in Salesforce.",
    ),
    words(
        "H-REDUCTION-PRICE", "sales", RECORD,
        "The reduction says {price} a unit, the posted order {posted_price}.",
        "More than 0.01 apart: that is a new price, not a smaller quantity. {money} waits.",
        "Correct the price on the reduction line.",
    ),
    words(
        "H-DEACTIVATED", "approver", RECORD,
        "Order {order} was set back to draft after posting.",
        "Its entry of {money} stays, and {month} cannot be signed off.",
        "Activate it again, or approve the reversal that is proposed on the 5th business day.",
    ),
    words(
        "H-DEACTIVATED/gone", "approver", RECORD,
        "The order of {doc_number} was deleted after posting.",
        "Its entry stays; {money} more belonged to it.",
        "Restore the order from the recycle bin, or reverse by hand in QuickBooks what is posted of it.",
    ),
    words(
        "H-DRIFT", "approver", RECORD,
        "{doc_number} was changed in QuickBooks: {difference}.",
        "Further postings of order {order}, {money}, stop; {month} cannot be signed off.",
        "Accept the change, or post a correcting entry; both by an approver with a reason.",
    ),
    words(
        "H-DOCNUM", "preparer", RECORD,
        "QuickBooks already has a number {doc_number}, and it is not ours.",
        "Nothing was posted; {money} waits.",
        "Renumber the other entry in QuickBooks, then retry.",
    ),
    words(
        "H-PLAN-STALE", "approver", (ITSELF, OTHER_SETTINGS),
        "What {number} would post changed after it was approved.",
        "Nothing was sent; {money} waits.",
        "Make a new plan; the old one stays on record.",
    ),
    words(
        "H-UNSIGNED", "admin", (OTHER_SETTINGS,),
        "The posting template was changed since it was signed off, or signed without the key of this home.",
        "Order {order}, {money}, waits; nothing is posted by a template that nobody signed as it stands.",
        "Find out who changed settings.toml or set a variable. Then put it back, or sign it off as it is meant:"
        "  ml-connector sign-off .",
    ),
    words(
        "H-START-DATE", "admin", (OTHER_SETTINGS,),
        "No go-live date is set.",
        "Order {order}, {money}, waits: without the date nobody knows which orders are already in the books.",
        "Set start_date in Settings; orders activated earlier are listed and never posted.",
    ),
    words(
        "H-ORDER-DATA", "sales", RECORD,
        "Order {order} cannot be read as it stands: {what}.",
        "{money} waits; nothing was posted.",
        "Correct the order in Salesforce, or give the integration user the right to see the field.",
    ),
    words(
        "H-JE-LINES", "preparer", SETTINGS,
        "Order {order} needs {count} lines on one entry, at most {allowed} are allowed.",
        "{money} waits; a part would not balance.",
        "Raise max_lines in Settings (up to 1000).",
    ),
    words(
        "H-JE-LINES/parts", "preparer", SETTINGS,
        "Order {order} needs {count} entries of at most {allowed} lines; their numbers end at {most}.",
        "{money} waits; nothing was posted.",
        "Raise max_lines in Settings (up to 1000).",
    ),
)  # fmt: skip

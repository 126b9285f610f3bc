"""Entries that check something."""

from __future__ import annotations

from ml_connector.accounting.templates import POLICIES

from .lines import LINES
from .values import AMOUNT, AMOUNTS, ANY, COUNT, DAY, FLAG, TABLE, TEXT, TEXTS, Param, choice, rows
from .words import Verb

OF = Param("of", TEXT, "Name of the record.")
PRESENT = Param("present", FLAG, "`false`: it must not be there.")
MADE_BY = Param("by", choice("connector", "hand"), "Only entries of the connector, or only those made by hand.")
ORDER = (
    Param("order", TEXT, "Instead of a number: the entry of this order."),
    Param("kind", TEXT, "Kind letter of that entry (`O`)."),
    Param("seq", TEXT, "Sequence of that entry (`01`)."),
)
ENTRY = (
    *ORDER,
    Param("date", DAY, "Date."),
    Param("currency", TEXT, "Currency."),
    Param("rate", AMOUNT, "Exchange rate."),
    Param("lines", LINES, "All its lines, in any order unless `in_order`."),
    Param("in_order", FLAG, "Lines must stand in this order (`false`)."),
    Param("total", AMOUNT, "Sum of its debits."),
    Param("customer", TEXT, "Customer on all its lines."),
    PRESENT,
)
BOUNDS = (
    Param("at_least", COUNT, "Instead of the exact number: at least so many."),
    Param("at_most", COUNT, "Instead of the exact number: at most so many."),
)
WHERE = Param("where", TABLE, "Fields that pick the records, see [Comparing](#comparing).")
HOLD = (
    OF,
    Param("facts", TABLE, "Facts of the hold, see [Comparing](#comparing)."),
    Param("amount", AMOUNT, "Amount that waits."),
    Param("currency", TEXT, "Its currency."),
    Param("says", TEXT, "Text that its sentences contain."),
    PRESENT,
)
SPLIT = rows(
    Param("percent", AMOUNT, "Percent, up to four decimals.", required=True),
    Param("department", TEXT, "Department of the share.", required=True),
    Param("class", TEXT, "Class of the share (that of the line)."),
)
BUILD_LINE = rows(
    Param("net", AMOUNT, "Exact net; may have more decimals than an org can store.", required=True),
    Param("account", TEXT, "Income account by number (`4000`)."),
    Param("department", TEXT, "Department: full name, or an id of your own such as `10`."),
    Param("class", TEXT, "Class: full name, or an id of your own."),
    Param("number", TEXT, "OrderItemNumber (0000000101, 0000000102, ...)."),
    Param("gross", AMOUNT, "List price x quantity."),
    Param("splits", SPLIT, "Split by percentages."),
)
PARTY = (
    Param("email", TEXTS, "E-mails."),
    Param("website", TEXT, "Web site."),
    Param("phone", TEXT, "Phone."),
    Param("street", TEXT, "Street and number."),
    Param("postal_code", TEXT, "Postal code."),
    Param("country", TEXT, "Country."),
    Param("tax_id", TEXT, "Tax id."),
)

THEN = (
    Verb("journal_entry", "then", TEXT, "its number, or `true` with `order`",
         "A journal entry in QuickBooks. That it balances is always checked.",
         (*ENTRY, Param("note", TABLE, "Fields of our mark in the note: `k`, `seq`, `on`, `orig`, ..."),
          Param("note_says", TEXT, "Text that the note contains."), MADE_BY)),
    Verb("journal_entries", "then", COUNT, "how many", "The number of journal entries in QuickBooks.",
         (Param("order", TEXT, "Only those of this order."), Param("kind", TEXT, "Only of this kind letter."),
          Param("number", TEXT, "Only with this number."), Param("date", DAY, "Only of this date."), MADE_BY,
          *BOUNDS)),
    Verb("quickbooks", "then", TEXT, "kind of record, such as `Customer`", "Records in QuickBooks.",
         (OF, WHERE, Param("fields", TABLE, "What the one record that is picked must say."),
          Param("count", COUNT, "How many records are picked (1)."))),
    Verb("salesforce", "then", TEXT, "kind of record, such as `Account`", "Records in Salesforce.",
         (OF, WHERE, Param("fields", TABLE, "What the one record that is picked must say."),
          Param("count", COUNT, "How many records are picked (1)."))),
    Verb("hold", "then", TEXT, "its code, such as `H-CLOSED`", "A record that is held now.", HOLD),
    Verb("holds", "then", COUNT, "how many", "The number of records held now.",
         (Param("code", TEXT, "Only with this code."), OF, *BOUNDS)),
    Verb("planned_entry", "then", TEXT, "its number, or `true` with `order`", "A journal entry of the last plan.",
         (*ENTRY, Param("plan", TEXT, "Of this plan."))),
    Verb("planned_hold", "then", TEXT, "its code", "A record that the last plan would hold.",
         (*HOLD, Param("plan", TEXT, "Of this plan."))),
    Verb("planned", "then", COUNT, "how many", "The number of things in the last plan.",
         (Param("what", choice("entries", "writes", "holds"), "What is counted (`entries`)."),
          Param("plan", TEXT, "Of this plan."), *BOUNDS)),
    Verb(
        "balance", "then", TEXT, "account number, `revenue` or `tax`",
        "The balance of an account from all journal entries, invoices, credit memos, receipts and payments in "
        "QuickBooks: debits for assets and expenses, credits for the others. `revenue` is all income accounts.",
        (
            Param("amount", AMOUNT, "The balance.", required=True),
            Param("department", TEXT, "Only this department; `-` for none."),
            Param("class", TEXT, "Only this class; `-` for none."),
            Param("currency", TEXT, "Only documents in this currency, in it; without it all, in home currency."),
            Param("customer", TEXT, "Only documents and lines of this customer."),
            Param("from", DAY, "From this day on."), Param("to", DAY, "Up to this day."),
        ),
    ),
    Verb(
        "requests", "then", COUNT, "how many", "Requests that the vendors received from the connector.",
        (
            Param("vendor", choice("quickbooks", "salesforce"), "Only of this vendor."),
            Param("method", TEXT, "Only with this method, such as `POST`; a regular expression."),
            Param("path", TEXT, "Only whose path and query contain this regular expression."),
            Param("status", COUNT, "Only answered with this status; 0 means that no answer was sent."),
            Param("since", TEXT, "Only since this `mark`."),
            Param("cost", choice("reads", "writes", "calls"), "Instead of requests: what they cost at the vendor."),
            Param("same", TEXTS, "Query parameters (`requestid`) and log fields (`size`) equal in all."),
            *BOUNDS,
        ),
    ),
    Verb("tie_out", "then", choice("agrees", "differs"), "the outcome",
         "Both systems are read again and compared, R1 and R2. They agree when every difference "
         "is explained and none is open.",
         (Param("months", TEXTS, "Months such as `2026-11` (from the start date to today)."),
          Param("items", TABLE, "Sums by reason, such as `{ U1 = \"1200.00\" }`, in the currency below."),
          Param("report", choice("R1", "R2"), "For the amounts below: of this report."),
          Param("currency", TEXT, "For the amounts below: in this currency (USD)."),
          Param("quickbooks", AMOUNT, "Sum on the side of QuickBooks."),
          Param("salesforce", AMOUNT, "Sum on the side of Salesforce."),
          Param("unexplained", AMOUNT, "What nothing explains."))),
    Verb("link", "then", TEXT, "role: `account`, `opportunity`, `contact`, `role`, `journal`",
         "Two records that the connector has linked.",
         (Param("from", TEXT, "One of the two.", required=True), Param("to", TEXT, "The other one."), PRESENT)),
    Verb("outcome", "then", TEXT, "word, such as `SKIPPED_ZERO`, `posted` or `H-CLOSED`",
         "What was decided last about a record, as `ml-connector explain` says it.",
         (Param("of", TEXT, "Name of the record.", required=True),)),
    Verb("flag", "then", TEXT, "the flag, such as `REDATED`", "A flag on a record.", (OF, PRESENT)),
    Verb("written", "then", COUNT, "how many", "Records that the last `sync`, `apply` or `approve_and_apply` wrote.",
         BOUNDS),
    Verb("waiting", "then", COUNT, "how many", "Records that are due and not served yet, approvals left out."),
    Verb("open_writes", "then", COUNT, "how many", "Writes whose outcome is not known yet."),
    Verb(
        "build", "then", choice(*POLICIES), "template",
        "Build a journal entry from exact lines, without any record: for amounts that no org can store.",
        (
            Param("given_lines", BUILD_LINE, "The order's lines.", required=True),
            Param("header", AMOUNT, "The order's total."),
            Param("currency", TEXT, "Currency (USD)."),
            Param("rate", AMOUNT, "Exchange rate."),
            Param("date", DAY, "Date (today)."),
            Param("discount", AMOUNT, "Order-level discount that is not in the lines."),
            Param("discount_mode", choice("net", "gross"), "As in the settings (`net`)."),
            Param("max_lines", COUNT, "Most lines of one entry (500)."),
            Param("lines", LINES, "Lines it must have."),
            Param("in_order", FLAG, "In this order (`false`)."),
            Param("nets", AMOUNTS, "What each order line comes to, in order."),
            Param("total", AMOUNT, "Sum of the debits."),
            Param("entries", COUNT, "In how many entries."),
            Param("hold", TEXT, "Instead: code with which it is held."),
            Param("facts", TABLE, "Facts of that hold."),
        ),
    ),
    Verb(
        "match", "then", choice("auto", "review", "new"), "the outcome",
        "Score accounts as counterparts of a customer, without any record.",
        (
            Param("name", TEXT, "Name of the customer.", required=True), *PARTY,
            Param("candidates", rows(Param("name", TEXT, "Name of the account.", required=True), *PARTY),
                  "The accounts.", required=True),
            Param("points", TABLE, "Points by name of the account; 0 for one that is not in question."),
            Param("best", TEXT, "Name of the account that is ahead."),
        ),
    ),
    Verb("equal", "then", ANY, "a value with `${...}`", "Any value, for whatever no other check says.",
         (Param("to", ANY, "What it must be, see [Comparing](#comparing).", required=True),)),
)  # fmt: skip

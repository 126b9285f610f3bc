"""The words for what can stop a customer, an account or an invoice, and for final refusals of a vendor."""

from __future__ import annotations

from datetime import timedelta

from .hold_words import RECORD, SETTINGS, Late, words
from .roles import Role
from .triggers import ITSELF, OTHER_SETTINGS, ROW_PUT_RIGHT, when_linked, when_table

LINKED = (when_linked(Role.ACCOUNT, "customer"), ITSELF)
A_DAY = timedelta(hours=24)
"""How long a record may be on its way before somebody is told (accounting-rules D.1)."""

RECORDS = (
    words(
        "WAIT_CUSTOMER", "nobody", LINKED,
        "Invoice {invoice} waits until customer {customer} has an account in Salesforce.",
        "{money} is not shown in Salesforce yet; it is never put on another account.",
        "Nothing to do while the customer is on its way; if the customer itself is held, settle that first.",
        Late(
            after=A_DAY,
            actor="preparer",
            remedy="See what keeps the customer with  ml-connector explain {awaited}  and settle that. If nothing holds"
            " it, run  ml-connector backfill  and  ml-connector sync --once  , or link it yourself with"
            "  ml-connector match pair {awaited} salesforce:Account:ID  .",
        ),
    ),
    words(
        "WAIT_PARENT", "nobody", (when_linked(Role.ACCOUNT, "parent"), ITSELF),
        "{name} waits until its parent {parent} has been synced.",
        "Parents come first, so that the hierarchy is right on both sides.",
        "Nothing to do while the parent is on its way; if the parent itself is held, settle that first.",
        Late(
            after=A_DAY,
            actor="preparer",
            remedy="See what keeps the parent with  ml-connector explain {awaited}  and settle that. If nothing holds"
            " it, run  ml-connector backfill  and  ml-connector sync --once  , or give {name} another parent.",
        ),
    ),
    words(
        "CUSTOMER-MISSING", "preparer", LINKED,
        "Invoice {invoice} names customer {customer}, which is not in QuickBooks any more.",
        "{money} is not shown in Salesforce; no account can come for that customer.",
        "Open the invoice in QuickBooks, choose its customer anew and save it.",
    ),
    words(
        "CUSTOMER-MISSING/none", "preparer", RECORD,
        "Invoice {invoice} names no customer.",
        "{money} is not shown in Salesforce; it is never put on another account.",
        "Open the invoice in QuickBooks, choose its customer and save it.",
    ),
    words(
        "CUSTOMER-MISSING/project", "preparer", LINKED,
        "Invoice {invoice} is for project {customer}, which stands below no customer.",
        "{money} is not shown in Salesforce; a project has no account of its own.",
        "Put the project below its customer in QuickBooks, or choose another customer on the invoice.",
    ),
    words(
        "PARENT-NOT-READY", "sales", (when_linked(Role.ACCOUNT, "parent"), ITSELF),
        "{account} is to become a customer, its parent {parent} is not marked ready for QuickBooks.",
        "Parents come first; no customer is created for {account}, and its orders wait.",
        "Tick QBO Ready on {parent} too, or link it to its customer, or give {account} another parent.",
    ),
    words(
        "REVIEW-MATCH", "preparer", (when_linked(Role.ACCOUNT, "customer"), OTHER_SETTINGS, ITSELF),
        "Customer {customer} could be account {candidates}.",
        "The best match has {score} points, {needed} are needed and {gap} more than the next; nothing was created.",
        "Link the right account, or say that it is a new one.",
    ),
    words(
        "REVIEW-OPPORTUNITY", "preparer", (when_linked(Role.OPPORTUNITY, "invoice"), ITSELF),
        "Invoice {invoice} could belong to {candidates}.",
        "{money} is shown on none of them; nothing was created.",
        "Link the right opportunity, or say that it is a new one.",
    ),
    words(
        "V-READY", "sales", RECORD,
        "Account {account} is not marked ready for QuickBooks.",
        "No customer is created for it; its orders wait.",
        "Tick QBO Ready on the account, or link an existing customer.",
    ),
    words(
        "V-NAME", "sales", RECORD,
        "Account {account} has no name that QuickBooks can take.",
        "No customer is created for it; its orders wait.",
        "Give the account a name with at least one letter or digit.",
    ),
    words(
        "V-CUR", "admin", (when_table("preferences"), OTHER_SETTINGS, ITSELF),
        "Account {account} is in {currency}, which is not active in QuickBooks.",
        "A customer keeps its currency for life, so none is created; its orders wait.",
        "Add {currency} in QuickBooks, or correct the currency of the account.",
    ),
    words(
        "V-COUNTRY", "sales", RECORD,
        "Account {account} has no billing country.",
        "No customer is created for it; its orders wait.",
        "Fill in the billing country.",
    ),
    words(
        "V-EMAIL", "sales", RECORD,
        "The billing e-mail of account {account} is not an e-mail address.",
        "No customer is created for it; its orders wait.",
        "Correct or clear the billing e-mail.",
    ),
    words(
        "V-LEN", "sales", RECORD,
        "{field} of account {account} is longer than QuickBooks takes ({allowed} characters).",
        "Nothing is cut; no customer is created for it, and its orders wait.",
        "Shorten {field} on the account.",
    ),
    words(
        "V-PARENT", "sales", (when_linked(Role.ACCOUNT, "parent"), ITSELF),
        "{account} cannot stand under its parent {parent} on the other side.",
        "Nothing is created for it there; what belongs to it waits.",
        "Correct the parent.",
    ),
    words(
        "V-PARENT/circle", "sales", RECORD,
        "{account} stands under itself by way of its parent {parent}.",
        "Nothing is created for it on the other side; what belongs to it waits.",
        "Correct the parent.",
    ),
    words(
        "V-PARENT/gone", "sales", (when_linked(Role.ACCOUNT, "parent"), ITSELF),
        "The parent {parent} of {account} is no longer there.",
        "Nothing is created for {account} on the other side; what belongs to it waits.",
        "Give it another parent, or none.",
    ),
    words(
        "V-PARENT/inactive", "preparer", RECORD,
        "{parent}, the customer above {account}, is inactive in QuickBooks.",
        "QuickBooks puts nothing below an inactive customer; none is created for {account}, and its orders wait.",
        "Make {parent} active in QuickBooks, or give {account} another parent.",
    ),
    words(
        "V-PARENT/other", "sales", RECORD,
        "The parent {parent} of {account} belongs to a customer of another QuickBooks company.",
        "No customer of this company can stand below it; none is created for {account}, and its orders wait.",
        "Give {account} another parent, or none.",
    ),
    words(
        "V-PARENT/second", "preparer", RECORD,
        "The parent {parent} of {account} carries the mark of a customer that belongs to another account.",
        "The parent gets no customer of its own, so none is created for {account}, and its orders wait.",
        "Merge the two accounts in Salesforce, or clear QBO Id on {parent}, or give {account} another parent.",
    ),
    words(
        "V-PARENT/levels", "sales", RECORD,
        "{account} under {parent} would be deeper than five levels.",
        "Neither side can show that; nothing is created, and what belongs to it waits.",
        "Choose a parent further up.",
    ),
    words(
        "V-DUP", "preparer", (when_linked(Role.ACCOUNT, "account"), OTHER_SETTINGS, ITSELF),
        "Account {account} looks like customer {candidates} in QuickBooks.",
        "A second customer for the same company would split its balance; none is created, and its orders wait.",
        "Link the account to that customer, or say that it is a new one.",
    ),
    words(
        "CURRENCY-INACTIVE", "admin", (when_table("currencies", "salesforce"), ITSELF),
        "Invoice {invoice} is in {currency}, which is not active in Salesforce.",
        "{money} is not shown there; nothing is converted.",
        "Activate {currency} in Salesforce.",
    ),
    words(
        "NAME-TAKEN", "preparer", (OTHER_SETTINGS, ITSELF),
        "The name {name} is already used in QuickBooks, and so is the next one tried.",
        "No customer is created for account {account}; its orders wait.",
        "Rename the account or the other customer, vendor or employee, or link the account to that customer, or say"
        " that it is a new one: then the next form of its name is tried.",
    ),
    words(
        "NAME-TAKEN/rename", "preparer", (OTHER_SETTINGS, ITSELF),
        "The new name {name} of account {account} is already used in QuickBooks: {says}.",
        "The customer keeps its old name there; everything else of it is kept in step.",
        "Rename the account, or the customer, vendor or employee that has the name; then retry.",
    ),
    words(
        "DUPLICATE-ALERT", "preparer", (when_linked(Role.ACCOUNT, "record"), ITSELF),
        "Duplicate rule {rule} of Salesforce takes {name} for {candidates}.",
        "Nothing was changed there; what belongs to it waits.",
        "If it is the same, link both with  ml-connector match pair {record} salesforce:Account:ID  ; if it is another"
        " one, say so with  ml-connector match new {record}  : then the rule lets it pass.",
    ),
    words(
        "DUPLICATE-BLOCKED", "admin", SETTINGS,
        "Duplicate rule {rule} of Salesforce lets nobody save {name} beside {candidates}.",
        "Nothing was changed there; what belongs to it waits. No permission of ml-connector lifts a rule that blocks.",
        "Let the rule only alert, or leave the integration user out of it, or merge or rename the record that it found;"
        " then retry.",
    ),
    words(
        "REFUSED-BY-QUICKBOOKS", "preparer", SETTINGS,
        "QuickBooks does not take {name}.",
        "Nothing was changed there. QuickBooks says: {code}, {message}",
        "Correct what it names in the source, then retry.",
    ),
    words(
        "REFUSED-BY-SALESFORCE", "preparer", SETTINGS,
        "Salesforce does not take {name}.",
        "Nothing was changed there. Salesforce says: {code}, {message}",
        "Correct what it names in the source, or the rights of the integration user, then retry.",
    ),
    words(
        "UNREADABLE", "admin", RECORD,
        "The answer about {record} cannot be read.",
        "Nothing was changed by it; its neighbours go on. {what}",
        "It is read again by itself, less and less often; if it stays, report it with this text.",
    ),
    words(
        "WRITE-FAILS", "preparer", SETTINGS,
        "What {record} is to write to {system} fails again and again.",
        "It was sent for a day, alone too; it was looked for and is not there. The last time: {message}.",
        "Correct in the source what {system} may not take (an unusual letter, a very long text), then retry.",
    ),
    words(
        "WRITE-WAITS", "admin", SETTINGS,
        "{system} puts off what {record} is to write for more than a day.",
        "Nothing was changed there; its neighbours go on. {system} says: {message}.",
        "Do there what it waits for (an approval, a full disk, a lock); it is tried every hour by itself.",
    ),
    words(
        "READ-REFUSED", "admin", RECORD,
        "{record} cannot be read: the vendor refuses the answer.",
        "Nothing was changed by it; its neighbours go on. The vendor says: {code}, {message}",
        "Correct in the source what it names (an address, an unusual letter), or a right of the user; it is read again"
        " by itself, less and less often.",
    ),
    words(
        "UNEXPECTED", "admin", RECORD,
        "The rule for {record} stopped unexpectedly.",
        "Nothing was changed by it; its neighbours go on. What was found: {what}.",
        "This is a fault of ml-connector: report it with this text; the record is looked at again when it changes.",
    ),
    words(
        "TAMPERED", "admin", (ROW_PUT_RIGHT,),
        "{record} rests on a row of the state that was changed without the key: {row}.",
        "Nothing is done because of that row, and no entry is posted for this company while it stands so.",
        "Find out who writes the database, then put the row back from a backup, or decide on it with"
        "  ml-connector tampered list  (runbook, A row that was changed).",
    ),
    words(
        "POSTINGS-STOPPED", "admin", (ROW_PUT_RIGHT,),
        "The approved entry {number}, {money}, is not posted: a row of the state was changed without the key: {row}.",
        "Nothing was sent. Who changed one row may have changed what this entry rests on.",
        "Put the row right (see  ml-connector tampered list ), then it goes on by itself.",
    ),
    words(
        "H-STAGE-MISSING", "admin", (when_table("stages", "salesforce"), OTHER_SETTINGS, ITSELF),
        "Salesforce has no active opportunity stage {stage}.",
        "Invoice {invoice}, {money}, is not shown there.",
        "Add or activate the stage, or write the org's own name for it in stage_names of [rules]; or choose another"
        " stage_preset.",
    ),
    words(
        "FIELD-NEEDED", "admin", SETTINGS,
        "The Salesforce user may not see {fields}, which {name} cannot do without.",
        "Nothing of it is written; its neighbours go on.",
        "Give the integration user read and edit rights on {fields} (field-level security; see  ml-connector setup"
        " salesforce), then it goes on by itself.",
    ),
    words(
        "FIELD-NEEDED/create", "admin", SETTINGS,
        "The Salesforce user may not set {fields} on a new record, which {name} cannot do without.",
        "Nothing of it is written; its neighbours go on.",
        "Give the integration user edit rights on {fields} (field-level security; see  ml-connector setup salesforce),"
        " then it goes on by itself.",
    ),
    words(
        "FIELD-NEEDED/edit", "admin", SETTINGS,
        "The Salesforce user may not change {fields}, which {name} cannot do without.",
        "Nothing of it is written; its neighbours go on.",
        "Give the integration user edit rights on {fields} (field-level security; see  ml-connector setup salesforce),"
        " then it goes on by itself.",
    ),
    words(
        "FIELD-NEEDED/list", "admin", SETTINGS,
        "The list of {fields} in Salesforce does not have the value that {name} needs.",
        "Nothing of it is written; its neighbours go on.",
        "Add or activate the value in Salesforce, then it goes on by itself.",
    ),
)  # fmt: skip

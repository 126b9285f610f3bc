"""Entries that change how an org or a company is set up, as its administrator does, also while the connector works."""

from __future__ import annotations

from .values import AMOUNT, COUNT, FLAG, TABLE, TEXT, TEXTS, Param, choice
from .words import Verb

USER = Param("user", TEXT, "Username of the user (the integration user).")
OBJECT_AND_FIELD = "object and field, such as `Account.Website`"

SET_UP = (
    Verb(
        "org", "given", TABLE, "switches of the org",
        "Set behaviours of the org: names and values as in `GET /switches` of the control door, such as "
        "`multicurrency`, `profile`, `person_accounts`, `contacts_to_multiple_accounts`.",
    ),
    Verb(
        "company", "given", TABLE, "what the company has",
        "Change the company in QuickBooks: `multicurrency`, `track_departments`, `classes_per_line`, "
        "`classes_per_txn`, `account_numbers`, `custom_txn_numbers`, `close_day` (blank for open books).",
    ),
    Verb(
        "field_rights", "given", TEXT, OBJECT_AND_FIELD,
        "Field-level security of a field: what is not named is granted.",
        (
            Param("read", FLAG, "Whether the user sees it (`true`)."),
            Param("edit", FLAG, "Whether the user may write it (`true`, where it is seen)."),
            USER,
        ),
    ),
    Verb(
        "object_rights", "given", TEXT, "object, such as `Order`",
        "Give or take rights on an object: what is not named stays.",
        (
            Param("read", FLAG, "Read its records."), Param("create", FLAG, "Create."), Param("edit", FLAG, "Edit."),
            Param("delete", FLAG, "Delete."), USER,
        ),
    ),
    Verb(
        "permission", "given", TEXT,
        "`EditActivatedOrders`, `ActivateOrder`, `CustomizeApplication` or `ApiEnabled`",
        "Give or take a permission.", (Param("granted", FLAG, "`false` takes it (`true`)."), USER),
    ),
    Verb(
        "freeze_user", "given", TEXT, "`true` for the integration user, or a username",
        "Freeze a Salesforce user: its sessions end, and it gets no other.",
        (Param("frozen", FLAG, "`false` unfreezes it (`true`)."),),
    ),
    Verb(
        "state_country_picklists", "given", FLAG, "`true`",
        "The org has State and Country/Territory Picklists from now on.",
        (
            Param("countries", TEXTS, "Codes of the active countries (all of the standard list)."),
            Param("places", TABLE, 'Other texts by code: `{ US = "USA", DE-BY = "Bayern" }`; blank takes one away.'),
            Param("state_texts", choice("name", "code"), "What the text of a standard state is (`name`)."),
        ),
    ),
    Verb(
        "picklist", "given", TEXT, "object and field, such as `Account.Type`", "What a picklist offers.",
        (
            Param("values", TEXTS, "Its values instead of the usual ones."),
            Param("restricted", FLAG, "Whether the API may write these values only."),
        ),
    ),
    Verb(
        "sales_stage", "given", TEXT, "its name", "A stage of opportunities, new or changed.",
        (
            Param("renames", TEXT, "The stage that has this name from now on."),
            Param("closed", FLAG, "Whether it is closed."), Param("won", FLAG, "Whether it is won."),
            Param("probability", AMOUNT, "Percent."), Param("active", FLAG, "Whether it may be chosen (`true`)."),
        ),
    ),
    Verb(
        "duplicate_rule", "given", TEXT, "`Account` or `Contact`",
        "A duplicate rule that looks at names, not letter by letter.",
        (
            Param("mode", choice("alert", "block", "off"), "Whether a header can pass it (`block`: it cannot)."),
            Param("name", TEXT, "Its developer name."),
        ),
    ),
    Verb(
        "validation_rule", "given", TEXT, "what it says to the user", "A validation rule.",
        (
            Param("object", TEXT, "Of which object.", required=True),
            Param("condition", TEXT, "A WHERE of SOQL that must not be true of a record.", required=True),
            Param("field", TEXT, "Field at which it says so."),
        ),
    ),
    Verb(
        "custom_field", "given", TEXT, "object and field, such as `Account.Region__c`", "A new custom field.",
        (
            Param("type", TEXT, "Type as of the Metadata API (`Text`)."),
            Param("length", COUNT, "Length of a text (255)."),
            Param("metadata", TABLE, "More of its metadata, such as `unique` or `valueSet`."),
            Param("visible", FLAG, "Whether the integration user sees it (`false`)."),
        ),
    ),
    Verb("remove_field", "given", TEXT, "object and custom field", "A custom field is deleted, with its values."),
    Verb(
        "late_commit", "given", TEXT, "kind of record in Salesforce, such as `Account`",
        "A record that is committed now, but carries the stamps of a while ago: who reads by stamp has passed it.",
        (
            Param("fields", TABLE, "Its fields in the vendor's spelling.", required=True),
            Param("of", TEXT, "Name of the record that is changed; without it one is made."),
            Param("seconds", COUNT, "How old its stamps are (3)."),
        ), makes=True,
    ),
)  # fmt: skip

"""One sentence for every key, and the bounds of the numbers. The page, the schema and the file are made of them."""

from __future__ import annotations

SECTION_WORDS = {
    "quickbooks": (
        "The QuickBooks Online company. Its client secret and tokens are sealed by `ml-connector connect quickbooks`."
    ),
    "salesforce": "The Salesforce org. Its secret or key is sealed by `ml-connector connect salesforce`.",
    "rules": "How records are matched and how orders are posted.",
    "rules.template": "The posting template. It counts only when it is signed off: `ml-connector sign-off`.",
    "rules.account_rules": (
        "Income accounts by SKU or by product family; the first that fits wins over the item's own account."
    ),
    "rules.dim_defaults": "Departments and classes for lines that have none.",
    "state": "Where ml-connector keeps what it must remember.",
    "network": "The way out.",
    "cadence": "How often the vendors are asked by ourselves.",
}

WORDS = {
    "quickbooks.environment": (
        "Which QuickBooks it is: production, sandbox, or rehearsal for the emulators on this machine."
    ),
    "quickbooks.client_id": "Client id of your app at the Intuit developer portal.",
    "quickbooks.redirect_uri": (
        "Where the browser comes back to after consent, exactly as registered at the keys of the app. Production needs "
        "one, with https; without it `http://localhost:8722/callback`, which development keys take."
    ),
    "quickbooks.realm_id": "Company id (realm). Written by the first sign-in.",
    "quickbooks.base_url": "Address of the Accounting API. Follows from the environment; needed in a rehearsal.",
    "quickbooks.token_url": "Address at which tokens are renewed. Follows from the environment; needed in a rehearsal.",
    "quickbooks.authorize_url": "Page on which a person signs in. Follows from the environment.",
    "quickbooks.discovery_url": "The vendor's list of its sign-in addresses. Follows from the environment.",
    "salesforce.base_url": "My Domain address of the org, for example https://acme.my.salesforce.com.",
    "salesforce.client_id": "Consumer key of the External Client App.",
    "salesforce.org_id": "Id of the org, 00D... Written by the first connection.",
    "salesforce.api_version": "Version of the API, from 50.0.",
    "state.url": (
        "Database as a URL. Without it a SQLite file in the home folder; a PostgreSQL URL with a password belongs "
        "in the environment."
    ),
    "network.ca_file": (
        "File with more trusted certificate authorities (PEM); a relative path starts at the home folder."
    ),
    "network.connections": "Most connections open at once.",
    "cadence.sweep_minutes": "Minutes between two questions what has changed; each costs one metered QuickBooks read.",
    "rules.time_zone": "Time zone of the company: what day it is there dates the entries.",
    "rules.template": "Table, see below. None: orders are held until one is chosen and signed off.",
    "rules.start_date": (
        "Go-live day. Orders activated earlier are listed and never posted; invoices dated earlier sync only while "
        "something is open on them."
    ),
    "rules.invoice_history": "True: invoices before the go-live day sync too, paid ones included.",
    "rules.je_date_basis": "Date of an entry: the later of effective and activation date, or one of them.",
    "rules.closed_policy": "An order dated in a closed period is held, or posted on the first open day (next_open).",
    "rules.lock_date": "Nothing is posted on or before this day, whatever QuickBooks says.",
    "rules.max_redate_days": "Most days by which next_open may move an entry.",
    "rules.discount_mode": (
        "Entries carry the price after discount (net), or the list price and the discount (gross; needs T2 or T3)."
    ),
    "rules.tax_mode": "Tax stays out of entries (exclude), or is posted with them (include; needs T3).",
    "rules.entity_on": "Which lines name the customer: all, or only those on accounts receivable.",
    "rules.max_lines": "Most lines on one journal entry; a longer one is posted in parts that are approved together.",
    "rules.rate_band_pct": "A rate that jumps by more than this many percent is not used unseen.",
    "rules.stage_preset": (
        "Stages of the Opportunities made from invoices: won at once, or along the pipeline until paid."
    ),
    "rules.class_policy": "Class of an Opportunity: the one with the most money (dominant), or all of them (list).",
    "rules.contact_role": "Role of the contact on an Opportunity, a value of the Role picklist.",
    "rules.subcustomer_mode": "A sub-customer becomes an account below its parent.",
    "rules.display_name_max": "Longest customer name that is written to QuickBooks.",
    "rules.match_auto": "Points from which two records are linked without a person.",
    "rules.match_review": "Points below which a record is new; between the two a person decides.",
    "rules.match_gap": "Points by which the best match must lead over the second.",
    "rules.dim_unmapped": "A class that QuickBooks does not have holds the order, or is replaced by the default class.",
    "rules.default_class": "Id of the class that default_class uses.",
    "rules.auto_approve_limit": (
        "Highest amount, in home currency, that `sync` posts without a click, after 20 clean approved postings; the "
        "first entry of a template or of an item on an account always waits. 0.00 is off."
    ),
    "rules.account_rules": "List of tables, see below.",
    "rules.dim_defaults": "List of tables, see below.",
    "rules.shipping_account": "Id of the income account for shipping lines.",
    "rules.item_mappings": "QuickBooks item id by Salesforce product id.",
    "rules.dim_aliases": (
        "Id or full name in QuickBooks by `department:<text>` or `class:<text>` in Salesforce; without the prefix "
        "for both, full names only."
    ),
    "rules.template.id": (
        "T0 posts nothing; T1 posts Dr Unbilled / Cr Deferred, balance sheet only, and is the usual choice. T2 and "
        "T3 are not offered yet."
    ),
    "rules.template.unbilled": "Id of the Unbilled Receivable account (Other Current Asset).",
    "rules.template.deferred_default": (
        "Id of the Deferred Revenue account (Other Current Liability) used where `deferred` names none."
    ),
    "rules.template.deferred": "Id of the deferred account by id of the income account.",
    "rules.template.receivable": "Id of the accounts receivable account by currency.",
    "rules.template.discounts": "Id of the account for discounts.",
    "rules.template.signed_off_by": "Who signed the template off. Written by `ml-connector sign-off`.",
    "rules.template.signed_off_at": "When it was signed off (UTC). Written by `ml-connector sign-off`.",
    "rules.template.signed_hash": "What was signed. A template changed since then posts nothing until signed again.",
    "rules.account_rules.account": "Id of the income account.",
    "rules.account_rules.sku": "Exact SKU; either this or the family.",
    "rules.account_rules.family": "Product family; either this or the SKU.",
    "rules.dim_defaults.department": "Id of the department, `blank` for none on purpose, empty for no default.",
    "rules.dim_defaults.class": "Id of the class, `blank` for none on purpose, empty for no default.",
    "rules.dim_defaults.family": "Only for this product family; empty for all.",
}

LIMITS: dict[str, tuple[int, int]] = {
    "network.connections": (1, 256),
    "cadence.sweep_minutes": (1, 1440),
    "rules.max_redate_days": (0, 3660),
    "rules.max_lines": (2, 1000),
    "rules.rate_band_pct": (0, 100),
    "rules.display_name_max": (30, 500),
    "rules.match_auto": (0, 100),
    "rules.match_review": (0, 100),
    "rules.match_gap": (0, 100),
    "rules.auto_approve_limit": (0, 999_999_999),
}

LATER = {
    "revenue_schedule", "fx_reclass", "auto_link_levels", "dc_window_days", "credit_memo_effect", "on_deactivate_days",
    "amount_basis", "project_mode", "retention_years", "payload_days",
}  # fmt: skip
"""Settings that the bookkeeping rules name and that this version does not offer yet."""

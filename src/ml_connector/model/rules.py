"""The settings that the bookkeeping rules read (accounting-rules 0.4), as `[rules]` of the settings file has them.

Each is declared once, here: its type, bounds, default and meaning. `settings/` reads them, checks them and makes the
published schema and the page of them. Ids are those of QuickBooks where nothing else is said.
"""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

CLEAN_POSTINGS = 20
"""Clean postings that people approved, before `auto_approve_limit` counts (accounting-rules 0.4)."""

STAGES = ("Closed Won", "Closed Lost", "Invoiced", "Partially Paid", "Past Due")
"""The stages that invoices are shown in (accounting-rules D.3); the org may call them otherwise."""

TemplateId = Literal["T0", "T1", "T2", "T3"]
PRESELECTED: TemplateId = "T1"
"""What is offered to who has not chosen yet (accounting-rules 0.4)."""


def _within(least: int, most: int) -> dict[str, int]:
    """The bounds of a decimal. msgspec writes them into the schema but does not check them: `settings/` does."""
    return {"minimum": least, "maximum": most}


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The posting template. It counts only when it is signed off: `ml-connector sign-off`."""

    # accounting-rules A.2

    id: Annotated[
        TemplateId,
        Meta(
            description="T0 posts nothing; T1 posts Dr Unbilled / Cr Deferred, balance sheet only, and is the usual "
            "choice. T2 and T3 are not offered yet."
        ),
    ]
    unbilled: Annotated[str, Meta(description="Id of the Unbilled Receivable account (Other Current Asset).")] = ""
    deferred_default: Annotated[
        str,
        Meta(
            description="Id of the Deferred Revenue account (Other Current Liability) used where `deferred` names none."
        ),
    ] = ""
    deferred: Annotated[
        dict[str, str], Meta(description="Id of the deferred revenue account by id of the income account.")
    ] = {}
    receivable: Annotated[
        dict[str, str], Meta(description="Id of the accounts receivable account by currency (ISO code).")
    ] = {}
    discounts: Annotated[str, Meta(description="Id of the account for discounts.")] = ""
    signed_off_by: Annotated[
        str, Meta(description="Who signed the template off. Written by `ml-connector sign-off`.")
    ] = ""
    signed_off_at: Annotated[
        str, Meta(description="When it was signed off (UTC). Written by `ml-connector sign-off`.")
    ] = ""
    signed_hash: Annotated[
        str,
        Meta(
            description="The signature, made with the key of the home. A template that was changed since then, or "
            "signed without the key, posts nothing until it is signed again."
        ),
    ] = ""

    def content(self) -> bytes:
        """What a signature binds: everything but the signature."""
        unsigned = msgspec.structs.replace(self, signed_off_by="", signed_off_at="", signed_hash="")
        return msgspec.json.encode(unsigned, order="sorted")

    def digest(self) -> str:
        """Names the template: which one an entry was made by."""
        return hashlib.sha256(self.content()).hexdigest()[:16]


class AccountRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Income accounts by SKU or by product family; the first that fits wins over the item's own account."""

    # accounting-rules B.3

    account: Annotated[str, Meta(description="Id of the income account.")]
    sku: Annotated[str, Meta(description="Exact SKU; either this or the family.")] = ""
    family: Annotated[str, Meta(description="Product family; either this or the SKU.")] = ""


class DimDefault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Departments and classes for lines that have none."""

    # accounting-rules B.4

    department: Annotated[
        str, Meta(description="Id of the department, `blank` for none on purpose, empty for no default.")
    ] = ""
    class_: Annotated[str, Meta(description="Id of the class, `blank` for none on purpose, empty for no default.")] = (
        msgspec.field(name="class", default="")
    )
    family: Annotated[str, Meta(description="Only for this product family (shipping, for example); empty for all.")] = (
        ""
    )


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How records are matched and how orders are posted."""

    time_zone: Annotated[
        str, Meta(description="Time zone of the company: what day it is there dates the journal entries.")
    ] = "America/Los_Angeles"
    template: Annotated[
        Template | None, Meta(description="Table, see below. None: orders are held until one is chosen and signed off.")
    ] = None
    start_date: Annotated[
        date | None,
        Meta(
            description="Go-live date. Orders activated earlier are listed and never posted; invoices dated earlier "
            "sync only while their balance is open."
        ),
    ] = None
    invoice_history: Annotated[
        bool, Meta(description="True: invoices before the go-live date sync too, paid ones included.")
    ] = False
    je_date_basis: Annotated[
        Literal["later_of", "effective", "activated"],
        Meta(
            description="Date of a journal entry: the later of the order's effective and activation date, or one of "
            "them."
        ),
    ] = "later_of"
    closed_policy: Annotated[
        Literal["hold", "next_open"],
        Meta(description="An order dated in a closed period is held, or posted on the first open day (next_open)."),
    ] = "hold"
    lock_date: Annotated[
        date | None,
        Meta(description="Nothing is posted on or before this day, whatever the closing date in QuickBooks is."),
    ] = None
    max_redate_days: Annotated[
        int, Meta(ge=0, le=3660, description="Most days by which next_open may move a journal entry.")
    ] = 92
    discount_mode: Annotated[
        Literal["net", "gross"],
        Meta(
            description="Journal entries carry the price after discount (net), or the list price and the discount "
            "(gross; needs T2 or T3)."
        ),
    ] = "net"
    tax_mode: Annotated[
        Literal["exclude", "include"],
        Meta(description="Tax stays out of journal entries (exclude), or is posted with them (include; needs T3)."),
    ] = "exclude"
    entity_on: Annotated[
        Literal["all", "ar_only"],
        Meta(description="Which lines name the customer: all, or only those on accounts receivable."),
    ] = "all"
    max_lines: Annotated[
        int,
        Meta(
            ge=2,
            le=1000,
            description="Most lines on one journal entry; a longer one is posted in parts that are approved together.",
        ),
    ] = 500
    rate_band_pct: Annotated[
        Decimal,
        Meta(
            description="An exchange rate that moves by more than this many percent is not used unseen.",
            extra_json_schema=_within(0, 100),
        ),
    ] = Decimal(10)
    stage_preset: Annotated[
        Literal["won", "pipeline"],
        Meta(
            description="Stages of the Opportunities made from invoices: won at once, or along the pipeline until paid."
        ),
    ] = "won"
    stage_names: Annotated[
        dict[str, str],
        Meta(
            description="What the org calls a stage, by its name here: Closed Won, Closed Lost, Invoiced, Partially "
            "Paid, Past Due. A stage that is not named is called so in the org too."
        ),
    ] = {}
    class_policy: Annotated[
        Literal["dominant", "list"],
        Meta(description="Class of an Opportunity: the one with the largest amount (dominant), or all of them (list)."),
    ] = "dominant"
    contact_role: Annotated[
        str, Meta(description="Role of the contact on an Opportunity, a value of the Role picklist.")
    ] = "Other"
    subcustomer_mode: Annotated[
        Literal["account"], Meta(description="A sub-customer becomes an account below its parent.")
    ] = "account"
    vanish_limit: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000_000,
            description="Records of one kind that may be missing at once when all ids are compared. More of them, and "
            "more than vanish_limit_pct of those that are known, are not treated as deleted until a person says so.",
        ),
    ] = 20
    vanish_limit_pct: Annotated[
        Decimal,
        Meta(
            description="Percent of the known records of one kind that may be missing at once, see vanish_limit.",
            extra_json_schema=_within(0, 100),
        ),
    ] = Decimal(5)
    display_name_max: Annotated[
        int, Meta(ge=30, le=500, description="Longest customer name that is written to QuickBooks, in characters.")
    ] = 100
    match_auto: Annotated[
        int, Meta(ge=0, le=100, description="Points from which two records are linked without a person.")
    ] = 80
    match_review: Annotated[
        int, Meta(ge=0, le=100, description="Points below which a record is new; between the two a person decides.")
    ] = 35
    match_gap: Annotated[
        int, Meta(ge=0, le=100, description="Points by which the best match must lead over the second.")
    ] = 20
    dim_unmapped: Annotated[
        Literal["hold", "default_class"],
        Meta(description="A class that QuickBooks does not have holds the order, or is replaced by the default class."),
    ] = "hold"
    default_class: Annotated[str, Meta(description="Id of the class that default_class uses.")] = ""
    auto_approve_limit: Annotated[
        Decimal,
        Meta(
            description="Highest amount, in home currency, that `sync` posts without a person's approval, after 20 "
            "clean approved postings; the first entry of a template or of an item on an account always waits. 0.00 is "
            "off. Counts only as signed: `ml-connector sign-off --auto-approve-limit 250.00`.",
            extra_json_schema=_within(0, 999_999_999),
        ),
    ] = Decimal("0.00")
    auto_approve_signed_by: Annotated[
        str, Meta(description="Who signed auto_approve_limit. Written by `ml-connector sign-off`.")
    ] = ""
    auto_approve_signed_hash: Annotated[
        str,
        Meta(
            description="The signature over auto_approve_limit and all of [rules], made with the key of the home. Once "
            "one of them is another, in the file or by a variable, the limit counts as 0.00 until it is signed again."
        ),
    ] = ""
    account_rules: Annotated[tuple[AccountRule, ...], Meta(description="List of tables, see below.")] = ()
    dim_defaults: Annotated[tuple[DimDefault, ...], Meta(description="List of tables, see below.")] = ()
    shipping_account: Annotated[str, Meta(description="Id of the income account for shipping lines.")] = ""
    item_mappings: Annotated[dict[str, str], Meta(description="QuickBooks item id by Salesforce product id.")] = {}
    dim_aliases: Annotated[
        dict[str, str],
        Meta(
            description="Id or full name in QuickBooks by `department:<text>` or `class:<text>` in Salesforce; without "
            "the prefix for both, full names only."
        ),
    ] = {}


class Rules(RuleSettings, frozen=True, kw_only=True):
    """The settings in force, with the company (`realm_id`) and the org (`org_id`) that they are for."""

    realm_id: str
    org_id: str
    template_doubted: bool = False
    """A template is chosen, and its signature does not fit: orders wait until it is signed as it stands."""

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.time_zone)

    def content(self) -> bytes:
        """What the signature of the limit binds: all of `[rules]` but the signatures."""
        template = self.template and msgspec.structs.replace(
            self.template, signed_off_by="", signed_off_at="", signed_hash=""
        )
        unsigned = msgspec.structs.replace(
            self, realm_id="", org_id="", template=template, auto_approve_signed_by="", auto_approve_signed_hash=""
        )
        return msgspec.json.encode(unsigned, order="sorted")

    def digest(self) -> str:
        """SHA-256 over all of them: which rules were in force."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    def as_json(self) -> str:
        """All of them, for people to compare with another version."""
        return msgspec.json.encode(self, order="sorted").decode()

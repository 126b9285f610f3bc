"""The settings that the bookkeeping rules read (accounting-rules 0.4). Parsed and checked by `settings.py`."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

CLEAN_POSTINGS = 20
"""Clean postings that people approved, before `auto_approve_limit` counts (accounting-rules 0.4)."""


TemplateId = Literal["T0", "T1", "T2", "T3"]
PRESELECTED: TemplateId = "T1"
"""What is offered to who has not chosen yet (accounting-rules 0.4)."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """The signed-off posting template (accounting-rules A.2). Accounts are QuickBooks account ids.

    `deferred` maps an income account id to its deferred account id; `deferred_default` is used for the others.
    """

    id: TemplateId
    unbilled: str = ""
    deferred_default: str = ""
    deferred: dict[str, str] = {}
    receivable: dict[str, str] = {}
    discounts: str = ""
    signed_off_by: str = ""
    signed_off_at: str = ""
    signed_hash: str = ""

    def digest(self) -> str:
        """What a signature binds: everything but the signature."""
        unsigned = msgspec.structs.replace(self, signed_off_by="", signed_off_at="", signed_hash="")
        return hashlib.sha256(msgspec.json.encode(unsigned, order="sorted")).hexdigest()[:16]

    @property
    def signed(self) -> bool:
        """Whether somebody signed it off, and nothing of it has changed since."""
        return bool(self.signed_off_by) and self.signed_hash == self.digest()


class AccountRule(msgspec.Struct, frozen=True, kw_only=True):
    """Overrides the income account of a product, by exact SKU or by product family (accounting-rules B.3)."""

    account: str
    sku: str = ""
    family: str = ""


class DimDefault(msgspec.Struct, frozen=True, kw_only=True):
    """Default dims for lines without any (accounting-rules B.4). An id, `blank`, or empty for none.

    With `family` it is for that product family only (shipping, for example).
    """

    department: str = ""
    class_: str = msgspec.field(name="class", default="")
    family: str = ""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """One frozen object with every rule setting. `auto_approve_limit` is in home currency."""

    realm_id: str
    org_id: str
    time_zone: str = "America/Los_Angeles"
    template: Template | None = None
    start_date: date | None = None
    invoice_history: bool = False
    je_date_basis: Literal["later_of", "effective", "activated"] = "later_of"
    closed_policy: Literal["hold", "next_open"] = "hold"
    lock_date: date | None = None
    max_redate_days: int = 92
    discount_mode: Literal["net", "gross"] = "net"
    tax_mode: Literal["exclude", "include"] = "exclude"
    entity_on: Literal["all", "ar_only"] = "all"
    max_lines: int = 500
    rate_band_pct: Decimal = Decimal(10)
    stage_preset: Literal["won", "pipeline"] = "won"
    class_policy: Literal["dominant", "list"] = "dominant"
    contact_role: str = "Other"
    subcustomer_mode: Literal["account"] = "account"
    display_name_max: int = 100
    match_auto: int = 80
    match_review: int = 35
    match_gap: int = 20
    dim_unmapped: Literal["hold", "default_class"] = "hold"
    default_class: str = ""
    auto_approve_limit: Decimal = Decimal("0.00")
    account_rules: tuple[AccountRule, ...] = ()
    dim_defaults: tuple[DimDefault, ...] = ()
    shipping_account: str = ""
    item_mappings: dict[str, str] = {}
    dim_aliases: dict[str, str] = {}

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def digest(self) -> str:
        """SHA-256 over all of them: which rules were in force."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

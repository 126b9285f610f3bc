"""What a company is, and the switches for every behaviour the reference leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Company:
    """A company as it is opened; without more, a US multicurrency one with locations and classes per line.

    `edition` decides what can be turned on: locations and classes are for Plus and Advanced only.
    """

    realm_id: str = "4620816365000000001"
    name: str = "Maple & Lantern LLC"
    user_name: str = "Robin Ledger"
    user_id: str = "9130357849999991"
    country: str = "US"
    home_currency: str = "USD"
    currencies: tuple[str, ...] = ("EUR",)
    multicurrency: bool = True
    track_departments: bool = True
    classes_per_line: bool = True
    classes_per_txn: bool = False
    account_numbers: bool = True
    custom_txn_numbers: bool = False
    default_due_days: int = 30
    custom_fields: tuple[tuple[str, str], ...] = ()
    edition: Literal["Simple Start", "Essentials", "Plus", "Advanced"] = "Plus"
    sales_tax: Literal["off", "manual", "automated"] = "off"
    close_day: str = ""
    """The books are closed through this day (YYYY-MM-DD); blank: they are open, and the preference is absent."""

    @property
    def has_dimensions(self) -> bool:
        """Whether its edition has locations and classes."""
        return self.edition in ("Plus", "Advanced")


@dataclass(frozen=True)
class App:
    """A registered app; without `redirect_uris` any loopback http address is taken (development keys)."""

    client_id: str
    client_secret: str
    webhook_verifier_token: str
    redirect_uris: tuple[str, ...] = ()
    name: str = "An app"


@dataclass
class Switches:
    """Behaviours that the reference marks uncertain, and refusals to order. Change them at any time."""

    limits: bool = False
    """Enforce the throttles of section 10 and the monthly Builder quota; they are counted either way."""
    coreplus_quota: int = 500_000
    """CorePlus calls a month before the Builder block (with `limits`)."""

    staged_secret: str = ""
    """A second secret of every app, while it is rotated (blank: there is none). The reference does not describe it."""
    first_secret_taken: bool = True
    """Off at the end of a rotation: only the staged secret counts."""
    old_refresh_token_grace: int = 0
    """Seconds for which a rotated refresh token still works; 0: it dies at once."""
    reuse_revokes_connection: bool = True
    """Using a refresh token that was rotated away revokes the winner too."""
    refresh_window_seconds: int = 8_640_000
    """The rolling window named in `x_refresh_token_expires_in` and kept (100 days; 101 days were seen too)."""
    consent_page: Literal["browsers", "always", "never"] = "browsers"
    """Who gets a consent page to click on: browsers (they accept application/xhtml+xml), all, or none. The others are
    sent back at once."""
    consent_realm: str = ""
    """The company that is chosen without a page (blank: the first one)."""
    deny_consent: bool = False
    """Without a page, the user says no."""
    user_lost_access: bool = False
    """The user who connected has left the company: refreshes fail with `user_not_in_realm`, calls with 120."""
    subscription_ended: bool = False
    """Every company call is refused with 6190."""

    requestid_retention: int | None = None
    """Seconds for which an answer is replayed; None: for ever, 0: every requestid is forgotten at once."""
    requestid_stores_faults: bool = False
    """Answers with a fault are replayed as well."""

    requestid_other_body: Literal["first", "refused"] = "first"
    """A requestid that comes again with another body or path: the first answer, or 6000."""

    zero_rows: Literal["empty", "list", "omitted"] = "empty"
    """A query without hits: `{"QueryResponse":{}}`, an empty list in it, or no `QueryResponse` at all."""
    query_letters: Literal["any", "latin-1"] = "any"
    """Letters beyond Latin-1 in a statement: read, or refused with 4000 as clients of 2016 to 2021 report."""
    malformed_email: Literal["shown", "fails_lists"] = "shown"
    """A record with an e-mail address that is none: shown, or 4002 for every list and change answer that would hold it;
    by its Id it is read either way."""
    beyond_bmp: Literal["kept", "fails", "fails_batch"] = "kept"
    """A text beyond the Basic Multilingual Plane (an emoji) in a write: stored, 500 with 10000 for the record, or the
    same for the whole batch that it stands in."""
    maxresults_over_limit: Literal["cap", "fault"] = "cap"
    """MAXRESULTS above 1000: cut to 1000, or 4001."""
    one_row_more: bool = False
    """A list holds one row more than was asked for, as has been seen."""
    query_case_sensitive: bool = False
    """Texts in queries must match in case."""
    stale_list_sync_tokens: bool = False
    """Lists show the SyncToken before the last write; reads by Id show the true one."""

    false_cdc_deletes: int = 0
    """So many of the freshest objects of each CDC list are flagged Deleted though they live."""
    cdc_cap: Literal["entity", "total"] = "entity"
    """Whether the cap of 1000 holds for each entity or for the whole answer."""
    cdc_days: int = 30
    """How far CDC looks back."""

    closed_books_code: Literal["6210", "6200"] = "6210"
    """What a write into closed books meets with."""

    inactive_with_balance: Literal["refused", "kept"] = "refused"
    """An app makes a customer inactive that has a balance: 6000, or done with the balance kept."""
    merge_leaves_stub: bool = True
    """The loser of a merge shows up as Deleted in CDC; else it is just gone."""

    refuse_duplicate_sales_numbers: bool = True
    """A DocNumber used twice on one kind of sales form is refused with 6140."""
    currency_required: bool = False
    """Sales forms without CurrencyRef are refused with 2020 in a multicurrency company."""
    tax_calculation_required: bool = False
    """Outside the US, forms without GlobalTaxCalculation are refused with 2020; else they are TaxExcluded."""
    one_ar_ap_account_per_entry: bool = True
    """A journal entry with two different A/R or A/P accounts is refused with 6000."""
    side_effects_bump_sync_token: bool = True
    """A payment on an invoice, or a renamed parent, moves the SyncToken of the other record."""
    balance_moves_last_updated: bool = True
    """A new balance moves LastUpdatedTime (never the SyncToken) of customers and accounts."""

    webhook_window_seconds: float = 0.0
    """How long a change waits for others to go out with it."""
    webhook_aggregate: bool = True
    """Several changes of the same sort to one record go out as one event, the newest."""
    webhook_self_echo: bool = True
    """The app's own writes are announced to it as well."""
    webhook_several_companies: bool = False
    """One delivery may hold events of several companies."""
    webhook_blocking: bool = True
    """While a delivery fails, later ones wait behind it."""
    webhook_void_verb: Literal["void", "voided"] = "void"
    """The verb of a void in CloudEvents."""
    webhook_content_type: Literal["application/json", "application/cloudevents+json"] = "application/json"
    """What CloudEvents are sent as."""
    webhook_legacy_time: Literal["utc", "offset"] = "utc"
    """`lastUpdated` of the legacy format: UTC with milliseconds, or Pacific time with an offset without colon."""

    batch_reply_order: Literal["kept", "shuffled"] = "kept"
    """Whether batch answers come in the order of the items."""
    batch_throttled_items: int = 0
    """So many items at the end of each batch are refused with 3001, the others are done."""
    xml_faults: bool = False
    """Faults come as XML even to a client that accepts JSON."""
    lower_case_throttle: bool = False
    """The 429 body has the lower-case gateway form."""
    throttle_status: Literal[429, 403] = 429
    """The status of a throttled call; older deployments answered 403."""
    retry_after: int | None = None
    """Send `Retry-After` with this number on 429."""


@dataclass(frozen=True)
class ChangeNotice:
    """One committed change, as webhooks tell it: `operation` is Create, Update, Delete, Void or Merge.

    `app` is the client id of the app that wrote it, blank for a user of the screens.
    """

    realm_id: str
    entity: str
    id: str
    operation: str
    instant: datetime
    deleted_id: str | None = None
    app: str = ""


@dataclass
class Counters:
    """What has been counted since start or reset (per realm and app where the vendor does so)."""

    requests: int = 0
    throttled: int = 0
    write_calls: int = 0
    written_items: int = 0
    coreplus: int = 0
    coreplus_by_month: dict[str, int] = field(default_factory=dict)

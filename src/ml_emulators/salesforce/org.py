"""What kind of org this is (`Org`, fixed), and how it behaves where documents are unsure (`Switches`, mutable)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Profile = Literal["professional", "enterprise", "revenue-cloud"]


@dataclass(frozen=True)
class Person:
    """A user of the org."""

    username: str
    last_name: str
    first_name: str = ""
    time_zone: str = "America/Los_Angeles"
    currency: str = "USD"


@dataclass(frozen=True)
class Currency:
    """A currency of the org. `rate`: how many units of it one unit of the corporate currency buys."""

    code: str
    rate: Decimal
    places: int = 2


@dataclass(frozen=True)
class Org:
    """The fixed facts of an org. The first currency is the corporate one."""

    name: str = "Acme Widgets"
    my_domain: str = "acme.my.salesforce.com"
    edition: str = "Enterprise Edition"
    instance: str = "USA42"
    time_zone: str = "America/Los_Angeles"
    number: int = 1
    versions: tuple[int, int] = (50, 68)
    licences: int = 10
    daily_api_requests: int = 110_000
    session_minutes: int = 120
    currencies: tuple[Currency, ...] = (Currency("USD", Decimal("1.0")), Currency("EUR", Decimal("0.92")))
    integration_user: Person = Person("integration@acme.example", "Integration", "Connector")
    former_user: Person = Person("pat.past@acme.example", "Past", "Pat")
    sales_user: Person = Person("sam.sales@acme.example", "Sales", "Sam")
    order_statuses: tuple[tuple[str, str], ...] = (("Draft", "Draft"), ("Activated", "Activated"))


@dataclass(frozen=True)
class ValidationRule:
    """A customer's rule: a record of `kind` for which `condition` (a WHERE of SOQL) is true is refused."""

    kind: str
    condition: str
    message: str
    field: str | None = None


@dataclass(frozen=True)
class Automation:
    """A customer's flow: whenever a record of `kind` is saved, `changes` says which fields it sets as well."""

    kind: str
    changes: Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass
class UserRights:
    """What is taken from a user beside the integration user: object -> fields, object -> rights, permissions."""

    hidden_fields: dict[str, set[str]] = field(default_factory=dict)
    read_only_fields: dict[str, set[str]] = field(default_factory=dict)
    hidden_objects: set[str] = field(default_factory=set)
    denied_rights: dict[str, set[str]] = field(default_factory=dict)
    permissions: set[str] = field(default_factory=set)


@dataclass
class Switches:
    """Everything the documents leave open, and what an admin may turn. Change it at any time."""

    # Kind of org, and whether invoices may be created without the ingestion call
    profile: Profile = "enterprise"
    multicurrency: bool = True
    plain_billing: bool = False
    repeated_ingest: Literal["same", "refused"] = "same"
    # State and Country/Territory Picklists: which countries of the list are active (None: all), other texts by code
    # (`{"US": "USA", "DE-BY": "Bayern", "US-PR": ""}` renames, adds and takes away), the texts of standard states,
    # and whether a code may stand in a text field
    state_country_picklists: bool = False
    active_countries: set[str] | None = None
    address_places: dict[str, str] = field(default_factory=dict)
    state_texts: Literal["name", "code"] = "name"
    address_texts_take_codes: bool = False
    # Picklists by "Object.Field": values that the org has instead of the usual ones, and which of them are restricted
    picklist_values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    restricted_picklists: set[str] = field(default_factory=set)
    person_accounts: bool = False
    # Token endpoint
    client_credentials_enabled: bool = True
    run_as_user: bool = True
    admin_approved: bool = True
    user_active: bool = True
    app_blocked: bool = False
    address_allowed: bool = True
    staged_secret: str = ""
    first_secret_taken: bool = True
    wrong_secret_status: int = 400
    same_token_on_new_login: bool = False
    frozen_users: set[str] = field(default_factory=set)
    frozen_error: Literal["invalid_grant", "inactive_user"] = "invalid_grant"
    check_assertion_expiry: bool = True
    soap_login: bool = True
    trusted_network: bool = False
    session_minutes: int | None = None
    # Limits: always counted
    enforce_limits: bool = False
    limit_excess: float = 0.0
    refuse_concurrent: int = 0
    concurrent_status: int = 403
    # Answers the documents disagree on
    unsupported_version_status: int = 400
    duplicate_key: str = "duplicateResut"
    null_checkbox: str = "error"
    bad_column_fails: str = "request"
    repeated_key_code: str = "DUPLICATE_VALUE"
    trim_text: bool = True
    unstable_order: bool = False
    java_numbers: bool = True
    round_to_scale: bool = False
    hidden_field_code: Literal["INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD"] = "INVALID_FIELD_FOR_INSERT_UPDATE"
    # Field-level security of the integration user: object -> fields
    hidden_fields: dict[str, set[str]] = field(default_factory=dict)
    read_only_fields: dict[str, set[str]] = field(default_factory=dict)
    hidden_objects: set[str] = field(default_factory=set)
    # Its rights on objects that were taken away (create, edit, delete), the API, and other users by username
    denied_rights: dict[str, set[str]] = field(default_factory=dict)
    api_enabled: bool = True
    org_has_api: bool = True
    access_status: int = 400
    user_rights: dict[str, UserRights] = field(default_factory=dict)
    # Set-up by the Tooling API: the integration user's right to it, and whether a new field is granted at once
    customize_application: bool = True
    new_fields_visible: bool = False
    # Bulk jobs: how long they wait and work, and where one breaks off (rows, None: nowhere)
    bulk_queue_seconds: int = 0
    bulk_run_seconds: int = 0
    bulk_fail_after: int | None = None
    bulk_hard_delete: bool = False
    bulk_field_chars: int = 131_072
    # Customer's rules: object -> what (fields that must be filled)
    required_fields: dict[str, set[str]] = field(default_factory=dict)
    duplicate_rules: dict[str, Literal["alert", "block"]] = field(default_factory=dict)
    duplicate_rule_names: dict[str, str] = field(default_factory=dict)
    validation_rules: list[ValidationRule] = field(default_factory=list)
    automations: list[Automation] = field(default_factory=list)
    failing_automations: dict[str, str] = field(default_factory=dict)
    automation_code: Literal["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR"] = (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    )
    # Storage in megabytes (None: without end)
    data_storage_mb: int | None = None
    storage_status: int = 400
    # Locks: of rows for a moment, of records in approval
    approval_locked_ids: set[str] = field(default_factory=set)
    locked_ids: set[str] = field(default_factory=set)
    lock_next: int = 0
    # Orders
    reduction_orders: bool = True
    activate_orders: bool = True
    edit_activated_orders: bool = True
    activated_order_editable: set[str] = field(default_factory=lambda: {"OwnerId", "Description"})
    activation_needs_items: bool = True
    activation_status_only: bool = True
    zero_quantity: bool = False
    negative_quantity: bool = False
    reduction_sign: str = "negative"
    # Contacts
    contacts_to_multiple_accounts: bool = False
    former_account_stays_related: bool = True
    # Opportunities
    opportunity_takes_price_book: bool = True

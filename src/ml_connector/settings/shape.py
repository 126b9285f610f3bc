"""What the settings are: one frozen value. Each key is declared once, with its type, bounds, default and meaning; file,
schema, page and checks are made of that."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import AccountRule, DimDefault, Rules, RuleSettings, Template

from .running import Alerts, Cadence, Stream
from .web import Web

DEFAULT = "default"
"""The connection whose settings stand in `settings.toml`."""
Environment = Literal["production", "sandbox", "rehearsal"]


class QuickBooks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The QuickBooks Online company. Its client secret and tokens are sealed by `ml-connector connect quickbooks`."""

    environment: Annotated[
        Environment,
        Meta(
            description="Which QuickBooks it is: production, sandbox, or rehearsal for the emulators on this machine."
        ),
    ]
    client_id: Annotated[str, Meta(description="Client id of your app at the Intuit developer portal.")] = ""
    redirect_uri: Annotated[
        str,
        Meta(
            description="Redirect URI of the sign-in, exactly as registered at the keys of the app. Production needs "
            "one, with https; without it `http://localhost:8722/callback`, which development keys take."
        ),
    ] = ""
    realm_id: Annotated[str, Meta(description="Company id (realm id). Written by the first sign-in.")] = ""
    base_url: Annotated[
        str,
        Meta(
            description="Base URL of the Accounting API. Follows from the environment; needed in a rehearsal, which "
            "alone may name another host than Intuit's."
        ),
    ] = ""
    token_url: Annotated[
        str,
        Meta(description="Token endpoint (OAuth 2.0). Follows from the environment; needed in a rehearsal, as above."),
    ] = ""
    authorize_url: Annotated[
        str,
        Meta(
            description="Authorization endpoint, the page on which a person signs in. Follows from the environment, as "
            "above."
        ),
    ] = ""
    discovery_url: Annotated[
        str, Meta(description="Discovery document with the vendor's endpoints. Follows from the environment, as above.")
    ] = ""


class Salesforce(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Salesforce org. Its secret or key is sealed by `ml-connector connect salesforce`."""

    base_url: Annotated[
        str,
        Meta(
            description="My Domain URL of the org, for example https://acme.my.salesforce.com. Another host only in a "
            "rehearsal."
        ),
    ]
    client_id: Annotated[str, Meta(description="Consumer key of the External Client App.")] = ""
    org_id: Annotated[str, Meta(description="Id of the org, 00D... Written by the first connection.")] = ""
    api_version: Annotated[str, Meta(description="Version of the API, from 50.0.")] = "67.0"


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The database in which ml-connector keeps its state."""

    url: Annotated[
        str,
        Meta(
            description="Database URL (SQLAlchemy). Without it a SQLite file in the home folder; a PostgreSQL URL with "
            "a password belongs in the environment."
        ),
    ] = ""
    payload_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            description="Retention period in days: so long are kept the values that were overwritten, what vendors "
            "refused, and changes of records that are done.",
        ),
    ] = 90

    def __repr__(self) -> str:
        """Without the URL, which may hold a password."""
        return f"State(url='{self.url.partition(':')[0]}:...')"


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Outgoing connections."""

    ca_file: Annotated[
        Path | None,
        Meta(
            description="File with more trusted certificate authorities (PEM); a relative path starts at the home "
            "folder."
        ),
    ] = None
    rehearsal_host: Annotated[
        str,
        Meta(
            description="Host of test servers that are not on this machine, for a rehearsal only. In production and "
            "sandbox the vendors' hosts are fixed."
        ),
    ] = ""
    connections: Annotated[int, Meta(ge=1, le=256, description="Most connections open at once.")] = 32


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that is set for one connection, which is called `name`. `quickbooks` and `salesforce` are None until they are
    set up; `network.ca_file` is absolute."""

    home: Path
    name: str = DEFAULT
    rules: Rules
    state: State
    quickbooks: QuickBooks | None = None
    salesforce: Salesforce | None = None
    network: Network = Network()
    cadence: Cadence = Cadence()
    alerts: Alerts = Alerts()
    stream: Stream = Stream()
    web: Web = Web()

    def both(self) -> tuple[QuickBooks, Salesforce]:
        """The company and the org. Raises `WrongUse` for the first that is not connected."""
        if self.quickbooks is None or not self.quickbooks.realm_id:
            raise WrongUse("QuickBooks is not connected yet.", "Connect it:  ml-connector connect quickbooks")
        if self.salesforce is None or not self.salesforce.org_id:
            raise WrongUse("Salesforce is not connected yet.", "Connect it:  ml-connector connect salesforce")
        return self.quickbooks, self.salesforce


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "quickbooks": QuickBooks,
    "salesforce": Salesforce,
    "rules": RuleSettings,
    "state": State,
    "network": Network,
    "cadence": Cadence,
    "alerts": Alerts,
    "stream": Stream,
    "web": Web,
}
OF_CONNECTION = ("quickbooks", "salesforce", "rules", "cadence", "stream")
"""The sections that each connection has its own of; all others are the installation's."""
NESTED: dict[str, type[msgspec.Struct]] = {
    "rules.template": Template,
    "rules.account_rules": AccountRule,
    "rules.dim_defaults": DimDefault,
}
"""The tables inside a section."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the file. `name` is as written there, `field` as in the struct; `type` is without its None, and
    `schema` is its JSON Schema."""

    table: str
    name: str
    field: str
    type: Any
    default: Any
    required: bool
    schema: dict[str, Any]

    @property
    def path(self) -> str:
        """How messages and pages name it: `rules.max_lines`."""
        return f"{self.table}.{self.name}"

    @property
    def description(self) -> str:
        """What it means, as page, schema and file say it."""
        return str(self.schema["description"])

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Least and most, both included."""
        return (self.schema["minimum"], self.schema["maximum"]) if "minimum" in self.schema else None


@cache
def definitions() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every table, by the name of its struct."""
    structs = [*SECTIONS.values(), *NESTED.values()]
    unknown: dict[type, dict[str, Any]] = {Path: {"type": "string"}}  # to msgspec
    _, tables = msgspec.json.schema_components(structs, schema_hook=unknown.__getitem__, ref_template="#/$defs/{name}")
    for table in tables.values():
        for schema in table["properties"].values():
            if schema.get("format") == "decimal":  # in JSON a text, in TOML a number too
                schema["type"] = ["number", "string"]
    return tables


def description(table: str) -> str:
    """What a section, or a table in one, is for."""
    return str(_definition(table)["description"])


def _definition(table: str) -> dict[str, Any]:
    return definitions()[_struct(table).__name__]


def _struct(table: str) -> type[msgspec.Struct]:
    return SECTIONS.get(table) or NESTED[table]


@cache
def keys(table: str) -> tuple[Key, ...]:
    """The keys of a section (`network`) or of a table inside one (`rules.template`)."""
    properties = _definition(table)["properties"]
    return tuple(
        Key(
            table=table,
            name=field.encode_name,
            field=field.name,
            type=_plain(field.type),
            default=_default(field),
            required=field.required,
            schema=properties[field.encode_name],
        )
        for field in msgspec.structs.fields(_struct(table))
    )


def all_keys() -> list[Key]:
    """The keys of every section, then those of the tables in them."""
    return [key for table in (*SECTIONS, *NESTED) for key in keys(table)]


def _plain(hint: Any) -> Any:
    """A type without its description and without None."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        return next(type_ for type_ in get_args(hint) if type_ is not type(None))
    return hint


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.required else field.default

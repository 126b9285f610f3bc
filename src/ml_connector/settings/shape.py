"""What the settings are: one frozen value, and the table of keys from which schema, page and checks are made."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal, get_type_hints

import msgspec

from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import AccountRule, DimDefault, Rules, Template

from .words import WORDS

Environment = Literal["production", "sandbox", "rehearsal"]


class QuickBooks(msgspec.Struct, frozen=True, kw_only=True):
    """One QuickBooks company. The addresses follow from the environment, except in a rehearsal.

    `realm_id` is empty until somebody has signed in.
    """

    environment: Environment
    client_id: str = ""
    redirect_uri: str = ""
    realm_id: str = ""
    base_url: str = ""
    token_url: str = ""
    authorize_url: str = ""
    discovery_url: str = ""


class Salesforce(msgspec.Struct, frozen=True, kw_only=True):
    """One Salesforce org. `org_id` is empty until the first connection."""

    base_url: str
    client_id: str = ""
    org_id: str = ""
    api_version: str = "67.0"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where our own state is kept, as a SQLAlchemy URL. It may hold a password, so it does not show itself."""

    url: str = ""

    def __repr__(self) -> str:
        return f"State(url='{self.url.partition(':')[0]}:...')"


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """`ca_file` is absolute."""

    ca_file: Path | None = None
    connections: int = 32


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    sweep_minutes: int = 15


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. `quickbooks` and `salesforce` are None until they are set up."""

    home: Path
    rules: Rules
    state: State
    quickbooks: QuickBooks | None = None
    salesforce: Salesforce | None = None
    network: Network = Network()
    cadence: Cadence = Cadence()

    def both(self) -> tuple[QuickBooks, Salesforce]:
        """The two sides. Raises `WrongUse` for the first that is not set up."""
        if self.quickbooks is None or not self.quickbooks.realm_id:
            raise WrongUse("QuickBooks is not connected yet.", "Connect it:  ml-connector connect quickbooks")
        if self.salesforce is None or not self.salesforce.org_id:
            raise WrongUse("Salesforce is not connected yet.", "Connect it:  ml-connector connect salesforce")
        return self.quickbooks, self.salesforce


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "quickbooks": QuickBooks,
    "salesforce": Salesforce,
    "rules": Rules,
    "state": State,
    "network": Network,
    "cadence": Cadence,
}
NESTED: dict[str, type[msgspec.Struct]] = {
    "rules.template": Template,
    "rules.account_rules": AccountRule,
    "rules.dim_defaults": DimDefault,
}
_NOT_SET_HERE = {"rules": {"realm_id", "org_id"}}


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the file. `name` is as written there, `field` as in the struct."""

    table: str
    name: str
    field: str
    type: Any
    default: Any
    required: bool
    words: str

    @property
    def path(self) -> str:
        return f"{self.table}.{self.name}"


@cache
def keys(table: str) -> tuple[Key, ...]:
    """The keys of a section (`network`) or of a table inside one (`rules.template`)."""
    shape = SECTIONS.get(table) or NESTED[table]
    hints = get_type_hints(shape)
    fields = [each for each in msgspec.structs.fields(shape) if each.name not in _NOT_SET_HERE.get(table, ())]
    return tuple(
        Key(
            table=table,
            name=each.encode_name,
            field=each.name,
            type=hints[each.name],
            default=_default(each),
            required=each.required,
            words=WORDS[f"{table}.{each.encode_name}"],
        )
        for each in fields
    )


def all_keys() -> list[Key]:
    return [key for table in (*SECTIONS, *NESTED) for key in keys(table)]


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return None if field.required else field.default

"""A connector for one scenario: connected to the emulators, its state in a folder that is thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Literal

import msgspec

from ml_connector.app import App, assemble, connection_id
from ml_connector.custody import Custody, SealedTokens, seal_secret
from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import PRESELECTED, Rules, Template
from ml_connector.settings import QuickBooks, Salesforce, Settings, State, destination
from ml_connector.settings.convert import table
from ml_connector.store import Store
from ml_connector.systems.quickbooks.auth import Tokens
from ml_connector.vault import Vault
from ml_connector.world import World

from .names import Names
from .reader import Scenario
from .stage import ZONE, Stage
from .values import DAY

START = "2026-10-01"
ACCOUNTS = ("unbilled", "deferred_default", "discounts", "account", "shipping_account")
_ACCOUNTS_BY_KEY = ("deferred", "receivable")


class SeededIds:
    """Chance from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a rehearsal wants repeatable chance

    def token(self) -> str:
        """128 bits from the seed, as hexadecimal digits."""
        return f"{self._random.getrandbits(128):032x}"

    def jitter(self) -> float:
        """0.0 up to, and without, 1.0, from the seed."""
        return self._random.random()


class Installation:
    """`app` is the connector as it runs now; `start` makes a new one on the same state."""

    def __init__(self, stage: Stage, scenario: Scenario, folder: Path) -> None:
        self.stage = stage
        self._ids = SeededIds(scenario.top.get("seed", 1))
        self._folder = folder
        self._url = f"sqlite:///{folder / 'state.db'}"
        self._settings = _settings(stage.door.line, folder)
        self.store = Store.fresh(self._url)
        self.vault = Vault.create(folder)
        self.store.marker = self.vault
        self.app: App | None = None
        self._connect(dry_run=scenario.top.get("dry_run", False))

    def _connect(self, *, dry_run: bool) -> None:
        """Secrets and a live refresh token sealed in the store, as `connect` leaves them."""
        line, stage = self.stage.door.line, self.stage
        quickbooks, salesforce = self._custody("quickbooks"), self._custody("salesforce")
        for name, custody in (("quickbooks", quickbooks), ("salesforce", salesforce)):
            seal_secret(custody, f"{name}:{line[name]['client_id']}", "client_secret", line[name]["client_secret"])
        realm, org = line["quickbooks"]["realm_id"], line["salesforce"]["org_id"]
        tokens = Tokens(
            access_token="", refresh_token=line["quickbooks"]["refresh_token"], access_expires_at=stage.now()
        )
        SealedTokens(quickbooks, realm).store(tokens)
        name = connection_id(realm, org)
        self.store.add_connection(name, realm, org, "Company", stage.now())
        if not dry_run:
            self.store.go_live(name, stage.now())

    def _custody(self, system: Literal["quickbooks", "salesforce"]) -> Custody:
        return Custody(self.store, self.vault, destination(self._settings, system), self.stage)

    def start(self, rules: Rules) -> App:
        """A connector as it starts: nothing in memory but settings and state."""
        if self.app is not None:
            self.store.close()
            self.store = Store.open(self._url)
        world = World(self.stage.door.network, self.stage, self._ids)
        self.app = assemble(self._settings, rules, self.store, self.vault, world)
        return self.app

    def close(self) -> None:
        """Close the state; the folder goes with whoever made it."""
        self.store.close()


def _settings(line: Mapping[str, Any], folder: Path) -> Settings:
    quickbooks, salesforce = line["quickbooks"], line["salesforce"]
    return Settings(
        home=folder,
        rules=Rules(realm_id=quickbooks["realm_id"], org_id=salesforce["org_id"]),
        state=State(url="sqlite://"),
        quickbooks=QuickBooks(
            environment="rehearsal",
            client_id=quickbooks["client_id"],
            realm_id=quickbooks["realm_id"],
            base_url=quickbooks["base_url"],
            token_url=quickbooks["token_url"],
            authorize_url=quickbooks["authorize_url"],
        ),
        salesforce=Salesforce(
            base_url=salesforce["base_url"], client_id=salesforce["client_id"], org_id=salesforce["org_id"]
        ),
    )


# --- rules, as people write them


async def rules_of(scenario: Scenario, names: Names, line: Mapping[str, Any], changes: Mapping[str, Any]) -> Rules:
    """The settings at the top of the file with `changes` laid over them. Raises `WrongUse`."""
    raw = {**scenario.top.get("rules", {}), **changes}
    for key in ("start_date", "time_zone"):
        if key in scenario.top:
            raw.setdefault(key, scenario.top[key])
    if isinstance(raw.get("template"), Mapping):
        template = dict(raw.pop("template"))
    else:
        template = {"id": raw.pop("template", None) or scenario.top.get("template", PRESELECTED)}
    values = {"time_zone": ZONE, "start_date": START, **raw}
    values["start_date"] = DAY.convert(values["start_date"])
    plain = {key: await _by_name(key, value, names) for key, value in values.items()}
    known = table(plain, "rules", ("rules",), lambda _: scenario.file)
    ids = {"realm_id": line["quickbooks"]["realm_id"], "org_id": line["salesforce"]["org_id"]}
    return Rules(**ids, **{**known, "template": await _template(template, scenario, names)})


async def _template(chosen: Mapping[str, Any], scenario: Scenario, names: Names) -> Template:
    usual = {"unbilled": "1250", "deferred_default": "2450", "discounts": "4900"}
    values = {**usual, "receivable": {"USD": "1100", "EUR": "1110"}, **chosen}
    plain = {key: await _by_name(key, value, names, strict=key in chosen) for key, value in values.items()}
    known = table(plain, "rules.template", ("rules", "template"), lambda _: scenario.file)
    template = Template(**known)
    signed = {"signed_off_by": template.signed_off_by or "Ana Ortiz"}
    return msgspec.structs.replace(template, **signed, signed_off_at=template.signed_off_at or "2026-10-01T00:00:00Z")


async def _by_name(key: str, value: Any, names: Names, *, strict: bool = True) -> Any:
    """Numbers and names where the settings have ids. What is usual but not there in this base is left out."""
    try:
        return await _ids_of(key, value, names)
    except WrongUse:
        if strict:
            raise
        return "" if isinstance(value, str) else {}


async def _ids_of(key: str, value: Any, names: Names) -> Any:
    if key in ACCOUNTS and value:
        return (await names.ref(str(value), "gl_account")).id
    if key in _ACCOUNTS_BY_KEY:
        income = key == "deferred"
        return {
            (await names.ref(k, "gl_account")).id if income else k: (await names.ref(str(v), "gl_account")).id
            for k, v in value.items()
        }
    if key == "item_mappings":
        return {(await names.ref(k, "product")).id: (await names.ref(v, "item")).id for k, v in value.items()}
    if key in ("department", "class", "default_class") and value not in ("", "blank"):
        return (await names.ref(str(value), key.removeprefix("default_"))).id
    if key in ("account_rules", "dim_defaults"):
        return [{k: await _ids_of(k, v, names) for k, v in rule.items()} for rule in value]
    return value

"""Somebody edits the settings or sets a variable, without the key: no secret goes elsewhere, nothing more is posted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from journeys.test_small_orders import LIMIT, Shop
from ml_connector.actions.acting import os_user
from ml_connector.actions.connect import finish_quickbooks, seal_client_secret
from ml_connector.actions.doctor import orders_off
from ml_connector.actions.holds import open_holds
from ml_connector.actions.keys import rotate_keys
from ml_connector.actions.open import Home
from ml_connector.actions.sign_off import SignOff, sign_limit, sign_off
from ml_connector.actions.status import current_status
from ml_connector.app import App, assemble, in_force
from ml_connector.custody import SealedTokens, open_secret
from ml_connector.model.errors import SignInNeeded, WrongUse
from ml_connector.model.rules import Rules, RuleSettings, Template
from ml_connector.settings import Settings, destination, load, load_text, settings_file, write_settings
from ml_connector.settings.shape import Key, all_keys, keys
from ml_connector.signing import Signer
from ml_connector.vault import Vault
from ml_connector.world import World
from support.world import Installation, SimClock

EVIL = "https://evil.example.com"
QUICKBOOKS = {"production": "https://quickbooks.api.intuit.com", "sandbox": "https://sandbox-quickbooks.api.intuit.com"}
MY_DOMAIN = '[salesforce]\nbase_url = "https://acme.my.salesforce.com"\n'


# --- hosts


HOSTS = [key for key in all_keys() if key.name.endswith(("_url", "_host")) or key.name == "url"]


def test_every_setting_that_names_a_host_is_played() -> None:
    assert {key.path for key in HOSTS} == {
        *(f"quickbooks.{name}_url" for name in ("base", "token", "authorize", "discovery")),
        *("salesforce.base_url", "network.rehearsal_host", "state.url"),
        "web.public_url",  # names ourselves: nothing is sent there
    }


PINNED = [key for key in HOSTS if key.table in ("quickbooks", "salesforce")]
ELSEWHERE = [
    EVIL,
    "http://127.0.0.1:9999",
    "https://quickbooks.api.intuit.com.evil.example",
    "https://oauth.platform.intuit.com:8443/x",
    "https://evil-intuit.com",
    "https://my.salesforce.com.evil.example",
    "https://my.salesforce.com",
    "https://acme.my.salesforce.com:8443",
]


@pytest.mark.parametrize("environment", QUICKBOOKS)
@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("key", PINNED, ids=lambda key: key.path)
def test_outside_a_rehearsal_the_hosts_are_the_vendors(key: Key, address: str, environment: str) -> None:
    """In the file, by a variable, and with a host named for rehearsals."""
    rest = f'[network]\nrehearsal_host = "evil.example.com"\n[quickbooks]\nenvironment = "{environment}"\n'
    load_text(rest + MY_DOMAIN, Path("/home"), {})
    text = rest + (
        f'[salesforce]\nbase_url = "{address}"' if key.table == "salesforce" else f'{key.name} = "{address}"'
    )
    with pytest.raises(WrongUse, match=rf"\[{key.table}\] (environment|{key.name}) is"):
        load_text(text, Path("/home"), {})
    variable = {f"MLC_{key.table}_{key.name}".upper(): address}
    with pytest.raises(WrongUse, match=rf"\[{key.table}\] (environment|{key.name}) is"):
        load_text(rest + MY_DOMAIN, Path("/home"), variable)


MY_DOMAINS = [
    *("acme.my.salesforce.com", "ACME.my.salesforce.com", "acme--uat.sandbox.my.salesforce.com"),
    *("acme-dev-ed.develop.my.salesforce.com", "acme.my.salesforce.mil", "acme.my.sfcrmproducts.cn"),
]


@pytest.mark.parametrize("host", MY_DOMAINS)
def test_every_form_of_my_domain_is_salesforce(host: str) -> None:
    assert load_text(f'[salesforce]\nbase_url = "https://{host}"\n', Path("/home"), {}).salesforce is not None


@pytest.mark.parametrize("key", PINNED, ids=lambda key: key.path)
def test_a_rehearsal_stays_on_this_machine_unless_the_settings_say_otherwise(key: Key) -> None:
    here = "http://127.0.0.1:4000"
    values = dict.fromkeys(("base_url", "token_url", "authorize_url"), here)
    values[key.name if key.table == "quickbooks" else ""] = EVIL
    sides = {"quickbooks": values, "salesforce": {"base_url": EVIL if key.table == "salesforce" else here}}
    text = 'quickbooks.environment = "rehearsal"\n' + "".join(
        f'{side}.{name} = "{address}"\n' for side, names in sides.items() for name, address in names.items() if name
    )
    with pytest.raises(WrongUse, match=rf"\[{key.table}\] (environment|{key.name}) is"):
        load_text(text, Path("/home"), {})
    load_text(f'{text}network.rehearsal_host = "evil.example.com"', Path("/home"), {})


def test_a_variable_makes_no_rehearsal_of_production() -> None:
    text = '[quickbooks]\nenvironment = "production"\n'
    here = {"MLC_QUICKBOOKS_BASE_URL": "http://127.0.0.1:1", "MLC_QUICKBOOKS_TOKEN_URL": "http://127.0.0.1:1"}
    with pytest.raises(WrongUse, match="names another environment than settings"):
        load_text(text, Path("/home"), {"MLC_QUICKBOOKS_ENVIRONMENT": "rehearsal", **here})
    load_text(text, Path("/home"), {"MLC_QUICKBOOKS_ENVIRONMENT": "production"})


# --- secrets


@pytest.fixture
def home(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def with_sides(settings: Settings, quickbooks: dict[str, Any], salesforce: dict[str, Any]) -> Settings:
    assert settings.quickbooks is not None
    assert settings.salesforce is not None
    return msgspec.structs.replace(
        settings,
        quickbooks=msgspec.structs.replace(settings.quickbooks, **quickbooks),
        salesforce=msgspec.structs.replace(settings.salesforce, **salesforce),
    )


def process(home: Installation, settings: Settings) -> App:
    return assemble(settings, home.rules, home.store, home.vault, World(home.network, SimClock(home.clock), home.ids))


PRODUCTION = {
    "environment": "production",
    "base_url": "https://quickbooks.api.intuit.com",
    "token_url": "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
}
OTHERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("the sign-in", {"token_url": EVIL}, {}),
    ("the books", {"base_url": EVIL}, {}),
    ("the org", {}, {"base_url": "https://acme.my.salesforce.com"}),
    ("production", PRODUCTION, {}),
]


@pytest.mark.parametrize(("what", "quickbooks", "salesforce"), OTHERS)
def test_a_secret_does_not_follow_the_settings(
    what: str, quickbooks: dict[str, Any], salesforce: dict[str, Any], home: Installation
) -> None:
    """They were sealed for the emulators on 127.0.0.1."""
    settings = with_sides(home.settings, quickbooks, salesforce)
    with pytest.raises(SignInNeeded, match=r"was given for 127\.0\.0\.1, and the settings name .*: it is not sent"):
        process(home, settings)
    assert home.network.sent == [], what


def test_tokens_do_not_follow_the_settings_either(home: Installation) -> None:
    """Somebody has connected anew, and the tokens of before are still there."""
    settings = with_sides(home.settings, PRODUCTION, {})
    client = settings.quickbooks.client_id if settings.quickbooks else ""
    home.settings = settings
    custody = home.custody("quickbooks")
    custody.put(f"quickbooks:{client}", "client_secret", b"new")
    assert open_secret(custody, f"quickbooks:{client}", "client_secret", "") == "new"
    with pytest.raises(SignInNeeded, match=r"sealed for quickbooks \(tokens\) was given for 127\.0\.0\.1"):
        SealedTokens(custody, home.rules.realm_id).load()
    with pytest.raises(SignInNeeded, match="tokens"):
        asyncio.run(process(home, settings).quickbooks.check_company())
    assert home.network.sent == []


def test_whoever_connects_anew_seals_for_the_new_host(home: Installation, tmp_path: Path) -> None:
    settings = with_sides(home.settings, {}, {"base_url": "https://acme.my.salesforce.com"})
    world = World(home.network, SimClock(home.clock), home.ids)
    seal_client_secret(Home(tmp_path, settings, home.store, home.vault, world), "salesforce", "new")
    assert process(home, settings).salesforce is not None


def test_another_authority_gets_no_secret(home: Installation, tmp_path: Path) -> None:
    """Whoever adds one to those that are trusted can answer in the vendor's place."""
    home.settings = with_sides(home.settings, PRODUCTION, {})
    home.custody("quickbooks").put("quickbooks:a", "client_secret", b"s3cret")
    assert open_secret(home.custody("quickbooks"), "quickbooks:a", "client_secret", "") == "s3cret"
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("theirs")
    network = msgspec.structs.replace(home.settings.network, ca_file=ca_file)
    home.settings = msgspec.structs.replace(home.settings, network=network)
    with pytest.raises(SignInNeeded, match="ca_file"):
        open_secret(home.custody("quickbooks"), "quickbooks:a", "client_secret", "")


def test_a_secret_of_an_older_version_goes_to_the_vendor_alone(home: Installation) -> None:
    owner, now = "quickbooks:a", home.clock.now()
    older = home.vault.seal(b"s3cret", owner, "client_secret")
    home.store.put_sealed(owner, "client_secret", older, now)
    with pytest.raises(SignInNeeded, match="an older version did not note"):
        open_secret(home.custody("quickbooks"), owner, "client_secret", "")
    rehearsal, home.settings = home.settings, with_sides(home.settings, PRODUCTION, {})
    assert destination(home.settings, "quickbooks").vendors
    assert open_secret(home.custody("quickbooks"), owner, "client_secret", "") == "s3cret"
    assert home.store.sealed(owner, "client_secret") != older, "it is bound from now on"
    home.settings = rehearsal
    with pytest.raises(SignInNeeded, match=r"oauth\.platform\.intuit\.com and quickbooks"):
        open_secret(home.custody("quickbooks"), owner, "client_secret", "")


@pytest.mark.parametrize("realm", ["../../v3/company/1", "12a", "9" * 21, "１２３", "1/2", " 1"])
async def test_no_code_is_spent_for_a_company_that_is_no_number(realm: str, home: Installation, tmp_path: Path) -> None:
    world = World(home.network, SimClock(home.clock), home.ids)
    opened = Home(tmp_path, with_sides(home.settings, {"realm_id": ""}, {}), home.store, home.vault, world)
    with pytest.raises(WrongUse, match="no number"):
        await finish_quickbooks(opened, f"http://localhost/?code=c&state=s&realmId={realm}", "s")
    assert home.network.sent == []


# --- what is signed


def _other(field: msgspec.structs.FieldInfo, value: Any) -> Any:
    """Another value that the rule may have."""
    key = next(key for key in (*keys("rules"), *keys("rules.template")) if key.field == field.name)
    if get_origin(key.type) is Literal:
        return next((choice for choice in get_args(key.type) if choice != value), "another")
    others: dict[Any, Any] = {bool: not value, date: date(2020, 1, 1), str: f"{value}7"}
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value + 1
    if isinstance(value, dict):
        return {"7": "8"}
    if isinstance(value, tuple):
        return ("another",)
    return others[key.type]


SIGNATURES = {"signed_hash", "auto_approve_signed_hash"}
RULES = [field for field in msgspec.structs.fields(RuleSettings) if field.name not in {"template", *SIGNATURES}]
OF_TEMPLATE = [field for field in msgspec.structs.fields(Template) if field.name not in SIGNATURES]


class Signed(msgspec.Struct):
    """Rules of which all is signed, as they are in the file."""

    signer: Signer
    rules: Rules


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    folder = tmp_path_factory.mktemp("signed")
    template = Template(id="T1", unbilled="85", deferred_default="92")
    write_settings(folder, {"rules": {"start_date": date(2026, 11, 1), "template": template}})
    signer = Signer(Vault.create(folder), "acme")
    signer.sign_template(folder, "approver", datetime(2026, 11, 22, tzinfo=UTC))
    signer.sign_limit(folder, LIMIT, "approver")
    return Signed(signer, load(folder, {}).rules)


@pytest.mark.parametrize("field", RULES, ids=lambda field: field.name)
def test_the_limit_counts_only_with_the_rules_it_was_signed_with(
    field: msgspec.structs.FieldInfo, signed: Signed
) -> None:
    rules = signed.rules
    assert signed.signer.in_force(rules).auto_approve_limit == LIMIT
    edited = msgspec.structs.replace(rules, **{field.name: _other(field, getattr(rules, field.name))})
    assert signed.signer.in_force(edited).auto_approve_limit == 0
    assert any(sentence.startswith("auto_approve_limit") for sentence in signed.signer.unsigned(edited))


@pytest.mark.parametrize("field", OF_TEMPLATE, ids=lambda field: field.name)
def test_a_template_counts_only_as_it_was_signed(field: msgspec.structs.FieldInfo, signed: Signed) -> None:
    rules = signed.rules
    assert rules.template is not None
    other = msgspec.structs.replace(rules.template, **{field.name: _other(field, getattr(rules.template, field.name))})
    force = signed.signer.in_force(msgspec.structs.replace(rules, template=other))
    assert (force.template, force.template_doubted) == (None, True)
    if not field.name.startswith("signed"):
        assert force.auto_approve_limit == 0, "and the limit not with another template"


class Books:
    """A company with 20 clean postings, and a limit and a template that were signed in the file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shop = Shop(folder)
        asyncio.run(self.shop.open())
        self.home = self.shop.home
        rules, quickbooks, salesforce = self.home.rules, self.home.settings.quickbooks, self.home.settings.salesforce
        chosen = {"start_date": rules.start_date, "template": rules.template, "time_zone": rules.time_zone}
        write_settings(folder, {"quickbooks": _set(quickbooks), "salesforce": _set(salesforce), "rules": chosen})
        self.signer.sign_template(folder, "approver", self.home.clock.now())
        sign_limit(self.home.app, LIMIT, "approver")
        self.text = settings_file(folder).read_text()

    @property
    def signer(self) -> Signer:
        return Signer(self.home.vault, self.home.app.connection.id)

    def start(self, edits: Mapping[str, str] = {}, env: Mapping[str, str] = {}) -> App:
        """A process as it starts, with the file as signed but for these edits."""
        text = self.text
        for old, new in edits.items():
            assert old in text
            text = text.replace(old, new, 1)
        settings_file(self.folder).write_text(text)
        settings = load(self.folder, env)
        self.home.settings, self.home.rules = settings, in_force(settings, self.home.vault)
        self.home.app = self.home.process()
        return self.home.app

    def events(self) -> int:
        events = self.home.store.audit_events(self.home.app.connection.id)
        return sum(event.action == "not signed" for event in events)


def _set(side: Any) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(side).items() if value}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return Books(tmp_path_factory.mktemp("books"))


EDITS: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("a higher limit in the file", {'auto_approve_limit = "250.00"': 'auto_approve_limit = "9999"'}, {}),
    ("a higher limit by a variable", {}, {"MLC_RULES_AUTO_APPROVE_LIMIT": "9999"}),
    ("another rule by a variable", {}, {"MLC_RULES_ENTITY_ON": "ar_only"}),
    ("a signature by a variable", {}, {"MLC_RULES_AUTO_APPROVE_SIGNED_BY": "somebody"}),
]


@pytest.mark.parametrize(("what", "edits", "env"), EDITS)
async def test_what_is_not_signed_posts_nothing_without_a_click(
    what: str, edits: dict[str, str], env: dict[str, str], books: Books
) -> None:
    before, small = books.events(), books.shop.order("20.00")
    app = books.start(edits, env)
    await books.shop.later()
    await books.shop.later()
    assert not books.shop.posted(small), what
    assert books.shop.verdict(small) == "PLANNED", "a person may still approve it"
    assert [item for item in current_status(app).failing() if item.command == "sign-off"]
    assert books.events() == before + 1, "named in the log once"
    books.start()
    await books.shop.later()
    assert books.shop.posted(small), "nothing legitimate is lost"
    assert not current_status(books.home.app).unsigned


async def test_a_template_that_somebody_edited_posts_nothing_that_was_approved(books: Books) -> None:
    large = books.shop.order("900.00")
    books.start()
    await books.home.approve_all()
    template = books.home.rules.template
    assert template is not None
    app = books.start({f'unbilled = "{template.unbilled}"': f'unbilled = "{template.deferred_default}"'})
    await books.shop.later()
    assert not books.shop.posted(large)
    assert [held.code for held in open_holds(app) if held.record.endswith(large)] == ["H-UNSIGNED"]
    assert "not signed as it stands" in (await orders_off(app))
    assert current_status(app).attention
    books.start()
    await books.shop.later()
    assert books.shop.posted(large)
    assert "H-UNSIGNED" not in {held.code for held in open_holds(books.home.app)}


def test_a_new_key_signs_anew_what_was_signed(books: Books) -> None:
    rotate_keys(books.start(), os_user())
    force = in_force(load(books.folder, {}), books.home.vault)
    assert (force.auto_approve_limit, force.template_doubted) == (LIMIT, False)
    text, books.text = books.text, settings_file(books.folder).read_text()
    assert books.text != text
    books.start()
    assert books.home.app.unsigned == ()


async def test_a_sign_off_keeps_a_limit_that_counted_and_signs_no_other(books: Books) -> None:
    """The template is signed anew; what somebody put beside it is not signed with it."""
    choice = SignOff(template="T1", start_date=date(2026, 10, 1), unbilled="1250", deferred="2450")
    await sign_off(books.start(), choice, "approver")
    assert in_force(load(books.folder, {}), books.home.vault).auto_approve_limit == LIMIT
    await sign_off(books.start({'auto_approve_limit = "250.00"': 'auto_approve_limit = "9999"'}), choice, "approver")
    force = in_force(load(books.folder, {}), books.home.vault)
    assert (force.template_doubted, force.auto_approve_limit) == (False, Decimal(0))

"""What the types cannot say: addresses, ids, and settings that contradict each other."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ml_connector.accounting.templates import policy_of
from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import STAGES, Rules
from ml_connector.model.schedule import cron_trouble

from .convert import KeyPath, Locate, label
from .hosts import VENDOR, is_event_bus, is_loopback, is_quickbooks, is_rehearsal, is_salesforce, is_test_server
from .running import CRONS
from .shape import QuickBooks, Salesforce, Settings
from .web import Web, names_of

Problem = tuple[KeyPath, str, str]
"""Where, what is the case (after the name of the setting), and the fix."""


def check_all(settings: Settings, locate: Locate, *, from_environment: bool) -> None:
    """Raises `WrongUse` for the first thing that does not fit. `from_environment`: the file has no state URL."""
    for path, case, fix in _problems(settings, from_environment):
        raise WrongUse(f"{locate(path)}: {label(path)} {case}", fix)


def _problems(settings: Settings, from_environment: bool) -> Iterator[Problem]:
    if settings.quickbooks is not None:
        yield from _quickbooks(settings, settings.quickbooks)
    if settings.salesforce is not None:
        yield from _salesforce(settings.salesforce)
        yield from _salesforce_host(settings, settings.salesforce.base_url)
    if settings.stream.target and not is_event_bus(settings, settings.stream.target):
        fix = "Write api.pubsub.salesforce.com:7443 or remove the line; another host serves a rehearsal only."
        yield ("stream", "target"), "is not the event bus of Salesforce.", fix
    if not re.fullmatch(r"(ChangeEvents|[A-Za-z][A-Za-z0-9_]*__chn)?", settings.stream.channel):
        yield ("stream", "channel"), "must be ChangeEvents or end with __chn.", "Copy its name without /data/."
    yield from _rules(settings.rules)
    yield from _template(settings.rules)
    for name in CRONS:
        if (cron := getattr(settings.cadence, name)) and (trouble := cron_trouble(cron)):
            yield ("cadence", name), trouble + ".", "Write minute, hour, day, month and weekday: 0 18 * * 1-5"
    yield from _state(settings.state.url, from_environment)
    yield from _web(settings.web)
    ca_file = settings.network.ca_file
    if ca_file is not None and not _is_file(ca_file):
        yield ("network", "ca_file"), f"names {ca_file}, which is not there.", "Correct the name, or remove the line."


def _web(web: Web) -> Iterator[Problem]:
    parts = urlsplit(web.public_url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if web.public_url and not (safe and parts.hostname and parts.path in ("", "/") and not parts.query):
        yield ("web", "public_url"), "is no https address without a path.", "Write https:// and the host name alone."
    for proxy in names_of(web.proxies):
        if not is_address(proxy):
            yield ("web", "proxies"), f"holds {proxy!r}, which is no address.", "Write addresses, not names."


def is_address(text: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:
        return False


_ADDRESSES = tuple(VENDOR["production"])


def _quickbooks(settings: Settings, quickbooks: QuickBooks) -> Iterator[Problem]:
    for name in (*_ADDRESSES, "redirect_uri"):
        address = getattr(quickbooks, name)
        if address or name in ("base_url", "token_url"):
            yield from _address(("quickbooks", name), address)
    on_this_machine = is_test_server(settings, quickbooks.base_url)
    if on_this_machine != (quickbooks.environment == "rehearsal"):
        place = "an emulator on this machine" if on_this_machine else "not on this machine"
        fix = (
            'Write  environment = "rehearsal"' if on_this_machine else "Correct base_url, or name the real environment."
        )
        yield ("quickbooks", "environment"), f"is {quickbooks.environment}, but base_url is {place}.", fix
    if quickbooks.environment == "production" and "sandbox" in quickbooks.base_url:
        yield ("quickbooks", "base_url"), "is a sandbox, the environment is production.", "Correct one of the two."
    if quickbooks.environment == "sandbox" and quickbooks.base_url.startswith("https://quickbooks.api.intuit.com"):
        yield ("quickbooks", "base_url"), "is production, the environment is sandbox.", "Correct one of the two."
    for name in _ADDRESSES:
        if address := getattr(quickbooks, name):
            yield from _quickbooks_host(settings, quickbooks.environment, name, address)
    if quickbooks.environment == "production" and quickbooks.redirect_uri.startswith("http:"):
        yield ("quickbooks", "redirect_uri"), "begins with http, production keys take https only.", "Correct it."
    if quickbooks.realm_id and not re.fullmatch(r"[0-9]{1,20}", quickbooks.realm_id):
        yield ("quickbooks", "realm_id"), "must be digits.", "Copy the company id from QuickBooks, without blanks."


def _quickbooks_host(settings: Settings, environment: str, name: str, address: str) -> Iterator[Problem]:
    path = ("quickbooks", name)
    if environment == "rehearsal":
        if not is_test_server(settings, address):
            yield path, "is not on this machine.", _ELSEWHERE
    elif not is_quickbooks(environment, name, address):
        yield path, f"is on another host than Intuit's, which is fixed in {environment}.", _FIXED


_ELSEWHERE = "Correct it; a test server elsewhere is named as rehearsal_host in [network]."
_FIXED = "Remove the line; another host serves a rehearsal only."


def _salesforce_host(settings: Settings, address: str) -> Iterator[Problem]:
    path = ("salesforce", "base_url")
    if is_rehearsal(settings):
        if not is_test_server(settings, address):
            yield path, "is not on this machine.", _ELSEWHERE
    elif not is_salesforce(address):
        fix = "Use My Domain: https://<your domain>.my.salesforce.com ; another host serves a rehearsal only."
        yield path, "is on another host than Salesforce's.", fix


def _salesforce(salesforce: Salesforce) -> Iterator[Problem]:
    path: KeyPath = ("salesforce", "base_url")
    yield from _address(path, salesforce.base_url)
    host = urlsplit(salesforce.base_url).hostname or ""
    if host.endswith(".lightning.force.com") or host in ("login.salesforce.com", "test.salesforce.com"):
        page = "the page for people" if host.endswith(".lightning.force.com") else "the common sign-in page"
        yield path, f"is {page}, not the address of the API.", "Use My Domain: https://<your domain>.my.salesforce.com"
    if salesforce.org_id and not re.fullmatch(r"00D[0-9A-Za-z]{12}([0-9A-Za-z]{3})?", salesforce.org_id):
        yield ("salesforce", "org_id"), "must be 15 or 18 characters that begin with 00D.", "Copy it from Setup."
    if not re.fullmatch(r"[5-9][0-9]\.0", salesforce.api_version):
        yield ("salesforce", "api_version"), "must be a version such as 67.0, from 50.0.", "Write it in quotes."


def _address(path: KeyPath, address: str) -> Iterator[Problem]:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.password or parts.username:
        yield path, "holds a user name or password.", "Remove it; secrets are given to  ml-connector connect"
    if parts.scheme not in ("https", "http") or not host or not address.isascii() or not address.isprintable():
        yield path, "is no address.", "Write it as  https://host  or, for an emulator,  http://127.0.0.1:port"
    elif " " in address or "?" in address or "#" in address:
        yield path, "has a part that does not belong there.", "Write scheme, host and path only."
    elif parts.scheme == "http" and not is_loopback(host):
        yield path, "must begin with https; plain http goes to this machine only.", "Correct the address."


def _rules(rules: Rules) -> Iterator[Problem]:
    try:
        ZoneInfo(rules.time_zone)
    except (ValueError, OSError, LookupError):
        yield ("rules", "time_zone"), "is no time zone.", "Write its name, for example America/Los_Angeles."
    if rules.match_review >= rules.match_auto:
        yield ("rules", "match_review"), "must be below match_auto.", "Lower it, or raise match_auto."
    if rules.dim_unmapped == "default_class" and not rules.default_class:
        yield ("rules", "dim_unmapped"), "needs a default_class.", "Set default_class to the id of a class."
    if not rules.contact_role.strip():
        yield ("rules", "contact_role"), "must not be empty.", "Write a value of the Role picklist."
    for stage, name in rules.stage_names.items():
        if stage not in STAGES:
            yield ("rules", "stage_names", stage), "is no stage.", f"Write one of {', '.join(STAGES)}."
        elif not name.strip():
            yield ("rules", "stage_names", stage), "must not be empty.", "Write the API name of the org's stage."
    for index, rule in enumerate(rules.account_rules):
        if not rule.account or bool(rule.sku) == bool(rule.family):
            path: KeyPath = ("rules", "account_rules", index, "account")
            yield path, "needs an account and either a SKU or a family.", "Give one of the two."


def _template(rules: Rules) -> Iterator[Problem]:
    policy = policy_of(rules.template)
    if policy.lacks:
        why = f"without {policy.lacks} the revenue would be counted twice"
        yield (
            ("rules", "template", "id"),
            f"is {policy.id}, which this version does not post: {why}.",
            "Choose T1 (balance sheet only) or T0 (no entries).",
        )
    if rules.discount_mode == "gross":
        yield ("rules", "discount_mode"), "is gross, which needs template T2 or T3.", "Write net."
    if rules.tax_mode == "include":
        yield ("rules", "tax_mode"), "is include, which needs template T3.", "Write exclude."


def _state(url: str, from_environment: bool) -> Iterator[Problem]:
    scheme, mark, _ = url.partition("://")
    if not mark or scheme.partition("+")[0] not in ("sqlite", "postgresql"):
        yield ("state", "url"), "is no database we know.", "Write sqlite:///<file> or postgresql+psycopg://host/name"
    try:
        password = urlsplit(url).password or "password=" in url
    except ValueError:
        password = None
        yield ("state", "url"), "is no address.", "Write sqlite:///<file> or postgresql+psycopg://host/name"
    if password and not from_environment:
        yield (
            ("state", "url"),
            "holds a password; secrets do not stand in settings.",
            "Take it out, and set the whole URL in the environment variable MLC_STATE_URL.",
        )

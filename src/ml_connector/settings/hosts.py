"""The vendors' hosts, and which hosts the settings may name: others only in a rehearsal.

QuickBooks: quickbooks reference 1.1 and 2. Salesforce: salesforce reference 1.1; My Domain ends alike everywhere but in
the clouds for the US military (`.mil`) and in China (`.cn`), where Salesforce runs under domains of its own.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from ml_connector.model.destinations import Destination
from ml_connector.model.errors import WrongUse

from .shape import QuickBooks, Settings

VENDOR = {
    "production": {
        "base_url": "https://quickbooks.api.intuit.com",
        "token_url": "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
        "authorize_url": "https://appcenter.intuit.com/connect/oauth2",
        "discovery_url": "https://developer.intuit.com/.well-known/openid_configuration",
    },
    "sandbox": {
        "base_url": "https://sandbox-quickbooks.api.intuit.com",
        "token_url": "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
        "authorize_url": "https://appcenter.intuit.com/connect/oauth2",
        "discovery_url": "https://developer.intuit.com/.well-known/openid_sandbox_configuration",
    },
}
"""Addresses of QuickBooks by environment; a rehearsal has none of its own."""
EVENT_BUSES = ("api.pubsub.salesforce.com", "api.deu.pubsub.salesforce.com")
"""Where the event bus of every org is (salesforce reference 5.1); the second keeps traffic in the EU."""
MY_DOMAINS = (".my.salesforce.com", ".my.salesforce.mil", ".my.sfcrmproducts.cn", ".my.sfcrmapps.cn")
"""How the host of an org ends."""


def is_rehearsal(settings: Settings) -> bool:
    """Whether both sides may be test servers. Without a QuickBooks section nothing is a rehearsal yet."""
    return settings.quickbooks is not None and settings.quickbooks.environment == "rehearsal"


def is_quickbooks(environment: str, name: str, address: str) -> bool:
    """Whether an address (`base_url`, `token_url`, ...) is on Intuit's host for it in this environment."""
    return _origin(address) == _origin(VENDOR[environment][name])


def is_salesforce(address: str) -> bool:
    """Whether an address is the My Domain of an org."""
    scheme, host, port = _origin(address)
    return scheme == "https" and port == 443 and host.endswith(MY_DOMAINS)


def is_test_server(settings: Settings, address: str) -> bool:
    """Whether a rehearsal may use it: on this machine, or the one host that the settings name for it."""
    host = host_of(address)
    return is_loopback(host) or host == settings.network.rehearsal_host.lower() != ""


def event_bus(settings: Settings) -> tuple[str, bool] | None:
    """Host and port of the event bus, and whether it speaks TLS; None where nothing is to be listened to.

    Test servers on this machine speak TLS where the settings name an authority for them.
    """
    target = settings.stream.target or ("" if is_rehearsal(settings) else f"{EVENT_BUSES[0]}:7443")
    if not settings.stream.enabled or not target:
        return None
    plain = is_rehearsal(settings) and settings.network.ca_file is None and is_loopback(host_of(f"//{target}"))
    return target, not plain


def is_event_bus(settings: Settings, target: str) -> bool:
    """Whether session tokens may go to that host and port: Salesforce's, or a test server's in a rehearsal."""
    if is_rehearsal(settings):
        return is_test_server(settings, f"//{target}")
    return target in {f"{host}:{port}" for host in EVENT_BUSES for port in (7443, 443)}


def host_of(address: str) -> str:
    """The host of an address in lower case; blank where there is none."""
    return _origin(address)[1]


def _origin(address: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(address)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _usual_port(parts)
    except ValueError:
        return "", "", 0


def _usual_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def destination(settings: Settings, system: Literal["quickbooks", "salesforce"]) -> Destination:
    """Where the secrets of a side may go. Raises `WrongUse` before it is set up."""
    if system == "quickbooks":
        return _to_quickbooks(settings)
    if settings.salesforce is None:
        raise WrongUse("Salesforce is not set up.", "Run  ml-connector init  first.")
    address = settings.salesforce.base_url
    return _destination(settings, [address], vendors=is_salesforce(address))


def _to_quickbooks(settings: Settings) -> Destination:
    quickbooks = settings.quickbooks
    if quickbooks is None:
        raise WrongUse("QuickBooks is not set up.", "Run  ml-connector init  first.")
    addresses = [quickbooks.base_url, quickbooks.token_url]
    return _destination(settings, addresses, vendors=_all_of_intuit(quickbooks))


def _all_of_intuit(quickbooks: QuickBooks) -> bool:
    environment = quickbooks.environment
    names = ("base_url", "token_url")
    return environment in VENDOR and all(is_quickbooks(environment, name, getattr(quickbooks, name)) for name in names)


def _destination(settings: Settings, addresses: list[str], *, vendors: bool) -> Destination:
    hosts = tuple(sorted({host_of(address) for address in addresses}))
    authorities = "" if is_rehearsal(settings) else _authorities(settings)
    return Destination(hosts=hosts, authorities=authorities, vendors=vendors)


def _authorities(settings: Settings) -> str:
    """Whoever adds an authority can stand in the vendor's place: secrets are sealed for those that were known then."""
    ca_file = settings.network.ca_file
    if ca_file is None:
        return ""
    try:
        return hashlib.sha256(ca_file.read_bytes()).hexdigest()
    except OSError as error:
        raise WrongUse(f"{ca_file} cannot be read.", "Correct ca_file in the settings.") from error

"""The vendors' own host names, and the one that a caller used.

Mapping these names to this machine is the caller's business; the certificate of `--tls` is good for all of them.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from .wire import Request

INTUIT = (
    "quickbooks.api.intuit.com",
    "sandbox-quickbooks.api.intuit.com",
    "oauth.platform.intuit.com",
    "appcenter.intuit.com",
    "developer.intuit.com",
    "developer.api.intuit.com",
    "accounts.platform.intuit.com",
    "sandbox-accounts.platform.intuit.com",
)
"""quickbooks-online reference 1.1 and 2"""
LOGIN = ("login.salesforce.com", "test.salesforce.com")
MY_DOMAINS = ("*.my.salesforce.com", "*.sandbox.my.salesforce.com", "*.develop.my.salesforce.com")
"""salesforce reference 1.1; an asterisk stands for one label"""
PUBSUB = ("api.pubsub.salesforce.com", "api.deu.pubsub.salesforce.com")
HERE = ("localhost", "127.0.0.1", "::1")
VENDORS = (*INTUIT, *LOGIN, *MY_DOMAINS, *PUBSUB)
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"


def _pattern(name: str) -> str:
    return re.escape(name).replace(r"\*", _LABEL)


_KNOWN = re.compile("|".join(_pattern(name) for name in VENDORS))


class Place(NamedTuple):
    """Where a caller believes to be: host and port as it wrote them, and whether by a vendor's own name."""

    scheme: str
    netloc: str
    vendor: bool = False

    @property
    def url(self) -> str:
        """The base of addresses in answers, as the caller would write it."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def host(self) -> str:
        """The host alone, in lower case; blank when the caller named none."""
        return (urlsplit(f"//{self.netloc}").hostname or "").lower()

    def of(self, name: str) -> str:
        """The address of the vendor's host `name`, on the caller's port; to a local caller one server is all hosts."""
        if not self.vendor:
            return self.url
        port = urlsplit(self.url).port
        return f"{self.scheme}://{name}{'' if port is None else f':{port}'}"


def place(request: Request, base_url: str) -> Place:
    """The place that the Host header names if it is ours, else that of `base_url`."""
    home = urlsplit(base_url)
    given = request.header("host").strip()
    try:
        parts = urlsplit(f"//{given}")
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host = ""
    if _KNOWN.fullmatch(host):
        return Place(home.scheme, given, vendor=True)
    return Place(home.scheme, given if host in HERE else home.netloc)

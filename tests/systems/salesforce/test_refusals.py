"""Every refusal of a sign-in says what it means, and the place in Setup that mends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emulators.salesforce.key_pairs import key_pair
from ml_connector.model.errors import ConnectorError, SignInNeeded, Unreachable, WrongUse
from ml_connector.systems.http import Caller
from ml_connector.systems.limits import free_throttle
from ml_connector.systems.salesforce.auth import JwtBearer
from ml_connector.systems.salesforce.client import Salesforce
from ml_connector.systems.salesforce.keeper import SessionKeeper
from ml_connector.systems.salesforce.refusals import REFUSALS, refusal
from ml_emulators.kit.clock import VirtualClock
from support.network import FixedIds, StillClock, VendorNetwork

from .emulated import EmulatedOrg
from .org import Org, answer, client


@pytest.mark.parametrize(
    ("error", "description", "kind", "words"),
    [
        ("invalid_client_id", "client identifier invalid", SignInNeeded, "consumer key"),
        ("invalid_client", "invalid client credentials", SignInNeeded, "secret"),
        ("invalid_grant", "no client credentials user enabled", SignInNeeded, "Run As"),
        ("invalid_grant", "user is not admin approved", SignInNeeded, "not approved"),
        ("invalid_grant", "Client credentials flow not enabled", SignInNeeded, "both places"),
        ("invalid_grant", "request not supported on this domain", WrongUse, "My Domain"),
        ("invalid_grant", "something new", SignInNeeded, "invalid_grant"),
        ("unsupported_grant_type", "grant type not supported", WrongUse, "My Domain"),
        ("inactive_user", "", SignInNeeded, "inactive"),
        ("inactive_org", "", SignInNeeded, "inactive"),
        ("<script>", "", SignInNeeded, "unknown reason"),
    ],
)
async def test_refusals_say_what_to_do(error: str, description: str, kind: type[Exception], words: str) -> None:
    org = Org()
    org.tokens = [answer({"error": error, "error_description": description}, 400)]
    with pytest.raises(kind, match=words):
        await client(org).session()


def test_refusals_quote_no_description() -> None:
    assert "hidden" not in str(refusal(400, {"error": "odd_reason", "error_description": "hidden"}))


def by_certificate(org: EmulatedOrg, number: int = 1, clock: StillClock | None = None, **changed: str) -> Salesforce:
    """A client that signs with a key; the certificate of key 1 is uploaded."""
    if not org.emulator._sessions.certificates:
        org.act("register_certificate", "", certificate=key_pair(1)[1])
    named = {"client_id": org.info["client_id"], "username": org.emulator.org.integration_user.username, **changed}
    network = VendorNetwork(lambda request: org.gate.serve("salesforce", request))
    caller = Caller(network, org.clock, FixedIds(), free_throttle(org.clock), "salesforce")
    bearer = JwtBearer(org.info["base_url"], named["client_id"], named["username"], key_pair(number)[0])
    keeper = SessionKeeper(caller, bearer, clock or org.clock, org_id=org.info["org_id"])
    return Salesforce(caller=caller, sessions=keeper, clock=org.clock)


async def test_a_certificate_lets_us_in_where_the_flow_of_secrets_is_off() -> None:
    org = EmulatedOrg()
    org.act("set_switch", "", client_credentials_enabled=False)
    assert (await by_certificate(org).session()).org_id == org.info["org_id"]
    with pytest.raises(SignInNeeded, match="switched off"):
        await org.signed_in().session()


AT_BOTH: list[tuple[dict[str, Any], type[ConnectorError], str, str]] = [
    ({"user_active": False}, SignInNeeded, "inactive or frozen", "Setup > Users"),
    ({"address_allowed": False}, SignInNeeded, "from the address of this machine", "IP Relaxation"),
    ({"app_blocked": True}, SignInNeeded, "blocked the app", "Connected Apps OAuth Usage"),
    ({"org_has_api": False}, SignInNeeded, "does not let this user call its API", "API Enabled"),
    ({"api_enabled": False}, SignInNeeded, "does not let this user call its API", "API Enabled"),
]
BY_SECRET: list[tuple[dict[str, Any], type[ConnectorError], str, str]] = [
    ({"client_credentials_enabled": False}, SignInNeeded, "flow is switched off", "Health Review"),
    ({"run_as_user": False}, SignInNeeded, "no user to run as", "Run As"),
    ({"admin_approved": False}, SignInNeeded, "not approved for the app", "permission set"),
    ({"first_secret_taken": False}, SignInNeeded, "refuses the consumer secret", "--new-secret"),
    ({"first_secret_taken": False, "wrong_secret_status": 401}, SignInNeeded, "refuses the consumer secret", "Copy"),
]


@pytest.mark.parametrize("by", ["secret", "certificate"])
@pytest.mark.parametrize(("switches", "kind", "sentence", "place"), AT_BOTH)
async def test_what_keeps_both_ways_out(
    by: str, switches: dict[str, Any], kind: type[ConnectorError], sentence: str, place: str
) -> None:
    org = EmulatedOrg()
    salesforce = org.signed_in() if by == "secret" else by_certificate(org)
    org.act("set_switch", "", **switches)
    with pytest.raises(kind, match=sentence) as caught:
        await salesforce.find("Account", "Name", ["Acme"])
    assert place in caught.value.remedy


@pytest.mark.parametrize(("switches", "kind", "sentence", "place"), BY_SECRET)
async def test_what_keeps_a_secret_out(
    switches: dict[str, Any], kind: type[ConnectorError], sentence: str, place: str
) -> None:
    org = EmulatedOrg()
    org.act("set_switch", "", **switches)
    with pytest.raises(kind, match=sentence) as caught:
        await org.signed_in().session()
    assert place in caught.value.remedy


async def test_an_unknown_consumer_key() -> None:
    org = EmulatedOrg()
    for salesforce in (org.signed_in(client_id="nobody"), by_certificate(org, client_id="nobody")):
        with pytest.raises(SignInNeeded, match="does not know the consumer key"):
            await salesforce.session()


@pytest.mark.parametrize(("error", "sentence"), [("invalid_grant", "is frozen"), ("inactive_user", "or frozen")])
@pytest.mark.parametrize("by", ["secret", "certificate"])
async def test_a_frozen_user(by: str, error: str, sentence: str) -> None:
    org = EmulatedOrg()
    org.act("set_switch", "", frozen_error=error)
    org.act("freeze_user", "")
    with pytest.raises(SignInNeeded, match=sentence) as caught:
        await (org.signed_in() if by == "secret" else by_certificate(org)).session()
    assert "Unfreeze" in caught.value.remedy


async def test_what_keeps_a_certificate_out() -> None:
    org = EmulatedOrg()
    with pytest.raises(SignInNeeded, match="does not know the certificate") as caught:
        await by_certificate(org, number=2).session()
    assert "OAuth Settings" in caught.value.remedy
    with pytest.raises(SignInNeeded, match="not pre-authorized"):
        await by_certificate(org, username="nobody@acme.example").session()
    org.act("set_switch", "", admin_approved=False)
    with pytest.raises(SignInNeeded, match="not pre-authorized") as caught:
        await by_certificate(org).session()
    assert "Permitted Users" in caught.value.remedy


@pytest.mark.parametrize(("minutes", "words"), [(-10, "is behind"), (10, "is ahead")])
async def test_a_clock_that_is_wrong_waits_until_it_is_right(minutes: int, words: str) -> None:
    org = EmulatedOrg()
    ours = StillClock(VirtualClock())
    ours.virtual.freeze(org.clock.now() + timedelta(minutes=minutes))
    salesforce = by_certificate(org, clock=ours)
    with pytest.raises(Unreachable, match=words):
        await salesforce.session()


@pytest.mark.parametrize(("error", "part", "kind", "sentence", "remedy"), REFUSALS)
def test_every_row_is_reached(error: str, part: str, kind: type[ConnectorError], sentence: str, remedy: str) -> None:
    """No row hides another one."""
    meant = refusal(400, {"error": error, "error_description": f"Some {part} words"})
    assert (type(meant), meant.sentence, meant.remedy) == (kind, sentence, remedy)

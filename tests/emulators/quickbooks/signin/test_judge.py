"""intuit-oauth through a whole connection: consent, tokens, user, end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.quickbooks import QuickBooks

from ..judges import Bench, thing
from ..sockets import listening


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = VirtualClock()
    server = QuickBooks(clock, Random(5))
    with listening(server, clock.now) as port:
        found = Bench(server, port)
        yield found
        found.close()


def agree(bench: Bench, *scopes: Scopes, state: str = "s1") -> dict[str, str]:
    """The user's browser goes to the authorization address; what the app is told."""
    url = bench.auth.get_authorization_url(list(scopes), state_token=state)
    answer = requests.get(url, allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_the_addresses_come_from_the_discovery_document(bench: Bench) -> None:
    assert bench.auth.auth_endpoint == bench.info["authorize_url"]
    assert bench.auth.token_endpoint == bench.info["token_url"]


def test_consent_to_tokens_to_data(bench: Bench) -> None:
    back = agree(bench, Scopes.ACCOUNTING)
    assert back["state"] == bench.auth.state_token == "s1"
    bench.auth.get_bearer_token(back["code"], realm_id=back["realmId"])
    assert (bench.auth.realm_id, bench.auth.expires_in) == (bench.info["realm_id"], 3600)
    assert bench.auth.x_refresh_token_expires_in == 8_640_000
    assert thing("Customer").count(qb=bench.qb) == 0


def test_the_id_token_holds_before_the_judge(bench: Bench) -> None:
    back = agree(bench, Scopes.OPENID, Scopes.EMAIL, Scopes.ACCOUNTING)
    bench.auth.get_bearer_token(back["code"])
    assert bench.auth.id_token is not None, "the judge keeps only what its check lets pass"
    assert bench.auth.get_user_info().json()["email"] == "robin.ledger@example.com"


def test_a_code_works_once(bench: Bench) -> None:
    code = agree(bench, Scopes.ACCOUNTING)["code"]
    bench.auth.get_bearer_token(code)
    with pytest.raises(AuthClientError) as refused:
        bench.auth.get_bearer_token(code)
    assert (refused.value.status_code, "invalid_grant" in str(refused.value.content)) == (400, True)


def test_denied(bench: Bench) -> None:
    bench.server.switches.deny_consent = True
    assert agree(bench, Scopes.ACCOUNTING) == {"error": "access_denied", "state": "s1"}


def test_refreshing_within_a_day_and_after(bench: Bench) -> None:
    first = bench.auth.refresh_token
    bench.auth.refresh()
    assert bench.auth.refresh_token == first
    bench.server._service.clock.advance(timedelta(hours=25))
    bench.auth.refresh()
    assert bench.auth.refresh_token != first
    with pytest.raises(AuthClientError):
        bench.auth.refresh(refresh_token=first)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking(bench: Bench, which: str) -> None:
    assert bench.auth.revoke(token=getattr(bench.auth, which)) is True
    with pytest.raises(AuthClientError):
        bench.auth.refresh()
    with pytest.raises(AuthClientError):
        bench.auth.get_user_info()


def test_wrong_keys(bench: Bench) -> None:
    bench.auth.client_secret = "wrong"
    with pytest.raises(AuthClientError) as refused:
        bench.auth.refresh()
    assert (refused.value.status_code, "invalid_client" in str(refused.value.content)) == (401, True)

"""A secret or a certificate is renewed without a break: the old one goes when the vendor has taken the new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml_connector.actions.connect import finish_salesforce
from ml_connector.actions.open import Home
from ml_connector.actions.renew import certificate_user, connect_by_certificate, renew_secret
from ml_connector.clients import CLIENT_SECRET, SIGNING_KEY
from ml_connector.custody import SealedPair
from ml_connector.model.errors import SignInNeeded, WrongUse
from ml_connector.service.sides import sides_of
from ml_connector.service.token_lives import token_lives
from support.world import Installation


@pytest.fixture
def home(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def home_of(home: Installation) -> Home:
    """The installation as `connect` sees it."""
    return Home(home.settings.home, home.settings, home.store, home.vault, home.app.world)


def switch(home: Installation, system: str, **switches: Any) -> None:
    home.emulation.set_switches(system, switches)


def kept(home: Installation, system: str, name: str = CLIENT_SECRET) -> list[str]:
    client_id = getattr(home.settings, system).client_id
    return SealedPair(home.custody(system), f"{system}:{client_id}", name).values()


async def works(home: Installation, system: str) -> None:
    """Another process, as it starts."""
    app = home.process()
    await (app.quickbooks.sign_in_anew() if system == "quickbooks" else app.salesforce.session())


@pytest.mark.parametrize("system", ["quickbooks", "salesforce"])
async def test_a_new_secret_stands_beside_the_old_one_until_it_is_taken(home: Installation, system: Any) -> None:
    (first,) = kept(home, system)
    waiting = await renew_secret(home_of(home), system, "second", "ana")
    assert (waiting.taken, kept(home, system)) == (False, ["second", first])
    assert "does not take the new secret yet" in waiting.why
    await works(home, system)

    switch(home, system, staged_secret="second")
    await works(home, system)
    assert kept(home, system) == ["second"], "the sign-in has proved it, and the old one is gone"
    switch(home, system, first_secret_taken=False)
    await works(home, system)


@pytest.mark.parametrize("system", ["quickbooks", "salesforce"])
async def test_a_new_secret_that_is_taken_is_the_only_one(home: Installation, system: Any) -> None:
    running = home.process()
    switch(home, system, staged_secret="second")
    assert (await renew_secret(home_of(home), system, " second\n", "ana")).taken
    assert kept(home, system) == ["second"]
    (event,) = [event for event in home.store.audit_events(home.app.connection.id) if event.action == "renew secret"]
    assert (event.actor, event.object) == ("ana", system)

    switch(home, system, first_secret_taken=False)
    await (running.quickbooks.sign_in_anew() if system == "quickbooks" else running.salesforce.session())


async def test_a_side_that_was_dead_for_its_secret_goes_on_with_the_new_one(home: Installation) -> None:
    switch(home, "quickbooks", first_secret_taken=False)
    sides = sides_of(home.app)
    with pytest.raises(WrongUse) as caught:
        await home.app.quickbooks.sign_in_anew()
    sides.failed("quickbooks", caught.value)
    assert sides.of("quickbooks").state == "dead"

    switch(home, "quickbooks", staged_secret="second")
    assert (await renew_secret(home_of(home), "quickbooks", "second", "ana")).taken
    sides.heard()
    assert sides.of("quickbooks").state == "live"


@pytest.mark.parametrize(("system", "error"), [("quickbooks", WrongUse), ("salesforce", SignInNeeded)])
async def test_where_neither_is_taken_it_says_so_and_forgets_nothing(
    home: Installation, system: Any, error: type[Exception]
) -> None:
    switch(home, system, first_secret_taken=False)
    with pytest.raises(error):
        await renew_secret(home_of(home), system, "second", "ana")
    assert len(kept(home, system)) == 2


async def test_from_a_secret_to_a_certificate_and_back(home: Installation, tmp_path: Path) -> None:
    running, username = home.process(), home.emulation.vendors["salesforce"].connection_info()["username"]
    first = await running.salesforce.session()
    made = await connect_by_certificate(home_of(home), username, "ana")
    assert (made.taken, made.why) == (False, "Salesforce does not know the certificate that we sign with.")
    assert made.certificate == str(tmp_path / "salesforce-default.crt")
    await works(home, "salesforce")

    home.emulation.act("salesforce", "register_certificate", "", {"certificate": pem(made.certificate)})
    switch(home, "salesforce", client_credentials_enabled=False)
    assert (await connect_by_certificate(home_of(home), username, "ana")).taken
    assert (await running.salesforce.new_session(first)).org_id == home.rules.org_id, "a process that runs follows"
    (_, life) = token_lives(home.app)
    assert (life.by, life.certificate_until) == ("certificate", made.ends)

    switch(home, "salesforce", client_credentials_enabled=True)
    await finish_salesforce(home_of(home))
    assert token_lives(home.app)[1].by == "secret"


async def test_a_certificate_is_renewed_with_both_in_use(home: Installation) -> None:
    username = home.emulation.vendors["salesforce"].connection_info()["username"]

    def upload(file: str) -> None:
        home.emulation.act("salesforce", "register_certificate", "", {"certificate": pem(file)})

    upload((await connect_by_certificate(home_of(home), username, "ana")).certificate)
    assert (await connect_by_certificate(home_of(home), username, "ana")).taken
    (old,) = kept(home, "salesforce", SIGNING_KEY)

    renewed = await connect_by_certificate(home_of(home), certificate_user(home_of(home)), "ana", new_key=True)
    assert (renewed.taken, len(kept(home, "salesforce", SIGNING_KEY))) == (False, 2)
    await works(home, "salesforce")
    upload(renewed.certificate)
    await works(home, "salesforce")
    (new,) = kept(home, "salesforce", SIGNING_KEY)
    assert new != old


async def test_another_user_name_needs_no_other_key(home: Installation) -> None:
    username = home.emulation.vendors["salesforce"].connection_info()["username"]
    file = (await connect_by_certificate(home_of(home), "typo@acme.example", "ana")).certificate
    home.emulation.act("salesforce", "register_certificate", "", {"certificate": pem(file)})
    with pytest.raises(SignInNeeded, match="its user name is another one"):
        await connect_by_certificate(home_of(home), "typo@acme.example", "ana")
    assert (await connect_by_certificate(home_of(home), username, "ana")).taken


async def test_no_private_key_lies_in_the_home(home: Installation, tmp_path: Path) -> None:
    await connect_by_certificate(home_of(home), "robot@acme.example", "ana")
    assert kept(home, "salesforce", SIGNING_KEY)
    assert b"PRIVATE" not in contents(tmp_path)


def pem(file: str) -> str:
    return Path(file).read_text()


def contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())

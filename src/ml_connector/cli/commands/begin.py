"""From nothing to a checked connection."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ml_connector.cli.ask import TerminalAsk
from ml_connector.cli.render_state import finding_lines, worst
from ml_connector.cli.text import safe, system_name
from ml_connector.cli.views import Ask
from ml_connector.model.errors import WrongUse

from .common import USUAL, Common, run, show

_LONGEST = 1_000_000


def init(
    *,
    emulators: Annotated[Path | None, Parameter(help="File with the line that `emulators --json` prints")] = None,
    common: Common = USUAL,
) -> int:
    """Make a home. With the emulators' line it is connected to them, without questions.

    With --connection the settings of that connection stand in a file of their own, also in a home that is there.
    """
    document = None if emulators is None else read_line(emulators)
    from ml_connector.actions.connect import connect_emulators
    from ml_connector.actions.init import init as action

    action(common.folder, document, common.connection)
    if document is not None:
        with common.logged():
            asyncio.run(connect_emulators(common.folder, document, common.connection))
        asyncio.run(_named(common))
    following = "ml-connector doctor" if emulators else "ml-connector connect quickbooks"
    lines = [f"Home {safe(common.folder)} is ready.", f"Next:  {following}"]
    show(common, "home", {"home": str(common.folder), "connected": document is not None}, lambda _: lines)
    return 0


async def _named(common: Common, system: str = "") -> str:
    """The company's name, once both sides are connected; the sign-in (to `system`, or to both) goes on record."""
    from ml_connector.actions.acting import os_user
    from ml_connector.actions.connect import name_company
    from ml_connector.actions.open import open_home

    with common.logged():
        async with open_home(common.folder, common.connection) as home:
            return (await name_company(home, os_user(), system)).company


def read_line(file: Path) -> dict[str, Any]:
    """The emulators' document. Raises `WrongUse` if the file does not hold it."""
    import msgspec

    try:
        with file.open("rb") as source:
            document = msgspec.json.decode(source.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not {"quickbooks", "salesforce"} <= document.keys():
        raise WrongUse(
            f"{safe(file)} does not hold the line of the emulators.",
            "Start them and keep their line:  ml-connector emulators --json > emulators.json",
        )
    return document


New = Annotated[bool, Parameter(help="Put a new client secret beside the one in use, until the vendor takes it")]


def connect_quickbooks(*, new_secret: New = False, common: Common = USUAL) -> int:
    """Sign in to a QuickBooks company. Secrets are asked for without echo and sealed."""
    common.check()
    if new_secret:
        return _renew_secret(common, "quickbooks", "New client secret of your Intuit app")
    asyncio.run(_quickbooks(common, TerminalAsk()))
    return _connected(common, "quickbooks")


async def _quickbooks(common: Common, ask: Ask) -> None:
    from ml_connector.actions import connect
    from ml_connector.actions.open import open_home
    from ml_connector.actions.settings import set_up, settings_of

    known = settings_of(common.folder, "quickbooks", common.connection)
    if not known.get("client_id"):
        environment = known.get("environment") or ask.text("quickbooks.environment", "production or sandbox")
        client_id = ask.text("quickbooks.client_id", "Client id of your Intuit app")
        values = {"environment": environment, "client_id": client_id}
        set_up(common.folder, "quickbooks", values, common.connection)
    with common.logged():
        async with open_home(common.folder, common.connection) as home:
            ask.tell(f"The secret is sealed for {connect.sealed_for(home, 'quickbooks')}, and sent nowhere else.")
            secret = ask.secret("quickbooks.client_secret", "Client secret of your Intuit app")
            connect.seal_client_secret(home, "quickbooks", secret)
            url, state = connect.authorize_url(home)
            ask.tell("Open this page, sign in and choose the company:")
            ask.tell(f"  {url}")
            ask.tell("The browser then goes to an address on this machine, which need not open.")
            back = ask.text("quickbooks.redirect", "Copy that whole address here")
            await connect.finish_quickbooks(home, back, state)


def _renew_secret(common: Common, system: Literal["quickbooks", "salesforce"], question: str) -> int:
    """Ask for the secret, and say whether the vendor took it."""
    from ml_connector.actions.acting import os_user
    from ml_connector.actions.open import open_home
    from ml_connector.actions.renew import Renewed, renew_secret

    async def renewed(ask: Ask) -> Renewed:
        with common.logged():
            async with open_home(common.folder, common.connection) as home:
                secret = ask.secret(f"{system}.client_secret", question)
                return await renew_secret(home, system, secret, os_user())

    outcome = asyncio.run(renewed(TerminalAsk()))
    lines = (
        [f"{system_name(system)} takes the new secret; the old one is forgotten.", "Next:  ml-connector status"]
        if outcome.taken
        else [outcome.why, outcome.remedy, "Next:  ml-connector status"]
    )
    show(common, "renewed", outcome, lambda _: lines)
    return 0


def connect_salesforce(
    *,
    jwt: Annotated[bool, Parameter(help="Sign in by certificate (JWT bearer); the key is made here")] = False,
    new_key: Annotated[
        bool, Parameter(help="With --jwt: make a new key and certificate beside the one in use")
    ] = False,
    new_secret: New = False,
    common: Common = USUAL,
) -> int:
    """Connect a Salesforce org. Secrets are asked for without echo and sealed."""
    common.check()
    if new_secret:
        return _renew_secret(common, "salesforce", "New consumer secret of the External Client App")
    if jwt or new_key:
        return _by_certificate(common, new_key=new_key)
    asyncio.run(_salesforce(common, TerminalAsk()))
    return _connected(common, "salesforce")


def _by_certificate(common: Common, *, new_key: bool) -> int:
    """Make the key if there is none, write its certificate, and sign in if it is uploaded."""
    from ml_connector.actions.acting import os_user
    from ml_connector.actions.open import open_home
    from ml_connector.actions.renew import Renewed, certificate_user, connect_by_certificate

    async def connected(ask: Ask) -> Renewed:
        _set_up_salesforce(common, ask)
        with common.logged():
            async with open_home(common.folder, common.connection) as home:
                question = "User name of the integration user (not its e-mail)"
                username = ask.text("salesforce.username", question, certificate_user(home))
                return await connect_by_certificate(home, username, os_user(), new_key=new_key)

    outcome = asyncio.run(connected(TerminalAsk()))
    if outcome.taken:
        return _connected(common, "salesforce")
    lines = [
        outcome.why,
        f"Upload {safe(outcome.certificate)}:",
        "  Setup > External Client App Manager > your app > Settings > OAuth Settings > Enable JWT Bearer Flow",
        "Next:  ml-connector connect salesforce --jwt",
    ]
    show(common, "renewed", outcome, lambda _: lines)
    return 0


def _set_up_salesforce(common: Common, ask: Ask) -> None:
    from ml_connector.actions.settings import set_up, settings_of

    known = settings_of(common.folder, "salesforce", common.connection)
    if not known.get("client_id"):
        domain = "My Domain, https://<your domain>.my.salesforce.com"
        base_url = known.get("base_url") or ask.text("salesforce.base_url", domain)
        client_id = ask.text("salesforce.client_id", "Consumer key of the External Client App")
        values = {"base_url": base_url, "client_id": client_id}
        set_up(common.folder, "salesforce", values, common.connection)


async def _salesforce(common: Common, ask: Ask) -> None:
    from ml_connector.actions import connect
    from ml_connector.actions.open import open_home

    _set_up_salesforce(common, ask)
    with common.logged():
        async with open_home(common.folder, common.connection) as home:
            ask.tell(f"The secret is sealed for {connect.sealed_for(home, 'salesforce')}, and sent nowhere else.")
            secret = ask.secret("salesforce.client_secret", "Consumer secret of the External Client App")
            connect.seal_client_secret(home, "salesforce", secret)
            await connect.finish_salesforce(home)


def _connected(common: Common, system: str) -> int:
    """Put the connection on record as soon as both sides are there, and say what is next."""
    from ml_connector.actions.settings import settings_of

    known = {
        "quickbooks": settings_of(common.folder, "quickbooks", common.connection).get("realm_id"),
        "salesforce": settings_of(common.folder, "salesforce", common.connection).get("org_id"),
    }
    other = next((name for name, id_ in known.items() if not id_), "")
    company = "" if other else asyncio.run(_named(common, system))
    following = f"ml-connector connect {other}" if other else "ml-connector doctor"
    lines = [f"{system_name(system)} is connected.", *([f"Company: {safe(company)}"] if company else [])]
    document = {"home": str(common.folder), "system": system, "company": company, "complete": not other}
    show(common, "connected", document, lambda _: [*lines, f"Next:  {following}"])
    return 0


def webhook_set(
    *,
    forget: Annotated[bool, Parameter(help="Let the token before count no longer, at the end of a rotation")] = False,
    common: Common = USUAL,
) -> int:
    """Seal the verifier token of your Intuit app. The one before goes on counting, until  --forget  ends it."""
    common.check()
    said = asyncio.run(_webhook(common, TerminalAsk(), forget=forget))
    show(common, "webhook", {"forgotten": forget}, lambda _: said)
    return 0


async def _webhook(common: Common, ask: Ask, *, forget: bool) -> list[str]:
    from ml_connector.actions.open import open_home
    from ml_connector.actions.webhook import forget_verifier, set_verifier

    with common.logged():
        async with open_home(common.folder, common.connection) as home:
            if forget:
                there = forget_verifier(home)
                return ["The token before counts no longer." if there else "There is no token before the current one."]
            set_verifier(
                home, ask.secret("quickbooks.verifier_token", "Verifier token, from Webhooks in your Intuit app")
            )
            return ["The verifier token is sealed; a running service takes it within half a minute."]


def doctor(
    *,
    fit: Annotated[bool, Parameter(help="Also check objects, fields and rights in Salesforce")] = False,
    common: Common = USUAL,
) -> int:
    """Check both sides. Ends with 1 if anything says FAIL."""
    common.check()
    from ml_connector.actions.doctor import doctor as action

    findings = run(common, lambda app, _: action(app, fit))
    show(common, "findings", findings, lambda width: finding_lines(findings, width, again="doctor"))
    return worst(findings)


def setup_salesforce(*, common: Common = USUAL) -> int:
    """List the fields and rights that the org still lacks, and how to add them."""
    common.check()
    from ml_connector.actions.setup_salesforce import setup_salesforce as action

    findings = run(common, lambda app, _: action(app))
    show(common, "findings", findings, lambda width: finding_lines(findings, width, again="setup salesforce"))
    return worst(findings)

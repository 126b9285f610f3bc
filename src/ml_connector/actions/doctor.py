"""What keeps a connection from working, found before it hurts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, get_args

import msgspec

from ml_connector.accounting.invoice_status import Status
from ml_connector.actions.acting import asks_for_proof, suggested_name
from ml_connector.actions.audit import verify_audit
from ml_connector.actions.channel import channel_findings
from ml_connector.actions.status import current_status
from ml_connector.actions.webhook import SET, STALE, hook_state
from ml_connector.app import App
from ml_connector.flows.invoices.contact_roles import OTHER
from ml_connector.flows.invoices.opportunity_fields import stage_name
from ml_connector.model.errors import ConnectorError
from ml_connector.model.people import PERSON_ROLES

Level = Literal["ok", "warn", "FAIL"]


class Finding(msgspec.Struct, frozen=True):
    """One check. `remedy` is empty where all is well."""

    level: Level
    subject: str
    sentence: str
    remedy: str = ""


async def doctor(app: App, fit: bool = True) -> list[Finding]:
    """Check both sides, the rules and our own state. With `fit`, also objects, fields and rights in Salesforce."""
    findings = [await _asked("QuickBooks", app, _company), *await _many("QuickBooks", app, _books)]
    findings += await _many("Salesforce", app, org_findings if fit else _signed_in)
    findings += await _many("Salesforce", app, event_findings) if fit else []
    return [*findings, *_rules(app), *_people(app), *_webhooks(app), *_state(app)]


async def _asked(subject: str, app: App, check: Callable[[App], Awaitable[Finding]]) -> Finding:
    try:
        return await check(app)
    except ConnectorError as error:
        return Finding("FAIL", subject, error.sentence, error.remedy)


async def _many(subject: str, app: App, check: Callable[[App], Awaitable[Sequence[Finding]]]) -> list[Finding]:
    try:
        return list(await check(app))
    except ConnectorError as error:
        return [Finding("FAIL", subject, error.sentence, error.remedy)]


async def _company(app: App) -> Finding:
    company = await app.quickbooks.check_company()
    environment = app.settings.quickbooks.environment.upper() if app.settings.quickbooks else ""
    return Finding("ok", "QuickBooks", f"Signed in to {company.company_name}, {environment}.")


async def _books(app: App) -> list[Finding]:
    preferences = (await app.quickbooks.reference("preferences")).value
    closed = preferences.book_close_date
    findings = [
        Finding("ok", "QuickBooks", f"Books are closed to {closed}.")
        if closed
        else Finding(
            "warn", "QuickBooks", "Books have no closing date.", "Set lock_date in [rules], or close the books."
        )
    ]
    for tracked, what in ((preferences.tracks_classes, "class"), (preferences.tracks_departments, "location")):
        if not tracked:
            text = f"Tracking by {what} is off: entries carry none."
            findings.append(Finding("warn", "QuickBooks", text, "Switch it on in QuickBooks if you allocate by it."))
    return findings


async def org_findings(app: App) -> list[Finding]:
    """Objects, fields and rights that the org has or lacks."""
    findings = [Finding(lack.level, "Salesforce", lack.sentence, lack.remedy) for lack in await app.salesforce.fit()]
    return [*findings, *await _many("Salesforce", app, choice_findings)]


async def event_findings(app: App, *, make: bool = False) -> list[Finding]:
    """What the event stream tells of; with `make`, after its channel was made where rights allow."""
    found = await channel_findings(app, make=make)
    return [Finding(lack.level, "Salesforce", lack.sentence, lack.remedy) for lack in found]


async def choice_findings(app: App) -> list[Finding]:
    """Stages and the contact role that the settings name and the org does not have."""
    stages = (await app.salesforce.reference("stages")).value
    roles = (await app.salesforce.reference("contact_roles")).value
    missing = [
        name
        for name in dict.fromkeys(stage_name(status, app.rules) for status in get_args(Status))
        if name not in stages
    ]
    findings = [Finding("FAIL", "Salesforce", _no_stage(name), _STAGES.format(", ".join(stages))) for name in missing]
    if app.rules.contact_role not in roles:
        instead = f"{OTHER} is used instead" if OTHER in roles else "contacts are shown without a role"
        text = f"The org has no contact role {app.rules.contact_role}: {instead}."
        findings.append(Finding("warn", "Salesforce", text, _ROLES.format(", ".join(roles) or "none")))
    return findings or [Finding("ok", "Salesforce", "The org has the stages and the contact role that are written.")]


_STAGES = "Add or activate it, or write the org's own name for it in stage_names of [rules]; the org has {}."
_ROLES = "Set contact_role in [rules] to one that the org has: {}."


def _no_stage(name: str) -> str:
    return f"The org has no active opportunity stage {name}: invoices that need it are held."


async def _signed_in(app: App) -> list[Finding]:
    session = await app.salesforce.session()
    return [Finding("ok", "Salesforce", f"Signed in to the org {session.org_id}.")]


async def orders_off(app: App) -> str:
    """Why no order is posted, whatever the orders say; blank if they are, or if Salesforce does not answer now."""
    try:
        fields = (await app.salesforce.reference("fields:Order")).value
    except ConnectorError:
        return ""
    if not fields:
        return "No orders are posted: the org has none, or the user may not see them (ml-connector doctor --fit)."
    if app.rules.template_doubted:
        return app.unsigned[0]
    return next((finding.sentence for finding in _rules(app) if finding.level != "ok"), "")


def _rules(app: App) -> list[Finding]:
    template, start = app.rules.template, app.rules.start_date
    if app.rules.template_doubted:
        return []  # what is left undone says it
    if template is None or not template.signed_off_by:
        return [
            Finding(
                "warn",
                "Rules",
                "No posting template is signed off: no order is posted.",
                "See what there is to choose:  ml-connector sign-off",
            )
        ]
    return [Finding("ok", "Rules", f"Template {template.id}, signed off by {template.signed_off_by}; from {start}.")]


def _people(app: App) -> list[Finding]:
    """Whether there is somebody for each role; nothing where nobody is asked who he is."""
    if not asks_for_proof(app):
        return []
    active = [row for row in app.store.people(app.connection.id) if row.proved and row.ended_at is None]
    missing = [role for role in PERSON_ROLES if not any(role in row.roles for row in active)]
    if not missing:
        return [Finding("ok", "People", f"{len(active)} may act, with every role among them.")]
    name, role = ("NAME", missing[0]) if active else (suggested_name(), "admin")
    text = f"Nobody has the role {', '.join(missing)}: what it decides waits."
    return [Finding("warn", "People", text, f"Add somebody:  ml-connector people add {name} --role {role}")]


def _webhooks(app: App) -> list[Finding]:
    """Whether deliveries could be verified, and whether anything came of the last one."""
    state = hook_state(app)
    if not state.verifier:
        text = "No verifier token is sealed: webhooks are refused, and only sweeps find changes in QuickBooks."
        return [Finding("warn", "Webhooks", text, f"Seal it:  {SET}")]
    if state.alarm:
        text = "The last webhooks were signed and named no record that is known: what they meant waits for a sweep."
        return [
            Finding("FAIL", "Webhooks", text, "Compare the events chosen in the Intuit app with docs/operations.md")
        ]
    if state.oldest is not None and app.world.clock.now() - state.oldest > STALE:
        text = f"{state.waiting:,} webhooks were acknowledged and are not looked at: no service is running."
        return [Finding("FAIL", "Webhooks", text, "Start it:  ml-connector up")]
    if state.last_at is None:
        text = "A verifier token is sealed; no webhook has ever arrived."
        return [Finding("warn", "Webhooks", text, "Name the address that  ml-connector up  prints in your Intuit app.")]
    return [Finding("ok", "Webhooks", f"The last one arrived {state.last_at:%Y-%m-%d %H:%M} UTC.")]


def _state(app: App) -> list[Finding]:
    """Our own records: the same as `status` says, and the audit log from its first event to its last."""
    undone = [
        Finding(item.level, "State", item.sentence, f"ml-connector {item.command}")
        for item in current_status(app).undone()
    ]
    try:
        events = verify_audit(app).events
    except ConnectorError as error:
        whole = Finding("FAIL", "Audit log", error.sentence, error.remedy)
        return [whole, *(finding for finding in undone if finding.sentence != error.sentence)]
    return [Finding("ok", "Audit log", f"{events} events, whole and sealed."), *undone]

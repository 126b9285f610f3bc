"""What a person decides: the template, whether writes go on, which records belong together."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from msgspec.structs import asdict

from ml_connector.cli.render_records import choice_lines
from ml_connector.cli.text import count, safe
from ml_connector.model.errors import WrongUse
from ml_connector.model.rules import PRESELECTED, Template

from .acting import UNSAID, By, who
from .common import USUAL, Common, look, run, show

if TYPE_CHECKING:
    from ml_connector.model.people import Person


def sign_off(
    *,
    template: Annotated[str, Parameter(help="T1 (balance sheet only) or T0 (no entries)")] = PRESELECTED,
    start_date: Annotated[str, Parameter(help="Go-live day, for example 2026-11-01; nothing earlier is posted")] = "",
    unbilled: Annotated[str, Parameter(help="Unbilled Receivable: number, full name or id")] = "",
    deferred: Annotated[str, Parameter(help="Deferred Revenue: number, full name or id")] = "",
    discounts: Annotated[str, Parameter(help="Account for discounts")] = "",
    shipping: Annotated[str, Parameter(help="Income account for shipping")] = "",
    auto_approve_limit: Annotated[
        str, Parameter(help="Sign this limit too, with the rules as they stand: entries up to it go without a click")
    ] = "",
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Choose the posting template and sign it off, in your name. Needed before the first entry is posted.

    Without --start-date it signs the limit alone; without both it shows the accounts there are to choose from.
    """
    common.check()
    if not start_date:
        return _limit_alone(common, by, auto_approve_limit) if auto_approve_limit else _choices(common)
    limit = _amount(auto_approve_limit) if auto_approve_limit else None
    from ml_connector.actions.sign_off import SignOff
    from ml_connector.actions.sign_off import sign_off as action

    choice = SignOff(
        template=template, start_date=_day(start_date), unbilled=unbilled, deferred=deferred, discounts=discounts,
        shipping=shipping,
    )  # fmt: skip
    actor = who(common, by, "sign-off")
    signed = run(common, lambda app, _: action(app, choice, actor))
    lines = [f"Template {safe(signed.id)} is signed off by {safe(signed.signed_off_by)}.", *_signed_values(signed)]
    if limit is not None:
        lines += _limit_lines(common, limit, actor)
    show(common, "sign-off", signed, lambda _: [*lines, "Next:  ml-connector plan"])
    return 0


def _signed_values(template: Template) -> list[str]:
    """What else stood in the table, and is signed too."""
    values = {name: value for name, value in asdict(template).items() if value and not name.startswith("signed")}
    return [f"  {name} = {safe(value)}" for name, value in values.items() if name != "id"]


def _limit_alone(common: Common, by: By, text: str) -> int:
    limit = _amount(text)
    lines = _limit_lines(common, limit, who(common, by, "sign-off"))
    show(common, "limit", {"auto_approve_limit": f"{limit:f}"}, lambda _: [*lines, "Next:  ml-connector sync --once"])
    return 0


def _limit_lines(common: Common, limit: Decimal, actor: Person) -> list[str]:
    from ml_connector.actions.sign_off import sign_limit

    rules = look(common, lambda app: sign_limit(app, limit, actor))
    with_it = safe(", ".join(rules) or "nothing set")
    return [f"auto_approve_limit = {limit:f} is signed, with [rules] as it stands: {with_it}."]


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise WrongUse("--auto-approve-limit is no amount.", "Write it like 250.00, in home currency.") from None


def _choices(common: Common) -> int:
    """The accounts that may be chosen, and the command that chooses."""
    from ml_connector.actions.sign_off import choices

    offered = run(common, lambda app, _: choices(app))
    show(common, "choices", offered, lambda width: choice_lines(offered, width))
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongUse("--start-date is no day.", "Write it as year, month, day, for example 2026-11-01.") from None


def stop(
    reason: Annotated[str, Parameter(name="REASON", help="Why, for the audit log")] = "",
    /,
    *,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Stop all writes. Reading goes on, so that nothing is missed meanwhile."""
    common.check()
    from ml_connector.actions.pause import pause

    actor = who(common, by, "stop")
    look(common, lambda app: pause(app, actor, reason))
    show(common, "writes", {"stopped": True}, lambda _: ["Writes are stopped.", "Next:  ml-connector resume"])
    return 0


def resume(*, by: By = UNSAID, common: Common = USUAL) -> int:
    """Allow writes again. A state that was copied or put back is checked first, against both sides."""
    common.check()
    from ml_connector.actions.pause import resume as action

    actor = who(common, by, "resume")
    checked = run(common, lambda app, step: action(app, actor, step))
    found = ", ".join(f"{number:,} {name}" for name, number in checked.items())
    lines = [f"All ids of both sides were compared: {found}."] if checked else []
    show(
        common,
        "writes",
        {"stopped": False, **checked},
        lambda _: [*lines, "Writes go on.", "Next:  ml-connector sync --once"],
    )
    return 0


def match_pair(
    customer: Annotated[str, Parameter(name="CUSTOMER", help="quickbooks:Customer:<id>")],
    account: Annotated[str, Parameter(name="ACCOUNT", help="salesforce:Account:<id>")],
    /,
    *,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Say that a customer and an account belong together. What was held for it goes on."""
    common.check()
    from ml_connector.actions.match import declare_pair

    actor = who(common, by, "match pair")
    look(common, lambda app: declare_pair(app, customer, account, actor))
    document = {"customer": customer, "account": account}
    lines = [f"{safe(customer)} and {safe(account)} belong together.", "Next:  ml-connector plan"]
    show(common, "match", document, lambda _: lines)
    return 0


def match_new(
    record: Annotated[str, Parameter(name="RECORD", help="quickbooks:Customer:<id> or salesforce:Account:<id>")],
    /,
    *,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Say that a record has no counterpart yet, so that one is made."""
    common.check()
    from ml_connector.actions.match import declare_new

    actor = who(common, by, "match new")
    look(common, lambda app: declare_new(app, record, actor))
    lines = [f"A counterpart of {safe(record)} will be made.", "Next:  ml-connector plan"]
    show(common, "match", {"new": record}, lambda _: lines)
    return 0


def retry(
    what: Annotated[
        str, Parameter(name="CODE|RECORD", help="A hold code, or system:kind:id; else all that is held")
    ] = "",
    /,
    *,
    by: By = UNSAID,
    common: Common = USUAL,
) -> int:
    """Look at what is held again with the next sync, after what held it was corrected."""
    common.check()
    from ml_connector.actions.retry import retry as action

    actor = who(common, by, "retry")
    records = look(common, lambda app: action(app, what, actor))
    lines = [f"{count(len(records), 'record')} will be looked at again.", "Next:  ml-connector sync --once"]
    show(common, "retry", {"records": records}, lambda _: lines)
    return 0

"""Alarms: which are raised, and to whom they are sent."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING

from ml_connector.cli.text import count, hanging, moment, safe

from .acting import UNSAID, By, who
from .common import USUAL, Common, look, run, show

if TYPE_CHECKING:
    from ml_connector.actions.alerts import AlertsView


def alerts_list(*, common: Common = USUAL) -> int:
    """The alarms that are raised now, and the services they are sent to; ends with 1 if there is one."""
    common.check()
    from ml_connector.actions.alerts import shown_alerts

    view = look(common, shown_alerts)
    show(common, "alerts", view, lambda width: _lines(view, width, common.zone))
    return int(bool(view.raised))


def _lines(view: AlertsView, width: int | None, zone: tzinfo) -> list[str]:
    told = [
        line
        for row in view.raised
        for line in hanging(
            "FAIL  ", f"since {moment(row.since, zone)}: {safe(row.sentence)}  ml-connector {safe(row.command)}", width
        )
    ]
    sent = ", ".join(map(safe, view.sent_to)) or "nobody; the log has them"
    return [*(told or ["ok    No alarm is raised."]), f"sent to  {sent}", "Next:  ml-connector status"]


def alerts_add(*, by: By = UNSAID, common: Common = USUAL) -> int:
    """Send alarms to one more address, which is asked for without echo and sealed."""
    common.check()
    from ml_connector.actions.alerts import add_address
    from ml_connector.cli.ask import TerminalAsk

    actor = who(common, by, "alerts add")
    address = TerminalAsk().secret("alerts.secret_url", "Address as apprise takes it, for example mailto://...")
    number = look(common, lambda app: add_address(app, actor, address))
    lines = [f"Alarms are sent to {count(number, 'address')}.", "Next:  ml-connector alerts test"]
    show(common, "alerts", {"addresses": number}, lambda _: lines)
    return 0


def alerts_forget(*, by: By = UNSAID, common: Common = USUAL) -> int:
    """Send alarms to nobody any more."""
    common.check()
    from ml_connector.actions.alerts import forget_addresses

    actor = who(common, by, "alerts forget")
    number = look(common, lambda app: forget_addresses(app, actor))
    lines = [f"{count(number, 'address')} forgotten; alarms stay in the log.", "Next:  ml-connector alerts list"]
    show(common, "alerts", {"addresses": 0}, lambda _: lines)
    return 0


def alerts_test(*, common: Common = USUAL) -> int:
    """Send a test message to every address."""
    common.check()
    from ml_connector.actions.alerts import send_test

    number = run(common, lambda app, _: send_test(app))
    lines = [f"A test message went to {count(number, 'address')}.", "Next:  ml-connector alerts list"]
    show(common, "alerts", {"sent": number}, lambda _: lines)
    return 0

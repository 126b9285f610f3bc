"""What is told of an alarm, in words."""

from __future__ import annotations

from ml_connector.model.alerts import Alert, AlertKind, Message


def test_an_alarm_is_told_with_the_command_that_mends_it_and_its_end_without() -> None:
    alert = Alert(AlertKind.HOLE, "3", "Invoices are not covered.", "status")
    message = Message(alert.key, alert.sentence, alert.command, over=False)
    assert message.title("Acme") == "ml-connector, Acme: alarm (hole 3)"
    assert message.body() == "Invoices are not covered.\nNext:  ml-connector status"
    over = Message(alert.key, alert.sentence, alert.command, over=True)
    assert over.title("Acme") == "ml-connector, Acme: over (hole 3)"
    assert over.body() == "It is over: Invoices are not covered."

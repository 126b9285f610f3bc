"""Writes whose outcome nobody knows yet: what else they hold up, and what they do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from ml_connector.actions.drain import drain
from ml_connector.engine.batches import claimed
from ml_connector.engine.prepared import PreparedWrite
from ml_connector.model.plans import Write
from ml_connector.model.refs import LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.tasks import Task
from ml_connector.systems.http import NoAnswer, Request
from ml_emulators.kit.faults import Fault
from ml_emulators.kit.wire import Request as WireRequest
from support.world import Installation


def _customer(key: str, *, name: str = "", counterpart: str = "") -> Write:
    target = Ref("a", "Customer", counterpart)
    link = LinkDraft(role=Role.ACCOUNT, source=Ref("b", "Account", key), target=target, exclusive=True)
    return Write(
        step="customer", system="a", kind="Customer", action="create", body={}, key=key,
        links=(link,) if counterpart else (),
        claims=(name,) if name else (),
    )  # fmt: skip


def _prepared(write: Write) -> PreparedWrite:
    task = Task("customers", Ref("b", "Account", write.key), 1, 0, datetime(2026, 11, 21, tzinfo=UTC))
    return PreparedWrite(task, write, b"{}", "")


def test_a_key_a_name_or_a_counterpart_under_way_is_waited_for() -> None:
    under_way = [_customer("1", name="Alder", counterpart="7")]
    same_key, same_name, same_counterpart, other = (
        _prepared(write)
        for write in (
            _customer("1"),
            _customer("2", name="Alder"),
            _customer("3", counterpart="7"),
            _customer("4", name="Falconry", counterpart="8"),
        )
    )
    free, busy = claimed([same_key, same_name, same_counterpart, other], under_way)
    assert free == [other]
    assert busy == [same_key, same_name, same_counterpart]


async def test_an_edit_after_a_lost_answer_is_not_undone(tmp_path: Path) -> None:
    """The Account of Pinnacle is made, the answer is lost, and sales corrects its telephone before we look again."""
    home = Installation(tmp_path)
    await home.approve_all()
    home.emulation.faults.add(Fault("drop_after", vendor="salesforce", path="sobjects/Account/QBO_Id__c", count=1))
    await drain(home.app)
    (made,) = [row for row in home.state("salesforce", "Account") if row["Name"] == "Pinnacle Robotics"]
    home.emulation.act("salesforce", "update", "Account", {"Id": made["Id"], "Phone": "(617) 555-0166"})
    home.clock.advance(timedelta(seconds=130))
    await home.run(home.process())
    accounts = [row for row in home.state("salesforce", "Account") if row["Name"] == "Pinnacle Robotics"]
    assert [row["Phone"] for row in accounts] == ["(617) 555-0166"]
    (customer,) = [row for row in home.state("quickbooks", "Customer") if row["DisplayName"] == "Pinnacle Robotics"]
    assert customer["PrimaryPhone"] == {"FreeFormNumber": "(617) 555-0166"}


async def test_an_older_request_that_arrives_late_does_not_win(tmp_path: Path) -> None:
    """The upsert of the Opportunities hangs for nine minutes; invoice 1001 is paid in part meanwhile."""
    home = Installation(tmp_path)
    begin = home.clock.now()
    await home.approve_all()
    held_back: list[WireRequest] = []

    async def hold(_: str, request: Request) -> None:
        if request.path.endswith("/Opportunity/QBO_Id__c") and not held_back:
            parts = urlsplit(request.url)
            names = {name.lower(): value for name, value in request.headers.items()}
            held_back.append(WireRequest(request.method, parts.path, parts.query, names, request.body))
            raise NoAnswer("The connection broke.", "Again.")

    home.network.before = hold
    await drain(home.app)
    (invoice,) = [row for row in home.state("quickbooks", "Invoice") if row["DocNumber"] == "1001"]
    line = {"Amount": 100, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": 100, "Line": [line]}
    home.emulation.act("quickbooks", "create", "Payment", body)
    for minutes in (3, 6, 9):
        home.clock.set(begin + timedelta(minutes=minutes))
        await home.run()
    home.emulation.vendors["salesforce"].handle(held_back[0])
    home.clock.advance(timedelta(minutes=15))
    await home.run()
    balances = {row["QBO_Invoice_Number__c"]: row["QBO_Balance__c"] for row in home.state("salesforce", "Opportunity")}
    assert balances["1001"] == invoice["Balance"] - 100


async def test_the_other_side_of_an_unanswered_update_waits_and_the_neighbours_go_on(tmp_path: Path) -> None:
    """Both the Customer and its Account lead to the same update of the Customer; its answer is lost."""
    home = Installation(tmp_path)
    await home.approve_all()
    home.emulation.faults.add(Fault("timeout_before", vendor="quickbooks", path="/batch", count=1, seconds=5.0))
    await drain(home.app)
    store, connection = home.store, home.app.connection.id
    assert len(store.open_writes(connection)) == 2
    waiting = {flow for flow, count in store.unserved(connection).items() if count}
    assert waiting == {"customer_to_account", "account_to_customer"}
    assert len(home.state("quickbooks", "JournalEntry")) == 3
    assert len(home.state("salesforce", "Opportunity")) == 4
    home.clock.advance(timedelta(seconds=130))
    await home.run()
    assert store.open_writes(connection) == []
    assert store.unserved(connection) == {}

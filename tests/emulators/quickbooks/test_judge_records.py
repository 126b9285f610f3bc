"""python-quickbooks on every kind of record that is served: the whole life of an object."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
import requests
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    UnsupportedException,
    ValidationException,
)

from ml_emulators.kit.clock import VirtualClock
from ml_emulators.quickbooks import QuickBooks

from .endpoint import TARGET
from .judges import Shop, made, thing, to
from .sockets import listening

LISTS = (
    *("Customer", "Vendor", "Employee", "Item", "Account", "Department", "Class", "Term", "PaymentMethod"),
    *("CompanyCurrency", "TaxAgency"),
)
TRANSACTIONS = (
    *("Invoice", "SalesReceipt", "Estimate", "CreditMemo", "RefundReceipt", "Payment", "Bill", "VendorCredit"),
    *("BillPayment", "Purchase", "PurchaseOrder", "JournalEntry", "Deposit", "Transfer", "TimeActivity"),
)
EVERY = (*LISTS, *TRANSACTIONS, "Attachable")
REMARK = {
    **dict.fromkeys(TRANSACTIONS, "PrivateNote"),
    "TimeActivity": "Description",
    "Attachable": "Note",
    "Customer": "Notes",
    "Vendor": "AcctNum",
    "Employee": "EmployeeNumber",
    "Item": "Description",
    "Account": "Description",
}
"""A text to change on each kind; `Name` or `DisplayName` on the others."""


@pytest.fixture(scope="module")
def server_and_port() -> Iterator[tuple[QuickBooks, int]]:
    clock = VirtualClock()
    server = QuickBooks(clock, Random(3))
    with listening(server, clock.now) as port:
        yield server, port


@pytest.fixture(scope="module")
def opened(server_and_port: tuple[QuickBooks, int]) -> Iterator[tuple[Shop, Any]]:
    shop = Shop(*server_and_port)
    yield shop, shop.server.snapshot()
    shop.close()


@pytest.fixture
def shop(opened: tuple[Shop, Any]) -> Shop:
    """The same shop for every test, as it was at first."""
    shop, before = opened
    shop.server.restore(before)
    return shop


def note_of(kind: str) -> str:
    if kind in ("Department", "Class", "Term", "PaymentMethod"):
        return "Name"
    return REMARK.get(kind, "DisplayName" if kind == "TaxAgency" else "Name")


@pytest.mark.parametrize("kind", EVERY)
def test_create_get_change(shop: Shop, kind: str) -> None:
    saved = shop.new(kind).save(qb=shop.qb)
    assert (int(saved.Id) > 0, saved.SyncToken) == (True, "0")
    found = thing(kind).get(saved.Id, qb=shop.qb)
    assert found.save(qb=shop.qb).SyncToken == "0", "saved as it was read: nothing changes"
    setattr(found, note_of(kind), "changed")
    changed = found.save(qb=shop.qb)
    assert (getattr(changed, note_of(kind)), changed.SyncToken) == ("changed", "1")
    found.SyncToken = "0"
    with pytest.raises(QuickbooksException) as stale:
        found.save(qb=shop.qb)
    assert stale.value.error_code == 5010


@pytest.mark.parametrize("kind", EVERY)
def test_all_count_filter_choose(shop: Shop, kind: str) -> None:
    before = thing(kind).count(qb=shop.qb)
    saved = shop.new(kind).save(qb=shop.qb)
    assert thing(kind).count(qb=shop.qb) == before + 1
    assert saved.Id in [one.Id for one in thing(kind).all(qb=shop.qb)]
    assert [one.Id for one in thing(kind).filter(Id=saved.Id, qb=shop.qb)] == [saved.Id]
    assert [one.Id for one in thing(kind).choose([saved.Id, "999"], qb=shop.qb)] == [saved.Id]


@pytest.mark.parametrize("kind", [*TRANSACTIONS, "Attachable"])
def test_delete(shop: Shop, kind: str) -> None:
    saved = shop.new(kind).save(qb=shop.qb)
    told = saved.delete(qb=shop.qb)[kind]
    assert told == {"domain": "QBO", "status": "Deleted", "Id": saved.Id}
    with pytest.raises(ObjectNotFoundException):
        thing(kind).get(saved.Id, qb=shop.qb)


@pytest.mark.parametrize("kind", LISTS)
def test_lists_are_made_inactive(shop: Shop, kind: str) -> None:
    saved = shop.new(kind).save(qb=shop.qb)
    saved.Active = False
    assert saved.save(qb=shop.qb).Active is False
    assert thing(kind).filter(Id=saved.Id, qb=shop.qb) == []
    assert len(thing(kind).filter(Id=saved.Id, Active=False, qb=shop.qb)) == 1


@pytest.mark.parametrize("kind", ["Invoice", "SalesReceipt", "Payment", "BillPayment"])
def test_void(shop: Shop, kind: str) -> None:
    saved = shop.new(kind).save(qb=shop.qb)
    saved.void(qb=shop.qb)
    voided = thing(kind).get(saved.Id, qb=shop.qb)
    assert (voided.TotalAmt, voided.PrivateNote) == (0, "Voided")


def test_pages_in_order(shop: Shop) -> None:
    for number in range(1, 8):
        shop.save("Customer", DisplayName=f"Row {number}")
    one = thing("Customer")
    clause = "DisplayName LIKE 'Row %'"
    names = [
        [found.DisplayName for found in one.where(clause, "DisplayName DESC", first, 3, qb=shop.qb)]
        for first in (1, 4, 7)
    ]
    assert names == [["Row 7", "Row 6", "Row 5"], ["Row 4", "Row 3", "Row 2"], ["Row 1"]]
    assert [found.DisplayName for found in one.all(order_by="DisplayName", max_results=1, qb=shop.qb)] == ["Blue Heron"]
    assert one.count(clause, qb=shop.qb) == 7
    assert one.query("SELECT * FROM Customer WHERE Active = true STARTPOSITION 9 MAXRESULTS 5", qb=shop.qb) == []


@pytest.mark.parametrize("kind", EVERY)
def test_a_statement_in_lower_case(shop: Shop, kind: str) -> None:
    saved = shop.new(kind).save(qb=shop.qb)
    found = thing(kind).query(f"select * from {kind.lower()} where id = '{saved.Id}'", qb=shop.qb)
    assert [one.Id for one in found] == [saved.Id]


def test_a_name_with_an_apostrophe_is_found(shop: Shop) -> None:
    shop.save("Customer", DisplayName="Bill's Shop")
    assert [one.DisplayName for one in thing("Customer").filter(DisplayName="Bill's Shop", qb=shop.qb)] == [
        "Bill's Shop"
    ]


def test_a_payment_settles_an_invoice(shop: Shop) -> None:
    invoice = shop.new("Invoice").save(qb=shop.qb)
    line = made("PaymentLine", "payment", Amount=60, LinkedTxn=[invoice.to_linked_txn()])
    paid = shop.save("Payment", CustomerRef=to(shop.customer), TotalAmt=60, Line=[line])
    now = thing("Invoice").get(invoice.Id, qb=shop.qb)
    assert (now.Balance, now.LinkedTxn[0].TxnId, paid.UnappliedAmt) == (40, paid.Id, 0)
    assert thing("Customer").get(shop.customer.Id, qb=shop.qb).Balance == 40


def test_the_same_requestid_is_one_invoice(shop: Shop) -> None:
    first, second = (shop.new("Invoice").save(qb=shop.qb, request_id="r-1") for _ in range(2))
    assert first.Id == second.Id
    assert thing("Invoice").count(qb=shop.qb) == 1


def test_batches(shop: Shop) -> None:
    told = batch_create([made("Customer", DisplayName=f"B{n % 34}") for n in range(35)], qb=shop.qb)
    assert (len(told.successes), len(told.faults)) == (34, 1)
    assert told.faults[0].Error[0].code == "6240"
    for success in told.successes:
        success.Notes = "seen"
    assert len(batch_update(told.successes, qb=shop.qb).successes) == 34
    invoices = batch_create([shop.new("Invoice") for _ in range(3)], qb=shop.qb).successes
    assert len(batch_delete(invoices, qb=shop.qb).faults) == 0
    assert thing("Invoice").count(qb=shop.qb) == 0


def test_changes_since(shop: Shop) -> None:
    invoice, gone = (shop.new("Invoice").save(qb=shop.qb) for _ in range(2))
    gone.delete(qb=shop.qb)
    kinds = [thing(kind) for kind in ("Customer", "Invoice", "Bill")]
    found = change_data_capture(kinds, datetime.now().astimezone() - timedelta(days=2), qb=shop.qb)
    assert {one.Id: getattr(one, "status", "") for one in found.Invoice} == {invoice.Id: "", gone.Id: "Deleted"}
    assert len(found.Customer) == 1
    assert not hasattr(found, "Bill")


def test_a_file(shop: Shop) -> None:
    invoice = shop.new("Invoice").save(qb=shop.qb)
    on = made("AttachableRef", "base", EntityRef=made("Ref", "base", value=invoice.Id, type="Invoice"))
    file = made("Attachable", FileName="a.txt", ContentType="text/plain", AttachableRef=[on], _FileBytes=b"hello")
    saved = file.save(qb=shop.qb)
    assert (saved.FileName, saved.Size, saved.AttachableRef[0].EntityRef.value) == ("a.txt", 5, invoice.Id)
    assert requests.get(saved.TempDownloadUri, timeout=10).content == b"hello"
    assert thing("Attachable").get(saved.Id, qb=shop.qb).FileName == "a.txt"


def test_company_preferences_rates_and_taxes(shop: Shop) -> None:
    company = thing("CompanyInfo").get(shop.info["realm_id"], qb=shop.qb)
    company.CompanyName = "Heron & Sons"
    assert company.save(qb=shop.qb).CompanyName == "Heron & Sons"
    wanted = thing("Preferences").get(qb=shop.qb)
    wanted.AccountingInfoPrefs.CustomerTerminology = "Clients"
    assert wanted.save(qb=shop.qb).AccountingInfoPrefs.CustomerTerminology == "Clients"
    shop.save("ExchangeRate", SourceCurrencyCode="EUR", Rate=1.25, AsOfDate="2026-01-01")
    rates = thing("ExchangeRate").where("SourceCurrencyCode = 'EUR'", qb=shop.qb)
    assert [(one.Rate, one.AsOfDate) for one in rates] == [(1.25, "2026-01-01")]
    codes = thing("TaxCode").all(qb=shop.qb)
    rate = codes[0].SalesTaxRateList.TaxRateDetail[0].TaxRateRef.value
    assert thing("TaxRate").get(rate, qb=shop.qb).RateValue == 0


def test_an_invoice_goes_out_by_mail(shop: Shop) -> None:
    invoice = shop.new("Invoice").save(qb=shop.qb)
    invoice.send(qb=shop.qb, send_to="ann+books@acme.co")
    sent = thing("Invoice").get(invoice.Id, qb=shop.qb)
    assert (sent.email_sent, sent.BillEmail.Address) == (True, "ann+books@acme.co")


def test_the_judge_proves_a_webhook(shop: Shop) -> None:
    from ml_emulators.kit.control_bodies import WebhookOrder

    outbox = shop.server.webhooks
    outbox.point(WebhookOrder(TARGET))
    shop.save("Customer", DisplayName="Told")
    post = outbox.next(datetime.now().astimezone())
    outbox.point(WebhookOrder(None))
    assert post is not None
    token = shop.info["webhook_verifier_token"]
    given = post.body.decode(), post.headers["intuit-signature"]
    assert shop.qb.validate_webhook_signature(*given, verifier_token=token)
    assert not shop.qb.validate_webhook_signature(*given, verifier_token="another")


@pytest.mark.parametrize(
    ("do", "error", "code"),
    [
        (lambda shop: shop.save("Customer", DisplayName="Blue Heron"), QuickbooksException, 6240),
        (lambda shop: shop.save("Customer", DisplayName="a:b"), ValidationException, 2040),
        (lambda shop: shop.save("Invoice", CustomerRef=to(shop.customer)), ValidationException, 2020),
        (lambda shop: thing("Invoice").get("999", qb=shop.qb), ObjectNotFoundException, 610),
        (lambda shop: thing("Customer").where("Notes = 'x'", qb=shop.qb), ValidationException, 4001),
        (lambda shop: thing("Customer").where("Notes", qb=shop.qb), ValidationException, 4000),
        (lambda shop: thing("Budget").all(qb=shop.qb), ValidationException, 4001),
        (lambda shop: shop.qb.get_report("ProfitAndLoss"), UnsupportedException, 500),
        (lambda shop: shop.qb.get_single_object("Gadget", "1"), UnsupportedException, 500),
    ],
)
def test_refusals_are_the_judges_own_errors(shop: Shop, do: Any, error: Any, code: int) -> None:
    with pytest.raises(error) as refused:
        do(shop)
    assert refused.value.error_code == code


def test_a_dead_token_is_an_authorization_error(shop: Shop) -> None:
    shop.server.act({"op": "kill_sessions"})
    with pytest.raises(AuthorizationException):
        thing("Customer").all(qb=shop.qb)

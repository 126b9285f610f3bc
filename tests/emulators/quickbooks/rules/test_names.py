"""Names: uniqueness, hierarchy, deactivation (reference 4.3, 6.1, 6.6 to 6.9)."""

from __future__ import annotations

from typing import Any

import pytest

from ml_emulators.quickbooks import Company, Fault

from ..client import Client, Json, Shop, ref


@pytest.mark.parametrize("first", ["Customer", "Vendor", "Employee"])
@pytest.mark.parametrize("second", ["Customer", "Vendor", "Employee"])
def test_customers_vendors_and_employees_share_their_names(qbo: Client, first: str, second: str) -> None:
    qbo.make(first, DisplayName="Blue Heron")
    error = qbo.fault(f"/{second.lower()}", {"DisplayName": "BLUE heron"})
    assert error == {
        "Message": "Duplicate Name Exists Error",
        "Detail": "The name supplied already exists. : null",
        "code": "6240",
    }


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Account", {"AccountType": "Bank"}),
        ("Department", {}),
        ("Class", {}),
        ("Term", {}),
        ("PaymentMethod", {}),
    ],
)
def test_other_lists_have_names_of_their_own(qbo: Client, kind: str, body: Json) -> None:
    qbo.make("Customer", DisplayName="East")
    qbo.make(kind, Name="East", **body)
    assert qbo.fault(f"/{kind.lower()}", {"Name": "EAST", **body})["code"] == "6240"


@pytest.mark.parametrize("kind", ["Department", "Class"])
def test_below_different_parents_a_name_may_come_again(qbo: Client, kind: str) -> None:
    east, west = (qbo.make(kind, Name=name)["Id"] for name in ("East", "West"))
    made = [qbo.make(kind, Name="Ops", ParentRef=ref(one)) for one in (east, west)]
    assert [one["FullyQualifiedName"] for one in made] == ["East:Ops", "West:Ops"]
    assert made[0][f"Sub{kind}"] is True
    assert qbo.fault(f"/{kind.lower()}", {"Name": "ops", "ParentRef": ref(east)})["code"] == "6240"


def test_sub_customers_take_path_level_and_currency_from_above(shop: Shop) -> None:
    job = shop.make("Customer", DisplayName="Roof", Job=True, ParentRef=ref(shop.euro_customer))
    assert (job["FullyQualifiedName"], job["Level"], job["Job"]) == ("Reiher:Roof", 1, True)
    assert job["CurrencyRef"]["value"] == "EUR"
    assert shop.fault("/customer", {"DisplayName": "roof"})["code"] == "6240"


def test_five_levels_and_no_more(qbo: Client) -> None:
    above: Json = {}
    for level in range(5):
        made = qbo.make("Customer", DisplayName=f"L{level}", **above)
        assert made.get("Level", 0) == level
        above = {"ParentRef": ref(made["Id"])}
    assert made["FullyQualifiedName"] == "L0:L1:L2:L3:L4"
    assert qbo.fault("/customer", {"DisplayName": "L5", **above})["code"] == "6180"
    lone = qbo.make("Customer", DisplayName="Lone")
    qbo.make("Customer", DisplayName="Below", ParentRef=ref(lone["Id"]))
    body = {"Id": lone["Id"], "SyncToken": "0", "sparse": True, "ParentRef": ref("4")}
    assert qbo.fault("/customer", body)["code"] == "6180", "what hangs below counts too"


def test_nobody_is_below_itself(qbo: Client) -> None:
    top = qbo.make("Customer", DisplayName="Top")
    below = qbo.make("Customer", DisplayName="Below", ParentRef=ref(top["Id"]))
    for parent in (top["Id"], below["Id"]):
        body = {"Id": top["Id"], "SyncToken": "0", "sparse": True, "ParentRef": ref(parent)}
        assert qbo.fault("/customer", body)["code"] == "6000"


def test_a_new_name_of_the_parent_reaches_all_below(qbo: Client) -> None:
    top = qbo.make("Customer", DisplayName="Top")
    mid = qbo.make("Customer", DisplayName="Mid", ParentRef=ref(top["Id"]))
    low = qbo.make("Customer", DisplayName="Low", ParentRef=ref(mid["Id"]))
    qbo.wait(minutes=1)
    qbo.change("Customer", top, DisplayName="Peak")
    found = qbo.read("Customer", low["Id"])
    assert found["FullyQualifiedName"] == "Peak:Mid:Low"
    assert (found["SyncToken"], found["MetaData"]["LastUpdatedTime"]) == ("1", "2026-11-22T12:01:00-08:00")
    assert qbo.ids("select * from Customer where FullyQualifiedName = 'Peak:Mid'") == [mid["Id"]]
    assert qbo.ids("select * from Customer where FullyQualifiedName = 'Top:Mid'") == []


def test_switch_the_path_moves_without_a_new_sync_token(qbo: Client) -> None:
    qbo.server.switches.side_effects_bump_sync_token = False
    top = qbo.make("Customer", DisplayName="Top")
    qbo.make("Customer", DisplayName="Mid", ParentRef=ref(top["Id"]))
    qbo.change("Customer", top, DisplayName="Peak")
    assert qbo.read("Customer", "2")["SyncToken"] == "0"


@pytest.mark.parametrize(
    ("kind", "name_field", "suffix"),
    [
        ("Customer", "DisplayName", " (deleted)"),
        ("Vendor", "DisplayName", " (deleted)"),
        ("Employee", "DisplayName", " (deleted)"),
        ("Department", "Name", " (Deleted)"),
        ("Class", "Name", " (deleted)"),
        ("Term", "Name", " (deleted)"),
    ],
)
def test_making_inactive_changes_the_name_and_frees_it(qbo: Client, kind: str, name_field: str, suffix: str) -> None:
    made = qbo.make(kind, **{name_field: "East"})
    gone = qbo.change(kind, made, Active=False)
    assert (gone["Active"], gone[name_field], gone["SyncToken"]) == (False, "East" + suffix, "1")
    assert gone.get("FullyQualifiedName", "East" + suffix) == "East" + suffix
    assert qbo.read(kind, made["Id"])["Active"] is False
    assert qbo.ids(f"select * from {kind}") == []
    assert qbo.ids(f"select * from {kind} where Active = false") == [made["Id"]]
    second = qbo.make(kind, **{name_field: "East"})
    back = {"Id": made["Id"], "SyncToken": "1", "sparse": True, "Active": True}
    assert qbo.fault(f"/{kind.lower()}", back)["code"] == "6240"
    qbo.change(kind, second, **{name_field: "West"})
    assert qbo.post(f"/{kind.lower()}", back)[kind][name_field] == "East"


def gone(qbo: Client, name: str, kind: str = "Customer", name_field: str = "DisplayName") -> Json:
    """Make a record and make it inactive."""
    return qbo.change(kind, qbo.make(kind, **{name_field: name}), Active=False)


@pytest.mark.parametrize(
    ("kind", "name_field", "word"),
    [
        ("Customer", "DisplayName", "deleted"),
        ("Department", "Name", "Deleted"),
        ("Class", "Name", "deleted"),
        ("PaymentMethod", "Name", "deleted"),
    ],
)
def test_inactive_records_of_one_name_are_numbered(qbo: Client, kind: str, name_field: str, word: str) -> None:
    names = [gone(qbo, name, kind, name_field)[name_field] for name in ("East", "EAST", "East")]
    assert names == [f"East ({word})", f"EAST ({word}-1)", f"East ({word}-2)"]


def test_persons_of_all_kinds_share_the_numbers(qbo: Client) -> None:
    kinds = ("Vendor", "Customer", "Employee")
    assert [gone(qbo, "East", kind)["DisplayName"] for kind in kinds] == [
        "East (deleted)",
        "East (deleted-1)",
        "East (deleted-2)",
    ]


def test_an_inactive_record_keeps_its_number(qbo: Client) -> None:
    first, second = gone(qbo, "East"), gone(qbo, "East")
    back = qbo.change("Customer", first, Active=True)
    assert back["DisplayName"] == "East"
    kept = qbo.change("Customer", second, Notes="x")
    assert kept["DisplayName"] == "East (deleted-1)"
    assert qbo.change("Customer", kept, DisplayName="West")["DisplayName"] == "West (deleted-1)"


def test_reactivation_takes_the_suffix_away_and_frees_it(qbo: Client) -> None:
    gone(qbo, "East")
    second = gone(qbo, "East")
    assert qbo.change("Customer", second, Active=True)["DisplayName"] == "East"
    body = {"Id": "1", "SyncToken": "1", "sparse": True, "Active": True}
    assert qbo.fault("/customer", body)["code"] == "6240"
    assert qbo.post("/customer", {**body, "DisplayName": "West"})["Customer"]["DisplayName"] == "West"
    assert gone(qbo, "West Two")["DisplayName"] == "West Two (deleted)"


def test_an_active_record_may_be_called_deleted(qbo: Client) -> None:
    called = qbo.make("Customer", DisplayName="East (deleted)")
    assert (called["Active"], gone(qbo, "East")["DisplayName"]) == (True, "East (deleted-1)")
    body = {"DisplayName": "east (DELETED-1)"}
    assert qbo.fault("/customer", body)["code"] == "6240", "inactive names are taken as they stand"
    twice = qbo.change("Customer", called, Active=False)
    assert twice["DisplayName"] == "East (deleted) (deleted)"
    assert qbo.change("Customer", twice, Active=True)["DisplayName"] == "East (deleted)"


@pytest.mark.parametrize("amount", [100, "0.01"])
def test_apps_keep_a_customer_that_owes_something(shop: Shop, amount: Any) -> None:
    invoice = shop.invoice(amount)
    customer = shop.read("Customer", shop.customer)
    body = {"Id": customer["Id"], "SyncToken": customer["SyncToken"], "sparse": True, "Active": False}
    error = shop.fault("/customer", body)
    assert (error["code"], error["element"]) == ("6000", "Active")
    shop.pay(invoice["TotalAmt"], ("Invoice", invoice["Id"], invoice["TotalAmt"]))
    assert shop.post("/customer", body)["Customer"]["DisplayName"] == "Blue Heron (deleted)"


def test_apps_keep_a_customer_that_is_owed_something(shop: Shop) -> None:
    shop.pay(5)
    body = {**shop.read("Customer", shop.customer), "Active": False}
    assert shop.fault("/customer", body)["code"] == "6000"


def test_users_make_a_customer_inactive_that_owes_something(shop: Shop) -> None:
    shop.invoice()
    body = {"op": "deactivate", "kind": "Customer", "id": shop.customer}
    assert shop.server.act(body)["DisplayName"] == "Blue Heron (deleted)"
    assert shop.read("Customer", shop.customer)["Balance"] == 100


def test_switch_apps_make_a_customer_inactive_that_owes_something(shop: Shop) -> None:
    shop.invoice()
    shop.server.switches.inactive_with_balance = "kept"
    gone = shop.change("Customer", shop.read("Customer", shop.customer), Active=False)
    assert (gone["DisplayName"], gone["Balance"]) == ("Blue Heron (deleted)", 100)


def test_what_is_in_use_becomes_inactive_all_the_same(shop: Shop) -> None:
    invoice = shop.invoice()
    assert shop.change("Item", shop.read("Item", shop.item), Active=False)["Name"] == "Seat (deleted)"
    assert shop.change("Account", shop.read("Account", shop.sales), Active=False)["Name"] == "Subscription (deleted)"
    line = shop.read("Invoice", invoice["Id"])["Line"][0]
    assert line["SalesItemLineDetail"]["ItemRef"] == {"value": shop.item, "name": "Seat (deleted)"}


def test_users_make_projects_below_a_customer(shop: Shop) -> None:
    body = {"DisplayName": "Roof", "IsProject": True, "Job": True, "ParentRef": ref(shop.customer)}
    made = shop.server.act({"op": "create", "kind": "Customer", "body": body})
    project = shop.read("Customer", made["Id"])
    assert (project["IsProject"], project["Job"], project["Level"]) == (True, True, 1)
    assert project["FullyQualifiedName"] == "Blue Heron:Roof"
    changed = shop.change("Customer", project, Notes="x", IsProject=False)
    assert (changed["IsProject"], changed["Notes"]) == (True, "x"), "read only for apps"
    assert shop.post("/customer", {**changed, "Notes": "y"})["Customer"]["IsProject"] is True
    with pytest.raises(Fault, match="2020"):
        shop.server.act({"op": "create", "kind": "Customer", "body": {"DisplayName": "Top", "IsProject": True}})


def test_apps_make_no_projects(shop: Shop) -> None:
    made = shop.make("Customer", DisplayName="Roof", IsProject=True, Job=True, ParentRef=ref(shop.customer))
    assert (made["IsProject"], made["Job"]) == (False, True)


def test_an_inactive_record_keeps_one_suffix(qbo: Client) -> None:
    gone = qbo.change("Customer", qbo.make("Customer", DisplayName="East"), Active=False)
    again = qbo.change("Customer", gone, Notes="x")
    assert again["DisplayName"] == "East (deleted)"


def test_inactive_records_cannot_be_referred_to(shop: Shop) -> None:
    department = shop.make("Department", Name="East")
    shop.invoice(DepartmentRef=ref(department["Id"]))
    shop.change("Department", department, Active=False)
    body = {"CustomerRef": ref(shop.customer), "Line": [shop.line()], "DepartmentRef": ref(department["Id"])}
    assert shop.fault("/invoice", body)["code"] == "610"
    kept = shop.query("select * from Invoice")["Invoice"][0]
    assert kept["DepartmentRef"]["name"] == "East (Deleted)"
    assert shop.change("Invoice", kept, PrivateNote="x")["SyncToken"] == "1", "what stood there before may stay"


def test_an_inactive_account_shows_no_balance(shop: Shop) -> None:
    shop.make("SalesReceipt", Line=[shop.line(40)], DepositToAccountRef=ref(shop.bank))
    bank = shop.read("Account", shop.bank)
    assert str(bank["CurrentBalance"]) == "40.00"
    assert shop.change("Account", bank, Active=False)["CurrentBalance"] == 0


def test_names_in_references_follow_the_record(shop: Shop) -> None:
    invoice = shop.invoice()
    shop.change("Customer", shop.read("Customer", shop.customer), DisplayName="Grey Heron")
    shop.change("Item", shop.read("Item", shop.item), Name="Chair")
    found = shop.read("Invoice", invoice["Id"])
    assert found["CustomerRef"]["name"] == "Grey Heron"
    assert found["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "Chair"
    assert found["SyncToken"] == "0"


def test_account_rules(qbo: Client) -> None:
    bank = qbo.make("Account", Name="Bank", AccountType="Bank", AccountSubType="Checking", AcctNum="1000")
    assert (bank["Classification"], bank["SubAccount"], bank["AcctNum"]) == ("Asset", False, "1000")
    below = qbo.make("Account", Name="Till", AccountType="Bank", ParentRef=ref(bank["Id"]))
    assert (below["FullyQualifiedName"], below["SubAccount"]) == ("Bank:Till", True)
    qbo.make("Account", Name="Kept", AccountType="Equity", AccountSubType="RetainedEarnings")
    again = {"Name": "Kept 2", "AccountType": "Equity", "AccountSubType": "RetainedEarnings"}
    assert qbo.fault("/account", again)["code"] == "6000"
    body = {"Id": bank["Id"], "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "EUR"}}
    assert qbo.fault("/account", body)["code"] == "6000"


def test_account_numbers_need_their_preference() -> None:
    qbo = Client(Company(account_numbers=False))
    assert "AcctNum" not in qbo.make("Account", Name="Bank", AccountType="Bank", AcctNum="1000")


def test_locations_and_classes_need_tracking() -> None:
    qbo = Client(Company(track_departments=False, classes_per_line=False))
    assert qbo.fault("/department", {"Name": "East"})["code"] == "5020"
    assert qbo.fault("/class", {"Name": "SaaS"})["code"] == "5020"

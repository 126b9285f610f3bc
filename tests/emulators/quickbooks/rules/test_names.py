"""Names: uniqueness, hierarchy, deactivation (reference 4.3, 6.1, 6.6 to 6.9)."""

from __future__ import annotations

import pytest

from ml_emulators.quickbooks import Company

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

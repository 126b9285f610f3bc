"""Two companies of one group, in one org and one installation, from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from journeys.rig import Ran, Servers, command, servers


class Group:
    """The tiny company, `south`, and one more with the same app and the same org, `north`."""

    def __init__(self, vendors: Servers, folder: Path) -> None:
        self.vendors = vendors
        self.home = folder / "home"
        opened = self.quickbooks("open_company", "", name="Northern Branch")
        line = vendors.line
        self.south, self.north = line["quickbooks"]["realm_id"], opened["realm_id"]
        for name, realm in (("south", self.south), ("north", self.north)):
            file = folder / f"{name}.json"
            file.write_text(json.dumps({**line, "quickbooks": {**line["quickbooks"], "realm_id": realm}}))
            assert self.run("init", "--emulators", str(file), on=name).status == 0

    def quickbooks(self, op: str, kind: str, realm: str = "", **body: Any) -> dict[str, Any]:
        operation = {"system": "quickbooks", "op": op, "kind": kind, "body": body, "realm": realm}
        done = self.vendors.ask("POST", "/seed", {"operations": [operation]})
        (result,) = done["results"]
        return dict(result)

    def run(self, *words: str, on: str = "") -> Ran:
        return command(*words, *(["--connection", on] if on else []), home=self.home)

    def synced(self, name: str) -> None:
        plan = self.run("plan", "--json", on=name).document
        assert self.run("apply", plan["id"], "--json", on=name).status in (0, 1)


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with servers("--scenario", "tiny") as vendors:
        yield Group(vendors, tmp_path_factory.mktemp("group"))


def test_from_two_companies_to_one(group: Group) -> None:
    group.quickbooks("create", "Customer", group.north, DisplayName="Aurora Boats", CurrencyRef={"value": "USD"})
    for name in ("south", "north"):
        group.synced(name)
    marks = {row.get("QBO_Id__c", "") or "" for row in group.vendors.records("salesforce", "Account")}
    assert {mark.partition(":")[0] for mark in marks if mark} == {
        group.north,
        group.vendors.line["quickbooks"]["realm_id"],
    }
    listed = group.run("connections", "--json").document["items"]
    assert [(row["name"], row["state"], row["company"]) for row in listed] == [
        ("north", "live", "Northern Branch"), ("south", "live", listed[1]["company"]),
    ]  # fmt: skip
    # One that is disconnected keeps what it knows, writes nothing, and does not touch the other.
    assert "Intuit has ended the sign-in" in group.run("connections", "disconnect", "north").out
    assert group.run("sync", "--once", on="north").status == 3
    assert group.run("sync", "--once", on="south").status in (0, 1)
    assert group.run("connections", "--json").document["items"][0]["state"] == "disconnected"
    # One that is removed leaves its audit log.
    assert group.run("connections", "remove", "north").status == 2, "nobody can be asked"
    assert group.run("connections", "remove", "north", "--yes").status == 0
    assert [row["name"] for row in group.run("connections", "--json").document["items"]] == ["south"]
    assert group.run("audit", "verify").status == 0, "one is left, and needs no name"
    assert group.run("sync", "--once").status in (0, 1)

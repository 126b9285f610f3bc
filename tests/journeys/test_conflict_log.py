"""An edit in both systems at once, from the command line: the lost value is read with the command and found nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .rig import Ran, Servers, command, servers
from .test_secrets import forms

LOST_PHONE, LOST_MAIL = "(617) 555-0143", "typed-by-sales@example.org"


class Played(NamedTuple):
    """A home after the edit was synced, and everything that was said meanwhile."""

    home: Path
    said: list[Ran]
    customer: str
    account: str


def both_edit(vendors: Servers) -> tuple[str, str]:
    """The telephone is Salesforce's to keep, the billing e-mail QuickBooks'."""
    account = next(row for row in vendors.records("salesforce", "Account") if row.get("QBO_Id__c"))
    customer = account["QBO_Id__c"].partition(":")[2]
    books = {"PrimaryPhone": {"FreeFormNumber": LOST_PHONE}, "PrimaryEmailAddr": {"Address": "books@example.org"}}
    sales = {"Phone": "(617) 555-0199", "QBO_Billing_Email__c": LOST_MAIL}
    operations = [
        {"system": "quickbooks", "op": "update", "kind": "Customer", "body": {"Id": customer, **books}},
        {"system": "salesforce", "op": "update", "kind": "Account", "body": {"Id": account["Id"], **sales}},
    ]
    assert vendors.ask("POST", "/seed", {"operations": operations})["ok"]
    return f"quickbooks:Customer:{customer}", f"salesforce:Account:{account['Id']}"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("conflict")
    home, line = folder / "home", folder / "line.json"
    said: list[Ran] = []

    def run(*words: str) -> Ran:
        said.append(command(*words, home=home))
        assert said[-1].status == 0, said[-1]
        return said[-1]

    with servers("--scenario", "tiny") as vendors:
        line.write_text(json.dumps(vendors.line))
        run("init", "--emulators", str(line))
        run("apply", run("plan", "--json").document["id"])
        customer, account = both_edit(vendors)
        run("plan", "--json")
        run("sync", "--once", "--json", "--debug")
        run("sync", "--once")
        for words in (("conflicts",), ("conflicts", "--json"), ("status",), ("explain", customer), ("holds",)):
            run(*words)
        run("backup", str(home / "copy.db"))
        yield Played(home, said, customer, account)


def entries(ran: Ran) -> list[Any]:
    assert ran.document["schema"] == "ml-connector/conflicts/1"
    return sorted(ran.document["items"], key=lambda each: str(each["field"]))


def test_the_lost_values_are_found_nowhere(played: Played) -> None:
    places = {path.name: path.read_bytes() for path in played.home.rglob("*") if path.is_file()}
    assert {"state.db", "fault.log", "copy.db", "settings.toml"} <= places.keys()
    places["said"] = "".join(each.out + each.err for each in played.said).encode()
    assert b"conflict log" in places["said"], "the plan tells of it"
    found = [(name, lost) for name, content in places.items() for lost in (LOST_PHONE, LOST_MAIL)
             for form in set(forms(lost)) if form in content]  # fmt: skip
    assert found == []


def test_the_command_lists_what_was_lost(played: Played) -> None:
    mail, phone = entries(command("conflicts", "--json", home=played.home))
    assert (mail["record"], mail["other"], mail["winner"]) == (played.account, played.customer, "quickbooks")
    assert (phone["record"], phone["other"], phone["winner"]) == (played.customer, played.account, "salesforce")
    assert "lost" not in {*mail, *phone}


def test_the_values_are_for_the_person_who_asks_also_after_the_keys_were_rotated(played: Played) -> None:
    for _ in range(2):
        shown = command("conflicts", "--values", home=played.home)
        assert LOST_PHONE in shown.out
        assert LOST_MAIL in shown.out
        values = [each["lost"] for each in entries(command("conflicts", "--values", "--json", home=played.home))]
        assert values == [LOST_MAIL, LOST_PHONE]
        assert command("keys", "rotate", home=played.home).status == 0


def test_status_and_explain_lead_to_the_log(played: Played) -> None:
    assert "conflicts    2 values gave way" in command("status", home=played.home).out
    told = command("explain", played.customer, home=played.home).out
    assert f"phone of {played.customer} gave way, Salesforce kept its own" in told

"""Random sequences of valid and invalid calls, against the org and against a small model of the documented rules.

The model knows accounts (a name, a unique case-sensitive key) and their contacts: what may be written, what a refusal
is called, what stays. After every step both must hold the same, however it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from .loads import load
from .orgs import Reply, TestOrg

KEYS = st.sampled_from(["1", "2", "a", "A", "b/c", "d e", "ä+%"])
NAMES = st.sampled_from(["Acme", "Beta", "O'Neil", "x" * 255, "x" * 256, "", None])
Body = dict[str, Any]


@dataclass
class Model:
    """id -> fields; and what lies in the bin, with the children that went along."""

    accounts: dict[str, Body] = field(default_factory=dict)
    contacts: dict[str, str | None] = field(default_factory=dict)
    bin: dict[str, tuple[Body, dict[str, str | None]]] = field(default_factory=dict)

    def with_key(self, key: str | None) -> str | None:
        return next(
            (account for account, body in self.accounts.items() if key is not None and body["key"] == key), None
        )

    def refusal(self, name: str | None, key: str | None, own: str | None = None, *, named: bool = True) -> str | None:
        """Why a save of these values is refused; None when it is not."""
        if name is not None and len(name) > 255:
            return "STRING_TOO_LONG"
        if named and not name:
            return "REQUIRED_FIELD_MISSING"
        holder = self.with_key(key)
        return "DUPLICATE_VALUE" if holder is not None and holder != own else None

    def bury(self, account: str) -> None:
        gone: dict[str, str | None] = {contact: up for contact, up in self.contacts.items() if up == account}
        for contact in gone:
            del self.contacts[contact]
        self.bin[account] = (self.accounts.pop(account), gone)


class Calls(RuleBasedStateMachine):
    """Each rule is one call; `made` are ids that once were."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.org = TestOrg()
        self.model = Model()

    @initialize(target=made)
    def first(self) -> Any:
        return multiple("001Hs0000000zzzIAA")

    def stored(self, body: Body, made: str) -> str:
        self.model.accounts[made] = body
        return made

    def agrees(self, reply: Reply, refusal: str | None, status: int) -> bool:
        """The status and code that the rules ask for; whether it was done."""
        if refusal is None:
            assert reply.status == status, reply.text
            return True
        expected = 404 if refusal in ("NOT_FOUND", "ENTITY_IS_DELETED") else 400
        assert (reply.status, reply.code) == (expected, refusal), reply.text
        return False

    def missing(self, account: str) -> str | None:
        if account in self.model.accounts:
            return None
        return "ENTITY_IS_DELETED" if account in self.model.bin else "NOT_FOUND"

    # Accounts

    @rule(target=made, name=NAMES, key=st.none() | KEYS)
    def create(self, name: str | None, key: str | None) -> Any:
        reply = self.org.post("/sobjects/Account", {"Name": name, "QBO_Id__c": key})
        if not self.agrees(reply, self.model.refusal(name, key), 201):
            return multiple()
        return self.stored({"name": name, "key": key}, reply.body["id"])

    @rule(account=made, name=NAMES, short=st.booleans())
    def rename(self, account: str, name: str | None, short: bool) -> None:
        reply = self.org.patch(f"/sobjects/Account/{account[:15] if short else account}", {"Name": name})
        refusal = self.missing(account) or self.model.refusal(name, None)
        if self.agrees(reply, refusal, 204):
            self.model.accounts[account]["name"] = name

    @rule(account=made, key=st.none() | KEYS)
    def rekey(self, account: str, key: str | None) -> None:
        reply = self.org.patch(f"/sobjects/Account/{account}", {"QBO_Id__c": key})
        refusal = self.missing(account) or self.model.refusal(None, key, account, named=False)
        if self.agrees(reply, refusal, 204):
            self.model.accounts[account]["key"] = key

    @rule(account=made)
    def delete(self, account: str) -> None:
        if self.agrees(self.org.delete(f"/sobjects/Account/{account}"), self.missing(account), 204):
            self.model.bury(account)

    @rule(account=made)
    def undelete(self, account: str) -> None:
        if account not in self.model.bin:
            return
        body, children = self.model.bin[account]
        if body["key"] is not None and self.model.with_key(body["key"]):
            return
        self.org.act("undelete", "Account", Id=account)
        del self.model.bin[account]
        self.model.accounts[account] = body
        self.model.contacts |= children

    @rule(target=made, key=KEYS, name=NAMES)
    def upsert(self, key: str, name: str | None) -> Any:
        reply = self.org.patch(f"/sobjects/Account/QBO_Id__c/{quote(key, safe='')}", {"Name": name})
        known = self.model.with_key(key)
        if not self.agrees(reply, self.model.refusal(name, None), 200 if known else 201):
            return multiple()
        assert (reply.body["created"], known or reply.body["id"]) == (known is None, reply.body["id"])
        self.stored({"name": name, "key": key}, reply.body["id"])
        return multiple() if known else reply.body["id"]

    # Several at once

    def upsert_one(self, key: str, name: str | None, seen: set[str]) -> str | None:
        """The refusal of one row of a list, else None and it is done under `key`."""
        refusal = "DUPLICATE_VALUE" if key in seen else self.model.refusal(name, None)
        seen.add(key)
        return refusal

    @rule(target=made, rows=st.lists(st.tuples(KEYS, NAMES), min_size=1, max_size=4), whole=st.booleans())
    def upsert_list(self, rows: list[tuple[str, str | None]], whole: bool) -> Any:
        records = [{"attributes": {"type": "Account"}, "QBO_Id__c": key, "Name": name} for key, name in rows]
        url = "/composite/sobjects/Account/QBO_Id__c"
        reply = self.org.patch(url, {"allOrNone": whole, "records": records})
        seen: set[str] = set()
        refusals = [self.upsert_one(key, name, seen) for key, name in rows]
        undone = whole and any(refusals)
        rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
        expected = [refusal or (rolled_back if undone else None) for refusal in refusals]
        codes = [None if item["success"] else item["errors"][0]["statusCode"] for item in reply.body]
        assert (reply.status, codes) == (200, expected)
        return multiple() if undone else self.took(rows, reply.body)

    def took(self, rows: list[tuple[str, str | None]], items: list[Body]) -> Any:
        fresh = []
        for (key, name), item in zip(rows, items, strict=True):
            if item["success"]:
                known = self.model.with_key(key)
                assert (item["created"], known or item["id"]) == (known is None, item["id"])
                fresh += [] if known else [item["id"]]
                self.stored({"name": name, "key": key}, item["id"])
        return multiple(*fresh)

    @rule(target=made, rows=st.lists(st.tuples(KEYS, NAMES), min_size=1, max_size=4))
    def load(self, rows: list[tuple[str, str | None]]) -> Any:
        job = load(self.org, "upsert", externalIdFieldName="QBO_Id__c")
        sheet = "".join(f'"{key}","{name or ""}"\n' for key, name in rows)
        info = job.run(f"QBO_Id__c,Name\n{sheet}")
        seen: set[str] = set()
        expected: list[str] = []
        done: list[tuple[str, str | None]] = []
        for key, name in rows:
            known = self.model.with_key(key) or key in [loaded for loaded, _ in done]
            # An empty cell says nothing: an account that is there keeps its name.
            refusal = self.upsert_one(key, name if name or not known else "kept", seen)
            if refusal:
                expected.append(refusal)
            else:
                done.append((key, name))
        assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (len(rows), len(expected))
        assert sorted(error.partition(":")[0] for error in job.errors()) == sorted(expected)
        return self.loaded(done, {row["QBO_Id__c"]: row for row in job.rows("successfulResults")})

    def loaded(self, done: list[tuple[str, str | None]], good: dict[str, dict[str, str]]) -> Any:
        fresh = []
        for key, name in done:
            known = self.model.with_key(key)
            assert good[key]["sf__Created"] == str(known is None).lower()
            kept = self.model.accounts[known]["name"] if known else None
            self.stored({"name": name or kept, "key": key}, good[key]["sf__Id"])
            fresh += [] if known else [good[key]["sf__Id"]]
        return multiple(*fresh)

    # Contacts

    @rule(account=made, last_name=NAMES)
    def hire(self, account: str, last_name: str | None) -> None:
        reply = self.org.post("/sobjects/Contact", {"LastName": last_name, "AccountId": account})
        missing = {None: None, "NOT_FOUND": "INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED": "ENTITY_IS_DELETED"}
        if last_name is not None and len(last_name) > 80:
            refusal: str | None = "STRING_TOO_LONG"
        elif not last_name:
            refusal = "REQUIRED_FIELD_MISSING"
        else:
            refusal = missing[self.missing(account)]
        if refusal == "ENTITY_IS_DELETED":
            assert (reply.status, reply.code) == (400, refusal)
        elif self.agrees(reply, refusal, 201):
            self.model.contacts[reply.body["id"]] = account

    # What is there, however it is asked for

    @rule(account=consumes(made))
    def look_at_one(self, account: str) -> None:
        reply = self.org.get(f"/sobjects/Account/{account}?fields=Name,QBO_Id__c")
        body = self.model.accounts.get(account)
        assert reply.status == (200 if body else 404)
        if body:
            assert (reply.body["Name"], reply.body["QBO_Id__c"]) == (body["name"], body["key"])

    @rule(key=KEYS)
    def look_for_a_key(self, key: str) -> None:
        account = self.model.with_key(key)
        reply = self.org.get(f"/sobjects/Account/QBO_Id__c/{quote(key, safe='')}")
        assert (reply.status, reply.body["Id"] if account else None) == (200 if account else 404, account)
        rows = self.org.rows(f"SELECT Id FROM Account WHERE QBO_Id__c = '{key}'")
        assert [row["Id"] for row in rows] == ([account] if account else [])

    @invariant()
    def the_same_accounts(self) -> None:
        rows = self.org.rows("SELECT Id, Name, QBO_Id__c FROM Account")
        assert {row["Id"]: {"name": row["Name"], "key": row["QBO_Id__c"]} for row in rows} == self.model.accounts
        total = self.org.get("/queryAll?q=SELECT+COUNT()+FROM+Account").body["totalSize"]
        assert total == len(self.model.accounts) + len(self.model.bin)

    @invariant()
    def the_same_contacts(self) -> None:
        rows = self.org.rows("SELECT Id, AccountId FROM Contact")
        assert {row["Id"]: row["AccountId"] for row in rows} == self.model.contacts

    @invariant()
    def the_same_news(self) -> None:
        window = "start=2026-01-05T00:00:00Z&end=2026-01-06T00:00:00Z"
        updated = self.org.get(f"/sobjects/Account/updated?{window}").body["ids"]
        deleted = self.org.get(f"/sobjects/Account/deleted?{window}").body["deletedRecords"]
        assert set(updated) == set(self.model.accounts)
        assert {row["id"] for row in deleted} == set(self.model.bin)


TestCalls = Calls.TestCase
TestCalls.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)

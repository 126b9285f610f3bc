"""Both vendors in memory, just enough to ask a flow what it decides and to see what becomes of it.

`World` holds records, links and references. `settle` plays the corridor for one record: facts that a decision asks
for are fetched, a write takes effect, and the flow is asked again, until it skips or holds.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from ml_connector.model.plans import (
    Decision,
    Digest,
    Flow,
    Need,
    NeedFind,
    NeedLink,
    NeedRecord,
    NeedReference,
    NotLoaded,
    Refused,
    Reread,
    Without,
    Write,
)
from ml_connector.model.refs import Gone, Json, Link, LinkDraft, Ref
from ml_connector.model.roles import Role
from ml_connector.model.rules import Rules
from ml_connector.systems.quickbooks import matching as customer_rows
from ml_connector.systems.quickbooks import records as quickbooks
from ml_connector.systems.salesforce import matching as account_rows
from ml_connector.systems.salesforce.records import DESCRIBED, WRITTEN, Choice, Field, Object, SObject, fields_needed

from .digests import digest

RULES = Rules(realm_id="4620816365000001", org_id="00DHp0000001AbCMAU")
TODAY = date(2026, 11, 22)
TABLES: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "quickbooks": lambda customers: customer_rows.table([customer_rows.packed(each) for each in customers]),
    "salesforce": lambda accounts: account_rows.table([account_rows.packed(each) for each in accounts]),
}
_PREFIX = {"Account": "001", "Contact": "003", "Opportunity": "006", "OpportunityContactRole": "00K", "Order": "801"}


class World:
    """Records by name, links, references. What is not given is empty."""

    def __init__(
        self,
        *records: Any,
        links: Sequence[Link] = (),
        references: Mapping[tuple[str, str], Any] | None = None,
        rules: Rules = RULES,
        today: date = TODAY,
        refuses: Callable[[Write], Refused | None] = lambda _: None,
    ) -> None:
        """`refuses` says what a vendor does not take."""
        self.records: dict[Ref, Any] = {record.ref: record for record in records}
        self.links: dict[tuple[Role, Ref], Link] = {(link.role, link.source): link for link in links}
        self.references = {**DEFAULTS, **(references or {})}
        self.rules = rules
        self.today = today
        self.made = 0
        self.refuses = refuses

    def put(self, *records: Any) -> None:
        self.records.update((record.ref, record) for record in records)

    def link(
        self,
        role: Role,
        source: Ref,
        target: Ref,
        agreed: Mapping[str, str | None] | None = None,
        exclusive: bool | None = None,
    ) -> None:
        if exclusive is None:
            exclusive = role in (Role.ACCOUNT, Role.JOURNAL)
        self.links[role, source] = Link(role, source, target, agreed or {}, exclusive)

    def kind(self, kind: str) -> list[Any]:
        return [record for ref, record in self.records.items() if ref.kind == kind and not isinstance(record, Gone)]

    def context(self) -> MemoryContext:
        return MemoryContext(self)

    def found(self, need: NeedFind) -> list[Any]:
        return [each for each in self.kind(need.kind) if _same(_field(each, need.field), need.value)]

    def reference(self, need: NeedReference) -> Any:
        if need.name == "matching" and self.references.get((need.system, need.name)) is None:
            return TABLES[need.system](self.kind("Account" if need.system == "salesforce" else "Customer"))
        return self.references[need.system, need.name]

    def apply(self, write: Write) -> Any:
        """What the vendor does with a write, and the links that are kept. Returns the record as it stands now."""
        record = self._salesforce(write) if write.system == "salesforce" else self._quickbooks(write)
        self.put(record)
        self.keep(write.links, record.ref)
        return record

    def keep(self, drafts: Sequence[LinkDraft], made: Ref | None = None) -> None:
        for draft in drafts:
            source = draft.source if draft.source.id or made is None else made
            target = draft.target or made
            assert target is not None
            self.links[draft.role, source] = Link(
                draft.role, source, target, dict(draft.agreed), draft.exclusive, draft.source_version
            )

    def _new_id(self, kind: str) -> str:
        self.made += 1
        return (
            f"{_PREFIX.get(kind, '')}{self.made:0{15 if kind in _PREFIX else 1}d}"
            if kind in _PREFIX
            else f"9{self.made}"
        )

    def _salesforce(self, write: Write) -> SObject:
        now = self._target(write)
        fields = dict(write.body)
        if write.key_field:
            assert write.key_field not in fields
            fields[write.key_field] = write.key
        if now is None:
            assert write.action != "update", "nothing there to update"
            now = SObject(write.kind, self._new_id(write.kind), {})
        if write.kind == "Opportunity" and now.get("HasOpportunityLineItem"):
            fields.pop("Amount", None)
        return now.merged(fields)

    def _target(self, write: Write) -> SObject | None:
        if write.action == "create":
            return None
        if write.action == "update":
            found = self.records[Ref(write.system, write.kind, write.target_id)]
            return None if isinstance(found, Gone) else found
        marked = [each for each in self.kind(write.kind) if each.get(write.key_field) == write.key]
        return marked[0] if marked else None

    def _quickbooks(self, write: Write) -> Any:
        struct = getattr(quickbooks, write.kind)
        if write.action == "create":
            wire = {"Id": self._new_id(write.kind), "SyncToken": "0", **write.body}
            return _read(wire, struct)
        now = self.records[Ref(write.system, write.kind, write.target_id)]
        assert write.sync_token == now.sync_token, "stale"
        wire = {**msgspec.to_builtins(now), **write.body, "SyncToken": str(int(now.sync_token or 0) + 1)}
        return _read(wire, struct)


class MemoryContext:
    """A context that knows nothing until it is loaded, and remembers what was asked."""

    def __init__(self, world: World) -> None:
        self.settings = world.rules
        self.today = world.today
        self.now = datetime.combine(world.today, datetime.min.time(), UTC)
        self.digest: Digest = digest
        self.world = world
        self.loaded: dict[Need, None] = {}

    def want(self, *needs: Need) -> None:
        missing = [need for need in needs if need not in self.loaded]
        if missing:
            raise NotLoaded(missing)

    def load(self, needs: Sequence[Need]) -> None:
        self.loaded.update(dict.fromkeys(needs))

    def link(self, role: Role, ref: Ref) -> Link | None:
        found = self.links(role, ref)
        return found[0] if found else None

    def links(self, role: Role, ref: Ref) -> Sequence[Link]:
        self.want(NeedLink(role, ref))
        return [each for each in self.world.links.values() if each.role == role and ref in (each.source, each.target)]

    def record(self, ref: Ref) -> Any:
        self.want(NeedRecord(ref))
        return self.world.records.get(ref, Gone(ref))

    def found(self, system: str, kind: str, field: str, value: str) -> Sequence[Any]:
        need = NeedFind(system, kind, field, value)
        self.want(need)
        return self.world.found(need)

    def reference(self, system: str, name: str) -> Any:
        need = NeedReference(system, name)
        self.want(need)
        return self.world.reference(need)

    def once(self, rule: Callable[[Any, Any], Any], record: Any) -> Any:
        return rule(record, self)

    def asked(self) -> list[str]:
        """The kinds of calls that the facts cost: one each for a page. Links cost none, nor what describe says: that is
        known before anything is read."""
        return sorted(call for call in {_call(need) for need in self.loaded} if call and " fields:" not in call)


def decide(flow: Flow, record: Any, world: World, context: MemoryContext | None = None) -> Decision:
    """One decision, with every fact it asks for."""
    context = context or world.context()
    for _ in range(100):
        try:
            return flow.gone(record, context) if isinstance(record, Gone) else flow.decide(record, context)
        except NotLoaded as unknown:
            context.load(unknown.needs)
    raise AssertionError("the decision never stops asking")


def settle(flow: Flow, ref: Ref, world: World, context: MemoryContext | None = None) -> list[Decision]:
    """All decisions about one record until it rests; writes take effect between them."""
    decisions: list[Decision] = []
    for _ in range(12):
        decision = decide(flow, world.records.get(ref, Gone(ref)), world, context)
        decisions.append(decision)
        if not isinstance(decision, Write):
            world.keep(getattr(decision, "links", ()))
            return decisions
        refusal = world.refuses(decision)
        if refusal is None:
            world.apply(decision)
            continue
        answer = flow.refused(decision, refusal, digest)
        if not isinstance(answer, Without):
            decisions.append(answer.otherwise if isinstance(answer, Reread) else answer)
            return decisions
        world.keep(answer.links)
    raise AssertionError(f"no rest after {[(d.step, d.body) for d in writes(decisions)][-3:]}")


def writes(decisions: Sequence[Decision]) -> list[Write]:
    return [each for each in decisions if isinstance(each, Write)]


def _call(need: Need) -> str:
    if isinstance(need, NeedLink):
        return ""
    if isinstance(need, NeedRecord):
        return f"read {need.ref.system} {need.ref.kind}"
    if isinstance(need, NeedFind):
        return f"find {need.system} {need.kind} by {need.field}"
    assert isinstance(need, NeedReference)
    return f"reference {need.system} {need.name}"


def _field(record: Any, name: str) -> Any:
    if isinstance(record, SObject):
        return record.get(name)
    return getattr(record, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())


def _same(value: Any, wanted: str) -> bool:
    return isinstance(value, str) and value.casefold() == wanted.casefold()


def _read(wire: Json, struct: Any) -> Any:
    return msgspec.json.decode(msgspec.json.Encoder(decimal_format="number").encode(wire), type=struct)


def sobject(kind: str, key: str, **fields: Any) -> SObject:
    """A Salesforce record from plain values; `Decimal` from int and text stays text."""
    return SObject(kind, key, {}).merged(fields)


def shown(
    kind: str, hidden: Collection[str] = (), locked: Collection[str] = (), only: Collection[str] | None = None
) -> Object:
    """What the org shows of a kind: all that is read and written of it, but for what is hidden or read-only.

    Orgs with lists of states and countries are rare here: those fields are there where `only` names them.
    """
    names = dict.fromkeys([*fields_needed(kind), *WRITTEN.get(kind, ())]) if only is None else only
    listed = only is None and ("StateCode", "CountryCode")
    here = [name for name in names if name not in hidden and not (listed and name.endswith(listed))]
    free = {name: name not in locked for name in here}
    return Object(kind, tuple(Field(name, createable=free[name], updateable=free[name]) for name in here), True, True)


REGIONS = {
    "US": ("United States", {"MA": "Massachusetts", "NY": "New York", "CA": "California"}),
    "CA": ("Canada", {"QC": "Québec", "ON": "Ontario"}),
    "GB": ("United Kingdom", {}),
    "DE": ("Germany", {"BW": "Baden-Württemberg"}),
}
"""A list of countries, by code: label and states."""


def with_regions(regions: Mapping[str, tuple[str, Mapping[str, str]]], **more: Any) -> Object:
    """Accounts of an org that keeps these countries and states as picklists."""
    countries = tuple(Choice(value=code, label=label) for code, (label, _) in regions.items())
    states = tuple(
        Choice(value=code, label=label, valid_for=_bits(place, len(regions)))
        for place, (_, own) in enumerate(regions.values())
        for code, label in own.items()
    )
    lists = {"StateCode": states, "CountryCode": countries}
    named = tuple(
        Field(f"{place}{part}", type="picklist", createable=True, updateable=True, picklist_values=choices)
        for place in ("Billing", "Shipping")
        for part, choices in lists.items()
    )
    return Object("Account", (*shown("Account", **more).fields, *named), True, True)


def _bits(place: int, count: int) -> str:
    bits = bytearray((count + 7) // 8)
    bits[place // 8] = 0x80 >> place % 8
    return base64.b64encode(bytes(bits)).decode()


DEFAULTS: dict[tuple[str, str], Any] = {
    ("quickbooks", "company"): quickbooks.CompanyInfo(id="1", country="US"),
    ("quickbooks", "preferences"): msgspec.convert(
        {"Id": "1", "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}}},
        quickbooks.Preferences,
    ),
    ("quickbooks", "terms"): {},
    ("quickbooks", "departments"): {},
    ("quickbooks", "classes"): {},
    ("quickbooks", "items"): {},
    ("quickbooks", "accounts"): {},
    ("salesforce", "currencies"): {
        code: SObject("CurrencyType", "", {"IsoCode": code, "IsActive": True}) for code in ("USD", "EUR")
    },
    ("salesforce", "stages"): {
        name: SObject("OpportunityStage", "", {"ApiName": name, "IsActive": True})
        for name in ("Closed Won", "Closed Lost")
    },
    ("salesforce", "contact_roles"): ["Decision Maker", "Other"],
    ("salesforce", "organization"): SObject("Organization", "00DHp0000001AbCMAU", {}),
    **{("salesforce", f"fields:{kind}"): shown(kind) for kind in DESCRIBED},
}

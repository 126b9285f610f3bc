"""What happened in a run, step by step, in the words of the product."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from ml_connector.systems.http import Request, Response
from ml_emulators.kit.emulation import Emulation

_NAMES = ("DocNumber", "DisplayName", "QBO_Id__c", "QBO_Journal_Entry__c", "Id", "id", "ContactId")


MILESTONES: Mapping[str, str] = {
    "knocks stored": "puts on record which records may have changed",
    "connection taken": "takes charge of the connection",
    "looked up": "knows what became of the writes that were left open",
    "read": "has read the records fresh",
    "composed": "has decided what to write",
    "noted": "puts on record what it is about to write",
    "applied": "has the answer",
    "writes settled": "puts the outcome on record",
    "deciding done": "has nothing left to write on this page",
    "tasks settled": "ticks the records off",
    "connection released": "gives the connection free",
    "through": "is through",
}
_READS = {"asking": "what changed", "looking up": "what became of open writes", "signing in": "a sign-in"}
_KEY = re.compile(r"\b\d{10,}:(\d+)(:[0-9a-f]{12})?")
_REQUEST_ID = re.compile(r" \(request id \w*\)")


VENDORS: Mapping[str, str] = {"quickbooks": "QuickBooks", "salesforce": "Salesforce"}


def milestone(name: str) -> str:
    """A step of the corridor in words."""
    return MILESTONES.get(name.removesuffix(" for the plan"), name)


class Story:
    """What happened, with the time since the beginning. Reads in a row are counted; asides are for the full text."""

    def __init__(self, now: datetime, emulation: Emulation) -> None:
        self.begin(now)
        self._emulation = emulation
        self._lines: list[tuple[bool, str]] = []
        """An aside or not, and the line; for a read blank, and what was read is in `_reads` at its place."""
        self._reads: dict[int, str] = {}

    def begin(self, now: datetime) -> None:
        """Seconds are counted from here."""
        self._start = now

    def tell(self, now: datetime, who: str, text: str, *, aside: bool = False) -> None:
        self._lines.append((aside, f"{(now - self._start).total_seconds():>6.0f} s  {who:<9} {text}"))

    def read(self, vendor: str, what: str) -> None:
        name = VENDORS[vendor]
        self._reads[len(self._lines)] = f"{name} ({_READS[what]})" if what in _READS else name
        self._lines.append((False, ""))

    def text(self, *, full: bool = False) -> str:
        lines, reads = list[str](), Counter[str]()
        for place, (aside, line) in enumerate([*self._lines, (False, " ")]):
            if place in self._reads:
                reads[self._reads[place]] += 1
            elif full or not aside:
                if reads:
                    told = ", ".join(f"{count} from {name}" for name, count in reads.items())
                    lines.append(f"{'':>9} {'':<9} (reads: {told})")
                    reads.clear()
                lines.append(line)
        return "\n".join(lines[:-1])

    def named(self, items: str) -> str:
        """What a request writes, with names in place of keys and ids."""
        if not items:
            return ""
        text = _REQUEST_ID.sub("", items)
        return ", ".join(self._record(part) for part in text.split(", "))

    def _record(self, part: str) -> str:
        verb, _, rest = part.partition(" ")
        kind, _, key = rest.partition(" ")
        found = _KEY.fullmatch(key)
        ident = found[1] if found else key
        if kind in ("Account", "Contact", "Customer") and ident.isdecimal():
            return f"{verb} {kind} {self._name('quickbooks', 'Customer', 'DisplayName', ident)}"
        if kind == "Opportunity" and ident.isdecimal():
            return f"{verb} {kind} of invoice {self._name('quickbooks', 'Invoice', 'DocNumber', ident)}"
        if kind == "OpportunityContactRole":
            return f"{verb} {kind} of {self._name('salesforce', 'Contact', 'Name', ident)}"
        if kind in ("Account", "Contact", "Opportunity"):
            return f"{verb} {kind} {self._name('salesforce', kind, 'Name', ident)}"
        return part

    def _name(self, system: str, kind: str, field: str, ident: str) -> str:
        rows = self._emulation.vendors[system].records(kind)
        return next((str(row.get(field, ident)) for row in rows if row["Id"] == ident), ident)


def is_write(request: Request) -> bool:
    """Does the request change records at a vendor?"""
    if request.method == "PATCH":
        return True
    path = urlsplit(request.url).path
    if request.method != "POST" or "/oauth2/" in path or path.endswith("/query"):
        return False
    # Salesforce takes lists of ids, and several reads at once, by POST.
    return b'"ids":' not in request.body and b'"method":"GET"' not in request.body


def is_sign_in(request: Request) -> bool:
    return "/oauth2/" in request.url


def sent(request: Request) -> str:
    """A request that writes, in words: `create JournalEntry SFO-00000001-01, ...`."""
    tree = _tree(request.body)
    items = ", ".join(_items(tree, _what(request.method, urlsplit(request.url).path)))
    ident = parse_qs(urlsplit(request.url).query).get("requestid", [""])[0]
    return f"{items} (request id {ident[:8]})" if ident else items


def _what(method: str, path: str) -> str:
    known = re.search(r"/composite/sobjects/(\w+)/", path)
    if known:
        return f"upsert {known[1]}"
    kind = {"journalentry": "JournalEntry", "customer": "Customer"}.get(path.rsplit("/", 1)[-1], "")
    return f"{'update' if method == 'PATCH' else 'create'} {kind}"


def _items(tree: Any, what: str) -> Iterator[str]:
    if not isinstance(tree, dict):
        yield what
    elif "BatchItemRequest" in tree:
        for item in tree["BatchItemRequest"]:
            kind = next(name for name in item if name not in ("bId", "operation"))
            yield f"{item['operation']} {kind} {_name(item[kind])}"
    elif "compositeRequest" in tree:
        for part in tree["compositeRequest"]:
            yield from _items(part["body"], _what(part["method"], part["url"]))
    elif "records" in tree:
        for each in tree["records"]:
            yield f"{what.split()[0]} {each['attributes']['type']} {_name(each)}"
    else:
        yield f"{what.replace('create', 'update') if 'sparse' in tree else what} {_name(tree)}"


def _name(record: dict[str, Any]) -> str:
    return next((str(record[name]) for name in _NAMES if name in record), "?")


def answered(response: Response) -> str:
    """An answer to a write in words: the status, and what went wrong inside."""
    text = response.body.decode(errors="replace")
    wrong = re.findall(r'"(?:statusCode|errorCode|code)":"(\w+)"', text)
    inside = f", with {', '.join(dict.fromkeys(wrong))}" if wrong else ""
    return f"HTTP {response.status}{inside}"


def _tree(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None

"""What happened in a run, step by step, in the words of the product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from ml_connector.systems.http import Request, Response

_NAMES = ("DocNumber", "DisplayName", "QBO_Id__c", "QBO_Journal_Entry__c", "Id", "id", "ContactId")


class Story:
    """Lines with the time since the beginning. Reads in a row are counted, not told."""

    def __init__(self, now: datetime) -> None:
        self._start = now
        self._lines: list[str] = []
        self._reads: dict[str, int] = {}

    def tell(self, now: datetime, who: str, text: str) -> None:
        self._flush()
        self._lines.append(f"{(now - self._start).total_seconds():>6.0f} s  {who:<8} {text}")

    def read(self, vendor: str) -> None:
        self._reads[vendor] = self._reads.get(vendor, 0) + 1

    def _flush(self) -> None:
        if self._reads:
            told = ", ".join(f"{count} from {vendor}" for vendor, count in self._reads.items())
            self._lines.append(f"{'':>9} {'':<8} (reads: {told})")
            self._reads = {}

    def text(self) -> str:
        self._flush()
        return "\n".join(self._lines)


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

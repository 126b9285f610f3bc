"""What the connector is at work on when something goes wrong: the first sync, or a piece of news for a pair in step."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Chapter(msgspec.Struct, frozen=True):
    """`acts` are the news (`acts.py`); blank: everything is new. `edits` concern the records of the chapter.

    `kind` is what is written because of the news, `several` whether more than one goes out in a request.
    """

    acts: tuple[str, ...]
    edits: tuple[str, ...]
    kind: str = ""
    several: bool = False


_OLD = ("invoice void", "invoice deleted", "customer inactive")
_FIRST = (
    "customer phone", "new customer's phone", "account phone", "ready account", "new account's phone",
    "invoice amount", "payment", "order dims", "item account", "opportunity stage", "opportunity name",
)  # fmt: skip

CHAPTERS: Mapping[str, Chapter] = {
    "first sync": Chapter((), (*_FIRST, *_OLD, "opportunity deleted")),
    "a customer": Chapter(("Birch",), ("Birch's phone", "new customer inactive"), "Account"),
    "customers": Chapter(
        ("Birch", "Cedar"), ("Birch's phone", "new customer inactive", "customers merged"), "Account", several=True
    ),
    "a contact": Chapter(("Alder's buyer",), ("Alder's buyer's phone",), "Contact"),
    "contacts": Chapter(("Alder's buyer", "Falconry's buyer"), ("Alder's buyer's phone",), "Contact", several=True),
    "an invoice": Chapter(("invoice 2001",), ("hours on 2001", "new invoice deleted"), "Opportunity"),
    "invoices": Chapter(
        ("invoice 2001", "invoice 2002"), ("hours on 2001", "new invoice deleted"), "Opportunity", several=True
    ),
    "a sent invoice": Chapter(("invoice 2003",), ("hours on 2003", "contact deleted"), "role"),
    "sent invoices": Chapter(
        ("invoice 2003", "invoice 2004"), ("hours on 2003", "contact deleted"), "role", several=True
    ),
    "an account": Chapter(("Elm",), ("Elm's phone", "ready account deleted"), "Customer"),
    "accounts": Chapter(
        ("Elm", "Fir"), ("Elm's phone", "ready account deleted", "accounts merged"), "Customer", several=True
    ),
    "an order": Chapter(("Alder's order",), ("newest order", "item account", "newest order back"), "JournalEntry"),
    "orders": Chapter(
        ("Alder's order", "Falconry's order"), ("newest order", "item account", "newest order back"), "JournalEntry",
        several=True,
    ),
    "sub-customers": Chapter(("Birch", "Birch East", "Alder West"), ("Birch's phone", "customer phone")),
    "euros": Chapter(("Linden", "invoice 2005", "Maple", "order in euros"), ("newest order", "item account")),
    "changes": Chapter(
        ("Alder moves", "Falconry moves", "hour on 1002"),
        ("customer phone", "account phone", "invoice amount", "payment", *_OLD),
    ),
}  # fmt: skip

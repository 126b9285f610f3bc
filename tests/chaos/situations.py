"""What the connector is at work on when something goes wrong: the first sync, or a piece of news for a pair in step."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Situation(msgspec.Struct, frozen=True):
    """`acts` are the news (`acts.py`); blank: everything is new. `edits` concern the records of the situation.

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

SITUATIONS: Mapping[str, Situation] = {
    "first sync": Situation((), (*_FIRST, *_OLD, "opportunity deleted")),
    "a customer": Situation(("Birch",), ("Birch's phone", "new customer inactive"), "Account"),
    "customers": Situation(
        ("Birch", "Cedar"), ("Birch's phone", "new customer inactive", "customers merged"), "Account", several=True
    ),
    "a contact": Situation(("Alder's buyer",), ("Alder's buyer's phone",), "Contact"),
    "contacts": Situation(("Alder's buyer", "Falconry's buyer"), ("Alder's buyer's phone",), "Contact", several=True),
    "an invoice": Situation(("invoice 2001",), ("hours on 2001", "new invoice deleted"), "Opportunity"),
    "invoices": Situation(
        ("invoice 2001", "invoice 2002"), ("hours on 2001", "new invoice deleted"), "Opportunity", several=True
    ),
    "a sent invoice": Situation(("invoice 2003",), ("hours on 2003", "contact deleted"), "role"),
    "sent invoices": Situation(
        ("invoice 2003", "invoice 2004"), ("hours on 2003", "contact deleted"), "role", several=True
    ),
    "an account": Situation(("Elm",), ("Elm's phone", "ready account deleted"), "Customer"),
    "accounts": Situation(
        ("Elm", "Fir"), ("Elm's phone", "ready account deleted", "accounts merged"), "Customer", several=True
    ),
    "an order": Situation(("Alder's order",), ("newest order", "item account", "newest order back"), "JournalEntry"),
    "orders": Situation(
        ("Alder's order", "Falconry's order"), ("newest order", "item account", "newest order back"), "JournalEntry",
        several=True,
    ),
    "sub-customers": Situation(("Birch", "Birch East", "Alder West"), ("Birch's phone", "customer phone")),
    "euros": Situation(("Linden", "invoice 2005", "Maple", "order in euros"), ("newest order", "item account")),
    "changes": Situation(
        ("Alder moves", "Falconry moves", "hour on 1002"),
        ("customer phone", "account phone", "invoice amount", "payment", *_OLD),
    ),
}  # fmt: skip

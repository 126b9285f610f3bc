"""Where each activated order stands now, and what it must have posted (accounting-rules G, completeness)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import msgspec

from ml_connector.accounting.double_count import check_invoices, numbers_of, own_entries
from ml_connector.accounting.entry import Entry, EntryPart
from ml_connector.accounting.expected import expected_posting, order_then
from ml_connector.accounting.order_entry import Scope, check_names, order_posting
from ml_connector.accounting.order_standing import Standing, standing_of
from ml_connector.accounting.parts import missing, on_open_day
from ml_connector.accounting.postings import posting_ref
from ml_connector.model.errors import ConnectorError
from ml_connector.model.held import Held
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Invoice, JournalEntry
from ml_connector.systems.salesforce.records import SObject

from .order_reading import OrderReading, read_for, with_rates
from .reading import Reading, answers_of, sound


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """`planned` are the keys of the entries that would be posted now; `begun` says that others of it are posted.

    `expected` is what an order that is posted, whole or in part, must have posted, `lost` why it would not be today.
    """

    name: Literal["posted", "held", "skipped", "pending"]
    planned: frozenset[str] = frozenset()
    begun: bool = False
    expected: Entry | None = None
    lost: str = ""


class Due(msgspec.Struct, frozen=True):
    """An order of which these parts would be posted now; `scope` where none of it is on record."""

    order: SObject
    parts: Sequence[EntryPart]
    scope: Scope | None = None


class Books(msgspec.Struct, frozen=True):
    """What of QuickBooks carries a number of ours or of an order: answers by number, and the invoices' links."""

    entries: Mapping[str, Any]
    invoices: Mapping[str, Any]
    opportunities: Mapping[Ref, Sequence[Link]]

    def entries_of(self, due: Due) -> list[JournalEntry]:
        return [entry for number in numbers_of(due.order, due.parts) for entry in sound(self.entries[number])]

    def invoices_of(self, due: Due) -> list[Invoice]:
        return list(sound(self.invoices[due.order.text("OrderNumber")]))

    def opportunities_of(self, invoice: Ref) -> list[str]:
        return [link.target.id for link in self.opportunities[invoice]]


_POSTED, _HELD, _SKIPPED = OrderState(name="posted"), OrderState(name="held"), OrderState(name="skipped")


async def read_states(reading: Reading, ids: Sequence[str], links: Mapping[Ref, Link]) -> dict[str, OrderState]:
    """The state of each of these orders, read now. `links` are those of all posted entries by source.

    An order that cannot be read counts as held, one that is gone by now as skipped.
    """
    answers = await answers_of(partial(reading.salesforce.read, "Order"), ids)
    orders = {id_: record for id_, record in answers.items() if isinstance(record, SObject)}
    first = {id_: links.get(posting_ref(id_)) for id_ in ids}
    standings = {id_: _standing(order, links, reading) for id_, order in orders.items()}
    states = {id_: _HELD if isinstance(answers[id_], ConnectorError) else _SKIPPED for id_ in ids}
    states |= {id_: _of_standing(standing) for id_, standing in standings.items()}
    concerned = [id_ for id_ in orders if standings[id_] == "due" or first[id_]]
    if not concerned:
        return states
    then = {id_: order_then(orders[id_], first[id_]) for id_ in concerned}
    known = await read_for(reading, [*(orders[id_] for id_ in concerned), *then.values()])
    scopes = await with_rates(reading, _scopes(known, [orders[id_] for id_ in concerned if standings[id_] == "due"]))
    dues = [_due(orders[id_], scopes.get(id_), links, known) for id_ in concerned if standings[id_] in _NEXT]
    books = await _read_books(reading, [due for due in dues if due])
    states |= {due.order.id: _judged(due, books) for due in dues if due}
    for id_ in concerned:
        states[id_] = _with_expected(states[id_], then[id_], first[id_], known, scopes.get(id_))
    return states


_NEXT: tuple[Standing, ...] = ("due", "in_parts")


def _standing(order: SObject, links: Mapping[Ref, Link], reading: Reading) -> Standing | None:
    """None where it is held."""
    first = links.get(posting_ref(order.id))
    try:
        return standing_of(order, first, missing(order.id, first, links.get), reading.rules)
    except Held:
        return None


def _of_standing(standing: Standing | None) -> OrderState:
    """The state before it is known what an order that is due would post: as if it were held."""
    if standing is None or standing in _NEXT:
        return _HELD
    return _POSTED if standing == "posted" else _SKIPPED


def _scopes(known: OrderReading, orders: Iterable[SObject]) -> dict[str, Scope]:
    """What decides the entries of these orders, without those that are held for it."""
    scopes = {}
    for order in orders:
        try:
            check_names(order)
            scopes[order.id] = known.scope(order)
        except (Held, ConnectorError):  # they are left out
            continue
    return scopes


def _due(order: SObject, scope: Scope | None, links: Mapping[Ref, Link], known: OrderReading) -> Due | None:
    """The parts to be posted next, none for an order of zero; None where it is held."""
    first = links.get(posting_ref(order.id))
    try:
        if scope:
            return Due(order, order_posting(scope).entry.parts, scope)
        if first:
            closed, rules = known.tables.preferences.book_close_date, known.reading.rules
            parts = missing(order.id, first, links.get)
            return Due(order, on_open_day(parts, closed, rules, known.reading.today)[0])
    except (Held, ConnectorError):
        return None
    return None


async def _read_books(reading: Reading, dues: Sequence[Due]) -> Books:
    """Whatever carries a number of these orders or of their entries."""
    find = reading.quickbooks.find
    numbers = [number for due in dues if due.parts for number in numbers_of(due.order, due.parts)]
    orders = [due.order.text("OrderNumber") for due in dues if due.parts and due.scope]
    invoices = await answers_of(partial(find, "Invoice", "DocNumber"), orders)
    refs = [invoice.ref for found in invoices.values() if not isinstance(found, ConnectorError) for invoice in found]
    return Books(
        entries=await answers_of(partial(find, "JournalEntry", "DocNumber"), numbers),
        invoices=invoices,
        opportunities=reading.links.by_ref(Role.OPPORTUNITY, refs),
    )


def _judged(due: Due, books: Books) -> OrderState:
    """Where an order stands of which parts are due: those that are in the books already will be adopted."""
    if not due.parts:
        return _SKIPPED
    try:
        ours = own_entries(due.parts, books.entries_of(due))
        if due.scope and not any(ours):
            check_invoices(due.order, due.scope.customer, books.invoices_of(due), books.opportunities_of)
    except (Held, ConnectorError):
        return _HELD
    planned = [part.identity.key for part, entry in zip(due.parts, ours, strict=True) if entry is None]
    if not planned:
        return _POSTED
    return OrderState(name="pending", planned=frozenset(planned), begun=ours[0] is not None)


def _with_expected(
    state: OrderState, then: SObject, first: Link | None, known: OrderReading, scope: Scope | None
) -> OrderState:
    """The state with what must be in the books. `scope` has the rates where no link keeps the one it was posted at."""
    if not (first or state.begun or state.name == "posted"):
        return state
    try:
        past = known.scope(then, past=True)
        past = msgspec.structs.replace(past, rates=scope.rates) if scope else past
        return msgspec.structs.replace(state, expected=expected_posting(past, first).entry)
    except Held as held:
        return msgspec.structs.replace(state, lost=held.code)
    except ConnectorError as error:
        return msgspec.structs.replace(state, lost=error.sentence)

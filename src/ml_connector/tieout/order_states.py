"""Where each activated order stands now, and what it must have posted (accounting-rules G, completeness)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import msgspec

from ml_connector.accounting.double_count import check_invoices, numbers_of, own_entries
from ml_connector.accounting.entry import Entry, EntryPart
from ml_connector.accounting.expected import expected_posting, order_then
from ml_connector.accounting.order_entry import Scope, account_of, check_names, order_posting, products_of, total_of
from ml_connector.accounting.order_lines import dim_names
from ml_connector.accounting.order_standing import Standing, standing_of
from ml_connector.accounting.parts import missing, on_open_day
from ml_connector.accounting.postings import posting_ref
from ml_connector.model.errors import BadAnswer, ConnectorError
from ml_connector.model.held import Held
from ml_connector.model.refs import Link, Ref
from ml_connector.model.roles import Role
from ml_connector.systems.quickbooks.records import Invoice, JournalEntry
from ml_connector.systems.salesforce.records import SObject

from .judgement import Judgement
from .order_reading import OrderReading, read_for, with_rates
from .reading import Reading, answers_of, sound


class OrderState(msgspec.Struct, frozen=True, kw_only=True):
    """`planned` are the keys of the entries that would be posted now; `begun` says that others of it are posted.

    `expected` is what an order that is posted, whole or in part, must have posted, `lost` why it would not be today.
    `total` is its own amount, as it was read with its lines. `unread` says why it cannot be told what it must have
    posted: the order, or what its entry rests on, cannot be read.
    """

    name: Literal["posted", "held", "skipped", "pending"]
    planned: frozenset[str] = frozenset()
    begun: bool = False
    expected: Entry | None = None
    lost: str = ""
    total: Decimal | None = None
    unread: str = ""


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
        """Entries under a number that its parts have or would have. Raises `BadAnswer` where one cannot be read."""
        return [entry for number in numbers_of(due.order, due.parts) for entry in sound(self.entries[number])]

    def invoices_of(self, due: Due) -> list[Invoice]:
        """The invoices under the number of its order (double count, D.3). Raises `BadAnswer` as above."""
        return list(sound(self.invoices[due.order.text("OrderNumber")]))

    def opportunities_of(self, invoice: Ref) -> list[str]:
        """The ids of the Opportunities that an invoice is linked to; each invoice that was read has an answer."""
        return [link.target.id for link in self.opportunities[invoice]]


_POSTED, _HELD, _SKIPPED = OrderState(name="posted"), OrderState(name="held"), OrderState(name="skipped")


async def read_states(reading: Reading, ids: Sequence[str], links: Mapping[Ref, Link]) -> dict[str, OrderState]:
    """The state of each of these orders, read now. `links` are those of all posted entries by source.

    An order that cannot be read counts as held; one that is gone by now as skipped, or as held while parts of its
    entry are missing.
    """
    answers = await answers_of(partial(reading.salesforce.read, "Order"), ids)
    orders = {id_: record for id_, record in answers.items() if isinstance(record, SObject)}
    judgement = Judgement()
    states = {id_: _unread(id_, answers[id_], links) for id_ in ids}
    standings = {id_: judgement.of(order, partial(_standing, order, links, reading)) for id_, order in orders.items()}
    states |= {id_: _of_standing(standing) for id_, standing in standings.items()}
    lasting = [order for id_, order in orders.items() if standings[id_] == "due" or links.get(posting_ref(id_))]
    concerned = [order for order in lasting if judgement.of(order, partial(_can_be_asked_for, order))]
    if concerned:
        states |= await _judge(reading, concerned, standings, links, judgement, states)
    states |= {id_: OrderState(name="held", lost=why) for id_, why in judgement.unforeseen.items()}
    totals = {id_: judgement.of(order, partial(total_of, order)) for id_, order in orders.items()}
    return {id_: msgspec.structs.replace(state, total=totals.get(id_)) for id_, state in states.items()}


def _unread(id_: str, answer: Any, links: Mapping[Ref, Link]) -> OrderState:
    first = links.get(posting_ref(id_))
    in_parts = first is not None and bool(missing(id_, first, links.get))
    if isinstance(answer, ConnectorError):
        return OrderState(name="held", unread=answer.sentence)
    return _HELD if in_parts else _SKIPPED


async def _judge(
    reading: Reading,
    orders: Sequence[SObject],
    standings: Mapping[str, Standing | None],
    links: Mapping[Ref, Link],
    judgement: Judgement,
    states: Mapping[str, OrderState],
) -> dict[str, OrderState]:
    """The states of orders that are due or posted, from what decides their entries, read for all of them together."""
    first = {order.id: links.get(posting_ref(order.id)) for order in orders}
    then = {
        order.id: past for order in orders if (past := judgement.of(order, partial(order_then, order, first[order.id])))
    }
    known = await read_for(reading, [*orders, *then.values()])
    due = [order for order in orders if standings[order.id] == "due"]
    scopes = await with_rates(reading, _scopes(known, due, judgement))
    dues = [
        next_
        for order in orders
        if standings[order.id] in _NEXT
        and (next_ := judgement.of(order, partial(_due, order, scopes.get(order.id), links, known)))
    ]
    books = await _read_books(reading, dues)
    judged = {next_.order.id: judgement.of(next_.order, partial(_judged, next_, books)) or _HELD for next_ in dues}
    return {
        order.id: judgement.of(
            order,
            partial(
                _with_expected, judged.get(order.id, states[order.id]), then[order.id], first[order.id], known,
                scopes.get(order.id),
            ),
        )
        or _HELD
        for order in orders
        if order.id in then
    }  # fmt: skip


_NEXT: tuple[Standing, ...] = ("due", "in_parts")


def _can_be_asked_for(order: SObject) -> bool:
    """Whether what is asked for all orders together can be named for this one; raises as its record does."""
    account_of(order), products_of(order), dim_names(order)
    return True


def _standing(order: SObject, links: Mapping[Ref, Link], reading: Reading) -> Standing:
    first = links.get(posting_ref(order.id))
    return standing_of(order, first, missing(order.id, first, links.get), reading.rules)


def _of_standing(standing: Standing | None) -> OrderState:
    """The state before it is known what an order that is due would post: as if it were held."""
    if standing is None or standing in _NEXT:
        return _HELD
    return _POSTED if standing == "posted" else _SKIPPED


def _scopes(known: OrderReading, orders: Iterable[SObject], judgement: Judgement) -> dict[str, Scope]:
    """What decides the entries of these orders, without those that are held for it."""
    scopes = {order.id: judgement.of(order, partial(_scope, known, order)) for order in orders}
    return {id_: scope for id_, scope in scopes.items() if scope}


def _scope(known: OrderReading, order: SObject) -> Scope:
    check_names(order)
    return known.scope(order)


def _due(order: SObject, scope: Scope | None, links: Mapping[Ref, Link], known: OrderReading) -> Due | None:
    """The parts to be posted next, none for an order of zero; None where nothing is known to post."""
    first = links.get(posting_ref(order.id))
    if scope:
        return Due(order, order_posting(scope).entry.parts, scope)
    if first is None:
        return None
    closed, rules = known.tables.preferences.book_close_date, known.reading.rules
    parts = missing(order.id, first, links.get)
    return Due(order, on_open_day(parts, closed, rules, known.reading.today)[0])


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
    ours = own_entries(due.parts, books.entries_of(due))
    if due.scope and not any(ours):
        check_invoices(due.order, due.scope.customer, books.invoices_of(due), books.opportunities_of)
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
    except BadAnswer as error:
        return msgspec.structs.replace(state, unread=error.sentence)
    except ConnectorError as error:
        return msgspec.structs.replace(state, lost=error.sentence)

"""R1: invoices in QuickBooks against Opportunities in Salesforce (accounting-rules G). Pure.

`Q - S = U1 - U2 + U3 - U7 + U8`, unexplained 0.00, by month of TxnDate x currency x department. U4 (status), U5
(account) and U6 (the field is not the sum of its links) have no amount of their own: what a U6 is about stays
unexplained. U8 is what cannot be read on one side, by what the other side and the link say of it: it is not proved, and
spoils no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from ml_connector.model import money

from .report import NONE, UNREAD, Cell, Item, Report, Row

NOTHING: Mapping[str, str] = {}


class InvoiceFact(msgspec.Struct, frozen=True, kw_only=True):
    """A live invoice as QuickBooks shows it now, in the currency in which Salesforce shows it.

    `net` is TotalAmt less tax, 0 when voided; `status` by D.2; `accounts` are those of its customer, none while it has
    none. `skipped` where the rules leave it out of Salesforce.
    """

    record: str
    cell: Cell
    net: Decimal
    status: str = ""
    accounts: frozenset[str] = frozenset()
    skipped: bool = False


class LinkFact(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice's link to its Opportunity, with what both sides last agreed on. `key` is its mark on one of ours."""

    record: str
    opportunity: str
    cell: Cell
    net: Decimal
    status: str = ""
    number: str = ""
    key: str = ""


class OpportunityFact(msgspec.Struct, frozen=True, kw_only=True):
    """An Opportunity that carries our marks or figures, read in the same run. `net` is `qbo_invoiced_net`.

    `cell` is by its own CloseDate, currency and department; blank texts are not shown by the org.
    """

    id: str
    cell: Cell
    net: Decimal | None = None
    name: str = ""
    status: str = ""
    account: str = ""
    number: str = ""
    key: str = ""

    @property
    def record(self) -> str:
        """It, as an item of the report names it."""
        return _opportunity(self.id)


def r1(
    invoices: Sequence[InvoiceFact],
    links: Sequence[LinkFact],
    opportunities: Sequence[OpportunityFact],
    months: Iterable[str],
    unread: Mapping[str, str] = NOTHING,
    home: str = "",
) -> Report:
    """Only cells of `months` are shown. An Opportunity that is not among `opportunities` shows no figure of ours.

    `unread` says by record why it cannot be read; where nothing tells its place, it stands in the last month and in
    `home`.
    """
    shown = set(months)
    book = _Book(invoices, links, opportunities, unread)
    book.name_the_rest(shown, Cell(max(shown), home, NONE))
    cells = sorted(cell for cell in book.cells() if cell.month in shown)
    return Report("R1", [book.row(cell) for cell in cells])


class _Book:
    """What stands in each cell: the nets of both sides, and the differences by name."""

    def __init__(
        self,
        invoices: Sequence[InvoiceFact],
        links: Sequence[LinkFact],
        opportunities: Sequence[OpportunityFact],
        unread: Mapping[str, str],
    ) -> None:
        self._unread = unread
        self._invoices = {invoice.record: invoice for invoice in invoices}
        self._links = {link.record: link for link in links}
        self._opportunities = {opportunity.id: opportunity for opportunity in opportunities}
        self._members: dict[str, list[LinkFact]] = defaultdict(list)
        for link in links:
            self._members[link.opportunity].append(link)
        self._quickbooks: dict[Cell, list[Decimal]] = defaultdict(list)
        self._salesforce: dict[Cell, list[Decimal]] = defaultdict(list)
        self._items: dict[Cell, list[Item]] = defaultdict(list)
        for invoice in invoices:
            self._add_invoice(invoice)
        for id_, members in self._members.items():
            if _opportunity(id_) in unread:
                self._add_unread(_opportunity(id_), members)
            else:
                self._add_linked(self._opportunities.get(id_), members)
        for opportunity in opportunities:
            if opportunity.id not in self._members:
                self._add_stranger(opportunity)

    def cells(self) -> set[Cell]:
        return {*self._quickbooks, *self._salesforce, *self._items}

    def row(self, cell: Cell) -> Row:
        quickbooks, salesforce = self._quickbooks.get(cell, []), self._salesforce.get(cell, [])
        return Row(
            cell=cell,
            quickbooks_count=len(quickbooks),
            quickbooks=money.summed(quickbooks, cell.currency),
            salesforce_count=len(salesforce),
            salesforce=money.summed(salesforce, cell.currency),
            items=tuple(sorted(self._items.get(cell, []))),
        )

    def _add_invoice(self, invoice: InvoiceFact) -> None:
        """U1 for one without a link in its place, U3 for one that is worth something else than its link says."""
        self._quickbooks[invoice.cell].append(invoice.net)
        link = self._links.get(invoice.record)
        if link is None or link.cell != invoice.cell:
            says = "before the start date" if invoice.skipped else ""
            item = Item("U1", invoice.record, invoice.net, says, open=not (invoice.skipped and link is None))
            self._items[invoice.cell].append(item)
        elif invoice.net != link.net:
            self._items[invoice.cell].append(Item("U3", invoice.record, money.less(invoice.net, link.net)))

    def _add_linked(self, opportunity: OpportunityFact | None, members: Sequence[LinkFact]) -> None:
        for link, share in _shares(opportunity, members):
            invoice = self._invoices.get(link.record)
            if link.record in self._unread:
                self._name(link.record, _shown_in(link, opportunity), money.negated(share))
            else:
                self._add_lost(invoice, link)
            if invoice is not None or share:
                self._salesforce[_shown_in(link, opportunity)].append(share)
            if invoice is not None:
                self._items[link.cell] += _marks(invoice, link, opportunity, len(members))
        self._items[members[-1].cell] += _sums(opportunity, members)

    def _add_lost(self, invoice: InvoiceFact | None, link: LinkFact) -> None:
        """U2 for a link whose invoice does not live where it says."""
        moved = invoice is not None and invoice.cell != link.cell
        if moved or (invoice is None and link.net):
            self._items[link.cell].append(Item("U2", link.record, money.negated(link.net)))

    def _add_unread(self, record: str, members: Sequence[LinkFact]) -> None:
        """An Opportunity that cannot be read shows no figure: what its links say of it is not proved."""
        for link in members:
            if link.record in self._unread:
                self._name(link.record, link.cell, money.ZERO)
            else:
                self._add_lost(self._invoices.get(link.record), link)
                self._name(record, link.cell, link.net)

    def _name(self, record: str, cell: Cell, amount: Decimal) -> None:
        self._items[cell].append(Item(UNREAD, record, amount, self._unread[record]))

    def name_the_rest(self, months: set[str], cell: Cell) -> None:
        """U8 for what cannot be read and stands nowhere in these months."""
        placed = {item.record for where, items in self._items.items() if where.month in months for item in items}
        elsewhere = {_opportunity(id_) for id_ in self._members}
        for record in sorted(self._unread.keys() - placed - elsewhere):
            self._name(record, cell, money.ZERO)

    def _add_stranger(self, opportunity: OpportunityFact) -> None:
        """U7: it carries marks or figures of ours, and no link explains them, as on a copy that a person made."""
        net = opportunity.net or money.ZERO
        cell = self._cell_of_stranger(opportunity)
        self._salesforce[cell].append(net)
        self._items[cell].append(Item("U7", opportunity.record, money.negated(net), opportunity.name))

    def _cell_of_stranger(self, opportunity: OpportunityFact) -> Cell:
        """Where the invoice whose number it carries stands, whatever day a person gave it; else by its own day."""
        same = [link.cell for link in self._links.values() if opportunity.number and link.number == opportunity.number]
        if not same or opportunity.cell in same:
            return opportunity.cell
        return msgspec.structs.replace(min(same), currency=opportunity.cell.currency)


def _opportunity(id_: str) -> str:
    return f"salesforce:Opportunity:{id_}"


def _shares(opportunity: OpportunityFact | None, members: Sequence[LinkFact]) -> list[tuple[LinkFact, Decimal]]:
    """What each link contributes to the field of its Opportunity; a rest that no link explains stays with the last.

    A link in another currency than the field contributes nothing that could be taken from it.
    """
    rest = (opportunity.net if opportunity else None) or money.ZERO
    currency = (opportunity or members[-1]).cell.currency
    shares = []
    for link in members[:-1]:
        share = link.net if link.cell.currency == currency else money.ZERO
        shares.append((link, share))
        rest = money.less(rest, share)
    return [*shares, (members[-1], rest)]


def _shown_in(link: LinkFact, opportunity: OpportunityFact | None) -> Cell:
    """Currencies never mix: an Opportunity that a person moved to another currency counts in that one."""
    if opportunity is None:
        return link.cell
    return msgspec.structs.replace(link.cell, currency=opportunity.cell.currency)


def _marks(invoice: InvoiceFact, link: LinkFact, opportunity: OpportunityFact | None, members: int) -> list[Item]:
    """U4, U5. Of an Opportunity with several invoices the status is a joint one: there the link says what is shown."""
    items = []
    status = opportunity.status if opportunity and opportunity.status and members == 1 else link.status
    status = "PAID" if status == "CREDITED" else status
    if status != invoice.status:
        says = f"QuickBooks {invoice.status}, Salesforce {status or 'none'}"
        items.append(Item("U4", link.record, money.ZERO, says))
    if opportunity and _is_misplaced(opportunity, invoice, link):
        items.append(Item("U5", link.record, money.ZERO, f"it stands on salesforce:Account:{opportunity.account}"))
    return items


def _is_misplaced(opportunity: OpportunityFact, invoice: InvoiceFact, link: LinkFact) -> bool:
    """Whether one of ours stands on another account than its customer's. Where sales put theirs is their affair."""
    known = bool(link.key and opportunity.account and invoice.accounts)
    return known and opportunity.key == link.key and opportunity.account not in invoice.accounts


def _sums(opportunity: OpportunityFact | None, members: Sequence[LinkFact]) -> list[Item]:
    """U6: the field of an Opportunity is not the sum of its links, or it is in another currency than one of them."""
    net, record = (opportunity.net if opportunity else None), _opportunity(members[-1].opportunity)
    theirs = sorted({link.cell.currency for link in members if link.net})
    shown = opportunity.cell.currency if opportunity and net else ""
    if theirs and (len(theirs) > 1 or shown not in ("", *theirs)):
        return [Item("U6", record, money.ZERO, f"field in {shown or 'none'}, links in {', '.join(theirs)}")]
    total = money.total(link.net for link in members)
    if (net or money.ZERO) != total:
        return [Item("U6", record, money.ZERO, f"field {'none' if net is None else money.plain(net)}, links {total:f}")]
    return []

"""The lines of sales forms: invoices and credit memos (reference 6.2)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from .entity import ZERO, LinkedTxn, Part, Reference


class SalesItemLineDetail(Part, frozen=True, kw_only=True):
    """An item that is sold. `unit_price` and `discount_amt` in the currency of the form, `qty` in the item's unit."""

    item_ref: Reference | None = None
    qty: Decimal | None = None
    unit_price: Decimal | None = None
    class_ref: Reference | None = None
    tax_code_ref: Reference | None = None
    service_date: date | None = None
    item_account_ref: Reference | None = None
    discount_rate: Decimal | None = None
    discount_amt: Decimal | None = None


class DiscountLineDetail(Part, frozen=True, kw_only=True):
    """A discount on the form; its amount, positive, stands on the line."""

    percent_based: bool = False
    discount_percent: Decimal | None = None
    discount_account_ref: Reference | None = None
    class_ref: Reference | None = None


class GroupLineDetail(Part, frozen=True, kw_only=True):
    """A bundle: `line` are the lines of what it is made of."""

    group_item_ref: Reference | None = None
    quantity: Decimal | None = None
    line: tuple[Line, ...] = ()


class Line(Part, frozen=True, kw_only=True):
    """A line of a sales form. `detail_type` may be one we do not know; its detail is then left aside."""

    id: str = ""
    line_num: int | None = None
    description: str = ""
    amount: Decimal | None = None
    detail_type: str = ""
    linked_txn: tuple[LinkedTxn, ...] = ()
    sales_item_line_detail: SalesItemLineDetail | None = None
    discount_line_detail: DiscountLineDetail | None = None
    group_line_detail: GroupLineDetail | None = None

    @property
    def is_subtotal(self) -> bool:
        """Added by QuickBooks itself; repeats the sum of the lines above."""
        return self.detail_type == "SubTotalLineDetail"

    @property
    def class_ref(self) -> Reference | None:
        """The line's own class; None where it has none or is neither sale nor discount."""
        detail = self.sales_item_line_detail or self.discount_line_detail
        return detail.class_ref if detail else None


class TxnTaxDetail(Part, frozen=True, kw_only=True):
    """Sales tax of the whole form, in its currency."""

    txn_tax_code_ref: Reference | None = None
    total_tax: Decimal = ZERO

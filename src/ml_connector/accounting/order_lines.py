"""From the lines of a Salesforce Order to entry lines: item, account, department, class (accounting-rules B.3, B.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from ml_connector.model import money
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.rules import Rules
from ml_connector.model.triggers import PREFERENCES, SETTINGS, Trigger, table_changed
from ml_connector.systems.quickbooks.records import Account, Class, Department, Item, Named, Preferences, plain_path
from ml_connector.systems.salesforce.records import SObject

from .chart import Mapped, Product, amount_of, income_account, required_item
from .dims import FIELDS, TABLES, Alias, Ambiguous, Dim, Inactive, Resolved, Unmapped, aliases_of, resolve
from .entry import EntryLine

BLANK = "blank"


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """The reference tables of QuickBooks by id, inactive entries included, and what is known of product mappings.

    `stored_items` maps product ids to item ids; `shared` are products whose code another product has too.
    `renames` are the old names of departments and classes. `past`: asked is what was posted, when an entry that is
    inactive by now was active, and a name that has ended by now counted.
    """

    preferences: Preferences
    accounts: Mapping[str, Account]
    items: Mapping[str, Item]
    departments: Mapping[str, Department]
    classes: Mapping[str, Class]
    stored_items: Mapping[str, str] = {}
    shared: frozenset[str] = frozenset()
    renames: Mapping[Dim, tuple[Alias, ...]] = {}
    past: bool = False

    def entries(self, dim: Dim) -> Mapping[str, Named]:
        """The departments or the classes by id, inactive ones too."""
        return self.departments if dim == "department" else self.classes

    def tracks(self, dim: Dim) -> bool:
        """Whether the company uses this dimension: where it does not, nothing of it may stand on a line (B.4)."""
        return self.preferences.tracks_departments if dim == "department" else self.preferences.tracks_classes


class ResolvedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A resolved line, in words why, its item, the item a code was matched to (to be stored), and flags."""

    entry_line: EntryLine
    why: str = ""
    product: Product = Product()
    item: str = ""
    matched_item: str = ""
    flags: tuple[Flag, ...] = ()


class _Dims(msgspec.Struct, frozen=True):
    id: str
    why: str = ""
    omitted: bool = False


def line_number(line: SObject) -> str:
    """OrderItemNumber; the id where the org does not show it."""
    return line.text("OrderItemNumber") or line.id


def net_of(line: SObject) -> Decimal:
    """Exact net in the order's currency. Raises `Held` (H-ORDER-DATA) where the org shows none."""
    net = amount_of(line)
    if net is None:
        raise Held(code="H-ORDER-DATA", what=f"line {line_number(line)} shows no TotalPrice")
    return net


def gross_of(line: SObject) -> Decimal | None:
    """Exact list price x quantity, None without a list price."""
    price, quantity = line.amount("ListPrice"), line.amount("Quantity")
    return None if price is None or quantity is None else money.times(price, quantity)


def resolve_line(order: SObject, line: SObject, tables: Tables, rules: Rules, today: date) -> ResolvedLine:
    """Item, account and dims of one line. Raises `Held` with the first reason: item, account, department, class."""
    product = Product.of(line)
    mapped = _item(product, tables, rules)
    account, chosen = _account(product, mapped, rules)
    texts = _Texts(order, line, product)
    department = _dim("department", texts, None, tables, rules, today)
    class_ = _dim("class", texts, mapped, tables, rules, today)
    entry = EntryLine(
        number=line_number(line), net=net_of(line), account=account, department=department.id, class_=class_.id,
        gross=gross_of(line),
    )  # fmt: skip
    flags = (Flag.INVENTORY_NOT_MOVED,) if mapped and mapped.item.type == "Inventory" else ()
    return ResolvedLine(
        entry_line=entry,
        why=f"{entry.number}: account by {chosen}; department {department.why}; class {class_.why}",
        product=product,
        item=mapped.item.id if mapped else "",
        matched_item=mapped.item.id if mapped and mapped.by_code else "",
        flags=(*flags, Flag.DIM_OMITTED) if department.omitted or class_.omitted else flags,
    )


def _item(product: Product, tables: Tables, rules: Rules) -> Mapped | None:
    """The checked item; None for a shipping line without one, where an account for shipping is chosen (B.7)."""
    stored = {**tables.stored_items, **rules.item_mappings}
    try:
        return required_item(product, tables.items, stored, tables.shared)
    except Held as held:
        if held.code == "H-ITEM-UNMAPPED" and product.is_shipping and rules.shipping_account:
            return None
        raise


def _account(product: Product, mapped: Mapped | None, rules: Rules) -> tuple[str, str]:
    if mapped is None:
        return rules.shipping_account, "the setting for shipping"
    account, chosen = income_account(product, mapped.item, rules.account_rules)
    return account, f"{chosen} ({mapped.how})"


class _Texts(msgspec.Struct, frozen=True):
    """Where a line's dims may be written, in the order in which they count (B.4)."""

    order: SObject
    line: SObject
    product: Product

    def of(self, dim: Dim) -> list[tuple[str, str]]:
        field = FIELDS[dim]
        levels = (("line", self.line), ("order", self.order), ("opportunity", self.order["Opportunity"]))
        return [
            (where, record.text(field).strip())
            for where, record in (*levels, ("account", self.order["Account"]))
            if record is not None and record.text(field).strip()
        ]


def dim_names(order: SObject) -> list[tuple[Dim, str]]:
    """The names of departments and classes that count for some line of an order, each once."""
    texts = [_Texts(order, line, Product.of(line)) for line in order.children("OrderItems")]
    return list(dict.fromkeys((dim, text.of(dim)[0][1]) for text in texts for dim in FIELDS if text.of(dim)))


def _dim(dim: Dim, texts: _Texts, mapped: Mapped | None, tables: Tables, rules: Rules, today: date) -> _Dims:
    """The id for one dimension of a line, blank where a default says so. Raises `Held`."""
    default = _default(dim, texts.product, rules)
    if not tables.tracks(dim):
        return _untracked(dim, default)
    if written := texts.of(dim):
        where, text = written[0]
        return _Dims(_resolved(dim, text, tables, rules, today), f"by {where}")
    if mapped and mapped.item.class_ref and mapped.item.class_ref.value and dim == "class":
        return _Dims(_active(dim, mapped.item.class_ref.value, tables), "by item")
    if default == BLANK:
        return _Dims("", "blank by default")
    if default:
        return _Dims(_active(dim, default, tables), "by default")
    raise Held(code="H-DIM-UNMAPPED", case="none", waits_for=_waits(dim), dim=dim, line=line_number(texts.line))


def _untracked(dim: Dim, default: str) -> _Dims:
    """Tracking is off in QuickBooks: refs are left out only where a person has said so (F.3)."""
    if default != BLANK:
        raise Held(code="H-DIM-INACTIVE", case="off", waits_for=PREFERENCES, dim=dim)
    return _Dims("", "left out", omitted=True)


def _default(dim: Dim, product: Product, rules: Rules) -> str:
    """The configured default: that of the product's family first, then the general one; empty for none."""
    family = product.family.casefold()
    fitting = [default for default in rules.dim_defaults if default.family and default.family.casefold() == family]
    fitting += [default for default in rules.dim_defaults if not default.family]
    values = (default.department if dim == "department" else default.class_ for default in fitting)
    return next((value for value in values if value), "")


def _resolved(dim: Dim, text: str, tables: Tables, rules: Rules, today: date) -> str:
    entries = tables.entries(dim)
    aliases = (*aliases_of(rules.dim_aliases, dim, entries), *tables.renames.get(dim, ()))
    resolution = resolve(text, entries, aliases, today)
    if isinstance(resolution, Resolved) or (isinstance(resolution, Inactive) and tables.past):
        return resolution.id
    by_default = dim == "class" and rules.dim_unmapped == "default_class" and rules.default_class
    if isinstance(resolution, Unmapped) and by_default:
        return _active(dim, rules.default_class, tables)
    raise _unresolved(dim, resolution, entries)


def _unresolved(dim: Dim, resolution: Unmapped | Ambiguous | Inactive, entries: Mapping[str, Named]) -> Held:
    facts = {"dim": dim.capitalize(), "text": resolution.text}
    if isinstance(resolution, Unmapped):
        return Held(facts, code="H-DIM-UNMAPPED", waits_for=_waits(dim), nearest=_either(resolution.nearest))
    if isinstance(resolution, Ambiguous):
        return Held(facts, code="H-DIM-AMBIGUOUS", waits_for=_waits(dim), candidates=_either(resolution.candidates))
    facts["text"] = plain_path(entries[resolution.id], entries)
    return Held(facts, code="H-DIM-INACTIVE", waits_for=_waits(dim))


def _active(dim: Dim, id_: str, tables: Tables) -> str:
    """An id from an item or a setting; it must be there and active."""
    entry = tables.entries(dim).get(id_)
    if entry is None:
        raise Held(code="H-DIM-UNMAPPED", waits_for=_waits(dim), dim=dim.capitalize(), text=id_)
    if not entry.active and not tables.past:
        raise Held(
            code="H-DIM-INACTIVE",
            waits_for=_waits(dim),
            dim=dim.capitalize(),
            text=plain_path(entry, tables.entries(dim)),
        )
    return id_


def _waits(dim: Dim) -> tuple[Trigger, ...]:
    return (table_changed(TABLES[dim]), SETTINGS)


def _either(names: Sequence[str]) -> str:
    """`A, B or C`."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

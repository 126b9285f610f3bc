"""The fewest calls that could have done what the rehearsal did: full pages, full batches (docs/demo.md)."""

from __future__ import annotations

from collections.abc import Mapping

from ml_connector.actions.drain import DrainReport

from .emulators import Calls

_ROWS, _SOUGHT, _RECORDS, _BATCH, _COLLECTIONS = 1000, 2000, 2000, 30, 1000
"""Rows of a QuickBooks page, values of a search, records of a Salesforce call, entries of a batch, of collections."""

_TABLES = Calls(quickbooks_reads=5, salesforce=4)
"""Accounts, items, departments, classes, company; what the org shows, stages, currencies, organization."""

_WRITTEN = ("account", "contact", "opportunity", "role", "dim_text", "summary", "account_status", "order_mark")


def beginning(counts: Mapping[str, int]) -> Calls:
    """The first sweep, from the number of records that each flow was knocked on: every list once, tables besides."""
    listed = ("customer_to_account", "invoice_to_opportunity", "department_names", "class_names")
    reads = sum(pages(counts.get(name, 0), _ROWS) for name in listed)
    return plus(Calls(quickbooks_reads=reads, salesforce=1), tables(counts))


def sweep(counts: Mapping[str, int]) -> Calls:
    """A later one, a day after: one call for each side, and the tables, which are kept for a day."""
    return plus(Calls(quickbooks_reads=1, salesforce=1), tables(counts))


def tables(counts: Mapping[str, int]) -> Calls:
    """The reference tables; customers and accounts are among them because new ones are matched with all."""
    customers, accounts = counts.get("customer_to_account", 0), counts.get("account_to_customer", 0)
    return plus(_TABLES, Calls(pages(customers, _ROWS), 0, pages(accounts, _RECORDS)))


def look(report: DrainReport) -> Calls:
    """Reading and deciding what a run served, once. A plan costs this, and the run that applies it costs it again."""
    served = _served(report)
    customers, accounts, invoices, orders = (
        served.get(name, 0)
        for name in ("customer_to_account", "account_to_customer", "invoice_to_opportunity", "order_to_journal")
    )
    books = sum(pages(count, _ROWS) for count in (customers, accounts, invoices))
    org = sum(pages(count, _RECORDS) for count in (customers, accounts, invoices, orders))
    org += pages(_made(report, "contact"), _RECORDS) + pages(_made(report, "role"), _RECORDS)
    return Calls(books + _looks_before_writing(report), 0, org)


def _served(report: DrainReport) -> dict[str, int]:
    served = {name: sum(counts.values()) for name, counts in report.skipped.items()}
    for name, count in report.held.items():
        served[name] = served.get(name, 0) + count
    return served


def _looks_before_writing(report: DrainReport) -> int:
    """For new customers the names of three lists; for entries preferences, customers, two numbers, and invoices."""
    entries, names = _made(report, "journal"), 3 * bool(_made(report, "customer"))
    return names + (1 + pages(entries, _ROWS) * 2 + pages(entries, _SOUGHT) if entries else 0)


def writing(report: DrainReport) -> Calls:
    """Also reading the accounts that are summed up after that, once: a plan need not ask for those it makes itself."""
    writes = pages(_made(report, "journal"), _BATCH) + pages(_made(report, "customer"), _BATCH)
    summed_up = pages(_served(report).get("account_summary", 0), _RECORDS)
    return Calls(0, writes, summed_up + sum(pages(_made(report, step), _COLLECTIONS) for step in _WRITTEN))


def _made(report: DrainReport, step: str) -> int:
    every = [*report.created.items(), *report.updated.items()]
    return sum(count for name, count in every if name.partition(" ")[2] == step)


def pages(count: int, size: int) -> int:
    """How many calls `count` records take, `size` in each; none for none."""
    return -(-count // size)


def plus(*calls: Calls) -> Calls:
    """The sum."""
    return Calls(
        sum(call.quickbooks_reads for call in calls),
        sum(call.quickbooks_writes for call in calls),
        sum(call.salesforce for call in calls),
    )

"""What the house test allows by name. Entries may go, and their numbers shrink."""

from __future__ import annotations

from collections.abc import Mapping

LONG_FUNCTIONS: Mapping[str, int] = {
    "ml_connector/store/migrations/versions/v0001_first_schema.py upgrade": 203,
    "ml_emulators/salesforce/rest/describe.py field_entry": 66,
    "ml_emulators/server.py __init__": 46,
}
"""The functions of more than 45 lines, all of them tables, with their length."""

NEAR_MONEY = (
    "model",
    "accounting",
    "flows",
    "tieout",
    "store",
    "systems/quickbooks/records",
    "systems/salesforce/records",
)
"""Rooms of ml_connector through which amounts pass."""

FLOATS: Mapping[str, str] = {
    "ml_connector/accounting/dims.py _likeness": "how alike two texts are",
    "ml_connector/store/database.py _to_wal": "seconds until the next try",
    "ml_connector/systems/salesforce/records/sobject.py _value": "refuses them",
}
"""Where a float is spelled in those rooms, and for what."""

MADE_FLOATS: Mapping[str, str] = {
    "ml_emulators/kit/emulation.py _count": "seconds by which the clock is moved",
    "ml_emulators/pubsub/codec.py _double": "the bus carries doubles",
}
"""Where a number is turned into a float, anywhere."""

THEMES: Mapping[str, str] = {
    "chaos": "crash_runs safeguards simulator",
    "cli": "exit_status terminal",
    "docs": "control_door emulator_snippets house_plan operations pages printed_commands rehearse salesforce_fields"
    " setup",
    "threats": "files hostile_answers personal_data rotation settings_editor every_table state_writer token_answers"
    " two_people",
    "emulators/kit": "all_comes_back faults_at_both schemathesis tls",
    "emulators/pubsub": "gaps judge together",
    "emulators/quickbooks": "anything gaps judge_records own_faults recorded_xml recordings spellings switches",
    "emulators/quickbooks/rules": "model",
    "emulators/quickbooks/signin": "apps judge",
    "emulators/salesforce": "fuzz fuzz_billing fuzz_jobs gaps ids_and_numbers judge_simple model"
    " profile_sockets recorded restart sales spellings",
    "engine": "backfill both_databases knocks linked_by long_lists open_writes parts plans_of_changes poison_writes"
    " settings_release stale_approvals",
    "flows": "conflicts record_cases record_properties records thrift",
    "flows/orders": "properties",
    "fuzz": "events fuzz_runs hooks",
    "journeys": "account_summary bad_input conflict_log conflicts connections failing_reads field_rights kinds_of_org"
    " limits long_orders lost_state mutated_answers pairs_that_change postgresql put_back reconnect recorded renames"
    " repeatable sample_company secrets small_orders thrift too_long two_companies refused_reads unreadable_answers"
    " what_links_an_invoice",
    "live": "absences dead_sign_in gathered_retries holes one_bad_answer one_side_away rights"
    " schedule stream_arrivals stream_ends stream_holes up sign_ins",
    "processes": "killed living shared_limits",
    "rehearsal/scenario": "files page",
    "store": "concurrency late_triggers many_due plans server",
    "support": "recordings",
    "systems/quickbooks": "batches mutations recorded sockets",
    "systems/salesforce": "emulated recorded sockets",
    ".": "house",
}
"""The tests of each folder that are about more than one source file."""

CASES: Mapping[str, str] = {
    "company": "invoice_to_opportunity",
    "dimensions/links": "invoice_to_opportunity",
    "dimensions/texts": "account_to_customer",
    "invoices/billed_links": "invoice_to_opportunity",
    "invoices/contact_roles": "invoice_to_opportunity",
    "invoices/dims": "invoice_to_opportunity",
    "invoices/opportunity_entries": "invoice_to_opportunity",
    "invoices/opportunity_search": "invoice_to_opportunity",
    "orders/double_count": "order_to_journal",
    "orders/scope": "order_to_journal",
    "parties/account_to_customer": "account_to_customer",
    "parties/accounts_merged": "customer_to_account",
    "parties/candidates": "account_to_customer",
    "parties/contacts": "invoice_to_opportunity",
    "parties/customer_to_account": "customer_to_account",
    "parties/customers_merged": "account_to_customer",
    "parties/new_customer": "account_to_customer",
    "parties/pair_fields": "customer_to_account",
    "parties/pair_links": "account_to_customer",
    "parties/pairs": "account_to_customer",
    "parties/status_text": "account_to_customer",
}
"""The flow modules without a test file of their own, and the folder of cases that covers each."""

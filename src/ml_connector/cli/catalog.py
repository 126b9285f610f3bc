"""All commands: name, where its function is, and one line about it. Help is made of this without loading anything."""

from __future__ import annotations

from typing import NamedTuple

_ROOM = "ml_connector.cli.commands"


class Command(NamedTuple):
    """A command. `target` is `module:function`, imported when the command is called and not for help."""

    name: str
    target: str
    summary: str


GROUPS: dict[str, tuple[Command, ...]] = {
    "Begin": (
        Command("demo", f"{_ROOM}.rehearse:demo", "Rehearse everything on emulated vendors, up to the tie-out"),
        Command("emulators", f"{_ROOM}.rehearse:emulators", "Run both emulated vendors until stopped"),
        Command("init", f"{_ROOM}.begin:init", "Make a home: settings, key, state"),
        Command("connect quickbooks", f"{_ROOM}.begin:connect_quickbooks", "Sign in to a QuickBooks company"),
        Command("connect salesforce", f"{_ROOM}.begin:connect_salesforce", "Connect a Salesforce org"),
        Command("setup salesforce", f"{_ROOM}.begin:setup_salesforce", "List what the org still needs, and how"),
        Command("webhook set", f"{_ROOM}.begin:webhook_set", "Seal the verifier token that webhooks are signed with"),
        Command("doctor", f"{_ROOM}.begin:doctor", "Check both sides, rights, fields and limits"),
    ),
    "Work": (
        Command("plan", f"{_ROOM}.work:plan", "Show every entry and write before anything is written"),
        Command("apply", f"{_ROOM}.work:apply", "Approve a plan and carry it out"),
        Command("sync", f"{_ROOM}.work:sync", "Do all that is due, again and again or once"),
        Command("up", f"{_ROOM}.serve:up", "Run the service: webhooks, sweeps, worker and pages in one process"),
        Command("backfill", f"{_ROOM}.work:backfill", "Look at every record again"),
        Command("sign-off", f"{_ROOM}.decide:sign_off", "Choose the posting template and sign it off"),
        Command("match pair", f"{_ROOM}.decide:match_pair", "Decide a review: these two belong together"),
        Command("match new", f"{_ROOM}.decide:match_new", "Decide a review: this one has no counterpart yet"),
        Command("retry", f"{_ROOM}.decide:retry", "Look at what is held again with the next sync"),
        Command("stop", f"{_ROOM}.decide:stop", "Stop all writes; reading goes on"),
        Command("resume", f"{_ROOM}.decide:resume", "Allow writes again"),
    ),
    "Look": (
        Command("status", f"{_ROOM}.look:status", "Where the connection stands"),
        Command("holds", f"{_ROOM}.look:holds", "What is held, why, and what ends it"),
        Command("flags", f"{_ROOM}.look:flags", "What is done but should be looked at"),
        Command("explain", f"{_ROOM}.look:explain", "Everything on record about one record"),
        Command("conflicts", f"{_ROOM}.look:conflicts", "Fields changed on both sides, and who kept its own"),
        Command("reconcile", f"{_ROOM}.look:reconcile", "Prove a month: both systems show the same money"),
    ),
    "Connections": (
        Command("connections", f"{_ROOM}.connections:connections", "List the connections, with their health"),
        Command("connections add", f"{_ROOM}.connections:add", "Make the settings of a further connection"),
        Command("connections rules", f"{_ROOM}.connections:rules", "Every version of its rules, with who and when"),
        Command("connections pause", f"{_ROOM}.connections:pause", "Stop the writes of a connection; reading goes on"),
        Command("connections resume", f"{_ROOM}.connections:resume", "Allow the writes of a connection again"),
        Command("connections rename", f"{_ROOM}.connections:rename", "Call a connection otherwise"),
        Command("connections disconnect", f"{_ROOM}.connections:disconnect", "End its QuickBooks sign-in"),
        Command("connections remove", f"{_ROOM}.connections:remove", "Forget a connection; its audit log stays"),
    ),
    "Keep": (
        Command(
            "audit verify", f"{_ROOM}.keep:audit_verify", "Check that no audit event or approval was changed or lost"
        ),
        Command("tampered list", f"{_ROOM}.trust:tampered_list", "Rows of the state that were changed without the key"),
        Command("tampered accept", f"{_ROOM}.trust:tampered_accept", "Decide: such a row is right as it stands"),
        Command("tampered drop", f"{_ROOM}.trust:tampered_drop", "Decide: such a row does not belong there"),
        Command("people add", f"{_ROOM}.people:people_add", "Add a person or a machine that may act"),
        Command("people list", f"{_ROOM}.people:people_list", "Who may act, and by what they prove it"),
        Command("people password", f"{_ROOM}.people:people_password", "Choose your password"),
        Command("people token", f"{_ROOM}.people:people_token", "Make a token, for a machine or a new password"),
        Command("people end", f"{_ROOM}.people:people_end", "End somebody's part"),
        Command("keys rotate", f"{_ROOM}.keep:keys_rotate", "Seal all that is sealed with a new key"),
        Command("alerts list", f"{_ROOM}.alerts:alerts_list", "Alarms that are raised, and where they are sent"),
        Command("alerts add", f"{_ROOM}.alerts:alerts_add", "Send alarms to one more address"),
        Command("alerts forget", f"{_ROOM}.alerts:alerts_forget", "Send alarms to nobody any more"),
        Command("alerts test", f"{_ROOM}.alerts:alerts_test", "Send a test message to every address"),
        Command("backup", f"{_ROOM}.keep:backup", "Copy the state to a file"),
        Command("scenario run", f"{_ROOM}.rehearse:scenario_run", "Play a given/when/then file on fresh emulators"),
    ),
}
PARENTS = {
    "connect": "Connect one of the two sides",
    "connections": "List the connections, with their health; or do something with one",
    "setup": "What a side still needs",
    "webhook": "Webhooks of QuickBooks",
    "alerts": "Alarms, and to whom they are sent",
    "audit": "The audit log",
    "match": "Decide what is held for review",
    "people": "Who may act, and by what they prove it",
    "keys": "The keys that seal secrets",
    "tampered": "Rows of the state that were changed without the key",
    "scenario": "Given/when/then files",
}
COMMANDS = tuple(command for group in GROUPS.values() for command in group)
SUMMARY = "Keeps one QuickBooks company and one Salesforce org in agreement, and proves it."


def help_text() -> str:
    """What `ml-connector --help` prints."""
    width = max(len(command.name) for command in COMMANDS)
    lines = ["Usage: ml-connector COMMAND [OPTIONS]", "", SUMMARY]
    for title, commands in GROUPS.items():
        lines += ["", title, *(f"  {command.name:<{width}}  {command.summary}" for command in commands)]
    lines += [
        "",
        "Every command takes --home DIR (settings, state, keys; else ./.ml-connector if it is there,",
        "else your data folder), --connection NAME (where there are several), --json for machines, and",
        "--debug. It ends with 0 done, 1 problem found, 2 wrong use, 3 stopped by a limit or a dead connection.",
        "More about one:  ml-connector COMMAND --help",
    ]
    return "\n".join(lines) + "\n"

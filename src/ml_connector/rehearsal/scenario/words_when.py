"""Entries that let time pass, run the connector, or disturb it."""

from __future__ import annotations

from .values import AMOUNT, COUNT, FLAG, MOMENT, SPAN, TABLE, TEXT, Param, choice
from .words import Verb

BY = Param("by", TEXT, "Who does it.")
FAULTS = (
    "delay", "drop_before", "drop_after", "timeout_before", "timeout_after", "status", "html", "xml", "ok_with_fault",
    "malformed", "cut", "kill_session", "revoke_token", "row_lock",
)  # fmt: skip

WHEN = (
    Verb(
        "approve_and_apply", "when", FLAG, "`true`",
        "The whole round: ask both systems what changed, plan, approve, apply; again until nothing is left to approve.",
        (BY,),
    ),
    Verb("sync", "when", FLAG, "`true`",
         "Ask both systems what changed and do all that is due. Journal entries that nobody has approved wait."),
    Verb("plan", "when", TEXT, "`true`, or a name for the plan", "Ask both systems what changed and make a plan. "
         "Nothing is written.", (BY,)),
    Verb("apply", "when", TEXT, "`true` for the last plan, or its name", "Approve a plan and do all that is due.",
         (BY,)),
    Verb("clock", "when", MOMENT, "day (noon in the company) or instant", "Set the clock of everybody."),
    Verb("advance", "when", SPAN, "length of time", "Let time pass for everybody."),
    Verb(
        "fault", "when", choice(*FAULTS), "kind of fault",
        "A fault between connector and vendor: `timeout_after` and `drop_after` do the work and never answer, "
        "`timeout_before` and `drop_before` never answer and do nothing, `status` answers an error.",
        (
            Param("vendor", choice("quickbooks", "salesforce"), "Which vendor (both)."),
            Param("method", TEXT, "HTTP method (any)."),
            Param("path", TEXT, "Regular expression found in path and query (any)."),
            Param("body", TEXT, "Regular expression found in the body of the request (any)."),
            Param("count", COUNT, "How many requests it strikes (1)."),
            Param("skip", COUNT, "How many matching requests pass before (0)."),
            Param("status", COUNT, "HTTP status."),
            Param("code", TEXT, "The vendor's error code."),
            Param("message", TEXT, "The vendor's message."),
            Param("retry_after", COUNT, "Seconds of the Retry-After header."),
            Param("done", FLAG, "Do the work before the error is answered (`false`)."),
            Param("seconds", AMOUNT, "How long it waits (0.2 for time-outs, so that nobody has to)."),
            Param("shape", TEXT, "How a malformed answer is spoilt."),
            Param("text", TEXT, "The whole body of the answer, instead of the vendor's form."),
            Param("probability", AMOUNT, "How likely it strikes a request (1)."),
            Param("of", TEXT, "`status` only: it strikes where a request meets this record, as a refusal by the "
                  "vendor; in a list only this record is refused, where the vendor answers item by item."),
            Param("kind", TEXT, "Instead of `of`: records of this kind, such as `Invoice`, ..."),
            Param("where", TABLE, "... that have these values of the vendor's fields."),
            Param("on", choice("any", "read", "list", "write"), "Which meeting: read by its id, among the answers to "
                  "a question, or written (`any`)."),
            Param("element", TEXT, "The field that the refusal names."),
            Param("whole", FLAG, "The rest of the list is refused with it (`false`)."),
        ),
    ),
    Verb("clear_faults", "when", FLAG, "`true`", "Take all faults away."),
    Verb("restart", "when", FLAG, "`true`", "Stop the connector and start it again on the state that it kept."),
    Verb("settings", "when", TABLE, "keys of `[rules]`", "Change settings; the connector starts again with them."),
    Verb("stop", "when", TEXT, "reason", "Stop all writes.", (BY,)),
    Verb("resume", "when", FLAG, "`true`", "Let writes go on.", (BY,)),
    Verb("backfill", "when", FLAG, "`true`", "Look at every record again."),
    Verb("match_new", "when", TEXT, "name of a customer or an account",
         "A person says that it has no counterpart: a new one is made.", (BY,)),
    Verb("mark", "when", TEXT, "name of the moment", "Remember this moment; `requests` can count from it."),
)  # fmt: skip

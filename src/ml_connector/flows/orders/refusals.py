"""What a final refusal of an order's entry, or of its mark, means."""

from __future__ import annotations

from ml_connector.flows import fields
from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import Digest, Hold, Refused, Reread, Skip, Without, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.triggers import PREFERENCES, SETTINGS, table_changed

BAD_REFERENCE = ("610", "2500", "6000", "6430")
"""Codes that an id gets which is unknown or inactive by now (QuickBooks reference 12.2); none says reliably which."""
TABLES = ("accounts", "items", "departments", "classes")


def refused(write: Write, answer: Refused, digest: Digest) -> Hold | Skip | Reread | Without:
    """What a final refusal means. Marking an order never holds its posting (accounting-rules E.6).

    Which reference of an entry is inactive or gone the tables tell, read anew; the customer is read in any case.
    """
    if write.step == "order_mark":
        skip = Skip(reason=Reason.ORDER_MARK_REFUSED, flags=(Flag.ORDER_MARK_REFUSED,))
        return fields.without(write, answer, digest) or skip
    more = write.together.facts if write.together else {}
    hold = _refusal(write, answer).hold(
        write.waiting, write.currency, order=_order_number(write), name=write.label, number=write.label, **more
    )
    return Reread(tables=TABLES, otherwise=hold) if answer.code in BAD_REFERENCE else hold


def _refusal(write: Write, answer: Refused) -> Held:
    if answer.code == "6140":
        return Held(code="H-DOCNUM", doc_number=str(write.body.get("DocNumber", "")))
    if answer.code in ("6200", "6210"):
        day = str(write.body.get("TxnDate", ""))
        return Held(code="H-CLOSED", case="refused", waits_for=PREFERENCES, date=day)
    waits = (*map(table_changed, TABLES), SETTINGS)
    return Held({"code": answer.code, "message": answer.message}, code="REFUSED-BY-QUICKBOOKS", waits_for=waits)


def _order_number(write: Write) -> str:
    note = str(write.body.get("PrivateNote", ""))
    return next((part[3:] for part in note.split("\n")[0].split("|") if part.startswith("on=")), "")

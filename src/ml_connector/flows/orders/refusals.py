"""What a final refusal of an order's entry, or of its mark, means."""

from __future__ import annotations

import re

from ml_connector.model.flags import Flag
from ml_connector.model.held import Held
from ml_connector.model.plans import Hold, Refused, Skip, Write
from ml_connector.model.reasons import Reason
from ml_connector.model.triggers import ACCOUNTS, ITEMS, PREFERENCES, table_changed


def refused(write: Write, answer: Refused) -> Hold | Skip:
    """What a final refusal means. Marking an order never holds its posting (accounting-rules E.6)."""
    if write.step == "order_mark":
        return Skip(reason=Reason.ORDER_MARK_REFUSED, flags=(Flag.ORDER_MARK_REFUSED,))
    more = write.together.facts if write.together else {}
    return _refusal(write, answer).hold(
        write.waiting, write.currency, order=_order_number(write), name=write.label, number=write.label, **more
    )


def _refusal(write: Write, answer: Refused) -> Held:
    if answer.code == "6140":
        return Held(code="H-DOCNUM", doc_number=str(write.body.get("DocNumber", "")))
    if answer.code in ("6200", "6210"):
        day = str(write.body.get("TxnDate", ""))
        return Held(code="H-CLOSED", case="refused", waits_for=PREFERENCES, date=day)
    if answer.code in ("610", "2500"):
        return _bad_reference(answer)
    return _as_it_says(answer)


def _as_it_says(answer: Refused) -> Held:
    waits = (*ACCOUNTS, *ITEMS)
    return Held({"code": answer.code, "message": answer.message}, code="REFUSED-BY-QUICKBOOKS", waits_for=waits)


def _bad_reference(answer: Refused) -> Held:
    """An id that is unknown or inactive by now: which list it is from, by the field the answer names."""
    named = " ".join((*answer.fields, answer.message)).casefold()
    id_ = next(iter(re.findall(r"\b\d+\b", answer.message)), "(not named)")
    if "department" in named or "location" in named:
        return Held(code="H-DIM-INACTIVE", waits_for=(table_changed("departments"),), dim="Department", text=id_)
    if "class" in named:
        return Held(code="H-DIM-INACTIVE", waits_for=(table_changed("classes"),), dim="Class", text=id_)
    if "entity" in named or "customer" in named:
        return Held(code="H-CUST-INACTIVE", customer=id_)
    if "account" in named:
        return Held(code="H-ACCT-INACTIVE", waits_for=ACCOUNTS, gl_account=id_)
    return Held(code="REFUSED-BY-QUICKBOOKS", waits_for=ACCOUNTS, vendor_code=answer.code, message=answer.message)


def _order_number(write: Write) -> str:
    note = str(write.body.get("PrivateNote", ""))
    return next((part[3:] for part in note.split("\n")[0].split("|") if part.startswith("on=")), "")

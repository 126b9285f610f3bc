"""Names: what either vendor takes, and the form in which they are compared (accounting-rules D.4, E.1, E.4)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256

from ml_connector.model.plans import Digest
from ml_connector.model.refs import Ref

DISPLAY_NAME_HARD_LIMIT = 500
ACCOUNT_NAME_LIMIT = 255
OPPORTUNITY_NAME_LIMIT = 120
CUSTOMER_SUFFIX = " (Customer)"
ELLIPSIS = "…"

_BREAKS = str.maketrans({"\t": " ", "\r": " ", "\n": " ", ":": " -"})
_LEGAL_FORMS = {
    tuple(form.split())
    for form in (
        "inc", "incorporated", "llc", "limited liability company", "ltd", "limited", "corp", "corporation",
        "co", "company", "gmbh", "gesellschaft mit beschrankter haftung", "ag", "aktiengesellschaft",
        "sa", "societe anonyme", "sociedad anonima", "sas", "societe par actions simplifiee",
        "bv", "besloten vennootschap", "plc", "public limited company", "pty", "proprietary",
    )
}  # fmt: skip
_LONGEST_FORM = max(map(len, _LEGAL_FORMS))


def clean(text: str) -> str:
    """`:` becomes ` -`, tabs and line breaks become blanks, other control characters vanish; squeezed and trimmed."""
    plain = text.translate(_BREAKS)
    if not plain.isprintable():
        plain = "".join(char for char in plain if unicodedata.category(char) not in ("Cc", "Cs"))
    return " ".join(plain.split())


def cut(text: str, limit: int) -> str:
    """The first `limit` characters, without a blank where the cut fell."""
    return text[:limit].strip()


def display_name(account_name: str, limit: int, suffix: str = "") -> str:
    """The QuickBooks name for an account; the suffix always fits, the base is cut first. Blank if nothing is left."""
    base = cut(clean(account_name), limit - len(suffix))
    return base + suffix if base else ""


def account_suffix(account_id: str) -> str:
    """For a name that another account's customer has already: ` (SF <last 6 of the account id>)`."""
    return f" (SF {account_id[-6:]})"


def display_forms(account_name: str, account_id: str, limit: int) -> tuple[str, str, str]:
    """The names an account's customer may have, in the order they are tried."""
    return (
        display_name(account_name, limit),
        display_name(account_name, limit, CUSTOMER_SUFFIX),
        display_name(account_name, limit, account_suffix(account_id)),
    )


def refused_name(name: str, digest: Digest) -> Ref:
    """Stands for a name that QuickBooks refused; the name itself is not kept (decision 0013)."""
    plain = sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return Ref("quickbooks", "Name", digest(f"name {plain}"))


def names_agree(account_name: str, account_id: str, customer_name: str, limit: int) -> bool:
    """Whether a customer's name is one that follows from the account's, or the account's follows from it.

    `customer_name` is the one that people gave, as in all of these functions: without what QuickBooks adds to inactive
    ones. One longer than an account takes was cut on the way to Salesforce; it must not come back cut.
    """
    forms = {
        form for width in (limit, DISPLAY_NAME_HARD_LIMIT) for form in display_forms(account_name, account_id, width)
    }
    return customer_name in forms or account_name_for(customer_name)[0] == " ".join(account_name.split())


def account_name_for(customer_name: str) -> tuple[str, bool]:
    """The Account name for a customer, and whether it had to be cut."""
    name = " ".join(customer_name.split())
    return cut(name, ACCOUNT_NAME_LIMIT), len(name) > ACCOUNT_NAME_LIMIT


def opportunity_name(doc_number: str, invoice_id: str, customer: str) -> str:
    """`INV <number or #id> - <customer>`, 120 characters, cut at the customer with an ellipsis (D.4)."""
    number = " ".join(doc_number.split()) or f"#{invoice_id}"
    name = f"INV {number} - {' '.join(customer.split())}".removesuffix(" - ")
    if len(name) <= OPPORTUNITY_NAME_LIMIT:
        return name
    return name[: OPPORTUNITY_NAME_LIMIT - len(ELLIPSIS)].rstrip() + ELLIPSIS


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """The form in which names are compared (E.1): no case, accents, punctuation, leading "the" or legal form."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("&", " and ")
    bare = "".join(char for char in unicodedata.normalize("NFD", folded) if not unicodedata.combining(char))
    words = re.sub(r"[\W_]+", " ", re.sub(r"[.'’]", "", bare)).split()
    return " ".join(_without_legal_forms(words[1:] if words[:1] == ["the"] and len(words) > 1 else words))


def _without_legal_forms(words: list[str]) -> list[str]:
    for length in range(min(_LONGEST_FORM, len(words) - 1), 0, -1):
        if tuple(words[-length:]) in _LEGAL_FORMS:
            return _without_legal_forms(words[:-length])
    return words


@lru_cache(maxsize=4096)
def sorted_words(name: str) -> str:
    """The normalised name with its words in order, for similarity."""
    return " ".join(sorted(normalised(name).split()))

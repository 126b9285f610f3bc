"""What a vendor says when it fails: its first words, fit to be kept in a hold. Pure."""

from __future__ import annotations

import re

LONGEST = 300
_LOOKED_AT = 20_000
_PAGE = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_SECRETS = re.compile(
    r"(?i)\b(?:bearer|basic)\s+\S+"
    r"|\b[\w.-]*(?:secret|token|password|passwd|assertion|signature|authorization|api[_-]?key|session[_-]?id)\b"
    r"[\"']?\s*[=:]\s*[\"']?[^\s\"',;&}]+"
    r"|(?<![\w/+.=!~-])(?=[\w/+.=!~-]*\d)(?=[\w/+.=!~-]*[A-Za-z])[\w/+.=!~-]{24,}"
)


def first_words(answer: bytes | str) -> str:
    """The beginning of an answer or of a message, without markup, control characters and what could be a secret."""
    text = answer if isinstance(answer, str) else answer[:_LOOKED_AT].decode("utf-8", errors="replace")
    plain = _SECRETS.sub("[removed]", " ".join(_printable(_PAGE.sub(" ", text)).split()))
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 3]}..."


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def failure(vendor: str, status: int, code: str, words: str) -> str:
    """`QuickBooks answered with status 500, code 10000: An application error has occurred`."""
    named = f"{vendor} answered with status {status}" + (f", code {code}" if code else "")
    return f"{named}: {words}" if words else named

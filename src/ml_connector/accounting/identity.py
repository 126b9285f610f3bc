"""Numbers, notes and idempotency texts of journal entries (accounting-rules B.11)."""

from __future__ import annotations

import hashlib
from datetime import date

import msgspec

from ml_connector.systems.salesforce.records import long_id

MAX_NUMBER = 21
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which entry it is. `seq` has two digits, or is YYYYMM for kind S; a reversal has the original order's id."""

    realm_id: str
    org_id: str
    order_id: str
    order_number: str
    kind: str = "O"
    seq: str = "01"

    @property
    def number(self) -> str:
        """The DocNumber, at most 21 characters."""
        full = f"SF{self.kind}-{self.order_number}-{self.seq}"
        return full if len(full) <= MAX_NUMBER else f"SF{self.kind}-{_short(self.order_id)}-{self.seq}"

    @property
    def key(self) -> str:
        """The text that is the same for the same entry for ever; amounts are not in it."""
        org, order = long_id(self.org_id), long_id(self.order_id)
        return f"v1|JE|{self.realm_id}|{org}|{order}|{self.kind}|{self.seq}"

    @property
    def mark(self) -> str:
        """What the note shows of the key."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:12]

    def part(self, place: int) -> Identity:
        """The identity of part `place` (from 1) of an entry that is too long for one."""
        return msgspec.structs.replace(self, seq=f"{place:02}")


def note(identity: Identity, link: str, original: date | None = None, reverses: str = "") -> str:
    """The PrivateNote: our mark, and the address of the order. No personal data."""
    parts = [
        "mlc1",
        f"org={long_id(identity.org_id)}",
        f"ord={long_id(identity.order_id)}",
        f"on={_safe(identity.order_number)}",
        f"k={identity.kind}",
        f"seq={identity.seq}",
        f"key={identity.mark}",
    ]
    if original:
        parts.append(f"orig={original.isoformat()}")
    if reverses:
        parts.append(f"rev_of={_safe(reverses)}")
    return "|".join(parts) + f"\n{link}"


def order_link(order_id: str, *, sandbox: bool) -> str:
    """An address that leads to the order from any sign-in."""
    return f"https://{'test' if sandbox else 'login'}.salesforce.com/{long_id(order_id)}"


def _short(order_id: str) -> str:
    """8 Crockford base-32 characters of the first 40 bits of SHA-256 of the 18-character id."""
    bits = int.from_bytes(hashlib.sha256(long_id(order_id).encode()).digest()[:5], "big")
    return "".join(_CROCKFORD[bits >> shift & 31] for shift in range(35, -1, -5))


def _safe(text: str) -> str:
    return "".join(char if char.isprintable() and char != "|" else "_" for char in text)

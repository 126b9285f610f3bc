"""The bitmaps of changedFields, nulledFields and diffFields (salesforce reference 6.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def bitmap(places: Iterable[int]) -> str:
    """`0x` and upper-case hex of whole bytes, big-endian, without the highest zero bytes: {1, 2} -> `0x06`."""
    number = 0
    for place in places:
        number |= 1 << place
    size = max(1, (number.bit_length() + 7) // 8)
    return f"0x{number.to_bytes(size, 'big').hex().upper()}"


def bitmaps(top: Iterable[int], nested: Mapping[int, Iterable[int]]) -> list[str]:
    """The list as the header has it: the map of the event's fields if any bit is set, then `parent-0x..` by parent.

    `top` are places in the event (its header is 0); `nested` maps the place of a compound field to places in it.
    """
    first = list(top)
    own = [bitmap(first)] if first else []
    return own + [f"{parent}-{bitmap(nested[parent])}" for parent in sorted(nested)]

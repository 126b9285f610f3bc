"""Where secrets may be sent."""

from __future__ import annotations

import msgspec


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where the secrets of one side go: host names in lower case, sorted.

    `authorities` is the digest of the certificate authorities that are trusted there beside the usual ones, blank for
    none. `vendors`: every host is the vendor's own.
    """

    hosts: tuple[str, ...]
    authorities: str = ""
    vendors: bool = False

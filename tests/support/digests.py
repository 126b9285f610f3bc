"""Digests for whoever needs some and has no home to make them with."""

from __future__ import annotations

import hashlib


def digest(text: str) -> str:
    """In the form of those that are made with a key."""
    return "k" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:31]

"""Pages: templates filled with values, and how figures and instants are written in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.enums import MediaType

from .guard import policy

HERE = Path(__file__).parent


@cache
def _templates() -> Environment:
    """All values are escaped; a name that is not given is an error, not a blank."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    templates.filters |= {"moment": _moment, "count": _count, "age": _age, "vendor": _vendor}
    return templates


@cache
def style() -> bytes:
    """The style sheet of all pages."""
    return (HERE / "static" / "style.css").read_bytes()


def page(name: str, *, status: int = 200, forms_to: str = "", **values: Any) -> Response[str]:
    """A page from its template. `forms_to` is the vendor's origin to which its form leads."""
    text = _templates().get_template(name).render(**values)
    headers: Mapping[str, str] = {"content-security-policy": policy(forms_to)} if forms_to else {}
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=dict(headers))


def _moment(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _vendor(system: str) -> str:
    return {"quickbooks": "QuickBooks", "salesforce": "Salesforce"}.get(system, system)


def _count(number: int) -> str:
    return f"{number:,}"


def _age(length: timedelta) -> str:
    """How long, in the largest unit that fits."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{max(0, minutes)} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"

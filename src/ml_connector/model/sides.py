"""How one side of a connection is: `live`, `away` (no answer that can be used), `limited` (its calls are used up) or
`dead` (a person must act)."""

from __future__ import annotations

from typing import Literal, get_args

SideState = Literal["live", "away", "limited", "dead"]
SIDE_STATES: tuple[SideState, ...] = get_args(SideState)


def side_state(text: str) -> SideState:
    """The state that is spelled so. Nonsense is `away`: then the side is asked, which tells."""
    return next((state for state in SIDE_STATES if state == text), "away")

"""What became of the tasks of one page, round after round, until each of them has its verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ml_connector.model.flags import Flag
from ml_connector.model.plans import Hold, Skip, Write
from ml_connector.model.refs import Link, Ref
from ml_connector.model.tasks import TAMPERED, Knock, Task, Verdict
from ml_connector.model.triggers import STATE, fired_by


class PageVerdicts:
    """`ended` are those that have their verdict. A held one may be released by what its neighbours write."""

    def __init__(self) -> None:
        self.ended: list[Verdict] = []
        self._held: dict[Ref, tuple[Task, Hold]] = {}
        self._flags: dict[Ref, tuple[Flag, ...]] = {}
        self._links: dict[Ref, tuple[Link, ...]] = {}
        self._knocks: dict[Ref, tuple[Knock, ...]] = {}

    def hold(self, task: Task, hold: Hold) -> None:
        """Held for now: a link that a neighbour makes on this page may release it (`released`)."""
        self._held[task.ref] = (task, hold)

    def write(self, task: Task, write: Write) -> None:
        """Its flags are told with the verdict."""
        self._flags[task.ref] = self._flags.get(task.ref, ()) + write.flags

    def learn(self, ref: Ref, links: Iterable[Link], knocks: tuple[Knock, ...]) -> None:
        """What was found out about a record goes on record with its verdict."""
        self._links[ref] = (*self._links.get(ref, ()), *links)
        self._knocks[ref] = self._knocks.get(ref, ()) + knocks

    def skip(self, task: Task, decision: Skip) -> None:
        """Ended, with the flags of what it wrote before and whatever was learned of it on this page."""
        ref = task.ref
        flags, links = self._flags.get(ref, ()), self._links.get(ref, ())
        self.ended.append(skipped(task, decision, flags, links, self._knocks.get(ref, ())))

    def released(self, links: Iterable[Link]) -> list[Task]:
        """Tasks whose wait ends with these links; they are held no longer."""
        if not self._held:
            return []
        fired = set(fired_by(links))
        free = [ref for ref, (_, hold) in self._held.items() if fired.intersection(hold.waits_for)]
        return [self._held.pop(ref)[0] for ref in free]

    def verdicts(self, restless: Sequence[Task]) -> list[Verdict]:
        """All verdicts; the `restless` wanted to write again and again."""
        unquiet = [held_verdict(task, _restless(task), ()) for task in restless]
        return [*self.ended, *unquiet, *(self._of_held(task, hold) for task, hold in self._held.values())]

    def _of_held(self, task: Task, hold: Hold) -> Verdict:
        verdict = held_verdict(task, hold, self._flags.get(task.ref, ()))
        links, knocks = self._links.get(task.ref, ()), self._knocks.get(task.ref, ())
        return msgspec.structs.replace(verdict, links=links, knocks=knocks)


def skipped(
    task: Task, decision: Skip, flags: tuple[Flag, ...], links: tuple[Link, ...], knocks: tuple[Knock, ...] = ()
) -> Verdict:
    """The verdict of a task that needs no write (any more). `flags`: of the writes that went before."""
    return Verdict(
        task=task,
        ending=decision.reason,
        flags=flags + decision.flags,
        links=links,
        knocks=knocks,
        waits_for=decision.waits_for,
    )


def held_verdict(task: Task, hold: Hold, flags: tuple[Flag, ...]) -> Verdict:
    """The verdict of a task that is held. `flags`: of the writes that went before."""
    return Verdict(task=task, ending=hold, flags=flags, waits_for=hold.waits_for)


def _restless(task: Task) -> Hold:
    return Hold(code="UNEXPECTED", facts={"record": str(task.ref), "what": "it never comes to rest"})


def tampered(task: Task, row: str) -> Hold:
    """The hold of a record that rests on a row which is not believed."""
    return Hold(code=TAMPERED, facts={"record": str(task.ref), "row": row}, waits_for=(STATE,))

"""Whether what was decided still stands, asked right before each call that carries it.

Law (`consent.md`: a narrowing, an expiry or a revocation acts on the very next delivery attempt; `safety.md`, whose
chart is it): between a disclosure and its call there are others, a search, a token, the single creates before it. So
every call that is made for something that was disclosed asks anew, at the one place that each call of a lane passes
(`Watch.bars`); a call that lasts, a file that is laid down, asks on its way (`Watch.stands`). What is taken back is not
held up: it is no disclosure.

Rejected: a check where a parcel begins to go (many single creates take a minute).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias, final

import bridge.store.links as links
from bridge.net.message import Answer, Fault, NetFault
from bridge.push.receiver import Watch
from bridge.store.db import Database
from bridge.store.links import LinkState

Stands: TypeAlias = Callable[[], bool]


@final
class Barrier:
    """Who is told of each call of one lane (`Watch`), and bars those for what stands no longer."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._stands: Stands = always

    def bars(self) -> Fault | None:
        """Why a call must not be made now."""
        return self._watch.bars() if self._stands() else Fault.CALLED_OFF

    def stands(self) -> bool:
        """Whether what is on its way may go on."""
        return self._stands()

    def saw(self, answer: Answer | NetFault, is_write: bool) -> None:
        """As the watch behind it."""
        self._watch.saw(answer, is_write)

    @contextmanager
    def only(self, stands: Stands) -> Iterator[None]:
        """No call is made meanwhile unless `stands` says yes to it."""
        self._stands = stands
        try:
            yield
        finally:
            self._stands = always


def always() -> bool:
    """It does."""
    return True


def standing(holds: Stands, db: Database, link: int) -> Stands:
    """Whether a disclosure still holds (`Gate.stands`), and the link that it goes by."""
    return lambda: holds() and _is_confirmed(db, link)


def _is_confirmed(db: Database, link: int) -> bool:
    try:
        return links.load(db, link).state is LinkState.CONFIRMED
    except KeyError:  # erased with the person
        return False

"""How full the copy in a chart is: what its version says beside its number and the mapping's.

Law (`consent.md`, text: what is filed becomes part of the clinic's record; `safety.md`, corrections travel): what one
item may say grows and shrinks as grants begin and end, without a correction. A copy that says less than may be told is
brought up to date; one that says more is not overwritten by less; another amendment always goes. A piece of an interval
that is neither longer nor shorter at one edge is another piece and always goes: it has the place of the one before it.
So the order in which deliveries run does not show in the chart. The version is ours, rests in the outbox and is sent to
nobody: `<n>-<revision>`, `+n` words, `~d` no device, `~<edge><ms>.<content>` cut at start, end or both. No instant is
in it. Rejected: the versionId itself (a digest has no order), the number alone (a piece that grew would never arrive).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SHAPE: Final = re.compile(
    r"(?P<base>.*?)(?P<words>\+n)?(?P<bare>~d)?(?:~(?P<edge>[seb])(?P<ms>\d+)\.(?P<content>[0-9a-f]+))?"
)
_EDGES: Final = {1: "s", 2: "e", 3: "b"}
"""Where an interval is cut (`Group.columns`, cut): at one edge or both."""
_WHOLE: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class _Said:
    base: str
    edge: str
    content: str
    has: tuple[int, bool, bool]
    """How long (ms), whether with its device, whether with words."""

    def is_another_piece(self, held: _Said) -> bool:
        """Whether neither can be told to hold the other."""
        is_nested = "" in (self.edge, held.edge) or (self.edge == held.edge and self.edge != "b")
        return not is_nested and self.content != held.content


def filled(version: str, has_words: bool, names_device: bool, cut: int, length: int, content: int) -> str:
    """The version under which an item is filed. `cut`: 0 whole, 1 at its start, 2 at its end, 3 at both; `length` in
    ms and `content` (`Group.content`) count where it is cut."""
    piece = f"~{_EDGES[cut]}{length}.{content:x}" if cut else ""
    return f"{version}{'+n' if has_words else ''}{'' if names_device else '~d'}{piece}"


def says_more(now: str, held: str) -> bool:
    """Whether what would be filed now must go to who holds it as filed before."""
    new, old = _said(now), _said(held)
    if new.base != old.base or new.is_another_piece(old):
        return True
    return new.has != old.has and all(mine >= theirs for mine, theirs in zip(new.has, old.has, strict=True))


def is_same_amendment(now: str, held: str) -> bool:
    """Whether both tell the same amendment under the same mapping, however full."""
    return _said(now).base == _said(held).base


def moves(now: str, held: str) -> bool:
    """Whether it tells another stretch of time than what is held."""
    new, old = _said(now), _said(held)
    return (new.edge, new.has[0]) != (old.edge, old.has[0]) or new.is_another_piece(old)


def grows(now: str, held: str) -> bool:
    """Whether it tells all the time that what is held tells."""
    new, old = _said(now), _said(held)
    return not new.is_another_piece(old) and new.has[0] >= old.has[0]


def length(version: str) -> int:
    """How much of an interval it tells, ms; more than any piece where it is whole."""
    return _said(version).has[0]


def _said(version: str) -> _Said:
    found = _SHAPE.fullmatch(version)
    if found is None:
        return _Said(version, "", "", (_WHOLE, True, True))
    length = int(found["ms"]) if found["ms"] else _WHOLE
    has = (length, not found["bare"], bool(found["words"]))
    return _Said(found["base"], found["edge"] or "", found["content"] or "", has)

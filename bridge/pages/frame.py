"""What surrounds every page: who is signed in, whose data it shows, and where one is.

Law (`consent.md`, sign-in): every page that shows or asks something about a person names that person and their birth
date, so that nobody acts on the wrong child. A staff session has another frame, and no form that approves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, final


@final
@dataclass(frozen=True, slots=True)
class Whose:
    """The person whose data a page is about. `is_self`: it is the one who is signed in."""

    name: str
    birth_date: date | None
    is_self: bool = True
    others: bool = False
    """Whether the account may act for somebody else too, so that the page offers the choice."""


@final
@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one page. `path`: where it is, for the language form; `csrf`: the session's token for forms;
    `name`: of the account, '' where nobody is signed in; `place`: which entry of the menu it is; `notice`: a word
    of the address for what was just done; a page says its sentence for it, and none for a word it does not know."""

    path: str = "/"
    csrf: str = ""
    name: str = ""
    whose: Whose | None = None
    is_staff: bool = False
    place: str = ""
    notice: str = ""


NOBODY: Final = Frame()
"""Nobody is signed in."""

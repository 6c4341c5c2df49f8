"""How the sources of what others submit are called.

Law (`consent.md`, the grant, sources): each submitter is a source of its own, so that a grant can name it or leave it
out, and so that what a recipient brought itself is known as its own (`decide.py`).
"""

from __future__ import annotations

from typing import Final

SUBMISSIONS: Final = "submission:"
"""What stands before the submitter's name."""


def submissions(client: str, organization: str) -> str:
    """The source that what a client submits has here: its organisation's, or its own where it is alone."""
    return f"{SUBMISSIONS}{organization or client}"

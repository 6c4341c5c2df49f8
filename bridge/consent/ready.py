"""A request that waits for the ledger to be read, and lets every other request go on meanwhile.

Law (`consent.md`, retraction is no disclosure): what was told is known by the ledger alone, and the first who asks
after a removal may have years of it before them. It is read in a thread, once; the request is then decided anew, so
nothing of before is kept. Rejected: an account of what was told beside the ledger (a second truth).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bridge.consent.memory import Behind, Memory

_Made = TypeVar("_Made")


async def ready(memory: Memory, work: Callable[[], _Made]) -> _Made:
    """What `work` comes to once the ledger is read."""
    while True:
        try:
            return work()
        except Behind as behind:
            await asyncio.to_thread(memory.catch_up, behind)


def ready_now(memory: Memory, work: Callable[[], _Made]) -> _Made:
    """The same for callers without an event loop."""
    while True:
        try:
            return work()
        except Behind as behind:
            memory.catch_up(behind)

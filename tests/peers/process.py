"""A peer as a child process: it starts in bounded time, is spoken to by lines, and is gone when it should be.

Law: whatever starts here ends here. A peer ends itself when its standard input closes, so that even a killed
test run leaves none behind; `stop` closes it, waits, and then ends the child's own process group, never
anything by name. A program that the machine lacks is `PeerMissing` (the machine's fault); everything else
raises `PeerBroken` (ours).
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

PATIENCE: Final = 15.0
"""Seconds that a peer has to end by itself."""
LAST_WORDS: Final = 2000
"""Characters of a log that an error shows."""


class PeerMissing(Exception):
    """This machine cannot run the peer, and why."""


class PeerBroken(Exception):
    """The peer is there and does not do what it should."""


def tool(name: str) -> str:
    """Where this program is, or `PeerMissing`."""
    found = shutil.which(name)
    if found is None:
        raise PeerMissing(f"{name} is not installed")
    return found


def end_of(log: Path) -> str:
    """The last words of a log."""
    return log.read_text("utf-8", "replace")[-LAST_WORDS:] if log.exists() else ""


class Peer:
    """A running child: lines in, lines out, its errors in a log file."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.log = log
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        with log.open("wb") as errors:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def hear(self, seconds: float) -> str:
        """The next line that the peer says within so many seconds."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise PeerBroken(f"silent for {seconds:.0f} s; its log ends:\n{end_of(self.log)}") from None
        if line is None:
            self._lines.put(None)
            raise PeerBroken(f"ended with {self._child.wait(PATIENCE)}; its log ends:\n{end_of(self.log)}")
        return line

    def ready(self, sign: str, seconds: float) -> str:
        """What follows the sign in the first line; a peer that says something else, or nothing, is stopped."""
        try:
            line = self.hear(seconds)
            if not line.startswith(sign):
                raise PeerBroken(f"said {line!r} instead of {sign!r}")
        except BaseException:
            self.stop()
            raise
        return line.removeprefix(sign)

    def say(self, line: str) -> None:
        """One line to the peer."""
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise PeerBroken(f"ended; its log ends:\n{end_of(self.log)}") from None

    def stop(self) -> None:
        """End the child and what it started; a second call does nothing."""
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        self._reader.join(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

"""The Java peers as a class path: built by Maven once, and again when their sources say something else.

Law: Maven is asked offline first, so that a machine that built them before needs no network. What is built
lies in `hapi/target/`, which git ignores; a digest of the sources beside it tells a fresh build from a stale
one (times would not: a checkout sets them all anew). Two test runs at once build one after the other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.peers.process import LAST_WORDS, PeerBroken, PeerMissing, tool

PROJECT: Final = Path(__file__).resolve().parent / "hapi"
TARGET: Final = PROJECT / "target"
JAR: Final = TARGET / "hapi.jar"
CLASS_PATH: Final = TARGET / "classpath.txt"
STAMP: Final = TARGET / "digest.txt"

BUILD_SECONDS: Final = 900
"""The first build downloads some 200 MB."""
UNREACHABLE: Final = re.compile(
    r"could not (be resolved|resolve|transfer|find)|unresolv|non-resolvable", re.IGNORECASE
)


def java(main: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command that runs a main class of the Java project."""
    return [tool("java"), *options, "-cp", class_path(), f"bridge.peers.{main}", *arguments]


def class_path() -> str:
    """Our jar, then everything that it needs, as `java -cp` wants it."""
    tool("java")
    with _alone():
        if not _is_fresh():
            _build()
        return os.pathsep.join((str(JAR), CLASS_PATH.read_text("utf-8").strip()))


@contextmanager
def _alone() -> Iterator[None]:
    TARGET.mkdir(exist_ok=True)
    with (TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest() -> str:
    sources = sorted(path for path in (PROJECT / "src").rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in (PROJECT / "pom.xml", *sources):
        digest.update(path.relative_to(PROJECT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _is_fresh() -> bool:
    if not (JAR.exists() and CLASS_PATH.exists() and STAMP.exists()):
        return False
    needed = CLASS_PATH.read_text("utf-8").strip().split(os.pathsep)
    return STAMP.read_text("utf-8") == _digest() and all(Path(jar).exists() for jar in needed)


def _build() -> None:
    tool("javac")
    STAMP.unlink(missing_ok=True)
    if _maven("--offline") is not None and (complaint := _maven()) is not None:
        if UNREACHABLE.search(complaint):
            raise PeerMissing(f"Maven cannot fetch what HAPI needs:\n{complaint}")
        raise PeerBroken(f"Maven cannot build {PROJECT.name}:\n{complaint}")
    STAMP.write_text(_digest(), "utf-8")


def _maven(*options: str) -> str | None:
    """What Maven complained of, or None."""
    command = [tool("mvn"), "--quiet", "--batch-mode", *options, "package"]
    try:
        done = subprocess.run(
            command, cwd=PROJECT, capture_output=True, encoding="utf-8", timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done after {BUILD_SECONDS} s: could not transfer"
    return None if done.returncode == 0 else (done.stdout + done.stderr)[:LAST_WORDS]

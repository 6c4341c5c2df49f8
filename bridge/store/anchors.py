"""Anchors: the ledger's heads, signed, in a file outside the database; and the proof of it all.

Law: `anchor` goes hourly and at shutdown to `anchors/ledger.jsonl` in the home folder, synced before the
database remembers it. A line holds the heads that moved since the line before, and a signature over itself
and its predecessor. `verify` walks every chain and every line: a row changed, cut off, moved, or a file
swapped for an older one is found (`data.md`, ledger). Keep a copy of the file elsewhere: who holds the
master key can rewrite everything on this machine.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bridge.store.chain as chain
from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.entries import decode

FILE: Final = Path("anchors") / "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `faults`: one sentence each, none where all is well."""

    chains: int
    entries: int
    anchors: int
    faults: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class _Anchor:
    at: Instant
    heads: Mapping[str, tuple[int, bytes]]
    signature: bytes


def anchor(db: Database) -> int:
    """Sign the heads that moved since the last anchor; how many they were."""
    path = db.home / FILE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with db.write("ledger") as con:
        lines = list(_lines(path))
        known = {name: head for line in lines for name, head in _parsed(line).heads.items()}
        now = {name: (head.seq, head.h) for name, head in chain.heads(con).items()}
        moved = {name: head for name, head in now.items() if known.get(name) != head}
        if not moved:
            return 0
        previous = _parsed(lines[-1]).signature if lines else b""
        made = _signed(db.keys.ledger_key, db.clock(), moved, previous)
        _write(path, [*lines, _text(made)] if _is_torn(path) else [_text(made)], _is_torn(path))
        con.execute("INSERT INTO anchors (at, signature) VALUES (?, ?)", (made.at, made.signature))
    return len(moved)


def verify(db: Database) -> Verdict:
    """Walk every chain, every anchor, every grant and every collecting consent."""
    key, faults = db.keys.ledger_key, list[str]()
    with db.snapshot("ledger") as con:
        marks = list(_marks(db.home / FILE, con, key, faults))
        names, entries = tuple(chain.heads(con)), 0
        digests: set[str] = set()
        for name in names:
            heads = {seq: h for mark in marks for at, (seq, h) in mark.heads.items() if at == name}
            try:
                entries += _walk(con, key, name, heads, digests, faults)
            except chain.Broken as broken:
                faults.append(str(broken))
        for missing in sorted({name for mark in marks for name in mark.heads} - set(names)):
            faults.append(f"chain {missing} is anchored and gone: restore ledger.db from a backup")
        _check_signed(con, digests, faults)
    return Verdict(len(names), entries, len(marks), tuple(faults))


def _walk(
    con: sqlite3.Connection,
    key: bytes,
    name: str,
    anchored: dict[int, bytes],
    digests: set[str],
    faults: list[str],
) -> int:
    last = chain.beginning(key, name)
    for link in chain.links(con, name):
        if link.seq != last.seq + 1:
            faults.append(f"chain {name} jumps from row {last.seq} to row {link.seq}")
        if not hmac.compare_digest(chain.follow(key, last.h, link.body), link.h):
            faults.append(f"chain {name} row {link.seq} is not what was written")
        if anchored.get(link.seq, link.h) != link.h:
            faults.append(f"chain {name} row {link.seq} differs from its anchor")
        if b'"digest"' in link.body:
            digests.add(str(decode(link.body).get("digest")))
        last = chain.Head(link.seq, link.h)
    if any(seq > last.seq for seq in anchored):
        faults.append(f"chain {name} was cut: row {max(anchored)} is anchored, row {last.seq} is the last")
    return last.seq


_SIGNED: Final = (
    "SELECT 'grant ' || id || ' version ' || version, CAST(body AS BLOB) FROM grants UNION ALL"
    " SELECT 'collecting consent ' || consent || ' of patient ' || patient, CAST(body || sealed AS BLOB)"
    " FROM collecting"
)


def _check_signed(con: sqlite3.Connection, digests: set[str], faults: list[str]) -> None:
    for name, body in con.execute(_SIGNED):
        if hashlib.sha256(body).hexdigest() not in digests:
            faults.append(f"{name} is not what was signed")


def _marks(path: Path, con: sqlite3.Connection, key: bytes, faults: list[str]) -> Iterator[_Anchor]:
    """The anchors of the file, checked; one more than the database knows is a crash, fewer is a loss."""
    previous, seen = b"", set[bytes]()
    for number, line in enumerate(_lines(path), 1):
        try:
            found = _parsed(line)
            genuine = _signed(key, found.at, found.heads, previous).signature
        except (ValueError, KeyError, TypeError, AttributeError):
            faults.append(f"line {number} of {FILE} cannot be read")
            continue
        if not hmac.compare_digest(genuine, found.signature):
            faults.append(f"line {number} of {FILE} is not what was signed")
        previous = found.signature
        seen.add(found.signature)
        yield found
    known = [bytes(signature) for (signature,) in con.execute("SELECT signature FROM anchors")]
    if lost := sum(signature not in seen for signature in known):
        faults.append(f"{lost} anchors are missing from {FILE}: put back the newest copy of the file")


def _signed(key: bytes, at: Instant, heads: Mapping[str, tuple[int, bytes]], previous: bytes) -> _Anchor:
    spelled = json.dumps([at, {n: [seq, h.hex()] for n, (seq, h) in heads.items()}], sort_keys=True)
    own = hmac.digest(key, b"anchor", hashlib.sha256)
    return _Anchor(at, heads, hmac.digest(own, previous + spelled.encode(), hashlib.sha256))


def _text(made: _Anchor) -> bytes:
    heads = {name: [seq, h.hex()] for name, (seq, h) in made.heads.items()}
    return json.dumps({"at": made.at, "heads": heads, "signature": made.signature.hex()}).encode()


def _parsed(line: bytes) -> _Anchor:
    plain = json.loads(line)
    heads = {str(name): (int(seq), bytes.fromhex(h)) for name, (seq, h) in plain["heads"].items()}
    return _Anchor(int(plain["at"]), heads, bytes.fromhex(plain["signature"]))


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines; a last one without its end was cut by a crash and says nothing."""
    if path.exists():
        yield from path.read_bytes().split(b"\n")[:-1]


def _is_torn(path: Path) -> bool:
    return path.exists() and not (path.read_bytes() or b"\n").endswith(b"\n")


def _write(path: Path, lines: list[bytes], anew: bool) -> None:
    with path.open("wb" if anew else "ab") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(b"".join(line + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())

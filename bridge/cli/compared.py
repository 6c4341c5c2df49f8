"""Two lots of resources side by side: how many differ, and at which places.

Law: what belongs to one rehearsal alone (ids, versions, references to person and device) is no difference. Resources
of one time are one pair, in their order; whatever has no partner is a difference itself. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.cli.shell import Value
from bridge.reading import Stream

Resource = Mapping[str, Value]
Pair = tuple[Resource | None, Resource | None]
APART: Final = frozenset({"id", "identifier", "subject", "device", "versionId", "lastUpdated"})
"""Elements of which each rehearsal has its own."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One stream of a file: resources on each side, pairs that differ, the first of them and its places."""

    stream: Stream
    before: int
    after: int
    changed: int
    first: Pair
    places: tuple[str, ...]

    @property
    def value(self) -> dict[str, Value]:
        """As JSON says it."""
        first: Value = {"before": self.first[0], "after": self.first[1], "places": list(self.places)}
        return {"before": self.before, "after": self.after, "changed": self.changed, "first": first}

    @property
    def lines(self) -> list[str]:
        """As people read it."""
        head = f"  {self.stream}: {self.before} before, {self.after} after, {self.changed} differ"
        return [head, *(f"    {place}" for place in self.places)]


def differences(
    before: Mapping[Stream, Sequence[Resource]], after: Mapping[Stream, Sequence[Resource]]
) -> Iterator[Difference]:
    """The streams that differ."""
    for stream in Stream:
        old, new = before.get(stream, ()), after.get(stream, ())
        pairs = [pair for pair in _paired(old, new) if next(_places(*pair), None) is not None]
        if pairs:
            first = next((pair for pair in pairs if None not in pair), pairs[0])
            yield Difference(stream, len(old), len(new), len(pairs), first, tuple(_places(*first)))


def _paired(before: Sequence[Resource], after: Sequence[Resource]) -> Iterator[Pair]:
    old, new = _timed(before), _timed(after)
    for key in sorted(old.keys() | new.keys()):
        yield old.get(key), new.get(key)


def _timed(found: Sequence[Resource]) -> dict[tuple[str, int], Resource]:
    """Resources by their time and their number at that time."""
    seen: Counter[str] = Counter()
    timed: dict[tuple[str, int], Resource] = {}
    for each in found:
        when = str(next((value for name, value in each.items() if name.startswith("effective")), ""))
        seen[when] += 1
        timed[when, seen[when]] = each
    return timed


def _places(before: Value, after: Value, path: str = "") -> Iterator[str]:
    """Each place at which two values differ, and what stands there on either side."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys([*before, *after]):
            if name not in APART:
                yield from _places(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            one, other = (side[place] if place < len(side) else None for side in (before, after))
            yield from _places(one, other, f"{path}[{place}]")
    elif before != after:
        yield f"{path or 'the resource'}: {_brief(before)} -> {_brief(after)}"


def _brief(value: Value) -> str:
    """A value in a line: of an object its codes, where it has some."""
    if isinstance(value, Mapping):
        told = value.get("code") or value.get("coding")
        return "{…}" if told is None else _brief(told)
    if isinstance(value, list):
        return ", ".join(map(_brief, value))
    return "absent" if value is None else str(value)

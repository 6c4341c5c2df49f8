"""What every adapter must do, inherited by each: recordings, goldens, and the account of every row.

Law: a subclass names its family and what a line of its files looks like; the sentences are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.adapters import Decoded, Unreadable, decode, recognise
from bridge.mapping import Mappings
from bridge.reading import Flag, Readings, Stream, column
from tests.adapters.recordings import RECEIVED, ZONES, committed, decoded, golden, golden_of, recordings


def read(data: bytes, mappings: Mappings, name: str = "file") -> Decoded:
    """Bytes recognised and decoded as ingest does."""
    return decode(data, mappings.formats[recognise(data, name, mappings)], ZONES, RECEIVED)


def refused(data: bytes, mappings: Mappings) -> str:
    """The sentence that refuses these bytes."""
    with pytest.raises(Unreadable) as fault:
        read(data, mappings)
    return fault.value.sentence


def adds_up(done: Decoded) -> None:
    """Every row has one fate, and what was read is there."""
    account = done.account
    assert account.rows == account.rows_read + sum(account.ignored.values()) + len(account.rejected)
    there: dict[Stream, int] = {}
    for batch in done.readings:
        there[batch.key.stream] = there.get(batch.key.stream, 0) + len(batch)
    assert there == dict(account.read)


def names(batch: Readings) -> set[tuple[int, int]]:
    """The keys of a batch with their values."""
    return set(zip(batch.columns["counter"].tolist(), column(batch.columns, "value").tolist(), strict=True))


def ints(batch: Readings, name: str) -> NDArray[np.int64]:
    """A column as whole numbers, its default where it is missing."""
    return column(batch.columns, name).astype(np.int64)


class AdapterSuite:
    """Sentences for one family."""

    family: str
    small: str
    """A small recording in UTF-8 with commas and no quotes around its lines."""
    widen: Callable[[bytes], bytes]
    """A recording's bytes with one more column, headed Novel, filled in one row."""

    def paths(self) -> list[Path]:
        found = committed(self.family)
        assert len(found) > 10
        return found

    def data(self) -> bytes:
        return next(path for path in self.paths() if path.name == self.small).read_bytes()

    def test_recordings_are_committed_as_they_are_made(self) -> None:
        made = {path: data for path, data in recordings() if path.parent.name == self.family}
        assert {path: path.read_bytes() for path in self.paths()} == made

    def test_a_recording_is_recognised_by_its_content(self, mappings: Mappings) -> None:
        for path in self.paths():
            assert recognise(path.read_bytes(), "export", mappings) == self.family

    def test_a_recording_is_recognised_by_its_first_bytes(self, mappings: Mappings) -> None:
        for path in self.paths():
            if path.suffix != ".xlsx":
                assert recognise(path.read_bytes()[:4096], "export", mappings) == self.family

    def test_a_recording_reads_as_its_golden(self, mappings: Mappings) -> None:
        for path in self.paths():
            assert golden(decoded(path, mappings)) == golden_of(path).read_text("utf-8"), path.name

    def test_every_row_has_one_fate(self, mappings: Mappings) -> None:
        for path in self.paths():
            adds_up(decoded(path, mappings))

    def test_readings_are_sorted_and_their_rows_are_lines_of_the_file(self, mappings: Mappings) -> None:
        for path in self.paths():
            lines = path.read_bytes().count(b"\n") + 1
            for batch in decoded(path, mappings).readings:
                rows = batch.columns["row"]
                assert (np.diff(batch.columns["instant"]) >= 0).all()
                assert path.suffix == ".xlsx" or (int(rows.min()) > 1 and int(rows.max()) <= lines)

    def test_out_of_range_rests_beside_its_limit_and_never_bare(self, mappings: Mappings) -> None:
        limits = {"mg/dL": (40, 400, 500), "mmol/L": (22, 222, 278)}
        for path in self.paths():
            for batch in decoded(path, mappings).readings:
                if batch.key.stream is not Stream.GLUCOSE:
                    continue
                low, *high = limits[batch.key.unit]
                values, flags = batch.columns["value"], column(batch.columns, "flags").astype(int)
                assert set(values[flags & Flag.LOW > 0].tolist()) <= {low}
                assert set(values[flags & Flag.HIGH > 0].tolist()) <= set(high)
                plain = values[flags & (Flag.LOW | Flag.HIGH) == 0]
                assert not len(plain) or (int(plain.min()) >= low and int(plain.max()) <= max(high))

    def test_the_same_bytes_give_the_same_readings(self, mappings: Mappings) -> None:
        first, second = read(self.data(), mappings), read(self.data(), mappings)
        assert golden(first) == golden(second)
        assert [names(batch) for batch in first.readings] == [names(batch) for batch in second.readings]

    def test_a_second_copy_of_a_row_counts_as_read_and_has_the_same_key(self, mappings: Mappings) -> None:
        data = self.data()
        last = data.splitlines(keepends=True)[-1]
        once, twice = read(data, mappings), read(data + last, mappings)
        assert sum(twice.account.read.values()) == sum(once.account.read.values()) + 1
        assert [names(batch) for batch in once.readings] == [names(batch) for batch in twice.readings]

    def test_an_unknown_column_is_counted_and_not_fatal(self, mappings: Mappings) -> None:
        wide = read(type(self).widen(self.data()), mappings)
        assert wide.account.fields_unknown == ("Novel",)
        assert golden(wide).count("\n") == golden(read(self.data(), mappings)).count("\n")

    def test_a_file_cut_off_loses_rows_at_its_end_alone(self, mappings: Mappings) -> None:
        data = self.data()
        whole = {(b.key, pair) for b in read(data, mappings).readings for pair in names(b)}
        for length in range(len(data) - 1, len(data) - 260, -7):
            done = read(data[:length], mappings)
            adds_up(done)
            kept = {(b.key, pair) for b in done.readings for pair in names(b)}
            assert kept <= whole, data[length - 60 : length]

    def test_line_ends_marks_and_wide_encodings_change_nothing(self, mappings: Mappings) -> None:
        data = self.data().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        plain = golden(read(data, mappings))
        for other in (
            data.replace(b"\n", b"\r\n"),
            b"\xef\xbb\xbf" + data,
            b"\xff\xfe" + data.decode().encode("utf-16-le"),
            b"\xfe\xff" + data.decode().encode("utf-16-be"),
            data.rstrip(b"\n"),
        ):
            assert golden(read(other, mappings)) == plain

    def test_semicolons_and_tabs_change_nothing(self, mappings: Mappings) -> None:
        data = self.data()
        plain = golden(read(data, mappings))
        assert golden(read(data.replace(b",", b"\t"), mappings)) == plain
        assert golden(read(data.replace(b",", b";"), mappings)) == plain

    def test_names_of_persons_are_in_no_reading(self, mappings: Mappings) -> None:
        for path in self.paths():
            done = decoded(path, mappings)
            if done.person and done.person.name:
                said = repr([(batch.key, batch.device) for batch in done.readings])
                assert done.person.name not in said

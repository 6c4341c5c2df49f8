"""What every adapter must do, inherited by each: recordings, goldens, and the account of every row.

Law: a subclass names its family and what its files look like; the sentences are the same for all. `FamilySuite`
holds for every format, `AdapterSuite` adds what tables must bear, `DocumentSuite` what JSON documents must.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

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


class FamilySuite:
    """Sentences for one family, whatever it is written in."""

    family: str
    least = 10
    """There are more recordings than this."""
    limits: ClassVar[dict[str, tuple[int, ...]]] = {"mg/dL": (40, 400, 500), "mmol/L": (22, 222, 278)}
    """The lowest glucose that is a number, and the highest ones, by unit (at the vendor's decimals)."""

    def paths(self) -> list[Path]:
        found = committed(self.family)
        assert len(found) > self.least
        return found

    def rows(self, path: Path, done: Decoded) -> tuple[int, int]:
        """The first and the last number that a row of a recording can have."""
        return 2, path.read_bytes().count(b"\n") + 1

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

    def test_readings_are_sorted_and_know_their_rows(self, mappings: Mappings) -> None:
        for path in self.paths():
            done = decoded(path, mappings)
            first, last = self.rows(path, done)
            for batch in done.readings:
                rows = ints(batch, "row")
                assert (np.diff(batch.columns["instant"]) >= 0).all()
                assert path.suffix == ".xlsx" or (int(rows.min()) >= first and int(rows.max()) <= last)

    def test_out_of_range_rests_beside_its_limit_and_never_bare(self, mappings: Mappings) -> None:
        for path in self.paths():
            for batch in decoded(path, mappings).readings:
                if batch.key.stream is not Stream.GLUCOSE:
                    continue
                low, *high = self.limits[batch.key.unit]
                values, flags = ints(batch, "value"), ints(batch, "flags")
                told = flags & Flag.NO_VALUE == 0
                assert set(values[told & (flags & Flag.LOW > 0)].tolist()) <= {low}
                assert set(values[told & (flags & Flag.HIGH > 0)].tolist()) <= set(high)
                plain = values[flags & (Flag.LOW | Flag.HIGH | Flag.NO_VALUE) == 0]
                assert not len(plain) or (int(plain.min()) >= low and int(plain.max()) <= max(high))

    def test_the_same_bytes_give_the_same_readings(self, mappings: Mappings) -> None:
        for path in self.paths()[:3]:
            first, second = decoded(path, mappings), decoded(path, mappings)
            assert golden(first) == golden(second)
            assert [names(batch) for batch in first.readings] == [names(batch) for batch in second.readings]

    def test_names_of_persons_are_in_no_reading(self, mappings: Mappings) -> None:
        for path in self.paths():
            done = decoded(path, mappings)
            if done.person and done.person.name:
                said = repr([(batch.key, batch.device) for batch in done.readings])
                assert done.person.name not in said


class AdapterSuite(FamilySuite):
    """Sentences for one family of tables."""

    small: str
    """A small recording in UTF-8 with commas and no quotes around its lines."""
    widen: Callable[[bytes], bytes]
    """A recording's bytes with one more column, headed Novel, filled in one row."""

    def data(self) -> bytes:
        return next(path for path in self.paths() if path.name == self.small).read_bytes()

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


class DocumentSuite(FamilySuite):
    """Sentences for one family of JSON documents. `least` recordings may be fewer than a table's."""

    least = 2
    small: str
    """A small recording with at least three good records, in one line or many."""
    records: str
    """Path of the array in it whose records are harmed, from the top: `records`, `data.sgs`, '' for the top."""

    def rows(self, path: Path, done: Decoded) -> tuple[int, int]:
        """Records are numbered through the document."""
        return 1, done.account.rows

    def document(self) -> Any:
        """The small recording as Python values."""
        return json.loads(next(path for path in self.paths() if path.name == self.small).read_bytes())

    def harmed(self, harm: Callable[[list[Any]], None]) -> bytes:
        """The small recording with its records changed."""
        document = found = self.document()
        for step in filter(None, self.records.split(".")):
            found = found[step]
        harm(found)
        return json.dumps(document).encode()

    def test_an_unknown_field_is_counted_by_its_path_and_not_fatal(self, mappings: Mappings) -> None:
        plain = read(json.dumps(self.document()).encode(), mappings)
        wide = read(self.harmed(lambda records: records[0].update(novelField=1)), mappings)
        (name,) = set(wide.account.fields_unknown) - set(plain.account.fields_unknown)
        assert name.endswith("novelField") and wide.account.unknown_in[name] == 1
        assert [names(batch) for batch in wide.readings] == [names(batch) for batch in plain.readings]

    def test_a_record_that_is_none_is_rejected_alone(self, mappings: Mappings) -> None:
        plain = read(json.dumps(self.document()).encode(), mappings)
        worse = read(self.harmed(lambda records: records.append(5)), mappings)
        adds_up(worse)
        assert len(worse.account.rejected) == len(plain.account.rejected) + 1
        assert worse.account.rejected[-1].reason == "the record is no object but a number"
        assert [names(batch) for batch in worse.readings] == [names(batch) for batch in plain.readings]

    def test_a_second_copy_of_a_record_has_the_same_key(self, mappings: Mappings) -> None:
        once = read(json.dumps(self.document()).encode(), mappings)
        twice = read(self.harmed(lambda records: records.append(records[0])), mappings)
        assert [names(batch) for batch in once.readings] == [names(batch) for batch in twice.readings]

    def test_a_document_cut_off_is_refused_with_its_place(self, mappings: Mappings) -> None:
        data = json.dumps(self.document()).encode()
        said = refused(data[: len(data) * 3 // 4], mappings)
        assert "the document ends" in said and "cut off, download it again" in said

    def test_layout_marks_and_wide_encodings_change_nothing(self, mappings: Mappings) -> None:
        document = self.document()
        text = json.dumps(document)
        plain = golden(read(text.encode(), mappings))
        for other in (
            json.dumps(document, indent=2).encode(),
            json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
            b"\xef\xbb\xbf" + text.encode(),
            b"\xff\xfe" + text.encode("utf-16-le"),
            text.encode() + b"\r\n",
        ):
            assert golden(read(other, mappings)) == plain

"""Writes the recordings and goldens of conformance/: `python -m tests.adapters.recordings [--goldens]`.

Law: recordings are ours, exact in form, made from fixed numbers; a golden is what the adapter gave when a
person last read it, as lines that a person can read. A test holds both against what is committed. Where a
recording is large its golden tells counts, sums and ends only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bridge.adapters import Decoded, decode, recognise
from bridge.mapping import Mappings, load
from bridge.period import ZoneHistory, iso
from bridge.reading import KINDS, NO_OFFSET, NONE_PROGRAMMED, Flag, Readings, Trend, Witness, column
from tests.adapters import (
    carelink_cloud_files,
    carelink_files,
    clarity_files,
    demo_files,
    dexcom_api_files,
    dexcom_share_files,
    dexcom_studio_files,
    eversense_files,
    libre_reader_files,
    libreview_files,
    linkup_files,
    nightscout_entries,
    nightscout_others,
    nightscout_treatments,
    submission_files,
)

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "conformance"
ZONES = ZoneHistory.always("Europe/Berlin")
RECEIVED = 1_795_132_800_000  # 2026-11-20
MOST_LINES = 400
LATER = ("trend", "rate", "record", "programmed", "minute")
"""Columns that stand behind a reading's line as `name=value`, where they say something."""
FAMILIES: dict[str, Callable[[], dict[str, bytes]]] = {
    "carelink": lambda: carelink_files.files() | {"demo-carelink-2026-07-22.csv": demo_files.carelink()},
    "carelink-cloud": carelink_cloud_files.files,
    "cgm-submission": submission_files.files,
    "dexcom-api": dexcom_api_files.files,
    "dexcom-clarity": clarity_files.files,
    "dexcom-share": dexcom_share_files.files,
    "dexcom-studio": dexcom_studio_files.files,
    "eversense-broadcast": eversense_files.broadcast_files,
    "eversense-cloud": eversense_files.cloud_files,
    "eversense-dms": lambda: (
        eversense_files.dms_files() | {"demo-eversense-2026-08-06.csv": demo_files.eversense()}
    ),
    "librelinkup": linkup_files.files,
    "libreview": lambda: libreview_files.files() | libre_reader_files.files(),
    "nightscout": lambda: (
        nightscout_entries.files()
        | nightscout_treatments.files()
        | nightscout_others.nightscout()
        | {"demo-nightscout-2026-11-14.json": demo_files.nightscout()}
    ),
    "nightscout-csv": nightscout_entries.tables,
    "nightscout-exporter": nightscout_others.exporter,
    "openaps-pump-history": nightscout_others.histories,
}


def recordings() -> Iterator[tuple[Path, bytes]]:
    """Every recording with the place where it is committed."""
    for family, files in FAMILIES.items():
        for name, data in files().items():
            yield FOLDER / family / name, data


def committed(family: str) -> list[Path]:
    """The recordings of a family as they are committed: all but goldens and what is said of quality."""
    others = {".tsv", ".yaml"}
    return sorted(path for path in (FOLDER / family).iterdir() if path.suffix not in others)


def golden_of(recording: Path) -> Path:
    """Where a recording's golden is."""
    return recording.with_name(recording.name + ".readings.tsv")


def decoded(path: Path, mappings: Mappings) -> Decoded:
    """A recording, recognised and decoded as ingest does."""
    data = path.read_bytes()
    return decode(data, mappings.formats[recognise(data, path.name, mappings)], ZONES, RECEIVED)


def golden(done: Decoded) -> str:
    """What came out, as text."""
    lines = [*_account(done)]
    few = sum(len(batch) for batch in done.readings) <= MOST_LINES
    for batch in done.readings:
        key, device = batch.key, batch.device
        lines.append(f"# series {key.stream}\t{key.device}\t{key.unit}\t{key.scale}\t{len(batch)}")
        lines.append(
            f"# device {device.manufacturer}\t{device.model}\t{device.serial}\t{device.install}\t{device.kind}"
        )
        lines += _rows(batch) if few else [_sums(batch)]
    return "\n".join(lines) + "\n"


def _account(done: Decoded) -> Iterator[str]:
    account, person = done.account, done.person
    yield f"# format {done.format}\trows {account.rows}"
    for stream, count in account.read.items():
        yield f"# read {stream}\t{count}"
    for rule, count in account.ignored.items():
        yield f"# ignored {rule}\t{count}"
    if account.further:
        yield f"# further readings\t{account.further}"
    for one in account.rejected:
        yield f"# rejected {f'{one.part} ' if one.part else ''}{one.row}\t{one.reason}"
    yield f"# fields ignored\t{', '.join(account.fields_ignored)}\tunknown\t{', '.join(account.fields_unknown)}"
    for warning in account.warnings:
        yield f"# warning {warning}"
    if person:
        yield f"# person {person.name}\t{person.birth_date or ''}\t{', '.join(v for _, v in person.identifiers)}"


def _rows(batch: Readings) -> Iterator[str]:
    names = ("instant", "value", "flags", "kind", "witness", "bound", "offset", "end", "row", "text", *LATER)
    got = {name: column(batch.columns, name).tolist() for name in names}
    kinds = KINDS.get(batch.key.stream)
    for place in range(len(batch)):
        value = got["value"][place] / 10**batch.key.scale
        marks = "|".join(flag.name or "" for flag in Flag if got["flags"][place] & flag)
        end = iso(got["end"][place]) if got["end"][place] else ""
        offset = "" if got["offset"][place] == NO_OFFSET else f"{got['offset'][place]:+d}"
        cells = (
            iso(got["instant"][place]),
            f"{value:.{batch.key.scale}f}",
            marks,
            kinds(got["kind"][place]).name.lower() if kinds else got["kind"][place],
            Witness(got["witness"][place]).name,
            got["bound"][place],
            offset,
            end,
            got["row"][place],
            got["text"][place].replace("\n", "⏎"),
            *_later({name: got[name][place] for name in LATER}, batch.key.scale),
        )
        yield "\t".join(str(cell) for cell in cells)


def _later(told: dict[str, Any], scale: int) -> Iterator[str]:
    """`name=value` for what only some readings say."""
    if told["trend"]:
        yield f"trend={Trend(told['trend']).name.lower()}"
    if told["rate"]:
        yield f"rate={told['rate'] / 10:.1f}"
    if told["record"]:
        yield f"record={told['record']}"
    if told["programmed"] != NONE_PROGRAMMED:
        yield f"programmed={told['programmed'] / 10**scale:.{scale}f}"
    if told["minute"]:
        yield f"minute={told['minute'] // 60:02d}:{told['minute'] % 60:02d}"


def _sums(batch: Readings) -> str:
    instants = batch.columns["instant"]
    total = int(column(batch.columns, "value").astype(np.int64).sum())
    flags = column(batch.columns, "flags").astype(np.int64)
    marks = ", ".join(f"{flag.name} {int((flags & flag > 0).sum())}" for flag in Flag if (flags & flag).any())
    return f"{iso(int(instants[0]))}\t{iso(int(instants[-1]))}\tsum {total}\t{marks}"


def main() -> None:
    """Write recordings, and goldens where asked."""
    for path, data in recordings():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if "--goldens" in sys.argv:
        mappings = load(PROJECT / "mappings")
        for family in FAMILIES:
            for path in committed(family):
                golden_of(path).write_text(golden(decoded(path, mappings)), "utf-8")


if __name__ == "__main__":
    main()

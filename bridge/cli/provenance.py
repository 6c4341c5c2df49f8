"""`provenance show`: the owner follows one reading back to the row it came from.

Law: file, hash and row are the owner's alone (`consent.md`, what the asker learns), so this asks the gate with
the owner's permit and is a row of the ledger like every look.
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.acting import Acting, operator_options, permit
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, told
from bridge.consent.asked import Asked, Way
from bridge.consent.named import named
from bridge.period import iso
from bridge.store.patients import is_person


@click.group()
def provenance() -> None:
    """Where a reading came from; for the owner."""


@provenance.command("show")
@click.argument("observation_id", metavar="OBSERVATION-ID")
@operator_options
@home_option
@json_option
def show_provenance(
    observation_id: str,
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """The file, its hash and the row behind one Observation or MedicationAdministration."""
    with bridge(home) as found:
        name = named(found.db.ids, observation_id, b"")
        if name is None or not is_person(found.db, name.patient):
            raise Failed(f"no reading has the id {observation_id!r}")
        wish = Asked(
            name.patient,
            Way.LOOK,
            "command line",
            f"provenance show {observation_id}",
            ids=frozenset({observation_id}),
            provenance=True,
        )
        seen = found.gate.disclose_now(permit(found, name.patient, acting), wish)
        if not seen.groups or not seen.groups[0].origins:
            raise Failed(f"no reading has the id {observation_id!r}")
        (group,) = seen.groups
        origin = group.origins[int(group.origin[0])]
        row: dict[str, Value] = {
            "observation": observation_id,
            "time": iso(int(group.columns["instant"][0]), int(group.columns["offset"][0])),
            "file": origin.file,
            "row": None if group.rows is None else int(group.rows[0]),
            "sha256": origin.sha256,
            "artifact": origin.artifact,
            "source": origin.source,
            "route": origin.route,
            "mapping_revision": origin.revision,
            "received": None if origin.received is None else iso(origin.received),
        }
        found.gate.settle(seen, "sent", 1)
    emit(row, as_json, told(row))

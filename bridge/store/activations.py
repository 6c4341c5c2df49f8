"""When each mapping's FHIR half came into force here.

Law: the first revision that an installation sees changes nothing that anybody holds, so it counts from
the beginning of time; a later one counts from the moment it was activated, because from then on every
Observation of its format reads otherwise (`data.md`, versions and times).
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.period import BEGINNING, Instant
from bridge.store.db import Database


def activate(db: Database, revisions: Mapping[str, str]) -> dict[str, Instant]:
    """Note the revisions now in force (format -> revision); since when each is, by format."""
    con = db.reader("bridge")
    known = {
        format_: (revision, at)
        for format_, revision, at in con.execute("SELECT format, revision, activated FROM activations")
    }
    fresh = {
        format_: (revision, db.clock() if format_ in known else BEGINNING)
        for format_, revision in revisions.items()
        if known.get(format_, ("", 0))[0] != revision
    }
    if fresh:
        with db.write("bridge") as writer:
            writer.executemany(
                "INSERT OR REPLACE INTO activations (format, revision, activated) VALUES (?, ?, ?)",
                [(format_, revision, at) for format_, (revision, at) in fresh.items()],
            )
    return {format_: at for format_, (_, at) in (known | fresh).items()}

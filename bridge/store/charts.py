"""Which charts hold what was sent, lane by lane, and which of it can no longer be put right there.

Law (`safety.md`, whose chart is it; corrections travel): nothing goes into a second chart while a first one still has
what was sent there, and what a receiver will not correct is told to both sides. Numbers and links, never a value.
"""

from __future__ import annotations

from bridge.period import Instant
from bridge.store.db import Database
from bridge.store.lanes import Lane, used


def uncorrected(db: Database, patient: int) -> tuple[tuple[int, int], ...]:
    """Destinations that hold something older of the person, or something taken back, and take no correction; and of
    how many readings that is so."""
    rows = db.reader("bridge").execute(
        "SELECT s.destination, count(*) FROM sent s JOIN deliveries d ON d.delivery = s.delivery"
        " WHERE s.patient = ? AND s.state = 'refused' AND d.state = 'correction-not-deliverable'"
        " GROUP BY s.destination",
        (patient,),
    )
    return tuple(rows.fetchall())


def links_used(db: Database, lane: Lane) -> frozenset[int]:
    """The links under which the destination holds anything of the person."""
    rows = db.reader("bridge").execute(
        "SELECT DISTINCT link FROM sent WHERE patient = ? AND destination = ? AND state <> 'retracted'",
        (lane.patient, lane.destination),
    )
    return frozenset(number for (number,) in rows)


def charts_used(db: Database, patient: int | None = None) -> dict[Lane, frozenset[int]]:
    """Every lane that ever carried anything, of one patient or of all, with the links under which the destination holds
    any of it."""
    found: dict[Lane, set[int]] = {lane: set() for lane in used(db, patient)}
    where, values = _whose(patient)
    rows = db.reader("bridge").execute(
        f"SELECT * FROM (SELECT DISTINCT patient, destination, link FROM carried{where}) c WHERE EXISTS ("
        "SELECT 1 FROM sent s WHERE s.patient = c.patient AND s.destination = c.destination"
        " AND s.link = c.link AND s.state <> 'retracted')",
        values,
    )
    for whose, destination, link in rows:
        found[Lane(whose, destination)].add(link)
    return {lane: frozenset(links) for lane, links in found.items()}


def grants_used(db: Database, patient: int | None = None) -> dict[Lane, frozenset[str]]:
    """Of every lane whose destination holds anything, of one patient or of all, the grants under which that left."""
    where, values = _whose(patient)
    rows = db.reader("bridge").execute(
        f"SELECT * FROM (SELECT DISTINCT patient, destination, grant_id FROM carried{where}) c WHERE EXISTS ("
        "SELECT 1 FROM sent s JOIN deliveries d ON d.delivery = s.delivery WHERE s.patient = c.patient"
        " AND s.destination = c.destination AND d.grant_id = c.grant_id AND s.state <> 'retracted')",
        values,
    )
    found: dict[Lane, set[str]] = {}
    for whose, destination, grant in rows:
        found.setdefault(Lane(whose, destination), set()).add(grant)
    return {lane: frozenset(grants) for lane, grants in found.items()}


def latest(db: Database) -> Instant:
    """The newest instant at which something came in or was delivered: a clock that says less went back."""
    row = (
        db.reader("bridge")
        .execute(
            "SELECT max(coalesce((SELECT max(received) FROM artifacts), 0),"
            " coalesce((SELECT max(changed) FROM deliveries), 0))"
        )
        .fetchone()
    )
    return int(row[0])


def _whose(patient: int | None) -> tuple[str, tuple[int, ...]]:
    return ("", ()) if patient is None else (" WHERE patient = ?", (patient,))

"""The accounting of disclosures: durable first, chained, counted, proved."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import bridge.store.ledger as ledger
from bridge.consent import grants
from bridge.consent.asked import Way
from bridge.consent.gate import LedgerUnavailable, Moved
from bridge.consent.permit import OperatorPermit, OwnerPermit
from bridge.period import DAY, HOUR
from bridge.store.anchors import FILE, anchor, verify
from bridge.store.entries import Row
from bridge.store.patients import erase
from tests.consent.world import CLINIC, NOON, World, between, every, items, wish

WEEK = between(NOON - 7 * DAY, NOON)


@pytest.fixture
def patient(world: World) -> int:
    found = world.person()
    world.bring(found, every(5, 12 * 288, start=NOON - 12 * DAY))
    return found


def kinds(world: World, patient: int) -> list[str]:
    return [row.kind for row in ledger.listed(world.db, patient)]


def intents(world: World, patient: int) -> list[Row]:
    return list(ledger.disclosures(world.db, patient))


def tamper(world: World, statement: str, *values: object) -> None:
    """What somebody with the file and without the keys could do."""
    world.db.close()
    with sqlite3.connect(world.db.home / "ledger.db") as con:
        con.execute(statement, values)
    con.close()


def test_a_disclosure_is_written_down_before_it_is_made(world: World, patient: int) -> None:
    grant = world.grant(patient, WEEK).grant
    found = world.ask(CLINIC, wish(patient, limit=10))
    (row,) = intents(world, patient)
    assert row.entry == found.entry
    assert row.at == world.clock.now
    party = row.fields["party"]
    assert isinstance(party, dict)
    assert (party["client"], party["name"]) == ("clinic-ehr", "The Clinic")
    assert row.fields["grants"] == [[grant.id, 1]]
    assert (row.fields["items"], row.fields["kinds"], row.fields["grains"]) == (10, ["glucose"], ["raw"])
    assert (row.fields["first"], row.fields["last"]) == (items(found)[0][0], items(found)[-1][0])
    assert (row.fields["way"], row.fields["channel"], row.fields["token"]) == ("look", "query", "token-1")
    assert (row.fields["purpose"], row.fields["asked"]) == ("TREAT", "GET Observation")


def test_who_and_what_was_asked_rest_sealed(world: World, patient: int) -> None:
    operator = OperatorPermit("Sam Staff", "written request of 3 May", "45 CFR 164.524", patient)
    world.gate.disclose_now(operator, wish(patient, described="a wish nobody else reads"))
    with sqlite3.connect(world.db.home / "ledger.db") as con:
        stored = b"".join(body for (body,) in con.execute("SELECT body FROM ledger"))
    con.close()
    assert b"Sam Staff" not in stored
    assert b"nobody else reads" not in stored
    (row,) = intents(world, patient)
    assert row.fields["person"] == "Sam Staff"
    assert row.fields["asked"] == "a wish nobody else reads; written request of 3 May"
    assert row.fields["basis"] == "45 CFR 164.524"


def test_the_owner_is_written_down_too(world: World, patient: int) -> None:
    assert world.ask(OwnerPermit(patient), wish(patient)).owner
    assert kinds(world, patient) == ["intent"]


def test_without_a_ledger_nothing_leaves(world: World, patient: int) -> None:
    world.grant(patient, WEEK)
    with world.db.write("ledger") as con:
        con.execute("CREATE TRIGGER full BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(LedgerUnavailable, match="disk full"):
        world.ask(CLINIC, wish(patient))
    with pytest.raises(LedgerUnavailable):
        world.gate.disclose_now(OwnerPermit(patient), wish(patient))
    with world.db.write("ledger") as con:
        con.execute("DROP TRIGGER full")
    assert world.ask(CLINIC, wish(patient)).count


def test_requests_in_flight_share_one_commit(world: World, patient: int) -> None:
    world.grant(patient, WEEK)
    commits: list[str] = []

    async def ask() -> None:
        with world.db.write("ledger") as con:
            con.set_trace_callback(lambda sql: commits.append(sql) if sql.startswith("COMMIT") else None)
        commits.clear()
        await asyncio.gather(*(world.gate.disclose(CLINIC, wish(patient, limit=5)) for _ in range(20)))

    asyncio.run(ask())
    assert len(intents(world, patient)) == 20
    assert len(commits) == 1


def test_one_refused_entry_does_not_take_its_neighbours_along(world: World, patient: int) -> None:
    """Two requests in one commit: the grant of one patient moves between decision and commit."""
    other = world.person("Ben")
    world.bring(other, every(5, 100, start=NOON - DAY))
    for each in (patient, other):
        world.grant(each, WEEK)

    async def ask() -> list[int]:
        first = asyncio.ensure_future(world.gate.disclose(CLINIC, wish(patient, limit=3)))
        second = asyncio.ensure_future(world.gate.disclose(CLINIC, wish(other, limit=4)))
        await asyncio.sleep(0)  # both have decided, neither is committed
        with world.db.write("ledger") as con:
            con.execute("UPDATE epochs SET epoch = epoch + 1 WHERE patient = ?", (other,))
        return [(await first).count, (await second).count]

    assert asyncio.run(ask()) == [3, 4]
    assert len(intents(world, other)) == 1


def test_a_revocation_between_decision_and_commit_wins(world: World, patient: int) -> None:
    grant = world.grant(patient, WEEK).grant

    async def ask() -> int:
        asking = asyncio.ensure_future(world.gate.disclose(CLINIC, wish(patient, limit=3)))
        await asyncio.sleep(0)
        grants.revoke(world.db, grant.id)
        return (await asking).count

    assert asyncio.run(ask()) == 0
    assert not intents(world, patient)


def test_a_stream_is_cut_by_a_revocation_and_its_outcome_tells_how_many_left(
    world: World, patient: int
) -> None:
    grant = world.grant(patient, WEEK).grant

    async def read() -> int:
        got = 0
        try:
            async for page in world.gate.stream(CLINIC, wish(patient, way=Way.BULK), 500):
                got += page.count
                if got == 1000:
                    grants.revoke(world.db, grant.id)
        except Moved:
            await asyncio.sleep(0.1)
            return got
        return -1

    assert asyncio.run(read()) == 1000
    intent, outcome = (row for row in ledger.listed(world.db, patient) if row.kind in ("intent", "outcome"))
    assert intent.fields["items"] == 7 * 288
    assert (outcome.fields["entry"], outcome.fields["outcome"]) == (intent.entry, "cut")
    assert outcome.fields["sent"] == 1000


def test_a_stream_ends_with_its_grant(world: World, patient: int) -> None:
    grant = world.grant(patient, WEEK).grant

    async def read() -> int:
        got = 0
        async for page in world.gate.stream(CLINIC, wish(patient), 500):
            got += page.count
            world.clock.now = grant.ends
        return got

    with pytest.raises(Moved):
        asyncio.run(read())


def test_a_stream_that_runs_through_has_one_intent_with_exact_numbers(world: World, patient: int) -> None:
    world.grant(patient, WEEK)

    async def read() -> list[int]:
        pages = [page.count async for page in world.gate.stream(CLINIC, wish(patient), 1000)]
        world.gate.flush()
        return pages

    assert asyncio.run(read()) == [1000, 1000, 16]
    intent, outcome = (row for row in ledger.listed(world.db, patient) if row.kind in ("intent", "outcome"))
    assert (intent.fields["items"], outcome.fields["sent"], outcome.fields["outcome"]) == (2016, 2016, "sent")


def test_empties_are_counted_in_memory_and_written_at_the_hours_end(world: World, patient: int) -> None:
    for _ in range(3):
        world.ask(CLINIC, wish(patient))
    world.ask(CLINIC, wish(None))
    assert kinds(world, patient) == []
    world.clock.now += HOUR
    world.ask(CLINIC, wish(patient))
    (row,) = ledger.listed(world.db, patient)
    assert (row.kind, row.at, row.fields["count"], row.fields["client"]) == ("empty", NOON, 3, "clinic-ehr")
    world.gate.flush()
    assert [row.fields["count"] for row in ledger.listed(world.db, patient)] == [3, 1]
    with sqlite3.connect(world.db.home / "ledger.db") as con:
        (body,) = con.execute("SELECT body FROM ledger WHERE chain = 'cclinic-ehr'").fetchone()
    con.close()
    assert json.loads(body)["count"] == 1


def test_outcomes_refer_to_their_intent(world: World, patient: int) -> None:
    world.grant(patient, WEEK)
    found = world.gate.disclose_now(CLINIC, wish(patient, limit=7))
    world.gate.settle(found, "acknowledged", 7)
    row = ledger.listed(world.db, patient)[-1]
    assert (row.kind, row.fields["entry"], row.fields["outcome"]) == ("outcome", found.entry, "acknowledged")


def test_every_step_of_a_grant_is_in_the_ledger(world: World, patient: int) -> None:
    grant = world.grant(patient, WEEK).grant
    grants.pause(world.db, grant.id)
    grants.resume(world.db, grant.id)
    grants.supersede(world.db, grant.id, replace(grant, periods=between(NOON - DAY, NOON)))
    grants.revoke(world.db, grant.id)
    rows = ledger.listed(world.db, patient)
    assert [row.fields["step"] for row in rows] == ["sign", "pause", "resume", "supersede", "sign", "revoke"]
    assert [row.fields["epoch"] for row in rows] == [1, 2, 3, 4, 4, 5]
    assert len({row.fields["digest"] for row in rows}) == 2


# --------------------------------------------------------------------------------------------- the proof


@pytest.fixture
def written(world: World, patient: int) -> World:
    """A ledger with some entries on several chains, anchored twice."""
    world.grant(patient, WEEK)
    for i in range(5):
        world.gate.disclose_now(CLINIC, wish(patient, limit=i + 1))
    world.gate.disclose_now(CLINIC, wish(None))
    world.gate.flush()
    anchor(world.db)
    for i in range(3):
        world.gate.disclose_now(CLINIC, wish(patient, limit=i + 1))
    world.clock.now += HOUR
    anchor(world.db)
    return world


def reopened(world: World) -> World:
    from tests.consent.world import opened

    world.db.close()
    return opened(world.db.home)


def faults(world: World) -> str:
    again = reopened(world)
    with again.db:
        return "; ".join(verify(again.db).faults)


def test_an_untouched_ledger_is_sound(written: World) -> None:
    found = verify(written.db)
    assert found.is_sound
    assert (found.chains, found.entries, found.anchors) == (2, 10, 2)
    assert anchor(written.db) == 0


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE ledger SET body = replace(body, 'clinic', 'klinik') WHERE seq = 3",
            "is not what was written",
        ),
        ("DELETE FROM ledger WHERE seq = 3", "jumps from row 2 to row 4"),
        ("DELETE FROM ledger WHERE seq = 9", "was cut: row 9 is anchored, row 8 is the last"),
        ("UPDATE ledger SET h = x'00' WHERE seq = 9", "is not what was written"),
        ("UPDATE ledger SET seq = 11 WHERE seq = 9", "jumps from row 8 to row 11"),
        ("UPDATE grants SET body = replace(body, 'raw', 'war') || ' '", "is not what was signed"),
        ("DELETE FROM anchors WHERE anchor = 9", ""),
    ],
)
def test_what_was_changed_without_the_key_is_found(written: World, statement: str, fault: str) -> None:
    tamper(written, statement)
    found = faults(written)
    assert fault in found
    assert bool(found) == bool(fault)


def test_a_whole_chain_that_is_gone_is_found(written: World) -> None:
    tamper(written, "DELETE FROM ledger WHERE chain = 'cclinic-ehr'")
    assert "chain cclinic-ehr is anchored and gone" in faults(written)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b'"at": 1767268800000', b'"at": 1767268800001', "is not what was signed"),
        (b'"signature": "', b'"signature": "00', "is not what was signed"),
        (b"{", b"[", "cannot be read"),
    ],
)
def test_a_changed_anchor_is_found(written: World, old: bytes, new: bytes, fault: str) -> None:
    path = written.db.home / FILE
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    assert fault in faults(written)


def test_a_missing_anchor_is_found_and_a_torn_last_line_is_a_crash(written: World) -> None:
    path = written.db.home / FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])
    assert "1 anchors are missing" in faults(written)
    path.write_bytes(b"".join(lines) + b'{"at": 17')
    assert faults(written) == ""


def test_an_anchor_after_a_torn_line_starts_a_line_of_its_own(written: World, patient: int) -> None:
    path = written.db.home / FILE
    path.write_bytes(path.read_bytes() + b'{"at": 17')
    written.gate.disclose_now(CLINIC, wish(patient, limit=1))
    assert anchor(written.db) == 1
    assert verify(written.db).is_sound
    assert verify(written.db).anchors == 3


def test_closed_months_are_packed_and_still_proved(written: World, patient: int) -> None:
    rows = ledger.listed(written.db, patient)
    written.clock.now = NOON + 40 * DAY
    written.gate.disclose_now(OwnerPermit(patient), wish(patient, limit=1))
    assert ledger.close_months(written.db, NOON + 31 * DAY) == 9
    assert verify(written.db).is_sound
    assert ledger.listed(written.db, patient)[:-1] == rows
    tamper(written, "UPDATE months SET packed = zeroblob(20)")
    assert "a packed month of chain" in faults(written)


def test_an_erased_patients_entries_still_count_and_no_longer_tell(written: World, patient: int) -> None:
    erase(written.db, patient)
    rows = ledger.listed(written.db, patient)
    assert len(rows) == 9
    assert {row.fields["asked"] for row in rows if row.kind == "intent"} == {"erased"}
    assert verify(written.db).is_sound
    assert grants.listed(written.db, patient)[0].grant.authoriser.name == "erased"
    assert written.ask(CLINIC, wish(patient)).count == 0
    assert written.ask(OwnerPermit(patient), wish(patient)).count == 0


KILLED = """
import asyncio, os, sys
from pathlib import Path
from tests.consent.world import CLINIC, opened, wish
world = opened(Path(sys.argv[1]))
async def run():
    for i in range(1000):
        found = await asyncio.gather(*(world.gate.disclose(CLINIC, wish(1, limit=2)) for _ in range(3)))
        sys.stdout.write("%d\\n" % max(d.entry for d in found))
        sys.stdout.flush()
asyncio.run(run())
"""


def test_a_kill_at_any_moment_leaves_a_sound_ledger_with_all_that_left(
    world: World, patient: int, project: Path
) -> None:
    world.grant(patient, WEEK)
    world.db.close()
    command = [sys.executable, "-c", KILLED, str(world.db.home)]
    for lines in (1, 7, 23):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=project, text=True)
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(lines)]
        child.kill()
        told += [int(line) for line in child.stdout.read().split() if line]
        child.stdout.close()
        child.wait()
        from tests.consent.world import opened

        again = opened(world.db.home)
        with again.db:
            assert verify(again.db).is_sound
            kept = {row.entry for row in ledger.disclosures(again.db, patient)}
            assert set(told) <= kept

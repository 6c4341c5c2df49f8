"""What is written down about deliveries survives a crash, names nobody in clear, and ends with the person."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import bridge.store.cursors as cursors
import bridge.store.destinations as destinations
import bridge.store.links as links
import bridge.store.outbox as outbox
from bridge.push import plan
from bridge.store import patients
from bridge.store.db import Database
from bridge.store.lanes import Lane, claimed, used
from bridge.store.links import LinkState, Shown
from bridge.store.outbox import SEVERAL, Item, Result
from tests.push.house import filed

MASTER = bytes(32)
NOW = 1_760_000_000_000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path, MASTER, lambda: NOW) as opened:
        yield opened


@pytest.fixture
def lane(db: Database) -> Lane:
    patient = patients.add(db, "Robin Example", date(1990, 4, 1), "Europe/Berlin")
    return Lane(patient, destinations.add(db, "clinic", "transaction", "https://ehr.example/fhir").number)


def item(number: int, version: str = "1-a") -> Item:
    return Item(number.to_bytes(16, "big"), "Observation", version)


def test_entries_are_tried_before_they_are_sent_and_known_after(db: Database, lane: Lane) -> None:
    first = outbox.begin(db, lane, "readings", "g", 1, 77, [item(1), item(2)])
    assert (first.state, first.attempts, first.items, first.entry) == ("sending", 1, 2, 77)
    assert {each.tried for each in outbox.held(db, lane, [item(1).id, item(2).id]).values()} == {"1-a"}
    done = Result(item(1).id, "1-a", "open", "Observation/5", 'W/"1"')
    outbox.settle(db, first, "queued", due=NOW + 5, problem="later", results=[done], taken=1)
    known = outbox.held(db, lane, [item(1).id, item(2).id])
    assert (known[item(1).id].version, known[item(1).id].tried) == ("1-a", "")
    assert (known[item(2).id].version, known[item(2).id].tried) == ("", "1-a")
    assert cursors.cursor(db, lane, "g") is None


def test_the_cursor_moves_with_what_was_recorded(db: Database, lane: Lane) -> None:
    delivery = outbox.begin(db, lane, "readings", "g", 1, None, [item(1)])
    outbox.settle(db, delivery, "acked", results=[Result(item(1).id, "1-a")], taken=1, after=b"x" * 24)
    assert cursors.cursor(db, lane, "g") == b"x" * 24
    assert outbox.opened(db, lane) is None
    assert outbox.begin(db, lane, "readings", "g", 1, None, []).delivery != delivery.delivery


def test_an_unfinished_delivery_is_taken_up_and_not_doubled(db: Database, lane: Lane) -> None:
    first = outbox.begin(db, lane, "readings", "g", 1, None, [item(1)])
    again = outbox.begin(db, lane, "readings", "g", 1, None, [item(1)])
    assert (again.delivery, again.attempts) == (first.delivery, 2)
    assert outbox.held(db, lane, [item(1).id])[item(1).id].tried == "1-a"


def test_two_versions_without_a_known_outcome_are_one_of_several(db: Database, lane: Lane) -> None:
    outbox.begin(db, lane, "readings", "g", 1, None, [item(1, "1-a")])
    outbox.begin(db, lane, "readings", "g", 1, None, [item(1, "2-a")])
    assert outbox.held(db, lane, [item(1).id])[item(1).id].tried == SEVERAL


def test_a_known_place_is_kept_when_an_answer_does_not_repeat_it(db: Database, lane: Lane) -> None:
    delivery = outbox.begin(db, lane, "readings", "g", 1, None, [item(1)])
    outbox.settle(db, delivery, "acked", results=[Result(item(1).id, "1-a", "open", "Observation/5", "")])
    outbox.note(db, lane, [Result(item(1).id, "2-a", "open", "", 'W/"2"')])
    known = outbox.held(db, lane, [item(1).id])[item(1).id]
    assert (known.reference, known.etag, known.version) == ("Observation/5", 'W/"2"', "2-a")


def test_a_retry_forgets_attempts_and_refusals_and_goes_back(db: Database, lane: Lane) -> None:
    first = outbox.begin(db, lane, "readings", "g", 1, None, [item(1)])
    outbox.settle(db, first, "acked", results=[Result(item(1).id, "1-a")], after=b"a" * 24)
    second = outbox.begin(db, lane, "readings", "g", 1, None, [item(2)])
    outbox.settle(db, second, "partial", results=[Result(item(2).id, "", "refused")], after=b"b" * 24)
    outbox.retry(db, second.delivery)
    assert cursors.cursor(db, lane, "g") == b"a" * 24
    assert outbox.held(db, lane, [item(2).id])[item(2).id].state == "open"
    with pytest.raises(ValueError, match="nothing to repeat"):
        outbox.retry(db, first.delivery)


def test_a_failed_delivery_waits_for_a_human(db: Database, lane: Lane) -> None:
    delivery = outbox.begin(db, lane, "readings", "g", 1, None, [item(1)])
    outbox.settle(db, delivery, "failed", problem="no")
    waiting = outbox.opened(db, lane)
    assert waiting is not None and waiting.state == "failed" and waiting.due is None
    outbox.retry(db, delivery.delivery)
    again = outbox.opened(db, lane)
    assert again is not None and (again.state, again.attempts, again.due) == ("queued", 0, NOW)


def test_who_holds_an_item_is_known_until_it_is_retracted(db: Database, lane: Lane) -> None:
    delivery = outbox.begin(db, lane, "readings", "g", 1, None, [item(1), item(2), item(3)])
    outbox.settle(
        db, delivery, "acked", results=[Result(item(1).id, "1-a"), Result(item(3).id, "", "retracted")]
    )
    assert {held.id for _, held in outbox.holding(db, lane)} == {item(1).id, item(2).id}


def test_one_lane_is_claimed_by_one_at_a_time_and_freed_by_a_kill(db: Database, lane: Lane) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom bridge.store.db import Database\n"
        "from bridge.store.lanes import Lane, claimed\n"
        f"db = Database.open(Path({str(db.home)!r}), bytes(32), lambda: 0)\n"
        f"with claimed(db, Lane({lane.patient}, {lane.destination})) as mine:\n"
        "    print(mine, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"True\n"
        with claimed(db, lane) as mine, claimed(db, Lane(lane.patient, 99)) as elsewhere:
            assert (mine, elsewhere) == (False, True)
        other.kill()
        other.wait()
    with claimed(db, lane) as mine:
        assert mine


def test_a_destination_replaces_the_one_before_it_and_its_secret(db: Database) -> None:
    first = destinations.add(db, "clinic", "transaction", "https://a.example/fhir/", secret="s3cret-one")
    assert destinations.secret(db, first.number) == "s3cret-one"
    second = destinations.add(db, "clinic", "transaction", "https://b.example/fhir", monitored="nurse, daily")
    assert destinations.listed(db, "clinic") == (second,)
    assert destinations.secret(db, first.number) is None and destinations.secret(db, second.number) is None
    assert destinations.load(db, first.number).url == "https://a.example/fhir"
    destinations.remove(db, second.number)
    assert destinations.listed(db) == ()


def test_a_link_is_confirmed_anew_and_never_changed(db: Database, lane: Lane) -> None:
    shown = Shown("p1", "Robin Example", date(1990, 4, 1))
    first = links.confirm(db, lane.patient, "clinic", "urn:mrn", "0042", "Dr. Who", shown)
    links.break_(db, first.number, "the receiver's record is inactive")
    broken = links.of(db, lane.patient, "clinic")
    assert broken is not None and (broken.state, broken.shown) == (LinkState.BROKEN, shown)
    second = links.confirm(db, lane.patient, "clinic", "urn:mrn", "0042", "Dr. Who")
    assert links.of(db, lane.patient, "clinic") == second
    assert links.load(db, first.number).state is LinkState.REMOVED
    with pytest.raises(ValueError, match="confirmed"):
        links.confirm(db, lane.patient, "clinic", "urn:mrn", "0042", " ")


def test_nothing_of_the_person_and_no_secret_rests_in_clear(tmp_path: Path) -> None:
    with Database.open(tmp_path, MASTER, lambda: NOW) as db:
        patient = patients.add(db, "Robin Example", date(1990, 4, 1), "UTC")
        destinations.add(db, "clinic", "transaction", "https://ehr.example", secret="s3cret-bearer")
        shown = Shown("chart-id-77", "Robin Q. Example", date(1990, 4, 1))
        links.confirm(db, patient, "clinic", "urn:mrn", "MRN-0042", "Dr. Whodunit", shown)
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for word in (b"s3cret-bearer", b"chart-id-77", b"Robin", b"MRN-0042", b"Whodunit", b"1990-04-01"):
        assert word not in kept


def test_erasing_the_person_ends_links_deliveries_and_calls(db: Database, lane: Lane) -> None:
    links.confirm(db, lane.patient, "clinic", "urn:mrn", "0042", "Dr. Who")
    outbox.begin(db, lane, "readings", "g", 1, None, [item(1)])
    destinations.note(db, lane.patient, "delivery", "ehr.example", "200", 1, 2, NOW)
    patients.erase(db, lane.patient)
    assert links.listed(db) == () and outbox.listed(db) == () and used(db) == ()
    assert db.reader("bridge").execute("SELECT count(*) FROM calls").fetchone() == (0,)


def test_a_process_that_comes_and_goes_takes_nothing_of_ours_away(db: Database) -> None:
    """A worker in the server and a push from the command line share one home. SQLite's locks are POSIX's:
    closing any descriptor of a database file drops the locks of the whole process (sqlite.org, "How to
    corrupt an SQLite database file", 2.2), and the next one that closes takes the write-ahead log away."""
    visit = (
        "import sys\nfrom pathlib import Path\nimport bridge.store.destinations as d\n"
        "from bridge.store.db import Database\n"
        f"with Database.open(Path({str(db.home)!r}), bytes(32), lambda: 0) as db:\n"
        "    print(*(each.client for each in d.listed(db)))\n"
    )
    for client in ("first", "second", "third"):
        destinations.add(db, client, "transaction", "https://ehr.example/fhir")
        assert destinations.listed(db)
        seen = subprocess.run([sys.executable, "-c", visit], capture_output=True, text=True, check=True)
        assert seen.stdout.split()[-1] == client


def test_planning_asks_the_store_few_questions_however_many_people_there_are(tmp_path: Path) -> None:
    """10,000 due deliveries are planned in under two seconds because nothing is asked person by person."""
    people = 12
    house = filed(tmp_path, "https://ehr.example/fhir")
    for number in range(people):
        house.patient = patients.add(house.db, f"Person {number}", None, "UTC")
        house.grant()
        links.confirm(
            house.db, house.patient, "clinic", "urn:mrn", str(number), "Dr. Who", Shown(f"p{number}")
        )
    asked: list[str] = []
    readers = (house.db.reader("bridge"), house.db.reader("ledger"))
    for reader in readers:
        reader.set_trace_callback(asked.append)
    due = plan.errands(house.db, house.clock(), None, None)
    for reader in readers:
        reader.set_trace_callback(None)
    assert [each.hold for each in due] == [""] * people
    assert len(asked) <= 16
    house.db.close()

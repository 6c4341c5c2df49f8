"""Either side ends what ties them; the other is told; nothing that was granted stays open."""

from __future__ import annotations

from datetime import date

import pytest

import bridge.store.clients as clients
import bridge.store.links as links
from bridge.consent import grants
from bridge.consent.asked import Kind, Way
from bridge.consent.grant import Authoriser, Grant, Recipient, State, state_at
from bridge.people import connections, notices, requests, staff
from bridge.people.representation import Kind as Capacity
from bridge.people.requests import NO_RECORD, Origin
from bridge.people.roles import Role
from bridge.period import ALL, DAY
from tests.people.conftest import Home
from tests.people.test_sharing_codes import CLIENT


class Tied:
    """Ada and her mother, who acts for her; a clinic with a desk; a grant, a record and a request."""

    def __init__(self, home: Home) -> None:
        self.home, self.db = home, home.db
        clients.add(self.db, CLIENT)
        clients.add(
            self.db,
            clients.Client("south", "South", clients.ClientType.BACKEND, "South", "", "TREAT", "system/*.rs"),
        )
        self.ada = home.person(date(2012, 1, 2), "Kim Lovelace")
        for each in ("ada", "bea"):
            home.acts(home.account(each), self.ada, Capacity.PARENT)
        self.desk, _ = staff.add(self.db, "Ana Amt", [Role.FRONT_DESK], None, home.clock(), "Clinic North")
        self.next_door, _ = staff.add(self.db, "Sam", [Role.FRONT_DESK], None, home.clock(), "South")
        self.officer, _ = staff.add(self.db, "Otto", [Role.PRIVACY_OFFICER], None, home.clock())
        self.grant = self.sign("north")
        self.other = self.sign("south")
        links.confirm(self.db, self.ada, "north", "urn:mrn", "7", "Ana Amt")
        requests.ask(self.db, self.ada, "north", Origin.CLINIC_CODE, "Ana", NO_RECORD, None, home.clock())

    def sign(self, client: str) -> str:
        now, organization = self.home.clock(), clients.load(self.db, client).organization
        made = Grant(
            id=grants.new_id(),
            version=1,
            patient=self.ada,
            authoriser=Authoriser("Ada", "parent", "seen"),
            recipient=Recipient(organization, frozenset({client}), organization),
            purpose="TREAT",
            ways=frozenset({Way.LOOK}),
            periods=ALL,
            kinds=frozenset({Kind.GLUCOSE}),
            signed=now,
            begins=now,
            ends=now + 30 * DAY,
            later_sources=True,
        )
        return grants.sign(self.db, made).grant.id

    def state(self, grant: str) -> State:
        return state_at(grants.load(self.db, grant), self.home.clock())

    def told(self, account: str) -> list[tuple[str, tuple[str, ...]]]:
        return [(each.what, each.texts) for each in notices.listed(self.db, account)]


@pytest.fixture
def tied(home: Home) -> Tied:
    return Tied(home)


def test_a_persons_connections_are_what_ties_them_now(tied: Tied) -> None:
    found = connections.of_patient(tied.db, tied.ada, tied.home.clock())
    assert [(each.client, each.grants, each.identifier) for each in found] == [
        ("north", 1, "urn:mrn|7"),
        ("south", 1, ""),
    ]


def test_a_person_ends_it_and_the_desk_and_the_other_parent_are_told(tied: Tied) -> None:
    now = tied.home.clock()
    assert connections.end_by_person(tied.db, "ada", tied.ada, "north", now) == ()
    assert (tied.state(tied.grant), tied.state(tied.other)) == (State.REVOKED, State.ACTIVE)
    assert links.of(tied.db, tied.ada, "north") is None
    assert requests.waiting(tied.db, tied.ada, now) == ()
    assert tied.told(tied.desk) == [("link-ended", ("Ada (Kim Lovelace)", "Clinic North"))]
    assert tied.told(tied.next_door) == []
    assert tied.told("bea") == [("link-ended", ("Ada", "Clinic North"))]
    assert tied.told("ada") == tied.told(tied.officer) == []
    assert connections.end_by_person(tied.db, "ada", tied.ada, "north", now) is None


def test_who_does_not_act_for_the_person_ends_nothing(tied: Tied) -> None:
    stranger = tied.home.account("eve")
    assert connections.end_by_person(tied.db, stranger, tied.ada, "north", tied.home.clock()) is None
    assert tied.state(tied.grant) is State.ACTIVE


def test_the_clinic_ends_it_and_everybody_who_acts_for_the_person_is_told(tied: Tied) -> None:
    now = tied.home.clock()
    assert connections.end_by_recipient(tied.db, "Ana Amt", tied.ada, "north", now) == ()
    assert (tied.state(tied.grant), tied.state(tied.other)) == (State.REVOKED, State.ACTIVE)
    for account in ("ada", "bea"):
        assert tied.told(account) == [("link-ended", ("Clinic North", "Clinic North"))]
    assert grants.load(tied.db, tied.grant).events[-1].by == "Ana Amt, Clinic North"
    assert connections.end_by_recipient(tied.db, "Ana Amt", tied.ada, "north", now) is None


def test_a_revoked_grant_is_told_to_the_desk_where_it_was_the_last(tied: Tied) -> None:
    second = tied.sign("north")
    grants.revoke(tied.db, second)
    connections.told_end(tied.db, tied.ada, "north", "Ada", tied.home.clock(), b"")
    assert tied.told(tied.desk) == []
    grants.revoke(tied.db, tied.grant)
    connections.told_end(tied.db, tied.ada, "north", "Ada", tied.home.clock(), b"")
    assert len(tied.told(tied.desk)) == 1


def test_who_shares_under_a_pseudonym_is_not_named_when_it_ends(tied: Tied) -> None:
    grants.revoke(tied.db, tied.grant)
    connections.told_end(tied.db, tied.ada, "north", "Ada", tied.home.clock(), b"p" * 16)
    assert tied.told(tied.desk) == [("link-ended", ("", "Clinic North"))]

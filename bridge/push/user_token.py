"""A person's own token at an EHR, for deliveries to that EHR: as their launch brought it, renewed where it may be.

Law: the token of one person is used for that person's lane and nowhere else. It comes of a launch of the registered EHR
whose FHIR base the destination is (`bridge.smart.ehr_launch`), rests under that person's key, and is gone when they end
the connection. Nothing is asked of the person here: where it ended, they launch again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import bridge.store.arrivals as arrivals
import bridge.store.ehrs as ehrs
from bridge.net.message import Caller
from bridge.period import Instant
from bridge.push.answers import Reply
from bridge.push.retry import Step
from bridge.smart.ehr_refresh import Flaw, renewed
from bridge.store.arrivals import EhrRecord
from bridge.store.db import Database
from bridge.store.destinations import Destination
from bridge.store.ehrs import Ehr

EARLY: Final = 10_000
NOT_REGISTERED: Final = "no EHR with this address is registered for the client: cgm-bridge ehr add"
NEVER: Final = "the person never came from that EHR: they open the bridge from there once"
OVER: Final = "the person's access there is over: they open the bridge from there once more"


@dataclass(frozen=True, slots=True)
class UserToken:
    """The token of one person at one destination."""

    db: Database
    net: Caller
    goal: Destination
    patient: int | None
    clock: Callable[[], Instant]

    async def header(self) -> str | Reply:
        """The token that lives, or a renewed one."""
        ehr = ehrs.of_issuer(self.db, self.goal.url)
        if ehr is None or ehr.client != self.goal.client:
            return _not(NOT_REGISTERED)
        record = self._record(ehr)
        if record is None:
            return _not(NEVER)
        if self.clock() + EARLY < record.until:
            return f"Bearer {record.token}"
        return await self._renewed(ehr, record)

    def is_renewed(self) -> bool:
        """Whether the person's access can be renewed; the token that was refused is not used again."""
        ehr = ehrs.of_issuer(self.db, self.goal.url)
        record = None if ehr is None else self._record(ehr)
        if record is None or not record.refresh:
            return False
        return arrivals.bind(self.db, EhrRecord(record.ehr, record.patient, record.id, "", 0, record.refresh))

    def _record(self, ehr: Ehr) -> EhrRecord | None:
        known = () if self.patient is None else arrivals.of_patient(self.db, self.patient)
        return next((each for each in known if each.ehr == ehr.id), None)

    async def _renewed(self, ehr: Ehr, record: EhrRecord) -> str | Reply:
        if not record.refresh:
            return _not(OVER)
        found = await renewed(self.db, self.net, ehr, record)
        if found is Flaw.UNREACHABLE:
            return Reply(Step.AGAIN, found.value, is_untouched=True)
        if isinstance(found, Flaw):
            return _not(OVER)
        arrivals.bind(self.db, found)
        return f"Bearer {found.token}"


def _not(problem: str) -> Reply:
    return Reply(Step.STOP, problem, is_untouched=True)

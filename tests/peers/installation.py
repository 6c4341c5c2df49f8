"""A served home as a process, with one person who has readings up to now, for browsers to come to.

Law: everything is made by the command line and by pages, nothing by our functions. The server is called localhost:
passkeys are for names, not for addresses (WebAuthn Level 2, 5.1.2, relying party id). The person lives in a zone
without summer time, so that a local day is told by plain arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.async_api import Page

from tests.peers.chromium import enrolled
from tests.program.served import served
from tests.program.shell import Shell
from tests.program.test_import import clarity, egv

ZONE: Final = ZoneInfo("Africa/Nairobi")
BORN: Final = "1980-01-02"
DAYS: Final = 25
STEP: Final = timedelta(minutes=30)


@dataclass
class Installation:
    """`base`: its address; `patient`: the person's id; `today`: their date when it was made; `taken`: the instants
    of their readings."""

    shell: Shell
    base: str
    patient: str
    today: date
    taken: Sequence[datetime]

    def register(self, name: str, organization: str, redirect: str, launch: str) -> str:
        """The id of a new public client."""
        words = ["client", "add", "--name", name, "--organization", organization, "--type", "public"]
        made = self.shell(*words, "--redirect-uri", redirect, "--launch-uri", launch)
        assert made.code == 0, made.err
        return str(made.value["client_id"])

    def days(self, first: date, last: date) -> list[datetime]:
        """The instants of the readings of whole local days."""
        return sorted(each for each in self.taken if first <= each.astimezone(ZONE).date() <= last)

    async def sign_up(self, page: Page) -> None:
        """The person makes their account with a passkey by an invitation, and signs out."""
        made = self.shell("patient", "invite", self.patient, "--email", "ada@example.org")
        await page.goto(f"{self.base}{urlsplit(made.value['link']).path}")
        await enrolled(page, BORN, "Ada Lovelace", "ada@example.org")


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """It, served."""
    shell, now = Shell(folder / "home"), datetime.now(ZONE)
    words = ("--name", "Ada Lovelace", "--birth-date", BORN, "--timezone", str(ZONE))
    patient = str(shell("patient", "add", *words).value["id"])
    start = datetime.combine(now.date() - timedelta(days=DAYS), datetime.min.time(), ZONE)
    taken = [start + index * STEP for index in range((now - start) // STEP)]
    rows = [
        egv(index + 3, f"{at:%Y-%m-%dT%H:%M:%S}", str(80 + index % 150), 7573 + 1800 * index)
        for index, at in enumerate(taken)
    ]
    file = folder / "mine.csv"
    file.write_text(clarity(*rows, first="Ada", last="Lovelace"))
    done = shell.take(patient, file)
    assert done.code == 0, done.err
    with served(shell, name="localhost") as base:
        yield Installation(shell, base.removesuffix("/fhir"), patient, now.date(), taken)


def effective(observations: Sequence[dict[str, Any]]) -> list[datetime]:
    """When the readings of these Observations were taken."""
    return sorted(datetime.fromisoformat(each["effectiveDateTime"]) for each in observations)

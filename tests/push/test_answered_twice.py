"""A server that sends two answers to one question: the second is taken for nobody else's."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import bridge.store.links as links
import bridge.store.patients as patients
from tests.push.house import furnished
from tests.push.twin import IDENTIFIER

PEOPLE = 7
"""More than are delivered side by side, so that one comes after another is done."""
NOBODY = b'{"resourceType":"Bundle","type":"searchset"}'
SAID = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: %d\r\n\r\n%s"


def test_no_connection_is_used_for_two_people(tmp_path: Path) -> None:
    heard: list[set[str]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked: set[str] = set()
        heard.append(asked)
        with suppress(ConnectionError, asyncio.IncompleteReadError), closing(writer):
            while line := await reader.readuntil(b"\r\n\r\n"):
                asked.update(re.findall(r"Patient\?identifier=\S+", line.decode()))
                writer.write(SAID % (len(NOBODY), NOBODY) * 2)

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        house = furnished(tmp_path / "home", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/fhir")
        for number in range(PEOPLE):
            person = patients.add(house.db, f"Person {number}", date(2010, 1, 1), "Europe/Berlin", ())
            other = replace(house, patient=person)
            other.bring(0, [100])
            other.grant()
            links.confirm(house.db, person, "clinic", IDENTIFIER[0], f"n{number}", "Dr. Who", None)
        await house.worker.once()
        await asyncio.sleep(0.05)
        server.close()
        house.db.close()

    asyncio.run(run())
    asked = [each for each in heard if each]
    assert len(set.union(*asked)) == PEOPLE
    assert all(len(each) == 1 for each in asked)

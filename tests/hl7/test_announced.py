"""A hospital announces that a record changed: nothing goes there until a human has compared the two again."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

import bridge.store.deeds as deeds
import bridge.store.links as links
from bridge.hl7.adt import announced
from bridge.net.listener import Listening, listening
from bridge.push import announced as announcing
from bridge.settings import SettingsError, load
from bridge.store.links import LinkState, Shown
from tests.hl7.engine import END, START, read
from tests.net.wire import certificate
from tests.push.house import House, filed

RECORD = Shown("", "Öberg, Åsa", date(1990, 4, 1))
SENDER = "127.0.0.1"
MRN = "0042^^^HOSPITAL&hospital.example&DNS^MR"
SYSTEM = "https://hospital.example/mrn"
Told = TypeVar("Told")


def adt(
    event: str = "A08",
    number: str = "0042",
    name: str = "Öberg^Åsa",
    birth: str = "19900401",
    merged: str = "",
    more: str = "",
) -> bytes:
    lines = [
        f"MSH|^~\\&|ADT|HOSPITAL|||20260528120000||ADT^{event}^ADT_A01|c{event}|P|2.5.1{more}",
        f"EVN|{event}|20260528120000",
        f"PID|1||{number}||{name}||{birth}",
        *([f"MRG|{merged}"] if merged else []),
        "PV1|1|O",
    ]
    return ("\r".join(lines) + "\r").encode()


@pytest.fixture
def house(tmp_path: Path) -> Any:
    made = filed(tmp_path, "mllp://127.0.0.1:1", kind="hl7v2", announced_by=["127.0.0.0/8"])
    made.link(RECORD)
    yield made
    made.db.close()


def state(house: House) -> tuple[LinkState, str]:
    (link,) = links.listed(house.db)
    return link.state, link.reason


def msa(answer: bytes) -> list[str]:
    read(answer)
    return answer.decode().split("\r")[1].split("|")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (adt("A40", "0042", merged="0077"), "whose record it is has changed (ADT A40)"),
        (adt("A40", "0099", merged="0042"), "whose record it is has changed (ADT A40)"),
        (adt("A47", "0099", merged="0042~17"), "whose record it is has changed (ADT A47)"),
        (adt("A24", f"11~0042^^^{SYSTEM}"), "whose record it is has changed (ADT A24)"),
        (adt("A31", name="Öberg^Anna"), "another name for the record (ADT A31)"),
        (adt("A08", birth="19910401"), "another birth date for the record (ADT A08)"),
        (adt("A08", birth="19900401" + "|" * 23 + "Y"), "announced that the person died (ADT A08)"),
    ],
)
def test_a_change_of_the_record_stops_the_link_until_a_human_confirms(
    house: House, body: bytes, words: str
) -> None:
    assert msa(announcing.heard(house.db, SENDER, body))[1] == "AA"
    stopped, reason = state(house)
    assert stopped is LinkState.SUSPENDED and words in reason and "cgm-bridge link add" in reason
    assert not {"0042", "berg", "1991"} & set(reason.split())
    house.bring(0, [100])
    house.grant()
    assert words in house.push().held[0]
    assert any(row.act == "link suspend" for row in deeds.listed(house.db))
    house.link(RECORD)
    assert state(house)[0] is LinkState.CONFIRMED


@pytest.mark.parametrize(
    "body",
    [
        adt("A08"),
        adt("A31", name="ÖBERG^åsa"),
        adt("A31", name="Old^Name~Öberg^Åsa^Maria"),
        adt("A40", "0099", merged="0098"),
        adt("A08", number="0042^^^&9.9.9.9&ISO", name="Somebody^Else"),
        adt("A08", name="", birth=""),
    ],
)
def test_what_changes_nothing_of_ours_stops_nothing_and_is_acknowledged_alike(
    house: House, body: bytes
) -> None:
    assert msa(announcing.heard(house.db, SENDER, body))[1] == "AA"
    assert state(house) == (LinkState.CONFIRMED, "")


@pytest.mark.parametrize(
    "body",
    [
        adt("A40", "0099", merged="0077*0042").replace(b"^~\\&", b"^*\\&"),
        adt("A24", "0077^^^X*0042^^^Y").replace(b"^~\\&", b"^*\\&"),
        adt("A40", "0042^^^H%hospital.example%DNS").replace(b"^~\\&", b"^~\\%"),
        adt("A40").replace(b"|", b"#").replace(b"^", b"|"),
        adt("A40", "0042^^^HOSP.MAIN"),
        adt("A40", MRN),
        adt("A40", "0042 ^^^HOSPITAL"),
        adt("A40", "00\\X34\\2"),
        adt("A08", birth="19900401" + "|" * 22 + "20260101"),
    ],
)
def test_a_message_is_read_by_its_own_signs_and_a_number_in_every_legal_spelling(
    house: House, body: bytes
) -> None:
    assert msa(announcing.heard(house.db, SENDER, body))[1] == "AA"
    assert state(house)[0] is LinkState.SUSPENDED


@pytest.mark.parametrize(
    "text",
    [
        "\\C2842\\Muster",
        "M\\.sp3000000000\\x",
        "M\\.sp-\\",
        "M\\.sp100000000\\x\\",
        "\\XZZ\\Muster",
    ],
)
def test_an_escape_costs_nothing_stops_no_listener_and_reaches_no_log(
    house: House, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    tracemalloc.start()
    answer = announcing.heard(house.db, SENDER, adt("A31", name=f"{text}^Erika"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert msa(answer)[1] == "AA" and peak < 10_000_000 and not caplog.records
    assert "another name" in state(house)[1], "a name that cannot be read is not the one that was confirmed"


def test_a_number_that_cannot_be_read_is_refused_and_not_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    answer = announcing.heard(house.db, SENDER, adt("A40", "0042\\XZZ\\"))
    assert msa(answer)[1:3] == ["AR", "cA40"] and not caplog.records


def test_two_messages_in_one_frame_are_refused(house: House) -> None:
    assert msa(announcing.heard(house.db, SENDER, adt("A08") + adt("A40")))[1] == "AR"


def test_a_record_that_nobody_could_compare_is_looked_at_again(house: House) -> None:
    house.link(None)
    announcing.heard(house.db, SENDER, adt("A08"))
    assert "no name and birth date were confirmed" in state(house)[1]


def test_a_sender_speaks_for_the_clients_that_name_it_and_for_no_other(house: House) -> None:
    assert announcing.allowed(house.db, "127.0.0.1") and not announcing.allowed(house.db, "10.0.0.1")
    assert not announcing.allowed(house.db, "::1")
    announcing.heard(house.db, "10.0.0.1", adt("A40"))
    assert state(house)[0] is LinkState.CONFIRMED


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (adt("A08", more="|||AL|NE"), "CA"),
        (adt("A08").replace(b"ADT^A08", b"ORU^R01"), "AR"),
        (b"MSH|^~\\&|A|B|C|D|1||ADT^A08|c9|P|2.5.1\r", "AR"),
        (b"MSH|^~\\&", "AR"),
        (b"\xff\x00junk", "AR"),
        (b"", "AR"),
    ],
)
def test_every_message_has_its_answer(house: House, body: bytes, code: str) -> None:
    assert msa(announcing.heard(house.db, SENDER, body))[1] == code


def test_nothing_of_a_message_rests(house: House, tmp_path: Path) -> None:
    announcing.heard(house.db, SENDER, adt("A31", name="Canaryname^Åsa"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"Canaryname" in path.read_bytes()]
    told = announced(adt("A31", name="Canaryname^Åsa"))
    assert told is not None and "canaryname" not in repr(told)


# --------------------------------------------------------------------------------------- the listener


def run(
    talk: Callable[[int], Awaitable[Told]],
    where: Listening,
    house: House,
    allowed: Callable[[str], bool] | None = None,
) -> Told:
    async def heard(sender: str, body: bytes) -> bytes:
        return await asyncio.to_thread(announcing.heard, house.db, sender, body)

    async def whole() -> Told:
        async with listening(
            where, allowed or (lambda peer: announcing.allowed(house.db, peer)), heard
        ) as port:
            return await talk(port)

    return asyncio.run(whole())


def say(*bodies: bytes, tls: ssl.SSLContext | None = None) -> Callable[[int], Awaitable[list[bytes]]]:
    async def talk(port: int) -> list[bytes]:
        name = "bridge.test" if tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
        found = []
        try:
            for body in bodies:
                writer.write(START + body + END)
                await writer.drain()
                found.append((await reader.readuntil(END))[1 : -len(END)])
        finally:
            writer.close()
        return found

    return talk


def test_messages_come_one_after_the_other_over_one_connection(house: House) -> None:
    answers = run(say(adt("A08"), adt("A40")), Listening("127.0.0.1", 0), house)
    assert [msa(each)[1:3] for each in answers] == [["AA", "cA08"], ["AA", "cA40"]]
    assert state(house)[0] is LinkState.SUSPENDED


def test_who_is_not_allowed_is_not_read_from(house: House) -> None:
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        run(say(adt("A40")), Listening("127.0.0.1", 0), house, lambda _: False)
    assert state(house)[0] is LinkState.CONFIRMED


def test_a_frame_without_end_is_not_waited_for_in_memory(house: House) -> None:
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        run(say(b"x" * 600_000), Listening("127.0.0.1", 0), house)


def test_what_could_not_be_written_down_is_not_acknowledged(house: House) -> None:
    house.db.close()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        run(say(adt("A40")), Listening("127.0.0.1", 0), house, lambda _: True)


def test_beyond_this_machine_it_is_tls_and_a_sender_shows_its_certificate(
    house: House, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="in TLS alone"):
        run(say(adt()), Listening("0.0.0.0", 0), house)
    _, client = certificate(tmp_path, "bridge.test")
    both = str(tmp_path / "both.pem")
    where = Listening("127.0.0.1", 0, both, both)
    with pytest.raises((ssl.SSLError, asyncio.IncompleteReadError, ConnectionError)):
        run(say(adt("A40"), tls=client), where, house)
    assert state(house)[0] is LinkState.CONFIRMED
    client.load_cert_chain(both)
    assert msa(run(say(adt("A40"), tls=client), where, house)[0])[1] == "AA"


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"BRIDGE_ADT_LISTEN": "0.0.0.0:2575"}, "name our certificate"),
        ({"BRIDGE_ADT_LISTEN": "2575"}, "write host:port"),
        ({"BRIDGE_ADT_LISTEN": "127.0.0.1:99999"}, "write host:port"),
        ({"BRIDGE_ADT_LISTEN": "0.0.0.0:2575", "BRIDGE_ADT_CERTIFICATE": "/nowhere.pem"}, "is no file"),
    ],
)
def test_the_listener_is_off_and_set_whole(env: dict[str, str], said: str) -> None:
    assert load({}).adt is None
    with pytest.raises(SettingsError, match=said):
        load(env)
    told = load({"BRIDGE_ADT_LISTEN": "[::1]:2575"}).adt
    assert told is not None and (told.host, told.port) == ("::1", 2575)

"""The whole consent in a real browser: an EHR asks, a parent signs in, chooses, sees, agrees, finds what left, ends it.

The EHR is a client that is not a browser: it talks to the served program over HTTP and holds only its token.
"""

from __future__ import annotations

import asyncio
import http.server
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvicorn
from playwright.async_api import Page

from bridge.people import invitations
from bridge.people.invitations import Offer
from bridge.people.representation import Kind
from tests.peers.chromium import Chromium, enrolled, passkey
from tests.web.house import CANARY, House

pytestmark = pytest.mark.timeout(240)

STARTING: Final = 20
HOUR: Final = timedelta(hours=1) - timedelta(milliseconds=1)
"""The end of a FHIR Period is inside it (R4 2.24.0.13)."""


class Ehr(http.server.BaseHTTPRequestHandler):
    """The page of the EHR to which browsers are sent back; it keeps the addresses."""

    came: list[str]

    def do_GET(self) -> None:
        if self.path.startswith("/back"):
            self.came.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>EHR</title><p>Back at the clinic.")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""


@contextmanager
def ehr() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that browsers came to."""
    came: list[str] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Ehr,), {"came": came}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/back", came
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@contextmanager
def served(house: House, listening: socket.socket) -> Iterator[None]:
    """The house under its own address."""
    config = uvicorn.Config(house.app, log_level="critical", http="httptools", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        for _ in range(STARTING * 20):
            if server.started:
                break
            time.sleep(0.05)
        assert server.started
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[House, list[str]]]:
    """A served house with a lone child's account to come, and where the EHR's browsers came back to."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ehr() as (back, came):
        house = House(tmp_path / "home", f"http://localhost:{listening.getsockname()[1]}", back)
        try:
            with served(house, listening):
                yield house, came
        finally:
            house.close()


async def sign_up(house: House, page: Page) -> None:
    """A grandmother is invited, makes an account with a passkey, and signs out again."""
    offer = Offer(house.noor, Kind.GUARDIAN, "court order seen by the clinic", "Dr. Example")
    code = invitations.invite(house.db, offer, house.db.clock())
    await page.goto(f"{house.base}/sign-up/{code}")
    born = f"{house.today.year - 8}-05-17"
    await enrolled(page, born, "Toni Example", "toni@example.org")


async def sign_in(page: Page) -> None:
    await page.click("button[data-passkey]")
    await page.wait_for_url("**/consent/**")


def test_a_parent_decides_in_the_browser_and_the_ehr_gets_that_and_no_more(
    place: tuple[House, list[str]], chromium: Chromium
) -> None:
    asyncio.run(_a_parent_decides_in_the_browser_and_the(*place, chromium))


async def _a_parent_decides_in_the_browser_and_the(house: House, came: list[str], chromium: Chromium) -> None:
    question, flaws = house.ask(), list[str]()
    async with chromium.page() as page, httpx.AsyncClient(base_url=house.base) as wire:
        await passkey(page)
        await sign_up(house, page)
        await page.goto(f"{house.base}{question.address}")
        flaws += await chromium.judged(page)
        await sign_in(page)
        assert (await page.locator("h1").inner_text()) == "Lake Clinic asks for data"
        assert "Noor Example" in (await page.locator(".whose").inner_text())
        flaws += await chromium.judged(page)
        await page.locator("label:has(input[name=days][value='14'])").click()
        await page.check("input[name=grain][value=hourly]")
        await page.click("text=Show what they would see")
        await page.wait_for_url("**/preview/**")
        flaws += await chromium.judged(page)
        shown = _number(await page.locator("tbody td.n").first.inner_text())
        await page.click("text=I agree, share this")
        await page.wait_for_selector("h1:has-text('The first time with Lake Clinic')")
        flaws += await chromium.judged(page)
        await page.click("text=Yes, it is they: share")
        await page.wait_for_selector("text=Back at the clinic.")

        told = (await wire.post("/auth/token", data=question.form(came[-1]))).json()
        seen, following = await _all(wire, told["patient"], told["access_token"])
        assert len(seen) == shown
        assert {_length(each) for each in seen} == {HOUR}
        starts = [datetime.fromisoformat(each["effectivePeriod"]["start"]) for each in seen]
        first, last = house.midnight(13), house.db.clock()
        assert all(first <= at.timestamp() * 1000 < last for at in starts)
        assert CANARY not in {each["valueQuantity"]["value"] for each in seen}

        await page.goto(f"{house.base}/disclosures")
        assert "Lake Clinic" in (await page.locator("main").inner_text())
        flaws += await chromium.judged(page)
        await page.goto(f"{house.base}/shares")
        await page.click("main article a")
        flaws += await chromium.judged(page)
        await page.click("text=End this share")
        flaws += await chromium.judged(page)
        await page.click("text=End it now")
        await page.wait_for_selector("text=They get nothing more from now on.")
        refused = await wire.get(following, headers={"Authorization": f"Bearer {told['access_token']}"})
        assert refused.status_code == 401
    assert flaws == []


def test_every_page_of_a_person_passes_axe_in_light_and_dark(
    place: tuple[House, list[str]], chromium: Chromium
) -> None:
    asyncio.run(_every_page_of_a_person_passes_axe_in_li(*place, chromium))


async def _every_page_of_a_person_passes_axe_in_li(house: House, came: list[str], chromium: Chromium) -> None:
    house.verify("Hill Practice", "the team")
    flaws: list[str] = []
    for scheme, language in (("light", "de"), ("dark", "fi")):
        async with chromium.page(scheme=scheme, language=language) as page:
            await page.context.add_cookies(
                [
                    {"name": "bridge", "value": house.cookie(), "url": house.base},
                    {"name": "whose", "value": house.public(house.noor), "url": house.base},
                ]
            )
            await page.goto(f"{house.base}{house.ask(house.other).address}")
            await page.check("input[name=days][value=dates]")
            await page.click("form[novalidate] button.main")
            await page.wait_for_selector(".error")
            flaws += await chromium.judged(page)
            for path in (
                "/",
                "/shares",
                "/disclosures",
                "/sources",
                "/person",
                "/account",
                "/nothing",
                "/sign-in",
            ):
                await page.goto(f"{house.base}{path}")
                flaws += await chromium.judged(page)
    assert flaws == []


def test_the_whole_consent_works_without_scripts(place: tuple[House, list[str]], chromium: Chromium) -> None:
    asyncio.run(_the_whole_consent_works_without_scripts(*place, chromium))


async def _the_whole_consent_works_without_scripts(house: House, came: list[str], chromium: Chromium) -> None:
    question = house.ask()
    async with chromium.page(scripts=False) as page:
        await page.context.add_cookies([{"name": "bridge", "value": house.cookie(), "url": house.base}])
        await page.goto(f"{house.base}{question.address}")
        await page.click("a:has-text('Noor Example')")
        await page.check("input[name=days][value=visit]")
        await page.fill("#visit", house.today.isoformat())
        await page.fill("#visit_days", "3")
        await page.click("form[novalidate] button.main")
        await page.click("main form button.main")
        await page.click("main form button.main")
        await page.wait_for_selector("text=Back at the clinic.")
    assert "code=" in came[-1]


async def _all(wire: httpx.AsyncClient, patient: str, token: str) -> tuple[list[dict[str, Any]], str]:
    """Every Observation, and the address of the second page."""
    path, found, second = f"/fhir/Observation?patient={patient}&_count=100", list[dict[str, Any]](), ""
    while path:
        bundle = (await wire.get(path, headers={"Authorization": f"Bearer {token}"})).json()
        found += [entry["resource"] for entry in bundle["entry"]]
        path = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
        second = second or path
    return found, second


def _length(mean: dict[str, Any]) -> timedelta:
    period = mean["effectivePeriod"]
    return datetime.fromisoformat(period["end"]) - datetime.fromisoformat(period["start"])


def _number(text: str) -> int:
    return int(re.sub(r"\D", "", text))

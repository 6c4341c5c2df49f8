"""Launches in a real browser against the served program: an EHR opens us, and an app with fhirclient in it asks us.

The EHR is the twin of `tests/smart/ehr_twin.py`; what it says is all that we know of its patient. The person signs in
with a passkey and decides on the pages as they are served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.peers.browser_app import BrowserApp, asked, browser_app, ready, refused
from tests.peers.chromium import Chromium, passkey
from tests.peers.installation import Installation, effective, installation
from tests.smart.ehr_twin import CLIENT, Ehr, launching

pytestmark = pytest.mark.timeout(240)

SCOPE = "openid fhirUser offline_access patient/*.rs"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path) as found:
        yield found


@pytest.fixture
def app() -> Iterator[BrowserApp]:
    with browser_app() as found:
        yield found


@pytest.fixture
def twin() -> Iterator[Ehr]:
    with launching("localhost") as found:
        yield found


async def agreed(page: Page, organization: str) -> None:
    """From the filled consent page to yes; the first time needs a second one."""
    await page.click("text=Show what they would see")
    await page.wait_for_url("**/preview/**")
    await page.click("text=I agree, share this")
    if await page.locator(f"h1:has-text('The first time with {organization}')").count():
        await page.click("text=Yes, it is they: share")


def test_an_ehr_opens_us_and_then_its_own_app_and_gets_the_days_before_the_encounter(
    at: Installation, twin: Ehr, app: BrowserApp, chromium: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = at.today + timedelta(days=2)
    twin.encounter, twin.opens = f"{visit}T10:00:00+03:00", f"{at.base}/launch"
    client = at.register("Lake Portal", "Lake Clinic", app.redirect, app.launch)
    made = at.shell("ehr", "add", twin.issuer, "--client", client, "--client-id", CLIENT)
    assert made.code == 0, made.err
    app.registered(client, f"launch {SCOPE}", f"{at.base}/fhir")
    monkeypatch.setenv("BRIDGE_BASE_URL", at.base)
    asyncio.run(_an_ehr_opens_us(at, twin, client, chromium))


async def _an_ehr_opens_us(at: Installation, twin: Ehr, client: str, chromium: Chromium) -> None:
    visit, flaws = at.today + timedelta(days=2), list[str]()
    async with chromium.page() as page:
        await passkey(page)
        await at.sign_up(page)

        await page.goto(f"{twin.base}/chart")
        await page.click("text=Open the CGM bridge")
        await page.wait_for_url("**/sign-in**")
        await page.click("button[data-passkey]")
        await page.wait_for_selector("h1:has-text('Is this your record?')")
        said = await page.locator("main").inner_text()
        assert "Lake Clinic" in said and "MRN-7" in said and "Ada Lovelace" in said and "1980" in said
        flaws += await chromium.judged(page)
        await page.click("text=Yes, this is the record of Ada Lovelace")

        await page.wait_for_selector("h1:has-text('Lake Clinic asks for data')")
        assert await page.is_checked("input[name=days][value=visit]")
        assert await page.input_value("#visit") == visit.isoformat()
        assert await page.input_value("#visit_days") == "14"
        flaws += await chromium.judged(page)
        await agreed(page, "Lake Clinic")
        await page.wait_for_selector("text=You agreed. They can look from now on")
        flaws += await chromium.judged(page)

        opened = await asyncio.to_thread(at.shell, "client", "launch", client, "--patient", at.patient)
        await page.goto(opened.value["launch"])
        await page.wait_for_selector("h1:has-text('Lake Clinic asks for data')")
        assert "Ada Lovelace" in (await page.locator(".whose").inner_text())
        await page.check("input[name=days][value=visit]")
        await page.fill("#visit", visit.isoformat())
        await page.fill("#visit_days", "14")
        await agreed(page, "Lake Clinic")
        told = await ready(page)
        assert told["patient"] == at.patient and "launch" in told["scope"].split()
        found = await asked(page, f"Observation?patient={at.patient}&code=99504-3&_count=200")
        assert effective(found) == at.days(visit - timedelta(days=14), at.today)
        await page.goto(opened.value["launch"])
        await page.wait_for_function("document.title == 'failed'")
    assert flaws == []
    assert twin.forms[0]["code_verifier"] and twin.heard.count("/token") == 1


def test_fhirclient_in_the_browser_is_given_the_days_that_were_chosen_until_they_are_taken_back(
    at: Installation, app: BrowserApp, chromium: Chromium
) -> None:
    client = at.register("Hill App", "Hill Practice", app.redirect, app.launch)
    app.registered(client, f"launch/patient {SCOPE}", f"{at.base}/fhir")
    asyncio.run(_fhirclient_in_the_browser(at, app, chromium))


async def _fhirclient_in_the_browser(at: Installation, app: BrowserApp, chromium: Chromium) -> None:
    first, last = at.today - timedelta(days=9), at.today - timedelta(days=4)
    async with chromium.page() as page:
        await passkey(page)
        await at.sign_up(page)
        await page.goto(app.launch)
        await page.wait_for_url("**/sign-in**")
        await page.click("button[data-passkey]")
        await page.wait_for_selector("h1:has-text('Hill Practice asks for data')")
        await page.check("input[name=days][value=dates]")
        await page.fill("#first", first.isoformat())
        await page.fill("#last", last.isoformat())
        await agreed(page, "Hill Practice")

        told = await ready(page)
        assert told["patient"] == at.patient and "code=" not in page.url
        assert await page.evaluate("client.getFhirUser()") == f"Patient/{at.patient}"
        query = f"Observation?patient={at.patient}&code=99504-3&_count=100"
        granted = at.days(first, last)
        assert effective(await asked(page, query)) == granted and len(granted) == 6 * 48
        await page.evaluate("client.refresh()")
        assert await page.evaluate("client.state.tokenResponse.access_token") != told["access_token"]
        assert effective(await asked(page, query)) == granted
        assert not await refused(page, "client.patient.read()")

        pages = await page.context.new_page()
        await pages.goto(f"{at.base}/shares")
        await pages.click("main article a")
        await pages.click("text=End this share")
        await pages.click("text=End it now")
        await pages.wait_for_selector("text=They get nothing more from now on.")
        assert await refused(page, "client.request('Patient')")
        assert await refused(page, "client.refresh()")

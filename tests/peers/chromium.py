"""Chromium, driven through our pages as a person's finger would, and axe-core as the judge of what it shows.

Law: the browser is the machine's own (`chromium`), never one that is fetched; it has no window, a fresh profile for
each context, and goes to loopback alone. axe-core comes from `node/package-lock.json` and is run inside the page;
every rule of WCAG 2.0 to 2.2, A and AA, is asked, and no violation is passed over.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Page, async_playwright

from tests.peers.node import installed
from tests.peers.process import tool

PHONE: Final = (390, 844)
DESKTOP: Final = (1280, 900)
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
NOWHERE: Final = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost"
_RUN: Final = "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})"
_UNFOLD: Final = (
    "document.querySelectorAll('details:not([open])').forEach(one => one.open = one.dataset.shut = true)"
)
_FOLD: Final = "document.querySelectorAll('details[data-shut]').forEach(one => one.open = false)"


class Chromium:
    """The browser of this machine. It runs inside the event loop of the test that opens it."""

    def __init__(self) -> None:
        """`PeerMissing` where Chromium or npm's packages are not to be had."""
        self._program = tool("chromium")
        self._pictures = 0
        self._axe = (installed("axe-core") / "axe.min.js").read_text("utf-8")

    @asynccontextmanager
    async def page(
        self, *, scripts: bool = True, scheme: str = "light", language: str = "en"
    ) -> AsyncIterator[Page]:
        """A page of a browser that nobody used before, as wide as a phone."""
        width, height = PHONE
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(
                executable_path=self._program, args=["--no-sandbox", NOWHERE]
            )
            context = await browser.new_context(
                viewport={"width": width, "height": height},
                java_script_enabled=scripts,
                color_scheme="dark" if scheme == "dark" else "light",
                locale=language,
            )
            try:
                yield await context.new_page()
            finally:
                await browser.close()

    async def judged(self, page: Page, sizes: Sequence[tuple[int, int]] = (DESKTOP, PHONE)) -> list[str]:
        """What is wrong with the page, at phone and desktop width: axe-core's violations, and whether it must be
        scrolled sideways. What folds is judged unfolded, and folded again."""
        found: list[str] = []
        await page.evaluate(_UNFOLD)
        for width, height in sizes:
            await page.set_viewport_size({"width": width, "height": height})
            await page.evaluate(self._axe)
            seen = _violations(await page.evaluate(_RUN, list(RULES)))
            found += [f"{width} {page.url.rpartition(':')[2]}: {each}" for each in seen]
            if await page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            ):
                found.append(f"{width}: {page.url} is wider than its window")
            await self._pictured(page, width)
        await page.evaluate(_FOLD)
        return found

    async def _pictured(self, page: Page, width: int) -> None:
        """Keep a picture for human eyes, where PICTURES_OF_PAGES names a folder."""
        if folder := os.environ.get("PICTURES_OF_PAGES"):
            self._pictures += 1
            place = Path(folder) / f"{self._pictures:03d}-{width}.png"
            await page.screenshot(path=place, full_page=True)


async def passkey(page: Page) -> None:
    """Give the page's browser an authenticator that says yes (WebAuthn Level 2, 11, by the DevTools protocol)."""
    wire = await page.context.new_cdp_session(page)
    await wire.send("WebAuthn.enable")
    await wire.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


async def enrolled(page: Page, born: str, name: str, login: str) -> None:
    """On the page of an invitation: an account with a passkey, its recovery codes seen, and out again."""
    await page.fill("[name=birth_date]", born)
    await page.fill("[name=name]", name)
    await page.fill("[name=login]", login)
    await page.click("button[data-passkey]")
    await page.wait_for_selector("h1:has-text('Recovery codes')")
    await page.click("a.button.main")
    await page.click("button:has-text('Sign out')")
    await page.wait_for_url("**/sign-in")


def _violations(answer: Mapping[str, object]) -> Iterator[str]:
    violations = answer["violations"]
    assert isinstance(violations, list)
    for each in violations:
        places = "; ".join(str(node["html"])[:160] for node in each["nodes"][:3])
        yield f"{each['id']}: {each['help']}: {places}"

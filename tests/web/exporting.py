"""A client of bulk export, as one is written after FHIR Bulk Data Access: kick off, ask how it is, fetch each file.

Law: it knows nothing of the bridge but its address; who asks is the caller's token, what time it is the caller's clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx

Ask = Callable[..., httpx.Response]
ASYNC: Final = {"Prefer": "respond-async"}
LINES: Final = {"Accept": "application/fhir+ndjson"}


def kicked(ask: Ask, path: str = "$export", **more: Any) -> httpx.Response:
    """The answer to a kick-off by GET; `path` as it stands behind the base."""
    return ask("GET", path, **{"headers": ASYNC, **more})


def place(address: str) -> str:
    """What of an address stands behind the base."""
    return address.partition("/fhir/")[2]


def fetched(ask: Ask, path: str = "$export", **more: Any) -> Iterator[httpx.Response]:
    """Every answer of an export from its kick-off on, as far as it comes."""
    begun = kicked(ask, path, **more)
    yield begun
    if begun.status_code != 202:
        return
    status = ask("GET", place(begun.headers["content-location"]))
    yield status
    if status.status_code == 200:
        for each in [*status.json()["output"], *status.json()["error"]]:
            yield ask("GET", place(each["url"]), headers=LINES)


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    """The resources of a file."""
    assert answer.headers["content-type"].startswith("application/fhir+ndjson")
    assert answer.text == "" or answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


def exported(ask: Ask, path: str = "$export", **more: Any) -> dict[str, list[dict[str, Any]]]:
    """What an export brings, by type; of each type all files together."""
    begun, status, *files = fetched(ask, path, **more)
    assert begun.status_code == 202 and status.status_code == 200, (begun.text, status.text)
    named = [*status.json()["output"], *status.json()["error"]]
    found: dict[str, list[dict[str, Any]]] = {}
    for each, file in zip(named, files, strict=True):
        assert file.status_code == 200, file.text
        told = lines(file)
        assert {one["resourceType"] for one in told} <= {each["type"]}
        found[each["type"]] = found.get(each["type"], []) + told
    return found

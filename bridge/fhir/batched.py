"""One entry of a batch response (R4 3.1.0.11), of an answer that is bytes already.

Law: what came of an entry stands in its response, its content is set between as it was rendered; an error is the
outcome. One document has one notation.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol

from bridge.fhir.cells import instant
from bridge.fhir.notation import Notation
from bridge.fhir.tree import Tree
from bridge.period import Instant


class Content(Protocol):
    """FHIR that was rendered (`render.FhirBytes`)."""

    media_type: str
    etag: str | None
    last_modified: Instant | None

    def __bytes__(self) -> bytes:
        """The body."""


def entry(notation: Notation, status: int, content: Content | None) -> bytes:
    """The entry for an HTTP status and, where there is one, a content. ValueError where that is in another notation."""
    response: Tree = {"status": f"{status} {HTTPStatus(status).phrase}"}
    if content is None:
        return notation.answered(response, b"", False)
    if content.media_type != notation.media_type:
        raise ValueError(f"{content.media_type} inside {notation.media_type}")
    if status >= 400:
        return notation.answered(response, bytes(content), True)
    updated = content.last_modified
    response |= {"etag": content.etag, "lastModified": None if updated is None else instant(updated)}
    return notation.answered(response, bytes(content), False)

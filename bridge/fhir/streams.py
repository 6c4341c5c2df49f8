"""Documents that are made piece by piece: a searchset, and a file of one resource a line.

Law: the pieces of a document are the Disclosures as they come and then its end; only the end closes it, so one that is
cut can be seen to be (`data.md`, consent epoch; for lines HTTP itself says so: a body that is not ended). What was
told in one piece (the Patient, a Device) is not told again in the next. Bytes alone are made here; `render.py`
seals them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, final

from bridge.consent.disclosure import NOTICE, Disclosure
from bridge.fhir.bundle import Head, bundle, open_bundle, without_comma
from bridge.fhir.entries import entries, lines
from bridge.fhir.notation import Notation
from bridge.fhir.rows import Compiler, Elements
from bridge.fhir.template import assemble
from bridge.fhir.wanted import Wanted


class Pieces(Protocol):
    """A document in the making."""

    @property
    def notation(self) -> Notation:
        """How it is written."""

    def rows(self, disclosure: Disclosure) -> bytes | memoryview:
        """What stands in it of one Disclosure."""

    def tail(self) -> bytes | memoryview:
        """Its end."""


@final
class Searchset:
    """A Bundle; the first rows also open it."""

    def __init__(self, compiler: Compiler, url: str, wanted: Wanted) -> None:
        self.notation = compiler.notation
        self._compiler = compiler
        self._url = url
        self._wanted = wanted
        self._devices: frozenset[str] = frozenset()
        self._is_open = False
        self._notice = NOTICE

    def rows(self, disclosure: Disclosure) -> bytes | memoryview:
        """The entries of one Disclosure. The Patient and each Device come once."""
        parts = entries(self._compiler, disclosure, self._wanted, self._devices)
        self._devices |= {each.id for each in disclosure.devices}
        if self._wanted.types is not None:
            self._wanted = replace(self._wanted, types=self._wanted.types - {"Patient"})
        body, self._notice = assemble(parts), disclosure.notice
        if self._is_open or not len(body):
            return body
        self._is_open = True
        told = disclosure.total if self._wanted.types is None else None
        opened = open_bundle(self.notation, self._head(told))
        without_comma(self.notation, body, 0)
        return opened + body

    def tail(self) -> bytes | memoryview:
        """The end of the Bundle; all of it where nothing was disclosed."""
        if self._is_open:
            return self.notation.ended
        return bundle(self.notation, self._head(0), ())

    def _head(self, total: int | None) -> Head:
        return Head("searchset", total, (("self", self._url),), notice=self._notice)


@final
class Lines:
    """A file of resources of one type."""

    def __init__(self, compiler: Compiler, kind: str, elements: Elements) -> None:
        self.notation = compiler.notation
        self._compiler = compiler
        self._kind = kind
        self._elements = elements
        self._is_open = False

    def rows(self, disclosure: Disclosure) -> bytes | memoryview:
        """The lines of one Disclosure."""
        body = assemble(lines(self._compiler, disclosure, self._kind, self._elements))
        if not self._is_open and len(body):
            self._is_open = True
            without_comma(self.notation, body, 0)
        return body

    def tail(self) -> bytes | memoryview:
        """The end of the last line."""
        return self.notation.ended if self._is_open else b""

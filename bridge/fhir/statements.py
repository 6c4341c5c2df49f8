"""What the renderer says that is of no disclosure: refusals, what there is here, receipts, subscriptions, orders.

Law: nothing here knows a reading or may name a Disclosure. It writes; `FhirBytes` are made of it in `render.py` alone,
which is the only class that this is a part of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from hashlib import sha256
from typing import Generic, TypeVar

from bridge.fhir import brands, capability, orders, outcome, receipt, subscriptions
from bridge.fhir.bundle import Head, bundle
from bridge.fhir.notation import Notation
from bridge.fhir.notices import Paper
from bridge.fhir.orders import Ordered
from bridge.fhir.outcome import Problem
from bridge.fhir.receipt import Receipt
from bridge.fhir.render_json import JSON, NDJSON
from bridge.fhir.render_manifest import PLAIN, Manifest, manifest
from bridge.store.subscriptions import Subscription

Out = TypeVar("Out")


class Statements(ABC, Generic[Out]):
    """Statements of one installation. `base`: our FHIR address without a slash at its end."""

    base: str

    @abstractmethod
    def _as_bytes(self, body: bytes | memoryview, notation: Notation, etag: str | None = None) -> Out: ...

    def manifest(self, told: Manifest) -> Out:
        """What an export came to."""
        return self._as_bytes(manifest(told), PLAIN)

    def ignored(self, problems: Sequence[Problem]) -> Out:
        """What of a request was left away, an OperationOutcome a line."""
        body = b"".join(NDJSON.encode(outcome.warning(each)) + NDJSON.ended for each in problems)
        return self._as_bytes(body, NDJSON)

    def subscription(self, one: Subscription, notation: Notation = JSON) -> Out:
        """A Subscription, without its headers."""
        return self._as_bytes(notation.encode(subscriptions.resource(one)), notation)

    def order(self, one: Ordered, notation: Notation = JSON) -> Out:
        """An order, for the client that sent it."""
        return self._as_bytes(notation.encode(orders.tree(one)), notation, f'W/"{one.version}"')

    def orders(self, found: Sequence[Ordered], url: str, notation: Notation = JSON) -> Out:
        """A searchset of a client's own orders."""
        parts = [notation.entry(orders.found(each, self.base)) for each in found]
        head = Head("searchset", len(found), (("self", url),))
        return self._as_bytes(bundle(notation, head, parts), notation)

    def paper(self, paper: Paper, notation: Notation = JSON) -> Out:
        """Subscriptions that were found, their statuses, or a notification."""
        head, parts = paper.written(notation, self.base)
        return self._as_bytes(bundle(notation, head, parts), notation)

    def problem(self, problem: Problem, notation: Notation = JSON) -> Out:
        """The OperationOutcome."""
        return self._as_bytes(notation.encode(outcome.tree(problem)), notation)

    def capability(self, version: str, released: str, notation: Notation = JSON) -> Out:
        """The CapabilityStatement: of this software version, released on that date."""
        return self._as_bytes(notation.encode(capability.tree(self.base, version, released)), notation)

    def brands(self, released: str) -> Out:
        """The user-access brand Bundle, last changed at that instant; in JSON, as apps read it."""
        body = JSON.encode(brands.tree(self.base, released))
        return self._as_bytes(body, JSON, f'W/"{sha256(bytes(body)).hexdigest()[:16]}"')

    def transaction_response(self, receipts: Sequence[Receipt], notation: Notation = JSON) -> Out:
        """What became of each entry of a submission, in its order (R4 2.36.4)."""
        parts = [receipt.entry(notation, each) for each in receipts]
        return self._as_bytes(bundle(notation, Head("transaction-response"), parts), notation)

    def verdict(self, found: Sequence[Problem], notation: Notation = JSON) -> Out:
        """What a validation found; nothing: that it found nothing."""
        return self._as_bytes(notation.encode(receipt.verdict(found)), notation)

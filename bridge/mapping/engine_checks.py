"""What is checked of a destination that is an interface engine, beside what is checked of all.

Law (`mapping.md`, destinations): every fault has its place in the file and its mend. What HL7 v2 over MLLP cannot do is
refused here, before anybody waits for it; unencrypted data leaves this machine only where the file says why, and stays
in our own network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bridge.mapping.address import is_this_machine
from bridge.mapping.destination import DestinationFile
from bridge.mapping.hl7v2 import Hl7v2
from bridge.mapping.places import Path, unknown
from bridge.mapping.shapes import Code
from bridge.reading import Stream

SINGLY: Final = frozenset({Stream.GLUCOSE, Stream.CAPILLARY, Stream.KETONE})
"""Streams whose readings are a number of a result segment each; doses would be RAS and RDE messages."""
SCHEMES: Final = ("mllps://", "mllp://")
ORDERS: Final = ("summary", "document")
"""Names of OBR-4 that are no codes of codes.yaml."""


def check_engine(file: DestinationFile, codes: Mapping[str, Code]) -> Iterator[tuple[Path, str]]:
    """Everything that is wrong between the parts of a file of kind hl7v2; of other kinds, that it speaks of it."""
    is_hl7 = file.kind == "hl7v2"
    if is_hl7 != file.address.startswith(SCHEMES):
        yield ("address",), "hl7v2 goes to mllps://host:port; every other kind to an https address"
    if not is_hl7:
        if "hl7v2" in file.model_fields_set:
            yield ("hl7v2",), f"it says nothing to the kind {file.kind}; it belongs to hl7v2"
        return
    yield from _plain(file)
    if file.auth.kind not in ("none", "mtls"):
        yield ("auth", "kind"), "MLLP knows no secret: none, or mtls"
    for name in ("fhir", "encounter"):
        if name in file.model_fields_set and getattr(file, name) != "none":
            yield (name,), "it says nothing to an interface engine"
    for at, stream in enumerate(() if file.raw is None else file.raw.streams):
        if stream not in SINGLY:
            yield ("raw", "streams", at), f"hl7v2 takes {', '.join(sorted(SINGLY))} one by one, no {stream}"
    yield from _named(file.hl7v2, codes)


def _plain(file: DestinationFile) -> Iterator[tuple[Path, str]]:
    if file.address.startswith("mllp://") and not is_this_machine(file.address):
        if file.hl7v2.plain is None:
            yield ("address",), "it is not mllps: data goes unencrypted only where hl7v2.plain says why"
        elif not file.internal:
            yield ("address",), "unencrypted data stays in our own network: say internal: true, or use mllps"


def _named(told: Hl7v2, codes: Mapping[str, Code]) -> Iterator[tuple[Path, str]]:
    for name in told.codes:
        if name not in codes:
            yield ("hl7v2", "codes", name), unknown(name, codes)
    for name in told.orders:
        if name not in codes and name not in ORDERS:
            yield ("hl7v2", "orders", name), unknown(name, (*codes, *ORDERS))

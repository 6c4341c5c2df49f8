"""What is checked of a destination that is a portal, beside what is checked of all.

Law (`mapping.md`, destinations): every fault has its place in the file and its mend; what says nothing to a portal is
refused here, before anybody waits for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.mapping.destination import DestinationFile
from bridge.mapping.places import Path
from bridge.mapping.portal import COLUMNS

PROOFS = ("none", "bearer", "basic", "mtls")
SILENT = ("fhir", "receiver", "encounter", "announced_by", "errors", "hl7v2")
"""Keys about FHIR servers and interface engines."""


def check_portal(file: DestinationFile) -> Iterator[tuple[Path, str]]:
    """Everything that is wrong between the parts of a file of kind portal; of other kinds, that it speaks of one."""
    if file.kind != "portal":
        if file.portal is not None:
            yield ("portal",), f"it says nothing to the kind {file.kind}; it belongs to portal"
        return
    if file.portal is None:
        yield ("kind",), "a portal needs 'portal' as well: how it takes files"
        return
    if file.auth.kind not in PROOFS:
        yield ("auth", "kind"), f"a portal knows {', '.join(PROOFS)}"
    for name in SILENT:
        if name in file.model_fields_set:
            yield (name,), "it says nothing to a portal"
    if file.summaries is not None:
        yield ("summaries",), "a portal takes readings as files and no summaries: leave it out, or say false"
    if file.orders is not None:
        yield ("orders",), "a portal gets the months that are granted, ordered or not: leave it out"
    if file.raw is None:
        yield ("raw",), "a portal takes readings and nothing else: say raw with daily"
    if file.limits.entries is not None:
        yield ("limits", "entries"), "a portal's file is a month; say bytes"
    if file.portal.form == "csv":
        for at, stream in enumerate(() if file.raw is None else file.raw.streams):
            if stream not in COLUMNS:
                told = ", ".join(sorted(COLUMNS))
                yield ("raw", "streams", at), f"a table says {told}, no {stream}: say form: fhir"

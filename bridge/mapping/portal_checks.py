"""What is checked of a destination that is a portal, beside what is checked of all.

Law (`mapping.md`, destinations): every fault has its place in the file and its mend; what says nothing to a portal is
refused here, before anybody waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bridge.mapping.destination import DestinationFile
from bridge.mapping.places import Path
from bridge.mapping.portal import COLUMNS, Portal

PROOFS = {
    "https": ("none", "bearer", "basic", "mtls"),
    "sftp": ("basic", "ssh-key"),
    "tidepool": ("basic", "bearer"),
}
SILENT = ("fhir", "receiver", "encounter", "announced_by", "errors")
"""Keys about FHIR servers and interface engines."""


def check_portal(file: DestinationFile) -> Iterator[tuple[Path, str]]:
    """Everything that is wrong between the parts of a file of kind portal; of other kinds, that it speaks of one."""
    is_by_key = file.auth.kind == "ssh-key" and (file.portal is None or file.portal.by != "sftp")
    if is_by_key or (file.address.startswith("sftp:") and (file.portal is None or file.portal.by != "sftp")):
        yield ("auth", "kind") if is_by_key else ("address",), "it belongs to a portal by sftp"
        return
    if file.kind != "portal":
        if file.portal is not None:
            yield ("portal",), f"it says nothing to the kind {file.kind}; it belongs to portal"
        return
    if file.portal is None:
        yield ("kind",), "a portal needs 'portal' as well: how it takes files"
        return
    proofs = PROOFS[file.portal.by]
    if file.auth.kind not in proofs:
        yield ("auth", "kind"), f"a portal by {file.portal.by} knows {', '.join(proofs)}"
    if file.portal.by == "sftp" and re.fullmatch(r"sftp://[^/]+/?", file.address) is None:
        yield ("address",), "by sftp it is sftp://host:port; the folder stands in portal.path"
    if file.portal.by == "sftp" and (file.authority or file.auth.certificate):
        yield ("authority",), "SSH knows no certificates of authorities; host_keys say whom to trust"
    for name in SILENT:
        if name in file.model_fields_set:
            yield (name,), "it says nothing to a portal"
    if file.summaries is not None:
        yield (
            ("summaries",),
            "a portal takes readings and reports as files and no summaries: leave it out, or say false",
        )
    if file.orders is not None:
        yield ("orders",), "a portal gets the months that are granted, ordered or not: leave it out"
    yield from _contents(file, file.portal)
    if file.limits.entries is not None:
        yield ("limits", "entries"), "a portal's file is a month; say bytes"
    if file.portal.form == "csv":  # what has a record at Tidepool is what a table can say
        for at, stream in enumerate(() if file.raw is None else file.raw.streams):
            if stream not in COLUMNS:
                told = ", ".join(sorted(COLUMNS))
                yield ("raw", "streams", at), f"a table says {told}, no {stream}: say form: fhir"


def _contents(file: DestinationFile, portal: Portal) -> Iterator[tuple[Path, str]]:
    """What goes there: readings, reports, or both."""
    if file.raw is None and file.document is None:
        yield ("raw",), "a portal takes readings or reports: say raw with daily, or document with days"
    for name in sorted({"pages", "report"} & portal.model_fields_set) if file.document is None else ():
        yield ("portal", name), "it is about reports, and none go there: say document with days"

"""How a clinic's portal takes files: by which upload, under which names, in which form, what a newer one does.

Law (`mapping.md`, destinations): closed and without code. A name or a field is text with the few words in braces that
are listed here; nothing else is put in. A portal either puts a file of the same name over the one before
(`corrections: replace`), or keeps every file it ever got (`none`): then each upload has a name of its own, holds only
what is new, and what must be corrected is a human's task (`safety.md`, corrections travel).

Rejected: expressions or templates with conditions; portals by vendor.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from bridge.mapping.shapes import Closed
from bridge.reading import Stream

WORDS: Final = ("patient", "month", "revision", "extension")
"""What may stand in braces: the receiver's id of the person, YYYY-MM, how often the month was sent, csv or ndjson."""
REPORT_WORDS: Final = ("patient", "from", "until", "extension")
"""The same of a report's name: its first and last day, pdf or png."""
COLUMNS: Final = frozenset(
    {
        Stream.GLUCOSE,
        Stream.CAPILLARY,
        Stream.CALIBRATION,
        Stream.KETONE,
        Stream.BOLUS,
        Stream.BASAL,
        Stream.CARBS,
    }
)
"""Streams whose readings are a number with a unit: what a table can say."""
EXTENSIONS: Final[Mapping[str, str]] = {"csv": "csv", "fhir": "ndjson"}
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_REVERSED: Final = r"^[a-z]{2,63}(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){1,3}$"
_HEADER: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
RESERVED: Final = frozenset(
    {"authorization", "content-length", "content-type", "host", "transfer-encoding", "connection", "cookie"}
)
"""Headers that are made by the bridge or carry a secret: those are for `auth`."""

Plain: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00-\x1f\x7f]*$")]
HeaderName: TypeAlias = Annotated[str, StringConstraints(pattern=_HEADER)]
HostKey: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}$")]
FieldName: TypeAlias = Annotated[str, StringConstraints(pattern=r'^[^"\r\n\x00-\x1f\x7f]+$', min_length=1)]


class Portal(Closed):
    """One portal."""

    by: Literal["https", "sftp", "tidepool"] = Field(
        description="an HTTPS upload, a folder of an SFTP server, or Tidepool's data API"
    )
    upload: Literal["put", "multipart"] = Field(
        default="put", description="put: the file is the body; multipart: POST of a form (RFC 7578)"
    )
    path: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~/{}-]*$")] = Field(
        default="", description="below the address; put: it holds {name}; sftp: the folder"
    )
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._{}-]{1,120}$")] = Field(
        default="{patient}-{month}.{extension}", description="of a file"
    )
    pages: Literal["pdf", "png"] = Field(
        default="pdf", description="a report (document): one PDF, or a picture of each page: NAME-p1.png"
    )
    report: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._{}-]{1,120}$")] = Field(
        default="{patient}-{from}-{until}.{extension}", description="name of a report's file"
    )
    form: Literal["csv", "fhir"] = Field(default="csv", description="a table, or FHIR resources one a line")
    corrections: Literal["replace", "none"] = Field(
        description="replace: a file of the same name takes the place of the one before; none: it keeps both"
    )
    file_field: FieldName = Field(default="file", description="multipart: the field of the file")
    fields: Mapping[FieldName, Plain] = Field(default_factory=dict, description="multipart: other fields")
    headers: Mapping[HeaderName, Plain] = Field(
        default_factory=dict, description="of each upload; no secrets: they are for auth"
    )
    host_keys: tuple[HostKey, ...] = Field(
        default=(),
        description="sftp: the public keys that the server may have, as its IT says them: type and base64",
    )
    client: Annotated[str, StringConstraints(pattern=_REVERSED)] = Field(
        default="org.cgm-bridge",
        description="tidepool: the name of its data set of a person, like a domain reversed",
    )
    manifest: bool = Field(default=True, description="each file is followed by one with its checksum")

    @model_validator(mode="after")
    def _whole(self) -> Portal:
        for where, sentence in self._faults():
            raise ValueError(f"{where}: {sentence}")
        return self

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self.by == "tidepool":
            yield from self._by_tidepool()
            return
        if "client" in self.model_fields_set:
            yield "client", "it belongs to tidepool"
        yield from self._as_files()

    def _by_tidepool(self) -> Iterator[tuple[str, str]]:
        if self.corrections == "none":
            yield "corrections", "tidepool takes them by the id of each record: say replace"
        for name in sorted(self.model_fields_set - {"by", "client", "corrections"}):
            yield name, "it says nothing to tidepool"

    def _as_files(self) -> Iterator[tuple[str, str]]:
        said = {"name": self.name, **{f"fields.{key}": text for key, text in self.fields.items()}}
        for where, text in said.items():
            yield from _unknown(where, text, WORDS)
        yield from _unknown("path", self.path, ("name",))
        for word in ("patient", "month"):
            if f"{{{word}}}" not in self.name:
                yield "name", f"it needs {{{word}}}: each month of each person is a file of its own"
        if ("{revision}" in self.name) != (self.corrections == "none"):
            yield "name", "{revision} goes with corrections: none, where each upload has another name"
        yield from _unknown("report", self.report, REPORT_WORDS)
        for word in ("patient", "from", "until"):
            if f"{{{word}}}" not in self.report:
                yield "report", f"it needs {{{word}}}: each report of each person is a file of its own"
        if not self.report.endswith(".{extension}"):
            yield "report", "it ends with .{extension}"
        yield from self._by_sftp() if self.by == "sftp" else self._by_https()

    def _by_sftp(self) -> Iterator[tuple[str, str]]:
        if "{name}" in self.path:
            yield "path", "sftp: it is the folder, without {name}"
        if not self.host_keys:
            yield (
                "host_keys",
                "sftp needs them: no server is trusted at first sight; ask its IT for its public keys",
            )
        for at, key in enumerate(self.host_keys):
            if not _is_public_key(key):
                yield (
                    f"host_keys.{at}",
                    "it is no public key: the kind and base64, as ssh-keyscan prints them",
                )
        for name in ("upload", "file_field", "fields", "headers"):
            if name in self.model_fields_set:
                yield name, "it says nothing to sftp"

    def _by_https(self) -> Iterator[tuple[str, str]]:
        if self.host_keys:
            yield "host_keys", "they belong to sftp"
        if (self.upload == "put") != ("{name}" in self.path):
            yield "path", "put needs {name} in it; multipart has one address for all files"
        if self.upload == "put" and (
            "fields" in self.model_fields_set or "file_field" in self.model_fields_set
        ):
            yield "fields", "a put has no form; fields belong to multipart"
        for name in self.headers:
            if name.lower() in RESERVED:
                yield f"headers.{name}", "the bridge makes it itself; secrets are for auth"

    @property
    def place(self) -> tuple[str, ...]:
        """Where its files stand and whether they can be changed there: another place is another destination, because
        nothing corrects what the earlier one holds."""
        leaf = self.report, self.pages
        return self.by, self.upload, self.path, self.name, self.form, self.corrections, self.client, *leaf

    @property
    def shelf(self) -> tuple[object, ...]:
        """What tells its files at one address from another's: two portals that have it alike overwrite each other."""
        return *self.place, sorted(self.fields.items()), sorted(self.headers.items())

    @property
    def leaves(self) -> tuple[object, ...]:
        """The same of its reports."""
        place = self.by, self.upload, self.path, self.report, self.pages
        return *place, sorted(self.fields.items()), sorted(self.headers.items())

    @property
    def said(self) -> str:
        """Everything that is sent of it beside readings: where it is another, a month is sent anew."""
        return self.model_dump_json(exclude_defaults=True)

    @property
    def replaces(self) -> bool:
        """Whether a newer file takes the place of the one before."""
        return self.corrections == "replace"

    def has_login(self, auth: str) -> bool:
        """Whether it is entered with a name and a secret before anything is sent; `auth`: the kind in the file."""
        return self.by == "sftp" or (self.by == "tidepool" and auth == "basic")

    @property
    def is_repeatable(self) -> bool:
        """Whether a file whose answer was lost may go again under its name where every file is kept: nobody takes files
        away from behind a PUT; from a folder they may have been."""
        return self.by == "https" and self.upload == "put"

    @property
    def extension(self) -> str:
        """Of a file's name."""
        return EXTENSIONS[self.form]


def filled(text: str, words: Mapping[str, str]) -> str:
    """A name or field with its words put in. KeyError where one is not known."""
    return _BRACES.sub(lambda found: words[found[1]], text)


def _is_public_key(text: str) -> bool:
    """Whether the base64 begins with the kind that stands before it (RFC 4253 6.6)."""
    kind, _, told = text.partition(" ")
    try:
        blob = base64.b64decode(told, validate=True)
    except binascii.Error:
        return False
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")] == kind.encode() and len(blob) > 4 + len(kind)


def _unknown(where: str, text: str, allowed: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    words = ", ".join(f"{{{each}}}" for each in allowed)
    for word in _BRACES.findall(text):
        if word not in allowed:
            yield where, f"{{{word}}} is not known here; there is {words}"
    if re.search(r"[{}]", _BRACES.sub("", text)):
        yield where, f"a brace stands alone; there is {words}"

"""What a destination's file may say: where deliveries go, how that receiver is spoken to, and what it wants.

Law (`mapping.md`, destinations): closed and without code, like every mapping. A secret never stands in it: it names a
file that only the bridge reads, or the vault (`destination add --token`). What a receiver can do is read from its
CapabilityStatement; `receiver` says only what that leaves open or says wrongly. Readings go there only where `raw` says
so, with the most of a day (`safety.md`, default content); where it says false and nothing else is said, summaries and
documents do.
No key is here that nothing reads.

Rejected: codes written out here (a name in `codes.yaml` cannot hide a wrong display); vendors by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from bridge.mapping.address import is_network, is_this_machine
from bridge.mapping.auth import Auth
from bridge.mapping.hl7v2 import Hl7v2
from bridge.mapping.ordering import WORD, Orders, check_orders
from bridge.mapping.papers import Document
from bridge.mapping.places import Path, unknown
from bridge.mapping.portal import Portal
from bridge.mapping.shape_checks import check_shape
from bridge.mapping.shapes import Closed, Code, Shape
from bridge.mapping.summed import Summaries, check_codes
from bridge.order import Content
from bridge.reading import Stream

Kind: TypeAlias = Literal[
    "auto", "submit-cgm-bundle", "transaction", "batch", "single", "document", "hl7v2", "portal"
]
KINDS: Final = (
    "auto", "submit-cgm-bundle", "transaction", "batch", "single", "document", "hl7v2", "portal",
)  # fmt: skip
LEAST_BYTES: Final = 16_384
"""The largest single entry, a chunk of one page of samples, fits."""


def _kind(value: object) -> object:
    if value not in KINDS:
        raise ValueError(unknown(str(value), KINDS))
    return value


class Limits(Closed):
    """What one request, and one minute, may hold there."""

    bytes: int | None = Field(default=None, ge=LEAST_BYTES, description="of one request's body")
    entries: int | None = Field(default=None, ge=2, le=500, description="in one request")
    calls_per_minute: int | None = Field(default=None, ge=4, description="of ours, over all persons")


class Raw(Closed):
    """Readings one by one, which a receiver has to want."""

    daily: int = Field(ge=1, description="most readings of a person in 24 hours")
    streams: tuple[Stream, ...] = Field(
        default=(), description="which; without it what the grant opens, for submit-cgm-bundle glucose alone"
    )


class Review(Closed):
    """Who looks at what arrives, and when: people are told it before they share."""

    by: str = Field(min_length=1)
    when: str = Field(min_length=1)


class Receiver(Closed):
    """What the receiver can do, where its CapabilityStatement is silent or wrong."""

    updates: bool | None = Field(default=None, description="it takes a newer version of what it holds")
    conditional_create: bool | None = Field(default=None, description="it creates once by identifier")
    searches: bool | None = Field(default=None, description="it can be asked by identifier")
    devices: bool | None = Field(default=None, description="it creates Devices")


class ErrorText(Closed):
    """What a code of the receiver's means to whoever reads the list of deliveries."""

    say: str = Field(min_length=1, description="what is wrong, and who mends it")
    then: Literal["stop", "later", "look"] = Field(
        default="stop", description="a human's task; tried again later; looked for there, it may have it"
    )


def _none_where_false(value: object) -> object:
    return None if value is False else value


def _by_text(value: object) -> object:
    return {str(name): each for name, each in value.items()} if isinstance(value, dict) else value


class DestinationFile(Closed):
    """One destination."""

    destination: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="its name")
    title: str = ""
    kind: Annotated[Kind, BeforeValidator(_kind)] = Field(
        description="how it takes readings; auto: as its CapabilityStatement says; document: reports alone"
    )
    address: str = Field(
        pattern=r"^(https?|mllps?|sftp)://[^\s?#@]+$",
        description="its FHIR base; hl7v2: mllps://host:port; a portal by sftp: sftp://host:port",
    )
    internal: bool = Field(default=False, description="the address lies in our own network")
    patients: str = Field(
        pattern=r'^[^\s"\\]+$',
        description="system of the identifiers by which it knows its patients (assigning authority)",
    )
    auth: Auth = Field(default_factory=Auth)
    authority: str | None = Field(
        default=None, description="path of the certificates (PEM) that its own is signed by"
    )
    limits: Limits = Field(default_factory=Limits)
    raw: Annotated[
        Raw | None,
        BeforeValidator(_none_where_false, json_schema_input_type=Raw | Literal[False] | None),
    ] = Field(description="readings one by one, or false: none")
    summaries: Annotated[
        Summaries | None,
        BeforeValidator(_none_where_false, json_schema_input_type=Summaries | Literal[False] | None),
    ] = Field(default=None, description="or false: none; where nothing is said they go if no reading does")
    document: Annotated[
        Document | None,
        BeforeValidator(_none_where_false, json_schema_input_type=Document | Literal[False] | None),
    ] = Field(
        default=None,
        description="the report as a PDF, or false: none; where nothing is said it goes with summaries alone, to a "
        "receiver that says that it takes one",
    )
    reviewed: Review | None = None
    encounter: Literal["none", "open"] = Field(
        default="none", description="open: readings go only while the patient has an open encounter there"
    )
    orders: Annotated[Orders, WORD] | None = Field(
        default=None, description="required, or what is to be known of orders; without it none are looked at"
    )
    receiver: Receiver = Field(default_factory=Receiver)
    fhir: Mapping[Stream, Shape] = Field(
        default_factory=dict,
        description="what is said otherwise to this receiver: codes, categories, profiles",
    )
    errors: Annotated[
        Mapping[str, ErrorText],
        BeforeValidator(_by_text, json_schema_input_type=Mapping[str | int, ErrorText]),
    ] = Field(default_factory=dict, description="codes in its OperationOutcomes, and what they mean")

    announced_by: tuple[str, ...] = Field(
        default=(), description="addresses or networks whose ADT messages speak of its patients"
    )
    hl7v2: Hl7v2 = Field(default_factory=Hl7v2, description="how an interface engine is spoken to")
    portal: Portal | None = Field(default=None, description="how a clinic's portal takes files")

    @property
    def summed(self) -> Summaries | None:
        """The summaries that go there; None: none do. A portal takes none: its file may not ask for them."""
        if self.portal is not None or self.kind == "document":
            return None
        is_said = "summaries" in self.model_fields_set
        return Summaries() if self.raw is None and not is_said else self.summaries

    @property
    def documented(self) -> Document | None:
        """The documents that go there; None: none do."""
        if self.kind == "document" or (self.document is None and self._is_usual):
            return self.document or Document()
        return self.document

    @property
    def _is_usual(self) -> bool:
        """Whether what is usual goes: summaries and documents (`safety.md`)."""
        is_said = "document" in self.model_fields_set or self.kind == "hl7v2"
        return self.raw is None and self.summed is not None and not is_said

    @property
    def saying(self) -> tuple[object, ...]:
        """What shapes that which is sent: where it is another, everything is looked at again."""
        streams = self.raw.streams if self.raw is not None and self.portal is not None else ()
        return self.fhir, self.hl7v2.said, self.portal, streams

    def is_elsewhere(self, before: DestinationFile | None) -> bool:
        """Whether files go to another place than those of the file before, which nothing corrects there then."""
        if self.portal is None or before is None or before.portal is None:
            return False
        return self.portal.place != before.portal.place

    @property
    def ordered_sums(self) -> Summaries | None:
        """How summaries go there that were ordered: as it says, as usual where it says nothing; None: it wants none."""
        is_said = "summaries" in self.model_fields_set or self.kind == "document" or self.portal is not None
        return self.summed or (None if is_said else Summaries())

    @property
    def ordered_papers(self) -> Document | None:
        """How documents go there that were ordered; None: it wants none."""
        is_said = "document" in self.model_fields_set or self.kind == "hl7v2" or self.portal is not None
        return self.documented or (None if is_said else Document())

    @property
    def takes(self) -> frozenset[Content]:
        """What an order can have sent there."""
        wanted = {
            Content.GLUCOSE: self.raw,
            Content.SUMMARY: self.ordered_sums,
            Content.DOCUMENT: self.ordered_papers,
        }
        return frozenset(content for content, said in wanted.items() if said is not None)

    @property
    def monitored(self) -> str:
        """Who looks at what arrives, and when; '' nobody."""
        return "" if self.reviewed is None else f"{self.reviewed.by}, {self.reviewed.when}"

    @property
    def daily(self) -> int:
        """Most readings of a person in 24 hours."""
        return 0 if self.raw is None else self.raw.daily


def check_destination(
    file: DestinationFile, codes: Mapping[str, Code], earlier: Mapping[str, DestinationFile]
) -> Iterator[tuple[Path, str]]:
    """Everything that a destination names."""
    if file.destination in earlier:
        yield ("destination",), f"{file.destination!r} is already taken by another file"
    if file.address.startswith("http:") and not is_this_machine(file.address):
        yield ("address",), "it is not https: a person's data goes unencrypted to this machine alone"
    if file.orders is not None:
        if file.orders.find and file.kind == "hl7v2":
            where = "they are sent to /fhir/ServiceRequest"
            yield ("orders", "find"), f"an interface engine shows no orders: {where}"
        for path, sentence in check_orders(file.orders, codes):
            yield ("orders", *path), sentence
    if file.summed is not None:
        yield from check_codes(file.summed, codes)
    for at, sender in enumerate(file.announced_by):
        if not is_network(sender):
            yield (
                ("announced_by", at),
                f"{sender!r} is no address and no network: write 10.1.2.3 or 10.1.2.0/24",
            )
    for stream, shape in file.fhir.items():
        for path, sentence in check_shape(stream, shape, codes):
            yield ("fhir", stream.value, *path), sentence


def written(spec: DestinationFile) -> str:
    """The file as it is kept when it is registered."""
    return spec.model_dump_json(exclude_unset=True)


@lru_cache(256)
def read(text: str) -> DestinationFile:
    """What `written` kept."""
    return DestinationFile.model_validate_json(text)

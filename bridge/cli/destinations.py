"""`destination …`: where pushes go.

Law: a destination is described by flags or by a file of `mappings/destinations`; what counts is the file as it was when
it was registered, so an edit changes nothing until somebody registers it again, which is in the admin log before it is
done. Another address or kind is another destination. Secrets come from standard input or a file and never from the
destination's file.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import deed
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, table
from bridge.store import destinations, outbox, receivers
from bridge.store.destinations import Destination
from bridge.store.lanes import used
from bridge.store.verifications import fault

if TYPE_CHECKING:
    from bridge.mapping.destination import DestinationFile, Kind


FILED: Final[Mapping[str, Kind]] = {
    "auto": "auto", "submit-cgm-bundle": "submit-cgm-bundle", "batch": "batch", "single": "single",
    "document": "document", "hl7v2": "hl7v2",
}  # fmt: skip
"""Kinds that are kept as a file also where none was written."""

LEFT_BEHIND: Final = (
    "destination {number} is retired and holds what was sent to it: nothing corrects that any more and all of it goes "
    "to the new one as well; have it taken out there"
)
SAME_PLACE: Final = (
    "destination {number} of {client} lays its files down in the same place: one would take the place of the other's; "
    "give this one another path or name in its file"
)
KEPT_AS_SENT: Final = "destination {number} keeps every file that it got: what is there stays as it was sent"


@click.group()
def destination() -> None:
    """Where pushes go."""


@destination.command("add")
@click.option("--client", required=True, metavar="ID")
@click.option(
    "--file", "name", metavar="NAME", help="As the file of that name in mappings/destinations says."
)
@click.option(
    "--kind",
    type=click.Choice(["transaction", *FILED]),
    help="Without a file: how it takes readings (transaction) or what goes by default (the others); a portal has one.",
)
@click.option("--url", metavar="U", help="Without a file: the receiver's FHIR base, or mllps://host:port.")
@click.option(
    "--patients",
    metavar="SYSTEM",
    help="All but transaction, without a file: system of its patients' identifiers.",
)
@click.option("--internal", is_flag=True, help="The address lies in our own network.")
@click.option("--monitored", default="", metavar="TEXT", help="Who looks at what arrives, and when.")
@click.option("--token", metavar="-|FILE", help="The secret there, from standard input or a file.")
@home_option
@json_option
def add_destination(
    client: str,
    name: str | None,
    kind: destinations.Sink | None,
    url: str | None,
    patients: str | None,
    internal: bool,
    monitored: str,
    token: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Register where a client's pushes go, or a changed file anew; the one of that kind before it is retired."""
    if name is not None and (kind or url or patients or internal or monitored):
        raise click.UsageError(
            "--file says kind, address, network and who looks at it: give none of them beside it"
        )
    if name is None:
        _whole(kind, url, patients)
    secret = None if token is None else _secret(token)
    with bridge(home) as found:
        known = named.client(found, client).id
        if name is not None:
            made = _by_file(found, known, spec_named(found.mappings.destinations, name), name, secret)
        elif kind in FILED:
            assert kind is not None
            spec = _usual(found, kind, url, patients, internal, monitored)
            made = _by_file(found, known, spec, "", secret)
        else:
            assert kind is not None and url is not None
            _reachable(url, internal, "transaction")
            deed(found, "destination add", f"{known} {kind} {url}")
            made = destinations.add(
                found.db, known, kind, url, internal=internal, monitored=monitored, secret=secret
            )
        why = fault(found.db, named.client(found, client))
        row = _row(found, made)
    if why:
        click.echo(f"cgm-bridge: {why}", err=True)
    emit(row, as_json, f"destination {made.number} is registered.")


@destination.command("list")
@home_option
@json_option
def list_destinations(home: Path | None, as_json: bool) -> None:
    """Every destination in use."""
    with bridge(home) as found:
        rows = [_row(found, each) for each in destinations.listed(found.db)]
    emit(rows, as_json, table(rows, ("id", "client", "kind", "file", "url", "monitored", "paused")))


@destination.command("remove")
@click.argument("destination_id", metavar="ID", type=int)
@home_option
@json_option
def remove_destination(destination_id: int, home: Path | None, as_json: bool) -> None:
    """Retire a destination and forget its secret."""
    with bridge(home) as found:
        deed(found, "destination remove", str(destination_id))
        try:
            destinations.remove(found.db, destination_id)
        except KeyError as none:
            raise Failed(f"there is no destination {destination_id} in use") from none
    emit({"id": destination_id, "removed": True}, as_json, f"destination {destination_id} is retired.")


def _whole(kind: str | None, url: str | None, patients: str | None) -> None:
    """Whether the flags say a destination without a file; a usage error else."""
    if kind is None or url is None:
        raise click.UsageError("say where: --file NAME, or --kind and --url")
    if (kind in FILED) != (patients is not None):
        raise click.UsageError(
            "--patients goes with every --kind but transaction: the receiver knows patients by that system"
        )


def spec_named(files: Mapping[str, DestinationFile], name: str) -> DestinationFile:
    """The destination's file of that name."""
    from bridge.mapping.places import unknown

    if name not in files:
        raise Failed(unknown(name, files))
    return files[name]


def _usual(
    found: Bridge, kind: str, url: str | None, patients: str | None, internal: bool, monitored: str
) -> DestinationFile:
    """A destination with everything as usual and no readings one by one: those want a file."""
    from pydantic import ValidationError

    from bridge.mapping.destination import DestinationFile, Review
    from bridge.mapping.engine_checks import check_engine
    from bridge.mapping.paper_checks import check_papers

    review = Review(by=monitored, when="as stated") if monitored else None
    try:
        spec = DestinationFile(
            destination=kind, kind=FILED[kind], address=url or "", internal=internal, patients=patients or "",
            raw=None, reviewed=review,
        )  # fmt: skip
    except ValidationError as wrong:
        told = wrong.errors(include_url=False, include_input=False)[0]
        raise Failed(f"{'.'.join(map(str, told['loc']))}: {told['msg']}") from wrong
    codes = found.mappings.codes
    for _, sentence in (*check_engine(spec, codes), *check_papers(spec, codes)):
        raise Failed(sentence)
    return spec


def _by_file(found: Bridge, client: str, spec: DestinationFile, name: str, secret: str | None) -> Destination:
    from bridge.mapping.auth import VAULT
    from bridge.mapping.destination import read, written

    _reachable(spec.address, spec.internal, spec.kind)
    base, told = spec.address.rstrip("/"), written(spec)
    _apart(found, client, spec)
    before = next((each for each in destinations.listed(found.db, client) if each.kind == spec.kind), None)
    said = read(before.spec) if before is not None and before.spec else None
    is_same = before is not None and (before.url, before.internal) == (base, spec.internal)
    is_same = is_same and not spec.is_elsewhere(said)
    has_one = secret is not None or (is_same and before is not None and before.has_secret)
    if spec.auth.secret == VAULT and not has_one:
        raise Failed(f"{name} proves itself with a secret of the vault: give it with --token")
    deed(
        found,
        "destination add",
        f"{client} {spec.kind} {spec.address} as {f'the file {name} says' if name else 'is usual'}",
    )
    if before is not None and not is_same:
        _stays(found, before.number, LEFT_BEHIND)
    if before is None or not is_same:
        return destinations.add(
            found.db, client, spec.kind, base, internal=spec.internal, monitored=spec.monitored,
            daily=spec.daily, secret=secret, name=name, spec=told,
        )  # fmt: skip
    is_said_otherwise = said is None or said.saying != spec.saying
    if is_said_otherwise and spec.portal is not None and not spec.portal.replaces:
        _stays(found, before.number, KEPT_AS_SENT)
    return destinations.revise(
        found.db, before.number, name, spec.monitored, spec.daily, told,
        secret=secret, is_said_otherwise=is_said_otherwise,
    )  # fmt: skip


def _apart(found: Bridge, client: str, spec: DestinationFile) -> None:
    """Files of one person for two clients have the same names: the narrower would take the place of the wider."""
    from bridge.mapping.destination import read

    for each in destinations.listed(found.db):
        if spec.portal is None or each.client == client or not each.spec:
            continue
        known = read(each.spec)
        other, is_there = known.portal, _place(each.url) == _place(spec.address)
        if other is None or not is_there:
            continue
        has_reports = known.document is not None and spec.document is not None
        if other.shelf == spec.portal.shelf or (has_reports and other.leaves == spec.portal.leaves):
            raise Failed(SAME_PLACE.format(number=each.number, client=each.client))


def _place(url: str) -> tuple[object, str]:
    """Origin and path of an address, as it is called: without the port that is usual and a dot in its path."""
    from bridge.net.endpoint import FOLDERS, PORTS, origin

    path = posixpath.normpath(urlsplit(url).path or "/")
    return origin(url, PORTS | FOLDERS), path.casefold()


def _stays(found: Bridge, number: int, sentence: str) -> None:
    """Say so where the destination before holds anything."""
    lanes = [each for each in used(found.db) if each.destination == number]
    if any(outbox.holding(found.db, each) for each in lanes):
        click.echo(f"cgm-bridge: {sentence.format(number=number)}", err=True)


def _reachable(url: str, internal: bool, kind: str) -> None:
    from bridge.net.address import Reach
    from bridge.net.endpoint import FOLDERS, LINES, PORTS, Purpose, endpoint, may_reach, origin

    address = endpoint(Purpose.DELIVERY, url, internal)
    if kind == "hl7v2" and origin(url, LINES) is None:
        raise Failed(f"{url!r} is no mllps://host:port")
    known = PORTS | FOLDERS if kind == "portal" else PORTS
    if address is None or (kind != "hl7v2" and origin(url, known) is None):
        what = "address of a portal" if kind == "portal" else "http or https address of a FHIR base"
        raise Failed(f"{url!r} is no {what}")
    if url.startswith("http:") and not may_reach(address, Reach.LOOPBACK, allow_loopback=False):
        raise Failed(f"{url!r} is not https: a person's data goes unencrypted to this machine alone")


def _secret(source: str) -> str:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    except OSError as wrong:
        raise Failed(f"the secret cannot be read from {source}: {wrong.strerror}") from wrong
    return text.strip()


def _row(found: Bridge, one: Destination) -> dict[str, Value]:
    can, pause = receivers.known(found.db, one.number), receivers.circuit(found.db, one.number)
    return {
        "id": one.number,
        "client": one.client,
        "kind": one.kind,
        "file": one.name or None,
        "url": one.url,
        "internal": one.internal,
        "monitored": one.monitored or None,
        "speaks": can.form if can else None,
        "takes_corrections": can.updates if can else None,
        "paused": pause.problem if pause and pause.until else None,
    }

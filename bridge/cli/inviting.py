"""`patient invite` and `ages …`: how somebody comes to act for a patient, and from which age they act alone.

Law: only an operator makes a parent, a guardian or the person themself, and says on what evidence; in a family the
owner is that operator. The link is printed once: whoever has it still needs the birth date. Ages are the law's of
a place and the operator's to set (issue: representation).
"""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli import named
from bridge.cli.acting import Acting, deed, noted, operator_options
from bridge.cli.shell import Failed, Value, addressed, bridge, emit, home_option, json_option, table
from bridge.people.ages import Ages
from bridge.people.invitations import NoBirthDate, Offer, invite
from bridge.people.representation import Kind
from bridge.period import DAY
from bridge.store.representations import AgesRow, ages_table, set_ages, set_residence


@click.command("invite")
@click.argument("patient_id", metavar="ID")
@click.option(
    "--as",
    "kind",
    type=click.Choice([each.value for each in Kind]),
    default="self",
    show_default=True,
    help="In what capacity.",
)
@click.option("--email", "to", default="", metavar="MAIL", help="For whom the link is; nothing is sent.")
@click.option("--evidence", default="", metavar="TEXT", help="How it was seen that this is so.")
@click.option(
    "--days", type=click.IntRange(1, 36_600), help="How long they may act (default: no end of its own)."
)
@click.option("--jurisdiction", metavar="CODE", help="Under which law the person lives: see `ages list`.")
@operator_options
@home_option
@json_option
def invite_command(
    patient_id: str,
    kind: str,
    to: str,
    evidence: str,
    days: int | None,
    jurisdiction: str | None,
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """A link, good once and for seven days, with which somebody makes an account for this person."""
    capacity = Kind(kind)
    if capacity is not Kind.SELF and not evidence:
        raise click.UsageError("--evidence says how it was seen that somebody may act for this person")
    with bridge(home) as found:
        one = named.number(found, patient_id)
        if jurisdiction is not None and jurisdiction not in ages_table(found.db):
            raise Failed(f"no ages are set for {jurisdiction!r}: cgm-bridge ages set {jurisdiction} …")
        by = noted(found, one, acting, "patient invite", f"{kind} {to}".strip())
        if jurisdiction is not None:
            set_residence(found.db, one, jurisdiction)
        ends = None if days is None else found.now() + days * DAY
        try:
            code = invite(found.db, Offer(one, capacity, evidence, by, to, ends=ends), found.now())
        except NoBirthDate as missing:
            raise Failed(str(missing)) from missing
        link = f"{found.settings.base_url}/sign-up/{code}"
        addressed(found)
    emit({"link": link}, as_json, link)


@click.group()
def ages() -> None:
    """From which age somebody sees, decides and acts alone."""


@ages.command("list")
@home_option
@json_option
def list_ages(home: Path | None, as_json: bool) -> None:
    """The ages of each jurisdiction; `-` is for everybody else."""
    with bridge(home) as found:
        rows: list[dict[str, Value]] = [
            {"jurisdiction": name or "-", "sight": one.sight, "say": one.say, "majority": one.majority}
            for name, one in ages_table(found.db).items()
        ]
    emit(rows, as_json, table(rows, ("jurisdiction", "sight", "say", "majority")))


@ages.command("set")
@click.argument("jurisdiction", metavar="CODE|-")
@click.option("--sight", type=int, required=True, help="Own sign-in, and sight of everything.")
@click.option("--say", type=int, required=True, help="Own say over notes, sensitive kinds and new grants.")
@click.option("--majority", type=int, required=True, help="What others held for the child ends.")
@home_option
@json_option
def set_ages_command(
    jurisdiction: str, sight: int, say: int, majority: int, home: Path | None, as_json: bool
) -> None:
    """Set the ages of a jurisdiction, in years; `-` is for everybody else."""
    try:
        wanted = Ages(sight, say, majority)
    except ValueError as wrong:
        raise Failed(str(wrong)) from wrong
    with bridge(home, is_new=True) as found:
        deed(found, "ages set", f"{jurisdiction} {sight} {say} {majority}")
        name = "" if jurisdiction == "-" else jurisdiction
        set_ages(found.db, name, AgesRow(wanted.sight, wanted.say, wanted.majority))
    row: dict[str, Value] = {"jurisdiction": jurisdiction, "sight": sight, "say": say, "majority": majority}
    emit(row, as_json, f"{jurisdiction}: {sight}, {say}, {majority}")

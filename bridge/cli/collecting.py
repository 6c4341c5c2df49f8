"""`collect …`: what may be taken in and kept, source by source; giving it, reading it, withdrawing it.

Law (`consent.md`, two consents): this is about collecting alone; it shares nothing with anybody. In a clinic
a named operator records it from what was signed, and that file is named by its hash. Withdrawing stops later
imports of that source and names what could be removed; it removes nothing by itself, because what had left
would be called back with it. With `--client` it is an intake grant (`consent/intake.py`): that client's organisation
may submit, until a day that is always said or set. With `--custody provider` the organisation keeps it as its own
record too, by the rule that clinic IT set for it; `collect words` prints what is to be signed before anybody signs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.acting import Acting, noted, operator_options
from bridge.cli.agreed import agreed, intake_words, named_source, wording
from bridge.cli.shell import Failed, Value, bridge, emit, home_option, json_option, patient_option, table
from bridge.cli.wishes import evidence_of, kinds_of
from bridge.consent.asked import Kind
from bridge.consent.collecting import Collecting, Signed, give, listed, withdraw
from bridge.consent.grant import Authoriser, NotPossible
from bridge.consent.words import INTAKES, Words
from bridge.period import iso
from bridge.settings import Mode
from bridge.store import artifacts
from bridge.store.custody import Rule
from bridge.store.patients import load as load_patient

A_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def collect() -> None:
    """What may be taken in and kept, source by source."""


@collect.command("add")
@patient_option
@click.option("--source", metavar="NAME", help="As `import` names it: its format or --source.")
@click.option("--client", metavar="ID", help="An intake grant: the client's organisation may submit.")
@click.option(
    "--expires", metavar="ISO", help="With --client: its last day (default 90 days, at most 12 months)."
)
@click.option(
    "--custody",
    type=click.Choice(["patient", "provider"]),
    default="patient",
    show_default=True,
    help="With --client: whose record what comes in belongs to.",
)
@click.option(
    "--language",
    type=click.Choice(sorted(INTAKES)),
    help="With --client: of the words that are agreed to, which say whose record it becomes (default en).",
)
@click.option("--kinds", default="everything", show_default=True, metavar="K,…")
@click.option("--purpose", default="PATRQT", show_default=True, metavar="CODE")
@click.option(
    "--keep-days", type=click.IntRange(1, 36_600), metavar="N", help="Default: until it is removed."
)
@click.option("--given-by", metavar="NAME", help="Default: the patient.")
@click.option("--role", default="patient", show_default=True, metavar="ROLE")
@click.option("--evidence", type=A_FILE, metavar="FILE", help="What was signed; kept as name and hash.")
@click.option(
    "--text", type=A_FILE, metavar="FILE", help="The exact words shown (default: the shipped ones)."
)
@click.option("--text-id", default="", metavar="ID", help="What to call that text.")
@operator_options
@home_option
@json_option
def add_collecting(
    patient: str,
    source: str | None,
    client: str | None,
    expires: str | None,
    custody: str,
    language: str | None,
    kinds: str,
    purpose: str,
    keep_days: int | None,
    given_by: str | None,
    role: str,
    evidence: Path | None,
    text: Path | None,
    text_id: str,
    acting: Acting,
    home: Path | None,
    as_json: bool,
) -> None:
    """Record that data may be collected from a source; it takes the place of an earlier record."""
    with bridge(home) as found:
        person = load_patient(found.db, named.number(found, patient))
        it = agreed(found, person, source, client, expires, custody, language)
        if found.settings.mode is Mode.CLINIC and evidence is None:
            raise Failed("in clinic mode this needs --evidence: the file of what was signed")
        try:
            signed = Signed(
                giver=Authoriser(given_by or person.name, role, evidence_of(evidence)),
                kinds=_kinds(kinds),
                purpose=purpose,
                keep_days=keep_days,
                wording=wording(text, text_id, it),
                by=noted(found, person.number, acting, "collect add", it.source),
                ends=it.ends,
                custody=it.rule,
            )
            row = collected(found, give(found.db, person.number, it.source, signed))
        except (ValueError, NotPossible) as refused:
            raise Failed(str(refused)) from refused
    emit(row, as_json, f"Collecting from {it.source} is on record.\n{_shown(text, it.words)}")


@collect.command("words")
@click.option("--client", required=True, metavar="ID")
@click.option("--custody", type=click.Choice(["patient", "provider"]), default="patient", show_default=True)
@click.option("--language", type=click.Choice(sorted(INTAKES)), default="en", show_default=True)
@home_option
@json_option
def words_of_intake(client: str, custody: str, language: str, home: Path | None, as_json: bool) -> None:
    """What an intake grant of a client's organisation says, to be read before it is signed; records nothing."""
    with bridge(home) as found:
        words, rule = intake_words(found, named.client(found, client), custody, language)
    row: dict[str, Value] = {"custody": _custody(rule), "text": words.text, "sha256": words.wording.sha256}
    emit(row, as_json, words.text)


@collect.command("list")
@patient_option
@operator_options
@home_option
@json_option
def list_collecting(patient: str, acting: Acting, home: Path | None, as_json: bool) -> None:
    """Every consent to collect, and what became of it."""
    with bridge(home) as found:
        one = named.number(found, patient)
        noted(found, one, acting, "collect list")
        rows = [collected(found, each) for each in listed(found.db, one)]
    emit(
        rows,
        as_json,
        table(rows, ("id", "source", "state", "given", "given_by", "text", "kinds", "keep_until", "custody")),
    )


@collect.command("withdraw")
@patient_option
@click.option("--source", metavar="NAME")
@click.option("--client", metavar="ID", help="End the intake grant of the client's organisation.")
@operator_options
@home_option
@json_option
def withdraw_collecting(
    patient: str, source: str | None, client: str | None, acting: Acting, home: Path | None, as_json: bool
) -> None:
    """Take nothing more from a source; what is here stays until it is removed."""
    with bridge(home) as found:
        source = named_source(found, source, client)
        one = named.number(found, patient)
        by = noted(found, one, acting, "collect withdraw", source)
        try:
            done = withdraw(found.db, one, source, by)
        except NotPossible as refused:
            raise Failed(str(refused)) from refused
        here = [
            {"id": found.artifact_id(one, each.number), "file": each.file}
            for each in artifacts.listed(found.db, one)
            if each.source == source and each.state != "removed"
        ]
        row = {**collected(found, done), "still_here": here}
    told = [f"Nothing more is taken from {source}."]
    told += (
        ["What was taken before is still here; to delete it, and to take back what had left:"] if here else []
    )
    told += [f"  cgm-bridge artifact remove {each['id']}    ({each['file']})" for each in here]
    emit(row, as_json, "\n".join(told))


def collected(found: Bridge, one: Collecting) -> dict[str, Value]:
    """A consent to collect as a row to print."""
    signed, words = one.signed, one.signed.wording
    everything = signed.kinds == frozenset(Kind)
    return {
        "id": one.number,
        "source": one.source,
        "state": _state(found, one),
        "given": iso(one.at),
        "withdrawn": None if one.withdrawn is None else iso(one.withdrawn),
        "given_by": signed.giver.name,
        "role": signed.giver.role,
        "evidence": signed.giver.evidence or None,
        "recorded_by": signed.by or None,
        "kinds": "everything" if everything else sorted(signed.kinds),
        "purpose": signed.purpose,
        "keep_until": _keep_until(signed.keep_days),
        "ends": None if signed.ends is None else iso(signed.ends),
        "custody": _custody(signed.custody),
        "text": "/".join(filter(None, (words.id, words.version, words.locale))),
        "text_sha256": words.sha256,
    }


def _state(found: Bridge, one: Collecting) -> str:
    if one.withdrawn is not None:
        return "withdrawn"
    is_over = one.signed.ends is not None and one.signed.ends <= found.now()
    return "ended" if is_over else "in force"


def _custody(rule: Rule | None) -> str:
    return (
        "patient" if rule is None else f"provider: {rule.law}, {rule.years} years after the last of it came"
    )


def _keep_until(days: int | None) -> str:
    return "removed by hand" if days is None else f"{days} days after it came"


def _kinds(text: str) -> frozenset[Kind]:
    return frozenset(Kind) if text == "everything" else kinds_of(text)


def _shown(text: Path | None, words: Words) -> str:
    return f"The words agreed to are those of {text}." if text else words.text

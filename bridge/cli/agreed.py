"""What a collecting consent is about, as the words of `collect` say it: the source, until when, and by which text.

Law (`consent.md`, two consents; custody): the hash that is kept is of words that somebody saw. Where a provider keeps a
record of its own, law and years are in them, and clinic IT may have set both anew since: what was signed is shown.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from bridge.app import Bridge
from bridge.cli import named
from bridge.cli.shell import Failed
from bridge.cli.wishes import ends_of
from bridge.consent.grant import NotPossible, Wording
from bridge.consent.intake import FAMILY, rule_for, source_of, submitter
from bridge.consent.provider_words import provider_words
from bridge.consent.words import COLLECTING, INTAKES, Words
from bridge.period import Instant
from bridge.settings import Mode
from bridge.store.clients import Client
from bridge.store.custody import Rule
from bridge.store.patients import Patient

SIGNED: Final = (
    "with --custody provider the words name law and years, so --text is needed: the file of `collect words` in the "
    "--language that was signed. Without it, or where it says something else than holds now, nothing was recorded: "
    "print the words and have them signed anew"
)
"""Why a provider's custody is not recorded."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """From which source, until when, by which words; `rule`: of a provider's custody."""

    source: str
    ends: Instant | None
    words: Words
    rule: Rule | None = None


def agreed(
    found: Bridge,
    person: Patient,
    source: str | None,
    client: str | None,
    expires: str | None,
    custody: str,
    language: str | None,
) -> Agreed:
    """What is agreed to."""
    name = named_source(found, source, client)
    if client is None and (expires is not None or custody != "patient" or language is not None):
        raise click.UsageError("--expires, --custody and --language belong to --client")
    if client is None:
        return Agreed(name, None, COLLECTING)
    words, rule = intake_words(found, named.client(found, client), custody, language or "en")
    try:
        return Agreed(name, ends_of(expires, found.now(), None, person.zones), words, rule)
    except ValueError as unclear:
        raise Failed(str(unclear)) from unclear


def intake_words(found: Bridge, client: Client, custody: str, language: str) -> tuple[Words, Rule | None]:
    """What an intake grant says, and the rule of a provider's custody. Failed where that cannot be."""
    if custody == "patient":
        return INTAKES[language], None
    if found.settings.mode is not Mode.CLINIC:
        raise Failed(FAMILY)
    try:
        rule = rule_for(found.db, client)
    except NotPossible as missing:
        raise Failed(str(missing)) from missing
    return provider_words(language, submitter(client.id, client.organization), rule), rule


def named_source(found: Bridge, source: str | None, client: str | None) -> str:
    """The source that the words name: exactly one of both."""
    if (source is None) == (client is None):
        raise click.UsageError("name either --source or --client")
    return source if source is not None else source_of(named.client(found, client or ""))


def wording(text: Path | None, text_id: str, it: Agreed) -> Wording:
    """What is kept of the words. Those of a provider's custody name law and years, which may have been set anew since
    they were printed: what was signed is shown, and is what holds now."""
    if it.rule is not None:
        if text is None or text.read_text("utf-8", "replace").split() != it.words.text.split():
            raise ValueError(SIGNED)
        return it.words.wording
    if text is None:
        return it.words.wording
    if not text_id:
        raise ValueError("--text needs --text-id: what to call these words")
    return Wording(text_id, sha256=hashlib.sha256(text.read_bytes()).hexdigest())

"""Who is at the command line: the owner in a family, a named operator with a reason and a basis in a clinic.

Law (`consent.md`, operators): only with BRIDGE_MODE=family does the command line act as the owner. Elsewhere
every command that shows, changes or hands out a person's things names its operator, and is a row of the
ledger that the patient sees, written before anything is shown or done. What shows demographics goes through
the gate besides, as every look does.
"""

from __future__ import annotations

import functools
import os
import pwd
from collections.abc import Callable, Iterable

import click

from bridge.app import Bridge
from bridge.cli.shell import Failed
from bridge.consent.acts import record
from bridge.consent.asked import Asked, Way
from bridge.consent.collecting import Signed, own_act
from bridge.consent.permit import OperatorPermit, OwnerPermit
from bridge.settings import Mode
from bridge.store.deeds import append
from bridge.store.ledger import LedgerUnavailable
from bridge.store.patients import Patient

Acting = tuple[str | None, str | None, str | None]


def operator_options(command: Callable[..., object]) -> Callable[..., object]:
    """Adds --operator, --reason and --basis; the command is given them as one `acting`."""

    @functools.wraps(command)
    def acted(
        operator: str | None = None, reason: str | None = None, basis: str | None = None, **words: object
    ) -> object:
        return command(acting=(operator, reason, basis), **words)

    wrapped: Callable[..., object] = acted
    for option, text in (
        ("--basis", "Legal process, or the patient's written request (clinic mode)."),
        ("--reason", "Why (clinic mode)."),
        ("--operator", "Who acts (clinic mode)."),
    ):
        wrapped = click.option(option, metavar="TEXT", help=text)(wrapped)
    return wrapped


def permit(found: Bridge, patient: int, acting: Acting) -> OwnerPermit | OperatorPermit:
    """The owner's permit in a family, else the operator's; without a name, reason and basis there is none."""
    if found.settings.mode is Mode.FAMILY:
        return OwnerPermit(patient)
    name, reason, basis = (text and text.strip() for text in acting)
    if not (name and reason and basis):
        raise Failed("in clinic mode this needs --operator, --reason and --basis: the patient sees them")
    return OperatorPermit(name, reason, basis, patient)


def is_named(found: Bridge, acting: Acting) -> bool:
    """Whether names may be shown: to the owner, and to an operator who is named."""
    return found.settings.mode is Mode.FAMILY or all(acting)


def noted(found: Bridge, patient: int, acting: Acting, act: str, what: str = "") -> str:
    """Write down that an operator does `act` to this patient, before it is done; who acted, for records."""
    who = permit(found, patient, acting)
    if isinstance(who, OwnerPermit):
        return ""
    try:
        record(found.db, who, act, what)
    except LedgerUnavailable as failed:
        raise Failed(str(failed)) from failed
    return f"{who.name}: {who.reason} ({who.basis})"


def deed(
    found: Bridge, act: str, what: str, acting: Acting = (None, None, None), of: str | None = None
) -> None:
    """Write down what is about to be done to the installation itself, before it is done. `of`: whose member of staff
    it is about."""
    try:
        append(found.db, act, what, acting[0] or _login(), "command line", acting[1] or "", of)
    except LedgerUnavailable as failed:
        raise Failed(str(failed)) from failed


def _login() -> str:
    """The name under which the system knows whoever runs the command."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def noted_of(found: Bridge, patients: Iterable[int], acting: Acting, act: str) -> None:
    """The same for everybody whom a list shows; whoever acts is named also where it shows nobody."""
    permit(found, 0, acting)
    for each in sorted(set(patients)):
        noted(found, each, acting, act)


def seen(found: Bridge, patient: int, acting: Acting, what: str) -> None:
    """Write down that an operator is shown this person's demographics, before they are."""
    who = permit(found, patient, acting)
    if isinstance(who, OwnerPermit):
        return
    wish = Asked(patient, Way.LOOK, "command line", what, frozenset(), patient_resource=True)
    try:
        found.gate.settle(found.gate.disclose_now(who, wish), "sent", 1)
    except LedgerUnavailable as failed:
        raise Failed(str(failed)) from failed


def own_consent(found: Bridge, person: Patient) -> Signed | None:
    """In a family the import itself is the consent to collect; in a clinic one must be on record."""
    return own_act(person) if found.settings.mode is Mode.FAMILY else None

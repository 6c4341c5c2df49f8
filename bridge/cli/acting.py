"""Who is at the command line: the owner in a family, a named operator with a reason and a basis in a clinic.

Law (`consent.md`, operators): only with BRIDGE_MODE=family does the command line act as the owner. Elsewhere
what shows, ends or grants a person's data names its operator, and is a row of the ledger that the patient
sees before anything is shown or done.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import click

from bridge.app import Bridge
from bridge.cli.shell import Failed
from bridge.consent.asked import Asked, Way
from bridge.consent.permit import OperatorPermit, OwnerPermit
from bridge.settings import Mode

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
    name, reason, basis = acting
    if not (name and reason and basis):
        raise Failed("in clinic mode this needs --operator, --reason and --basis: the patient sees them")
    return OperatorPermit(name, reason, basis, patient)


def noted(found: Bridge, patient: int, acting: Acting, what: str) -> str:
    """Write down that an operator does `what` to this patient, before it is done; who acted, for records."""
    who = permit(found, patient, acting)
    if isinstance(who, OwnerPermit):
        return ""
    wish = Asked(patient, Way.LOOK, "command line", what, frozenset(), patient_resource=True)
    found.gate.settle(found.gate.disclose_now(who, wish), "sent", 1)
    return f"{who.name}: {who.reason} ({who.basis})"

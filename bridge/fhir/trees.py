"""What a disclosure holds beside readings, as resources: devices, summaries, grants and rows of the ledger.

Law: few of them at a time, so each is a tree of its own and no row of a template; the same trees stand in a page, in a
collection and alone. They say what the disclosure says and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from bridge.consent.disclosure import Disclosure
from bridge.consent.received import DisclosedReceived
from bridge.consent.summed import DisclosedSummary
from bridge.fhir import audits, consents, received, resources, summaries
from bridge.fhir.rows import Compiler, Elements
from bridge.fhir.tree import Tree
from bridge.period import Instant


def device_trees(compiler: Compiler, disclosure: Disclosure, elements: Elements) -> dict[str, Tree]:
    """The Devices by their ids."""
    if disclosure.subject is None:
        return {}
    owner = f"Patient/{disclosure.subject.id}"
    return {
        each.id: resources.device(
            each, compiler.system, resources.source_of(disclosure, each), owner, elements
        )
        for each in disclosure.devices
    }


def record_trees(
    compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements
) -> list[tuple[str, str, Instant, Tree]]:
    """Id, versionId, lastUpdated and content of what was agreed or done."""
    if disclosure.subject is None:
        return []
    base, system, subject = compiler.base, compiler.system, disclosure.subject.id
    if kind == "Consent":
        made = (
            consents.tree(each, subject, base, system, compiler.permits, elements)
            for each in disclosure.consents
        )
        named = [(each.id, each.version, each.last_updated) for each in disclosure.consents]
    else:
        ledger = audits.Ledger(subject, base, system)
        made = (audits.tree(each, ledger, elements) for each in disclosure.events)
        named = [(each.id, audits.version(each), each.updated) for each in disclosure.events]
    return [(*names, tree) for names, tree in zip(named, made, strict=True)]


def summary_trees(
    compiler: Compiler, disclosure: Disclosure, elements: Elements
) -> Iterator[tuple[str, DisclosedSummary, Tree]]:
    """Id, summary and content of each Observation of a summary."""
    if disclosure.subject is None:
        return
    whose = f"Patient/{disclosure.subject.id}"
    of = summaries.Of(whose, compiler.system, compiler.summed, notice=disclosure.notice)
    for each in disclosure.summaries:
        for name, tree in summaries.trees(each, compiler.mappings, of, elements):
            yield name, each, tree


def received_trees(
    compiler: Compiler, disclosure: Disclosure, kind: str, elements: Elements
) -> Iterator[tuple[DisclosedReceived, Tree]]:
    """What others submitted, as resources of that type."""
    if disclosure.subject is None:
        return
    whose = f"Patient/{disclosure.subject.id}"
    of = received.Of(whose, compiler.system, compiler.summed, disclosure.notice)
    made = {"Observation": received.observation, "DiagnosticReport": received.report}
    for each in disclosure.received:
        if each.kind == kind:
            yield each, made[kind](each, compiler.mappings, of, elements)

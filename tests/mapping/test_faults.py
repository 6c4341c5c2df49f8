"""Errors in the parts of a mapping for documents and sections: each names its line, and the names that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mapping import MappingErrors, load
from tests.mapping.clouds import HERE
from tests.mapping.test_sections import MAPPING

CLOUD = (HERE / "formats" / "pocket-cloud.yaml").read_text("utf-8")


def faults(project: Path, folder: Path, text: str) -> list[str]:
    """The errors of one site file."""
    (folder / "ours.yaml").write_text(text, "utf-8")
    with pytest.raises(MappingErrors) as errors:
        load(project / "mappings", folder)
    return [f"{f.line}:{f.column}: {f.sentence}" for f in errors.value.faults]


def line_of(text: str, part: str) -> int:
    """The line (1 = first) where a part of a file stands."""
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("arrow: trend.arrow", "arrow: trend..arrow", "'trend..arrow' is no path"),
        ("each: pump.events", "each: pump.events[0]", "'pump.events[0]' is no path"),
        ("at: $, keys: [account", "at: '$..', keys: [account", "'$..' is no path"),
        ("naive: utc", "naive: gmt", "naive: String should match pattern"),
        ("formats: [iso, epoch-ms]", "formats: [iso8601]", "0: String should match pattern"),
        ("offset: {local: local", "offset: {locl: local", "'locl' is not known here; did you mean 'local'?"),
        (
            "offset: {local: local",
            "offset: {local: locale",
            "'locale' is not known here; did you mean 'local'?",
        ),
        ("trend: {field: arrow", "trend: {field: arow", "'arow' is not known here; did you mean 'arrow'?"),
        (
            "words: {flat: [flat, 4]",
            "words: {flatt: [flat, 4]",
            "'flatt' is not known here; did you mean 'flat'?",
        ),
        ("unit: {field: unit,", "unit: {field: unti,", "'unti' is not known here; did you mean 'unit'?"),
        ("programmed: asked", "programmed: axed", "'axed' is not known here; did you mean 'asked'?"),
        ("procedure: number.rounded", "procedure: number.cut", "'number.cut' is not known here"),
        ("RETRACTED: [{removed: true}]", "GONE: [{removed: true}]", "'GONE' is not known here"),
        (
            "RETRACTED: [{removed: true}]",
            "RETRACTED: [{remove: true}]",
            "'remove' is not known here; did you mean",
        ),
        (
            "duration: {field: took, unit: min",
            "duration: {field: took, unit: minutes",
            "Input should be 'h:mm:ss'",
        ),
        ("when: [{grams:", "when: [{gram:", "'gram' is not known here; did you mean 'grams'?"),
        ("decimals: {mg/dL: 0, mmol/L: 1}", "decimals: {mg/dL: 0}", "decimals for mmol/L are missing"),
        ("minute: clock", "minute: cloc", "'cloc' is not known here; did you mean 'clock'?"),
        ("each: pump.events", "eech: pump.events", "'eech' is not known here; did you mean 'each'?"),
        (
            "device: {serial: sensor, manufacturer: Pocket,",
            "device: {",
            "a device has a field: serial, install or model",
        ),
    ],
)
def test_an_error_in_a_document_names_its_line(
    project: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = CLOUD.replace(old, new, 1)
    found = [line for line in faults(project, tmp_path, text) if said in line]
    assert found and int(found[0].split(":")[0]) == line_of(CLOUD, old), faults(project, tmp_path, text)


def test_a_source_is_one_of_three(project: Path, tmp_path: Path) -> None:
    head, tail = CLOUD.split("  records:\n", 1)
    assert any(
        "exactly one of table, sections, records" in f for f in faults(project, tmp_path, head + "fhir: {}\n")
    )
    assert tail


def test_procedures_of_sections_are_on_the_closed_list(project: Path, tmp_path: Path) -> None:
    found = faults(project, tmp_path, MAPPING)
    for name in ("stacked.sections", "stacked.person", "stacked.same-stick", "stacked.clock"):
        assert any(f"'{name}' is not known here" in line for line in found), found


def test_paths_belong_to_documents(project: Path, tmp_path: Path) -> None:
    text = MAPPING.replace("person: stacked.person", "person: {name: first}\n  ignore: plan")
    found = faults(project, tmp_path, text)
    assert any("names its person by paths" in line for line in found)
    assert any("only a source with `records` has paths to ignore" in line for line in found)

"""A destination's file is checked like every mapping: place, sentence, and the names that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.mapping import MappingErrors, load
from bridge.mapping.destination import DestinationFile, read, written

GOOD = """\
destination: hospital
kind: auto
address: https://ehr.example/fhir
patients: urn:oid:1.2.3
raw: {daily: 300}
"""


def checked(project: Path, site: Path, *files: str) -> dict[str, DestinationFile]:
    """The destinations of a site with these files."""
    (site / "destinations").mkdir()
    for number, text in enumerate(files):
        (site / "destinations" / f"d{number}.yaml").write_text(text)
    return dict(load(project / "mappings", site).destinations)


def faults(project: Path, site: Path, *files: str) -> list[str]:
    """What is wrong with them, each as place in the file and sentence."""
    with pytest.raises(MappingErrors) as wrong:
        checked(project, site, *files)
    return [f"{each.line}:{each.column}: {each.sentence}" for each in wrong.value.faults]


def test_the_shipped_example_is_right_and_not_in_force(project: Path, tmp_path: Path) -> None:
    example = (project / "mappings" / "destinations" / "hospital.example.yaml").read_text("utf-8")
    assert load(project / "mappings").destinations == {}
    spec = checked(project, tmp_path, example)["hospital"]
    assert (spec.daily, spec.monitored) == (300, "the diabetes nurse, on weekdays between 8 and 16")
    assert read(written(spec)) == spec and read(written(spec)).fhir == spec.fhir


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            GOOD.replace("auto", "hl7v2"),
            "2:1: kind: this version does not deliver by 'hl7v2' yet; there is auto,",
        ),
        (GOOD.replace("auto", "btach"), "2:1: kind: 'btach' is not known here; did you mean 'batch'?"),
        (GOOD.replace("address", "adress"), "3:1: 'adress' is not known here; did you mean 'address'?"),
        (GOOD.replace("https", "http"), "3:1: it is not https"),
        (GOOD.replace("urn:oid:1.2.3", "'urn oid'"), "4:1: patients: String should match"),
        (GOOD.replace("raw: {daily: 300}", ""), "1:1: 'raw' is missing here"),
        (
            GOOD + "summaries: {metrics: [panel, mean]}\n",
            "6:1: summaries: the panel has all figures: name mean, ranges",
        ),
        (GOOD + "summaries: {codes: {mean: [cgm-men]}}\n", "6:21: 'cgm-men' is not known here"),
        (GOOD + "summaries: {weekday: someday}\n", "6:13: weekday: Input should be 'monday'"),
        (GOOD + "summaries: {days: 0}\n", "6:13: days: Input should be greater"),
        (GOOD.replace("daily", "dayly"), "5:7: 'dayly' is not known here; did you mean 'daily'?"),
        (GOOD + "auth: {kind: basic, user: b}\n", "6:1: auth: basic needs 'secret' as well"),
        (GOOD + "auth: {kind: bearer, secret: vault, user: b}\n", "6:1: auth: 'user' says nothing to bearer"),
        (GOOD + "auth: {kind: mtls}\n", "6:1: auth: mtls needs 'certificate' and 'key'"),
        (GOOD + "limits:\n  bytes: 12\n", "7:3: bytes: Input should be greater than or equal to 16384"),
        (GOOD + "fhir: {glucose: {code: {any: nix}}}\n", "6:25: 'nix' is not known here"),
        (GOOD + "errors:\n  59188: {then: later}\n", "6:1: 'say' is missing here"),
    ],
)
def test_each_fault_has_its_place_and_its_mend(project: Path, tmp_path: Path, text: str, fault: str) -> None:
    assert any(each.startswith(fault) for each in faults(project, tmp_path, text)), faults


def test_two_files_do_not_describe_one_destination(project: Path, tmp_path: Path) -> None:
    assert faults(project, tmp_path, GOOD, GOOD) == ["1:1: 'hospital' is already taken by another file"]


def test_no_readings_one_by_one_is_said_as_false(project: Path, tmp_path: Path) -> None:
    spec = checked(project, tmp_path, GOOD.replace("{daily: 300}", "false"))["hospital"]
    assert spec.raw is None and spec.daily == 0


def test_summaries_go_by_default_where_no_reading_does(project: Path, tmp_path: Path) -> None:
    cases = (
        (GOOD, False),
        (GOOD.replace("{daily: 300}", "false"), True),
        (GOOD.replace("{daily: 300}", "false") + "summaries: false\n", False),
        (GOOD + "summaries: {days: 7}\n", True),
    )
    for at, (text, wanted) in enumerate(cases):
        home = tmp_path / str(at)
        home.mkdir()
        spec = checked(project, home, text)["hospital"]
        assert (spec.summed is not None) is wanted
        kept = read(written(spec))
        assert kept.summed == spec.summed, "as it was registered"

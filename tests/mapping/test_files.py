"""Mapping files: what is shipped, what a site may change, and what every error says."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from bridge.adapters.registry import PROCEDURES as BUILT
from bridge.mapping import MappingErrors, load
from bridge.mapping.procedures import PROCEDURES, Stage, known
from bridge.mapping.schema import schema
from bridge.reading import Stream, Unit


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Path:
    """A copy of the shipped folder."""
    return Path(shutil.copytree(project / "mappings", tmp_path / "mappings"))


def faults(folder: Path, site: Path | None = None) -> list[str]:
    """The errors as `mapping check` prints them, without the folder."""
    with pytest.raises(MappingErrors) as errors:
        load(folder, site)
    return [f"{Path(f.file).name}:{f.line}:{f.column}: {f.sentence}" for f in errors.value.faults]


def changed(folder: Path, name: str, old: str, new: str) -> None:
    """One place of a file, written otherwise."""
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_mappings_are_in_force(project: Path) -> None:
    found = load(project / "mappings")
    assert list(found.formats) == ["dexcom-clarity", "libreview"]
    glucose = found.formats["libreview"].fhir[Stream.GLUCOSE]
    codes = {unit: found.codes[name] for unit, name in glucose.code.items()}
    assert {unit: (code.code, code.unit) for unit, code in codes.items()} == {
        Unit.MG_DL: ("99504-3", "mg/dl"),
        Unit.MMOL_L: ("105272-9", "mmol/l"),
    }
    assert not set(glucose.mean.values()) & set(glucose.code.values())
    assert [found.codes[name].code for name in glucose.category] == ["laboratory", "LAB"]


def test_no_display_is_sent_that_is_not_official(project: Path) -> None:
    assert all(code.display in (None, code.official) for code in load(project / "mappings").codes.values())


def test_the_schema_is_made_from_the_models(project: Path) -> None:
    assert json.loads((project / "mappings" / "schema.json").read_text("utf-8")) == json.loads(
        json.dumps(schema())
    )


def test_every_file_names_the_schema(project: Path) -> None:
    for path in (project / "mappings").glob("*.yaml"):
        assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=schema.json\n")


def test_every_procedure_is_built_and_documented(project: Path) -> None:
    for stage in Stage:
        assert sorted(getattr(BUILT, stage.value)) == sorted(known(stage))
    said = (project / "mappings" / "README.md").read_text("utf-8")
    assert all(f"| `{name}` | {what} |" in said for name, (_, what) in PROCEDURES.items())


def test_a_comment_changes_no_revision_and_a_meaning_does(folder: Path) -> None:
    before = load(folder).formats["dexcom-clarity"]
    changed(folder, "dexcom-clarity.yaml", "fhir:\n", "# a comment\nfhir:\n")
    same = load(folder).formats["dexcom-clarity"]
    assert (same.revision, same.fhir_revision) == (before.revision, before.fhir_revision)
    assert re.fullmatch("[0-9a-f]{8}", same.revision)
    changed(folder, "dexcom-clarity.yaml", "category: [laboratory, LAB]", "category: [LAB]")
    other = load(folder).formats["dexcom-clarity"]
    assert other.revision == before.revision
    assert other.fhir_revision != before.fhir_revision
    changed(folder, "dexcom-clarity.yaml", "low: 40", "low: 39")
    assert load(folder).formats["dexcom-clarity"].revision != before.revision


def test_a_changed_code_changes_the_revision_of_those_who_wear_it(folder: Path) -> None:
    before = load(folder).formats
    changed(folder, "codes.yaml", "code: 66441-7", "code: 104816-4")
    after = load(folder).formats
    assert after["libreview"].fhir_revision != before["libreview"].fhir_revision
    assert after["dexcom-clarity"].fhir_revision == before["dexcom-clarity"].fhir_revision


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "dexcom-clarity.yaml",
            "clock: dexcom",
            "clok: dexcom",
            "46:7: 'clok' is not known here; did you mean 'clock'?",
        ),
        (
            "dexcom-clarity.yaml",
            "counter: ticks",
            "counter: tick",
            "75:9: 'tick' is not known here; did you mean 'ticks'?",
        ),
        (
            "dexcom-clarity.yaml",
            "dexcom.tick-order",
            "dexcom.tickorder",
            "46:7: 'dexcom.tickorder' is not known here",
        ),
        (
            "dexcom-clarity.yaml",
            "stream: calibration",
            "stream: calibraton",
            "90:9: stream: Input should be 'glucose'",
        ),
        ("dexcom-clarity.yaml", "cgm-mean-mass", "cgm-mean-mas", "did you mean 'cgm-mean-mass'?"),
        (
            "dexcom-clarity.yaml",
            "mg/dL: cgm-mass",
            "mg/dL: cgm-molar",
            "code 'cgm-molar' is for mmol/L, not for mg/dL",
        ),
        (
            "dexcom-clarity.yaml",
            "{rapid: Fast-Acting",
            "{rapit: Fast-Acting",
            "'rapit' is not known here; did you mean 'rapid'?",
        ),
        (
            "dexcom-clarity.yaml",
            "ignore: true\n      - name: display",
            "ignore: true\n        reject: no\n      - name: display",
            "a rule has exactly one of stream, ignore, reject",
        ),
        ("dexcom-clarity.yaml", "title: Dexcom", "titel: Dexcom", "'title' is missing here"),
        ("dexcom-clarity.yaml", "decimals: {U: 2}", "decimals: {g: 2}", "decimals for U are missing"),
        (
            "libreview.yaml",
            "flags: [SCAN]",
            "flags: [SCON]",
            "'SCON' is not known here; did you mean 'SCAN'?",
        ),
        (
            "libreview.yaml",
            "app_view: filled",
            "app_view: sometimes",
            "'app_view' is a mark: it is filled or blank",
        ),
        (
            "libreview.yaml",
            "format: libreview",
            "format: dexcom-clarity",
            "'dexcom-clarity' is already taken",
        ),
        ("libreview.yaml", "fhir:\n", "fhir: x\nfhir:\n", 'this is no YAML here: found duplicate key "fhir"'),
        ("codes.yaml", "ucum: mg/dL\n    unit: mg/dl", "unit: mg/dl", "ucum and unit go together"),
        (
            "codes.yaml",
            "code: 99504-3",
            "code: 99504-3\n    display: Sugar",
            "the official display is 'Glucose [Mass/volume] in Interstitial fluid'",
        ),
    ],
)
def test_an_error_names_its_place_and_the_names_that_exist(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    changed(folder, name, old, new)
    assert any(line.startswith(f"{name}:") and said in line for line in faults(folder))


def test_all_errors_of_all_files_are_told_at_once(folder: Path) -> None:
    changed(folder, "dexcom-clarity.yaml", "counter: ticks", "counter: tick")
    changed(folder, "dexcom-clarity.yaml", "cgm-mean-mass", "cgm-mean-mas")
    changed(folder, "libreview.yaml", "flags: [SCAN]", "flags: [SCON]")
    (folder / "other.yaml").write_text("[1, 2]\n")
    assert [line.split(":")[0] for line in faults(folder)] == [
        "dexcom-clarity.yaml",
        "dexcom-clarity.yaml",
        "libreview.yaml",
        "other.yaml",
    ]


def test_a_site_says_only_what_differs(project: Path, tmp_path: Path) -> None:
    (tmp_path / "codes.yaml").write_text(
        "codes:\n  ours:\n    system: http://hospital.example/codes\n    code: cgm\n    ucum: mg/dL\n    unit: mg/dl\n"
    )
    (tmp_path / "ours.yaml").write_text(
        "extends: dexcom-clarity\nfhir:\n  glucose:\n    code: {mg/dL: ours}\n    category: laboratory\n"
    )
    plain, site = load(project / "mappings"), load(project / "mappings", tmp_path)
    mine, theirs = site.formats["dexcom-clarity"], plain.formats["dexcom-clarity"]
    assert mine.fhir[Stream.GLUCOSE].code == {Unit.MG_DL: "ours", Unit.MMOL_L: "cgm-molar"}
    assert mine.fhir[Stream.GLUCOSE].category == ("laboratory",)
    assert mine.fhir[Stream.GLUCOSE].mean == theirs.fhir[Stream.GLUCOSE].mean
    assert (mine.revision, mine.fhir_revision != theirs.fhir_revision) == (theirs.revision, True)
    assert site.formats["libreview"] == plain.formats["libreview"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "extends: dexcom-clarit\nfhir: {}\n",
            "ours.yaml:1:1: 'dexcom-clarit' is not known here; did you mean 'dexcom-clarity'?",
        ),
        ("extends: dexcom-clarity\nfhir:\n  ketone: {}\n", "ours.yaml:3:3: 'ketone' is not known here"),
        ("extends: dexcom-clarity\nread: {}\nfhir: {}\n", "ours.yaml:2:1: 'read' is not known here"),
        (
            "extends: dexcom-clarity\nfhir:\n  glucose:\n    categori: []\n",
            "ours.yaml:4:5: 'categori' is not known here; did you mean 'category'?",
        ),
        (
            "extends: dexcom-clarity\nfhir:\n  glucose:\n    category: [lab]\n",
            "ours.yaml:4:16: 'lab' is not known here",
        ),
        ("a: [1\n", "this is no YAML here"),
    ],
)
def test_a_sites_error_names_its_place(project: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ours.yaml").write_text(text)
    assert any(said in line for line in faults(project / "mappings", tmp_path))


def test_a_display_of_a_sites_own_code_must_be_official(project: Path, tmp_path: Path) -> None:
    (tmp_path / "codes.yaml").write_text(
        "codes:\n  ours:\n    system: http://loinc.org\n    code: 99504-3\n    display: Glucose CGM\n"
    )
    assert any(
        "codes.yaml:5:5: the official display is" in line for line in faults(project / "mappings", tmp_path)
    )


def test_the_example_is_no_mapping_until_it_is_renamed(project: Path, tmp_path: Path) -> None:
    text = (project / "mappings" / "site.example.yaml").read_text("utf-8")
    (tmp_path / "site.yaml").write_text(text)
    glucose = load(project / "mappings", tmp_path).formats["dexcom-clarity"].fhir[Stream.GLUCOSE]
    assert glucose.category == ("laboratory",)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    assert "there is no mapping in this folder" in faults(tmp_path)[0]


def test_checking_takes_less_than_a_second(project: Path) -> None:
    started = time.process_time()
    load(project / "mappings")
    assert time.process_time() - started < 1

"""Mapping files: what is shipped, what a site may change, and what every error says."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from bridge.adapters.registry import PROCEDURES as BUILT
from bridge.mapping import Format, MappingErrors, load
from bridge.mapping.procedures import PROCEDURES, Stage, known
from bridge.mapping.schema import schema
from bridge.mapping.shapes import ByKind, Components, Shape
from bridge.reading import EventKind, SettingKind, Stream, Unit


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Path:
    """A copy of the shipped folder."""
    return Path(shutil.copytree(project / "mappings", tmp_path / "mappings"))


def faults(folder: Path, site: Path | None = None) -> list[str]:
    """The errors as `mapping check` prints them, without the folder."""
    with pytest.raises(MappingErrors) as errors:
        load(folder, site)
    return [f"{Path(f.file).name}:{f.line}:{f.column}: {f.sentence}" for f in errors.value.faults]


def brings(one: Format, stream: Stream) -> bool:
    """Whether a format reads a stream at all."""
    rules = (rule for _, part in one.read.parts for each in part.passes for rule in each.rules)
    return any(rule.stream is stream for rule in rules)


def changed(folder: Path, name: str, old: str, new: str) -> None:
    """One place of a file, written otherwise."""
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")


def test_the_shipped_mappings_are_in_force(project: Path) -> None:
    found = load(project / "mappings")
    files = {path.stem for path in (project / "mappings").glob("*.yaml")}
    assert set(found.formats) == files - {"codes", "shapes", "site.example"}
    glucose = found.formats["libreview"].fhir[Stream.GLUCOSE]
    codes = {unit: found.codes[names[0]] for unit, names in glucose.code.items()}
    assert {unit: (code.code, code.unit) for unit, code in codes.items()} == {
        Unit.MG_DL: ("99504-3", "mg/dl"),
        Unit.MMOL_L: ("105272-9", "mmol/l"),
    }
    assert not set(glucose.mean.values()) & set(glucose.code.values())
    assert [found.codes[name].code for name in glucose.category] == ["laboratory", "LAB"]


def test_no_display_is_sent_that_is_not_official(project: Path) -> None:
    ours = json.loads((project / "conformance" / "fhir" / "CodeSystem-cgm-bridge.json").read_text("utf-8"))
    displays = {each["code"]: each["display"] for each in ours["concept"]}
    for code in load(project / "mappings").codes.values():
        official = displays[code.code] if code.system == ours["url"] else code.official
        assert code.display in (None, official), code.name


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
    changed(folder, "dexcom-clarity.yaml", "detect:\n", "# a comment\ndetect:\n")
    changed(folder, "shapes.yaml", "shapes:\n", "# a comment\nshapes:\n")
    same = load(folder).formats["dexcom-clarity"]
    assert (same.revision, same.fhir_revision) == (before.revision, before.fhir_revision)
    assert re.fullmatch("[0-9a-f]{8}", same.revision)
    changed(folder, "shapes.yaml", "category: [laboratory, LAB]", "category: [LAB]")
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
        ("shapes.yaml", "cgm-mean-mass", "cgm-mean-mas", "did you mean 'cgm-mean-mass'?"),
        (
            "shapes.yaml",
            "mg/dL: cgm-mass",
            "mg/dL: cgm-molar",
            "8:12: code 'cgm-molar' is for mmol/L, not for mg/dL",
        ),
        (
            "shapes.yaml",
            "rapid: [insulin",
            "rapit: [insulin",
            "'rapit' is not known here; did you mean 'rapid'?",
        ),
        ("shapes.yaml", "[cgm-hypo, alarm", "[cgm-hypo, alarn", "'alarn-urgent-low' is not known here"),
        ("shapes.yaml", "{pump: by-insulin", "{pumpe: by-insulin", "did you mean 'pump'?"),
        (
            "shapes.yaml",
            "automated: bolus-commanded",
            "category: laboratory",
            "a MedicationAdministration has no slot 'category'; it has automated, by_kind, code",
        ),
        (
            "shapes.yaml",
            "      component: {light",
            "      reason: {light",
            "an Observation has no slot 'reason'; it has category, code, component, value",
        ),
        (
            "shapes.yaml",
            "resource: MedicationAdministration",
            "resource: Observation",
            "bolus is a MedicationAdministration: its ids depend on it, so no file changes it",
        ),
        ("shapes.yaml", "  note:\n", "  nota:\n", "nota: Input should be 'glucose'"),
        ("shapes.yaml", "automated: bolus", "automatic: bolus", "did you mean 'automated'?"),
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
        ("libreview.yaml", "read:\n", "read: x\nread:\n", 'this is no YAML here: found duplicate key "read"'),
        ("codes.yaml", "ucum: mg/dL\n    unit: mg/dl", "unit: mg/dl", "ucum and unit go together"),
        ("codes.yaml", "code: 99504-3", "code: ''", "code: String should match pattern"),
        (
            "codes.yaml",
            "system: http://loinc.org",
            "system: not a uri",
            "system: String should match pattern",
        ),
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
    changed(folder, "shapes.yaml", "cgm-mean-mass", "cgm-mean-mas")
    changed(folder, "libreview.yaml", "flags: [SCAN]", "flags: [SCON]")
    (folder / "other.yaml").write_text("[1, 2]\n")
    assert [line.split(":")[0] for line in faults(folder)] == [
        "dexcom-clarity.yaml",
        "libreview.yaml",
        "other.yaml",
        "shapes.yaml",
    ]


def test_errors_of_the_language_hide_no_errors_of_names(folder: Path, tmp_path: Path) -> None:
    """In one file and over all of them; and none is told that is only the echo of another."""
    changed(folder, "dexcom-clarity.yaml", "title: Dexcom", "titel: Dexcom")
    changed(folder, "dexcom-clarity.yaml", "counter: ticks", "counter: tick")
    changed(folder, "dexcom-clarity.yaml", "clock: dexcom", "clok: dexcom")
    changed(folder, "codes.yaml", "    official: ", "    oficial: ")
    changed(folder, "shapes.yaml", "cgm-mean-mass", "cgm-mean-mas")
    changed(folder, "shapes.yaml", "    category: ", "    categori: ")
    site = tmp_path / "site"
    site.mkdir()
    (site / "ours.yaml").write_text(
        "extends: dexcom-clarity\ntitel: x\nfhir:\n  glucose:\n    categori: []\n    code: {mg/dL: no-such-code}\n"
    )
    found = [line.split(":", 3) for line in faults(folder, site)]
    said = [(name, sentence.strip().partition(".")[0]) for name, _, _, sentence in found]
    expected = [
        ("codes.yaml", "'oficial' is not known here; did you mean 'official'?"),
        ("dexcom-clarity.yaml", "'title' is missing here"),
        ("dexcom-clarity.yaml", "'titel' is not known here"),
        ("dexcom-clarity.yaml", "'clok' is not known here; did you mean 'clock'?"),
        ("dexcom-clarity.yaml", "'tick' is not known here; did you mean 'ticks'?"),
        ("shapes.yaml", "'cgm-mean-mas' is not known here; did you mean 'cgm-mean-mass'?"),
        ("shapes.yaml", "'categori' is not known here; did you mean 'category'?"),
        ("ours.yaml", "'titel' is not known here"),
        ("ours.yaml", "'categori' is not known here; did you mean 'category'?"),
        ("ours.yaml", "'no-such-code' is not known here"),
    ]
    assert [(name, _start(said)) for name, said in sorted(said)] == sorted(
        (n, _start(s)) for n, s in expected
    )


def _start(sentence: str) -> str:
    """A sentence without the list of names that there are."""
    return sentence.partition(" There is ")[0].partition("; did you mean")[0].rstrip(".")


def test_a_format_that_cannot_be_mended_is_no_unknown_name_to_its_overlay(
    folder: Path, tmp_path: Path
) -> None:
    changed(folder, "dexcom-clarity.yaml", "\nread:", "\nread: []\nreed:")
    site = tmp_path / "site"
    site.mkdir()
    (site / "ours.yaml").write_text("extends: dexcom-clarity\nfhir: {}\n")
    assert {line.split(":")[0] for line in faults(folder, site)} == {"dexcom-clarity.yaml"}


def test_a_site_says_only_what_differs(project: Path, tmp_path: Path) -> None:
    (tmp_path / "codes.yaml").write_text(
        "codes:\n  ours:\n    system: http://hospital.example/codes\n    code: cgm\n    ucum: mg/dL\n    unit: mg/dl\n"
    )
    (tmp_path / "ours.yaml").write_text(
        "extends: dexcom-clarity\nfhir:\n  glucose:\n    code: {mg/dL: ours}\n    category: laboratory\n"
    )
    plain, site = load(project / "mappings"), load(project / "mappings", tmp_path)
    mine, theirs = site.formats["dexcom-clarity"], plain.formats["dexcom-clarity"]
    assert mine.fhir[Stream.GLUCOSE].code == {Unit.MG_DL: ("ours",), Unit.MMOL_L: ("cgm-molar",)}
    assert mine.fhir[Stream.GLUCOSE].category == ("laboratory",)
    assert mine.fhir[Stream.GLUCOSE].mean == theirs.fhir[Stream.GLUCOSE].mean
    assert (mine.revision, mine.fhir_revision != theirs.fhir_revision) == (theirs.revision, True)
    assert site.formats["libreview"] == plain.formats["libreview"]


def test_a_site_changes_one_thing_of_one_stream_for_every_format(project: Path, tmp_path: Path) -> None:
    (tmp_path / "shapes.yaml").write_text("shapes:\n  bolus: {concentration: U-100}\n")
    plain, site = load(project / "mappings"), load(project / "mappings", tmp_path)
    for name, one in site.formats.items():
        bolus, before = one.fhir[Stream.BOLUS], plain.formats[name].fhir[Stream.BOLUS]
        assert (bolus.concentration, before.concentration) == ("U-100", None)
        assert bolus.model_copy(update={"concentration": None}) == before
        assert one.fhir[Stream.BASAL] == plain.formats[name].fhir[Stream.BASAL]
        assert (one.fhir_revision != plain.formats[name].fhir_revision) == brings(one, Stream.BOLUS)


def test_an_overlay_reaches_into_a_table_of_a_shape(project: Path, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "extends: libreview\nfhir:\n  bolus:\n    by_kind: {code: {meal: insulin-short-acting}}\n"
    )
    shape = load(project / "mappings", tmp_path).formats["libreview"].fhir[Stream.BOLUS]
    assert shape.by_kind.code["meal"] == ("insulin-short-acting",)
    assert shape.by_kind.code["rapid"] == ("insulin", "insulin-rapid-acting")
    assert shape.by_kind.reason["meal"] == ("bolus-meal",) and shape.code == {"any": ("insulin",)}


def test_a_stream_that_a_format_never_brings_is_no_part_of_its_revision(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "shapes.yaml").write_text("shapes:\n  settings: {category: survey}\n")
    plain, site = load(project / "mappings").formats, load(project / "mappings", tmp_path).formats
    changed = {name for name, one in plain.items() if one.fhir_revision != site[name].fhir_revision}
    assert changed >= {"carelink", "carelink-cloud", "dexcom-api", "nightscout"}
    assert not changed & {"dexcom-clarity", "libreview", "nightscout-csv"}


def test_every_stream_and_every_unit_can_leave(project: Path) -> None:
    found = load(project / "mappings")
    for one in found.formats.values():
        assert set(one.fhir) == set(Stream) and all(shape.code for shape in one.fhir.values())
        for event in EventKind:
            own = one.fhir[Stream.EVENT].codes(Unit.NONE, event.name.lower())[-1]
            assert own == (event.name.lower().replace("_", "-") if event else "event")
        for setting in SettingKind:
            own = one.fhir[Stream.SETTINGS].codes(Unit.NONE, setting.name.lower())[-1]
            assert own == ("setting-" + setting.name.lower().replace("_", "-") if setting else "setting")
    assert set(found.units) == set(Unit)


def test_a_unit_of_insulin_is_never_an_international_one_unless_the_shape_says_u100(project: Path) -> None:
    for unit, entry in load(project / "mappings").units.items():
        plain, stated = entry.of(None), entry.of("U-100")
        assert "[iU]" not in plain.ucum and "IU" not in plain.unit
        is_insulin = unit.endswith("U") or unit.startswith("U")
        assert (stated != plain, "[iU]" in stated.ucum) == (is_insulin, is_insulin)
        assert ("concentration not known" in plain.unit) is is_insulin


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "extends: dexcom-clarit\nfhir: {}\n",
            "ours.yaml:1:1: 'dexcom-clarit' is not known here; did you mean 'dexcom-clarity'?",
        ),
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


def test_every_slot_of_the_fhir_half_is_documented(project: Path) -> None:
    said = (project / "mappings" / "README.md").read_text("utf-8")
    half = said[said.index("## What the FHIR half can say") : said.index("## Procedures")]
    slots = {*Shape.model_fields, *(f"by_kind.{slot}" for slot in ByKind.model_fields)}
    slots |= {f"components.{slot}" for slot in Components.model_fields}
    missing = {slot for slot in slots - {"by_kind", "components"} if f"`{slot}`" not in half}
    assert missing == set()

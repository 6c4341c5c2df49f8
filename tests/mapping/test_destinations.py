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
        (GOOD.replace("auto", "btach"), "2:1: kind: 'btach' is not known here; did you mean 'batch'?"),
        (GOOD.replace("address", "adress"), "3:1: 'adress' is not known here; did you mean 'address'?"),
        (GOOD.replace("https", "http"), "3:1: it is not https"),
        (GOOD.replace("urn:oid:1.2.3", "'urn oid'"), "4:1: patients: String should match"),
        (GOOD.replace("raw: {daily: 300}", ""), "1:1: 'raw' is missing here"),
        (
            GOOD + "summaries: {metrics: [panel, mean]}\n",
            "6:1: summaries: the panel has all figures: name mean, ranges",
        ),
        (GOOD.replace("auto", "document"), "5:1: kind document sends reports alone: say false"),
        (
            GOOD.replace("auto", "document").replace("{daily: 300}", "false") + "document: false\n",
            "6:1: kind document sends reports alone: say which",
        ),
        (GOOD + "document: {code: [cgm-sumary]}\n", "6:19: 'cgm-sumary' is not known here; did you mean"),
        (GOOD + "document: {sections: [insulin]}\n", "6:12: doses stand beside the glucose of their days"),
        (
            GOOD + "document: {weekday: monday}\n",
            "6:1: document: 'every', 'weekday' and 'lookback' need 'days'",
        ),
        (GOOD + "document: {types: [Binary]}\n", "6:20: "),
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


ENGINE = """\
destination: engine
kind: hl7v2
address: mllps://engine.example:2575
patients: urn:oid:1.2.3
raw: {daily: 300}
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (ENGINE.replace("mllps", "https"), "3:1: hl7v2 goes to mllps://host:port"),
        (
            GOOD.replace("https", "mllps"),
            "3:1: hl7v2 goes to mllps://host:port; every other kind to an https",
        ),
        (GOOD + "hl7v2: {ack: enhanced}\n", "6:1: it says nothing to the kind auto; it belongs to hl7v2"),
        (
            ENGINE.replace("mllps", "mllp"),
            "3:1: it is not mllps: data goes unencrypted only where hl7v2.plain",
        ),
        (
            ENGINE.replace("mllps", "mllp") + "hl7v2: {plain: it is a cable of two metres}\n",
            "3:1: unencrypted data stays in our own network: say internal: true, or use mllps",
        ),
        (ENGINE + "auth: {kind: bearer, secret: vault}\n", "6:8: MLLP knows no secret: none, or mtls"),
        (ENGINE + "encounter: open\n", "6:1: it says nothing to an interface engine"),
        (
            ENGINE + "fhir: {glucose: {category: [laboratory]}}\n",
            "6:1: it says nothing to an interface engine",
        ),
        (
            ENGINE.replace("{daily: 300}", "{daily: 300, streams: [glucose, bolus]}"),
            "5:38: hl7v2 takes capillary, glucose, ketone one by one, no bolus",
        ),
        (ENGINE + "hl7v2:\n  ack: orginal\n", "7:3: ack: Input should be 'original', 'enhanced'"),
        (ENGINE + "hl7v2:\n  acks: original\n", "7:3: 'acks' is not known here; did you mean 'ack'?"),
        (ENGINE + "hl7v2:\n  codes:\n    cgm-mas: {code: A}\n", "8:5: 'cgm-mas' is not known here; did you"),
        (ENGINE + "hl7v2:\n  orders:\n    docment: {code: A}\n", "8:5: 'docment' is not known here; did you"),
        (
            ENGINE + "announced_by: [10.0.0.1/8]\n",
            "6:16: '10.0.0.1/8' is no address and no network: write 10.1.2.3",
        ),
        (ENGINE + "orders: {find: true}\n", "6:10: an interface engine shows no orders: they are sent to"),
        (ENGINE + "hl7v2: {charset: 8859/9}\n", "6:9: charset: Input should be 'UNICODE UTF-8'"),
    ],
)
def test_what_an_engine_cannot_be_told_has_its_place_too(
    project: Path, tmp_path: Path, text: str, fault: str
) -> None:
    found = faults(project, tmp_path, text)
    assert any(each.startswith(fault) for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        ENGINE,
        ENGINE.replace("mllps://engine.example", "mllp://127.0.0.1"),
        ENGINE.replace("mllps", "mllp") + "internal: true\nhl7v2: {plain: it is a cable of two metres}\n",
    ],
)
def test_an_engine_is_reached_in_tls_or_where_its_file_says_why_not(
    project: Path, tmp_path: Path, text: str
) -> None:
    assert checked(project, tmp_path, text)["engine"].kind == "hl7v2"


def test_the_shipped_engine_is_right(project: Path, tmp_path: Path) -> None:
    name = "interface-engine"
    example = (project / "mappings" / "destinations" / f"{name}.example.yaml").read_text("utf-8")
    spec = checked(project, tmp_path, example)[name]
    assert spec.hl7v2.codes["cgm-mass"].code == "GLU-CGM" and spec.hl7v2.receiving.application == (
        "LAB",
        "1.2.3.4",
        "ISO",
    )
    assert read(written(spec)) == spec


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


def test_documents_are_default_content_where_no_reading_goes_and_a_file_can_say_no(
    project: Path, tmp_path: Path
) -> None:
    quiet = GOOD.replace("{daily: 300}", "false")
    told = {
        "usual": quiet,
        "none": quiet + "document: false\n",
        "asked": GOOD + "document: {days: 7, weekday: monday}\n",
        "alone": quiet.replace("auto", "document"),
        "readings": GOOD,
    }
    files = [text.replace("hospital", name) for name, text in told.items()]
    found = checked(project, tmp_path, *files)
    assert {name for name, each in found.items() if each.documented is not None} == {
        "usual",
        "asked",
        "alone",
    }
    assert {name for name, each in found.items() if each.summed is not None} == {"usual", "none"}
    asked = found["asked"].documented
    assert asked is not None and (asked.pace(None).days, asked.pace(None).weekday) == (7, "monday")
    assert read(written(found["asked"])) == found["asked"]


PORTAL = """\
destination: portal
kind: portal
address: https://portal.example
patients: urn:oid:1.2.3
raw: {daily: 300}
portal:
  by: https
  path: files/{name}
  corrections: replace
"""


HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
SFTP = f"""\
destination: portal
kind: portal
address: sftp://portal.example:2222
patients: urn:oid:1.2.3
raw: {{daily: 300}}
auth: {{kind: basic, user: a, secret: vault}}
portal:
  by: sftp
  path: incoming
  corrections: replace
  host_keys: [{HOST_KEY}]
"""


TIDEPOOL = """\
destination: portal
kind: portal
address: https://tidepool.example
patients: https://tidepool.org/users
raw: {daily: 300}
auth: {kind: basic, user: a, secret: vault}
portal:
  client: org.example.bridge
  by: tidepool
  corrections: replace
"""


def test_a_folder_of_an_sftp_server_is_a_portal(project: Path, tmp_path: Path) -> None:
    portal = checked(project, tmp_path, SFTP)["portal"].portal
    assert portal is not None and (portal.by, portal.path, portal.host_keys) == (
        "sftp",
        "incoming",
        (HOST_KEY,),
    )


def test_a_portal_may_take_reports_alone(project: Path, tmp_path: Path) -> None:
    told = PORTAL.replace("raw: {daily: 300}", "raw: false\ndocument: {days: 14}") + "  pages: png\n"
    spec = checked(project, tmp_path, told)["portal"]
    assert spec.portal is not None and spec.portal.pages == "png" and spec.documented is not None
    assert read(written(spec)) == spec


@pytest.mark.parametrize(
    ("name", "by"), [("portal", "https"), ("portal-sftp", "sftp"), ("portal-tidepool", "tidepool")]
)
def test_the_examples_of_portals_are_right(project: Path, tmp_path: Path, name: str, by: str) -> None:
    example = (project / "mappings" / "destinations" / f"{name}.example.yaml").read_text("utf-8")
    spec = checked(project, tmp_path, example)[name]
    assert spec.portal is not None and spec.portal.by == by and read(written(spec)) == spec


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (PORTAL[: PORTAL.index("portal:\n  by")], "2:1: a portal needs 'portal' as well"),
        (GOOD + PORTAL[PORTAL.index("portal:\n  by") :], "6:1: it says nothing to the kind auto"),
        (PORTAL.replace("replace", "none"), "6:1: portal: name: {revision} goes with corrections: none"),
        (PORTAL.replace("{name}", "{nane}"), "6:1: portal: path: {nane} is not known here; there is {name}"),
        (PORTAL.replace("files/{name}", "files"), "6:1: portal: path: put needs {name} in it"),
        (PORTAL + "  name: '{month}.csv'\n", "6:1: portal: name: it needs {patient}"),
        (PORTAL + "  headers: {Authorization: secret}\n", "6:1: portal: headers.Authorization: the bridge"),
        (PORTAL + "  fields: {a: b}\n", "6:1: portal: fields: a put has no form"),
        (PORTAL + "auth: {kind: backend, client_id: a, scope: b}\n", "10:8: a portal by https knows none,"),
        (PORTAL.replace("daily: 300", "daily: 300, streams: [note]"), "5:29: a table says basal, bolus,"),
        (PORTAL + "encounter: open\n", "10:1: it says nothing to a portal"),
        (
            PORTAL + "summaries: {days: 7}\n",
            "10:1: a portal takes readings and reports as files and no summaries",
        ),
        (PORTAL + "orders: required\n", "10:1: a portal gets the months that are granted, ordered or not"),
        (PORTAL.replace("raw: {daily: 300}", "raw: false"), "5:1: a portal takes readings or reports"),
        (PORTAL + "document: {sections: [glucose]}\n", "10:1: no summaries go to a portal whose days"),
        (PORTAL + "document: {days: 14, form: single}\n", "10:22: it is about charts; a portal's files"),
        (PORTAL + "  pages: png\n", "10:3: it is about reports, and none go there"),
        (PORTAL + "  report: '{from}-{until}.{extension}'\n", "6:1: portal: report: it needs {patient}"),
        (PORTAL + "  report: '{patient}-{from}-{until}'\n", "6:1: portal: report: it ends with .{extension}"),
        (PORTAL + "  pages: jpeg\n", "10:3: pages: Input should be 'pdf' or 'png'"),
        (TIDEPOOL + "document: {days: 14}\n", "11:1: Tidepool takes readings as records and no documents"),
        (PORTAL.replace("https://", "http://"), "3:1: it is not https"),
        (PORTAL.replace("by: https", "by: ftp"), "7:3: by: Input should be 'https', 'sftp' or 'tidepool'"),
        (
            PORTAL.replace("by: https", "by: sftp"),
            "6:1: portal: path: sftp: it is the folder, without {name}",
        ),
        (
            SFTP.replace(HOST_KEY, ""),
            "7:1: portal: host_keys: sftp needs them: no server is trusted at first",
        ),
        (
            SFTP.replace("AAAAC3NzaC1lZDI1NTE5", "AAAAB3NzaC1yc2EAAAA5"),
            "7:1: portal: host_keys.0: it is no public",
        ),
        (
            SFTP.replace("corrections:", "upload: put\n  corrections:"),
            "7:1: portal: upload: it says nothing to",
        ),
        (SFTP.replace("sftp://", "https://"), "3:1: by sftp it is sftp://host:port"),
        (SFTP.replace("example:2222", "example/in"), "3:1: by sftp it is sftp://host:port"),
        (SFTP.replace("basic, user: a", "bearer"), "6:8: a portal by sftp knows basic, ssh-key"),
        (PORTAL.replace("https://", "sftp://"), "3:1: it belongs to a portal by sftp"),
        (PORTAL.replace("by: https", "by: tidepool"), "6:1: portal: path: it says nothing to tidepool"),
        (TIDEPOOL.replace("replace", "none"), "7:1: portal: corrections: tidepool takes them by the id"),
        (TIDEPOOL.replace("org.example", "Org"), "8:3: client: String should match"),
        (
            TIDEPOOL.replace("basic, user: a", "backend, client_id: a, scope: b"),
            "6:1: auth: 'secret' says nothing",
        ),
        (
            TIDEPOOL.replace("basic, user: a, secret: vault", "none"),
            "6:8: a portal by tidepool knows basic, bearer",
        ),
        (PORTAL + "  client: org.example\n", "6:1: portal: client: it belongs to tidepool"),
        (GOOD.replace("https://", "sftp://"), "3:1: it belongs to a portal by sftp"),
        (GOOD + "auth: {kind: ssh-key, user: a, secret: vault}\n", "6:8: it belongs to a portal by sftp"),
    ],
)
def test_a_portal_that_cannot_be_is_refused_with_its_place(
    project: Path, tmp_path: Path, text: str, fault: str
) -> None:
    assert any(each.startswith(fault) for each in faults(project, tmp_path, text))


def test_how_a_portal_takes_files_wrong_is_one_fault_and_not_that_it_is_missing(
    project: Path, tmp_path: Path
) -> None:
    for number, text in enumerate((PORTAL.replace("{name}", "{nane}"), SFTP.replace(HOST_KEY, ""))):
        site = tmp_path / str(number)
        site.mkdir()
        assert [each.partition(": ")[2][:7] for each in faults(project, site, text)] == ["portal:"]

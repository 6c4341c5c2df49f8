"""Clarity exports as Dexcom writes them (dexcom.md A3): every header generation, language and re-save.

Law: exact in form, invented in content: columns, quoting, ragged rows, line ends and marks are those of real
exports; persons, ids and curves are not. Everything is made from fixed numbers: the same bytes each time.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.adapters.curve import Curve, Dice, walls

Row = list[str]

ENGLISH = [
    "Index",
    "Timestamp (YYYY-MM-DDThh:mm:ss)",
    "Event Type",
    "Event Subtype",
    "Patient Info",
    "Device Info",
    "Source Device ID",
    "Glucose Value (mg/dL)",
    "Insulin Value (u)",
    "Carb Value (grams)",
    "Duration (hh:mm:ss)",
    "Glucose Rate of Change (mg/dL/min)",
    "Transmitter Time (Long Integer)",
    "Transmitter ID",
]
ITALIAN = [
    "Indice",
    "Data e ora (AAAA-MM-GGThh:mm:ss)",
    "Tipo di evento",
    "Sottotipo di evento",
    "Informazioni del paziente",
    "Info dispositivo",
    "ID dispositivo sorgente",
    "Valore glicemico (mg/dL)",
    "Valore insulina (u)",
    "Valore carboidrati (grammi)",
    "Durata (hh:mm:ss)",
    "Velocità di variazione della glicemia (mg/dL/min)",
    "Ora trasmettitore (Intero lungo)",
    "ID trasmettitore",
]


def mmol(header: Sequence[str]) -> Row:
    """The header of an account in mmol/L: two names change."""
    return [name.replace("mg/dL", "mmol/L") for name in header]


@dataclass
class Export:
    """Rows under a header, numbered as Clarity does."""

    header: Sequence[str]
    display: str = "iOS G7"
    width: int = 14

    def __post_init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, *cells: str) -> None:
        """A row without its index; Clarity leaves out the last field of all but EGV and Calibration."""
        kept = 14 if cells[1] in ("EGV", "Calibration", "Niveles estimados de glucosa", "EGW") else 13
        self.rows.append((["", *cells] + [""] * 14)[: min(kept, self.width)])

    def person(self, words: Sequence[str], first: str, last: str, *more: str) -> None:
        """The undated lines that say who it is."""
        for word, text in zip(words, (first, last, *more), strict=False):
            self.add("", word, "", text)

    def alerts(self, device: str, high: str = "250", low: str = "70", words: Sequence[str] = ()) -> None:
        """A display device and its thresholds."""
        names = words or ("Fall", "High", "Low", "Signal Loss", "Rise", "Urgent Low", "Urgent Low Soon")
        kind = "Avviso" if words else "Alert"
        self.add("", "Dispositivo" if words else "Device", "", "", device, self.display)
        for place, name in enumerate(names):
            glucose = {1: high, 2: low, 5: "55", 6: "55"}.get(place, "")
            duration, rate = "00:20:00" if place == 3 else "", "3" if place in (0, 4) else ""
            self.add("", kind, name, "", "", self.display, glucose, "", "", duration, rate)

    def egv(
        self, wall: datetime, value: str, tick: int, transmitter: str, word: str = "EGV", mark: str = ""
    ) -> None:
        """A sensor reading."""
        self.add(stamp(wall), word, mark, "", "", self.display, value, "", "", "", "", str(tick), transmitter)

    def calibration(self, wall: datetime, value: str, transmitter: str) -> None:
        """A fingerstick given to the sensor."""
        self.add(stamp(wall), "Calibration", "", "", "", self.display, value, "", "", "", "", "", transmitter)

    def insulin(self, wall: datetime, units: str, kind: str = "Fast-Acting") -> None:
        """A dose."""
        self.add(stamp(wall), "Insulin", kind, "", "", self.display, "", units)

    def carbs(self, wall: datetime, grams: str) -> None:
        """A meal."""
        self.add(stamp(wall), "Carbs", "", "", "", self.display, "", "", grams)

    def exercise(self, wall: datetime, kind: str, duration: str, word: str = "Exercise") -> None:
        """Activity."""
        self.add(stamp(wall), word, kind, "", "", self.display, "", "", "", duration)

    def event(self, wall: datetime, word: str, kind: str) -> None:
        """Health and the like."""
        self.add(stamp(wall), word, kind, "", "", self.display)

    def sorted(self) -> list[Row]:
        """Undated lines first, then by wall clock alone: both passes of an hour are interleaved."""
        rows = sorted(self.rows, key=lambda row: row[1])
        numbered = [[str(number), *row[1:]] for number, row in enumerate(rows, 1)]
        return [[*self.header[: self.width]], *numbered]


def stamp(wall: datetime) -> str:
    """Clarity's stamp."""
    return f"{wall:%Y-%m-%dT%H:%M:%S}"


def quoted(rows: Sequence[Row], end: str = "\r\n", bom: bool = True) -> bytes:
    """Every field quoted: exports since 2023."""
    text = "".join(",".join(f'"{cell}"' for cell in row) + end for row in rows)
    return (b"\xef\xbb\xbf" if bom else b"") + text.encode()


def plain(rows: Sequence[Row], end: str = "\r\n", bom: bool = True, delimiter: str = ",") -> bytes:
    """Nothing quoted: exports until 2022."""
    text = "".join(delimiter.join(row) + end for row in rows)
    return (b"\xef\xbb\xbf" if bom else b"") + text.encode()


def shown(value: int) -> tuple[str, str]:
    """What Clarity writes for a value in mg/dL, and the subtype beside it."""
    return ("Low", "Low") if value < 40 else ("High", "High") if value > 400 else (str(value), "")


def in_mmol(value: int) -> tuple[str, str]:
    """The same in mmol/L."""
    word, mark = shown(value)
    return (word, mark) if mark else (f"{(value * 10 + 9) // 18 / 10:.1f}", "")


WHO = ("FirstName", "LastName", "DateOfBirth")
NOOR = ("Noor", "Beispiel", "2014-05-17")


def _worn(
    out: Export, start: datetime, days: int, sensor: str, first_tick: int, zone: str, seed: int
) -> Iterator[tuple[datetime, int]]:
    """A sensor worn for some days; gives the wall clock and value of each reading."""
    curve = Curve(Dice(seed))
    for wall, second in walls(start, 300, days * 288, zone):
        value = curve.step()
        text, mark = shown(value)
        out.egv(wall, text, first_tick + second, sensor, mark=mark)
        yield wall, value


DEMO_START = datetime(2026, 9, 16, 0, 3, 12)


def _demo(until: datetime, since: datetime) -> bytes:
    out = Export(ENGLISH)
    out.person(WHO, *NOOR)
    out.alerts("Dexcom G7 Mobile App")
    start = DEMO_START
    for number in range(6):
        dice = Dice(900 + number)
        sensor = f"7300412{number:02d}815"
        for wall, value in _worn(out, start, 10, sensor, 1707 + number, "Europe/Berlin", 77 + number):
            _life(out, dice, wall, value, sensor)
        start += timedelta(days=10, minutes=33)
    kept = [row for row in out.rows if not row[1] or since <= datetime.fromisoformat(row[1]) < until]
    out.rows = kept
    return quoted(out.sorted())


def _life(out: Export, dice: Dice, wall: datetime, value: int, sensor: str) -> None:
    """Insulin, meals, calibrations and the rest, now and then."""
    entry = wall.replace(second=0)
    if wall.hour in (7, 12, 18) and wall.minute < 5:
        out.carbs(entry, str(dice.roll(4, 14) * 5))
        out.insulin(entry, f"{dice.roll(4, 24) / 2:.2f}")
    if wall.hour == 21 and wall.minute < 5:
        out.insulin(entry, "9.00", "Long-Acting")
    if wall.day % 4 == 0 and wall.hour == 8 and 10 <= wall.minute < 15:
        out.calibration(
            wall + timedelta(seconds=41), str(min(max(value + dice.roll(-9, 9), 45), 380)), sensor
        )
    if wall.weekday() == 2 and wall.hour == 16 and wall.minute < 5:
        out.exercise(entry, ("Light", "Medium", "Heavy")[dice.roll(0, 2)], "00:45:00")
    if wall.day == 20 and wall.hour == 9 and wall.minute < 5:
        out.event(entry, "Health", "Illness")


def demo_files() -> dict[str, bytes]:
    """The demonstration's person: two exports that overlap by two days."""
    return {
        "demo-clarity-2026-11-10.csv": _demo(datetime(2026, 11, 11), datetime(2026, 9, 16)),
        "demo-clarity-2026-11-14.csv": _demo(datetime(2026, 11, 15), datetime(2026, 11, 9)),
    }


def _few(
    out: Export, start: datetime, count: int, transmitter: str, tick: int, seed: int, **more: str
) -> None:
    curve = Curve(Dice(seed))
    say = in_mmol if "mmol" in out.header[7] else shown
    for wall, second in walls(start, 300, count, more.get("zone", "UTC")):
        text, mark = say(curve.step())
        if mark and "low" in more:
            mark = text = more["low"] if mark == "Low" else more["high"]
        text = text.replace(".", more.get("point", "."))
        out.egv(wall, text, tick + second, transmitter, more.get("word", "EGV"), mark)


def g5_tab() -> bytes:
    """2018: 13 columns, tab-separated re-save, two display blocks, a Low word beside a number."""
    out = Export(ENGLISH, "52BBXK", 13)
    out.person(
        ("FirstName", "LastName", "PatientIdentifier", "DateOfBirth"), "Ada", "Muster", "40-17", "3/4/1980"
    )
    for _ in range(2):
        out.alerts("Dexcom G5 Mobile", words=())
    _few(out, datetime(2018, 3, 2, 9, 1, 7), 24, "", 610_300, 5)
    out.rows[-1][3], out.rows[-1][7] = "Low", "35"
    out.rows[-2][3], out.rows[-2][7] = "Low", "44"
    out.calibration(datetime(2018, 3, 2, 10, 0, 3), "118", "")
    out.exercise(datetime(2018, 3, 2, 10, 30, 0), "Medium", "0:30:00")
    return plain(out.sorted(), bom=False, delimiter="\t")


def g6_twelve() -> bytes:
    """A study's file: 12 columns, nothing of the transmitter; the repeated hour of 2019 in Berlin."""
    out = Export(ENGLISH, "iPhone G6", 12)
    out.person(WHO, "Ada", "Muster", "13/4/1980")
    out.alerts("Dexcom G6 Mobile App")
    _few(out, datetime(2019, 10, 27, 1, 40, 17), 30, "", 0, 6, zone="Europe/Berlin")
    return plain(out.sorted(), end="\n")


def g6_floats() -> bytes:
    """Another study's: 13 columns, a blank for the T, numbers such as 108.0."""
    out = Export(ENGLISH, "iPhone G6", 13)
    out.person(
        ("FirstName", "LastName", "PatientIdentifier", "DateOfBirth"),
        "Ada",
        "Muster",
        "2019-077",
        "1980-04-13",
    )
    out.alerts("Dexcom G6 Mobile App", "200.0", "80.0")
    _few(out, datetime(2020, 3, 19, 17, 50, 0), 12, "", 11_101, 7)
    rows = out.sorted()
    for row in rows[1:]:
        row[1] = row[1].replace("T", " ")
        row[12] += ".0" if row[12] else ""
        row[7] += ".0" if row[7].isdigit() else ""
    return plain(rows, end="\n", bom=False)


def g6_2019() -> bytes:
    """Until 2022: unquoted, byte-order mark, ragged, both passes of the repeated hour interleaved."""
    out = Export(ENGLISH, "Android G6")
    out.person(WHO[:2], "Ada", "Muster")
    out.alerts("Dexcom G6 Mobile App", "270")
    _few(out, datetime(2019, 10, 27, 0, 31, 47), 60, "8GH00A", 1_002_573, 8, zone="Europe/Berlin")
    for text, mark, place in (("Low", "Low", 20), ("High", "High", 21)):
        out.rows[place][3], out.rows[place][7] = mark, text
    out.calibration(datetime(2019, 10, 27, 1, 20, 5), "93", "8GH00A")
    out.insulin(datetime(2019, 10, 27, 2, 30), "12.00")
    out.insulin(datetime(2019, 10, 27, 1, 5), "21.00", "Long-Acting")
    out.carbs(datetime(2019, 10, 27, 4, 10), "15")
    out.exercise(datetime(2019, 10, 27, 3, 50), "Light", "00:45:00")
    return plain(out.sorted())


def g6_2023() -> bytes:
    """Since 2023: all quoted; two transmitters; a flight to London and back that no zone rule knows."""
    out = Export(ENGLISH, "android G6")
    out.person(WHO[:2], "Ada", "Muster")
    out.alerts("Dexcom G6 Mobile App", "270", "85")
    away = (datetime(2023, 5, 9, 6, 0), datetime(2023, 5, 9, 14, 0))
    curve = Curve(Dice(9))
    for transmitter, tick, start, count in (
        ("8C00U6", 5_074_574, datetime(2023, 5, 8, 22, 2, 9), 330),
        ("8CQ00X", 7_573, datetime(2023, 5, 10, 4, 0, 30), 40),
    ):
        for wall, second in walls(start, 300, count, "Europe/Berlin"):
            seen = wall - timedelta(hours=1) if away[0] <= wall < away[1] else wall
            text, mark = shown(curve.step())
            out.egv(seen + timedelta(seconds=second // 300 % 3), text, tick + second, transmitter, mark=mark)
    out.insulin(datetime(2023, 5, 9, 10, 15), "3.50")
    for place, kind in enumerate(("Illness", "Cycle", "Stress", "Alcohol", "High Symptoms", "Low Symptoms")):
        out.event(datetime(2023, 5, 9, 12, place), "Health", kind)
    return quoted(out.sorted())


def g7_2025() -> bytes:
    """G7: a 12-digit id per sensor, quoted, line feeds, no mark; notes and fasting glucose."""
    out = Export(ENGLISH, "iOS G7")
    out.person(WHO, "Ada", "Muster", "1980-04-13")
    out.alerts("Dexcom G7 Mobile App", "200")
    _few(out, datetime(2025, 11, 24, 0, 16, 52), 30, "109300000070", 1_713, 10)
    out.insulin(datetime(2025, 11, 24, 1, 0, 30), "5.00")
    out.event(datetime(2025, 11, 24, 1, 5), "Notes", "Long walk, no snack")
    out.add(stamp(datetime(2025, 11, 24, 1, 30)), "Fasting Glucose", "", "", "", "iOS G7", "104")
    return quoted(out.sorted(), end="\n", bom=False)


def stelo() -> bytes:
    """Stelo: three undated lines, no alerts, activity without a device or a length."""
    out = Export(ENGLISH, "android Stelo")
    out.person(WHO[:2], "Ada", "Muster")
    out.add("", "Device", "", "", "Stelo Mobile App", "android Stelo")
    _few(out, datetime(2024, 9, 3, 8, 0, 1), 14, "208800000041", 1_690, 11)
    out.add(stamp(datetime(2024, 9, 3, 8, 30)), "Activity", "", "", "", "")
    return quoted(out.sorted())


def mmol_2024() -> bytes:
    """An account in mmol/L: two names change, words stay."""
    out = Export(mmol(ENGLISH), "iOS G7")
    out.person(WHO, "Ada", "Muster", "1980-04-13")
    out.alerts("Dexcom G7 Mobile App", "13.9", "3.9")
    _few(out, datetime(2024, 6, 1, 6, 0, 44), 40, "309300000011", 1_715, 12)
    out.rows[-1][7] = out.rows[-1][3] = "High"
    out.rows[-2][7] = out.rows[-2][3] = "Low"
    out.calibration(datetime(2024, 6, 1, 7, 2, 0), "6.4", "309300000011")
    return quoted(out.sorted())


def italian() -> bytes:
    """Italian, as seen: header and words translated, EGV not."""
    out = Export(ITALIAN, "iPhone G6 One")
    out.person(("Nome", "Cognome", "Data di nascita"), "Ada", "Esempio", "1980-04-13")
    words = (
        "Caduta",
        "Alto",
        "Basso",
        "Perdita segnale",
        "Rialzo",
        "Ipoglicemia urgente",
        "Ipoglicemia urgente imminente",
    )
    out.alerts("Dexcom ONE Mobile App", words=words)
    _few(out, datetime(2024, 2, 10, 11, 4, 9), 30, "8N00PQ", 90_301, 13, low="Basso", high="Alto")
    out.rows[-1][7] = out.rows[-1][3] = "Basso"
    return quoted(out.sorted())


def spanish() -> bytes:
    """Spanish: the headings and the EGV word that parsers name, the others as far as known."""
    header = [*ENGLISH]
    header[1], header[2] = "Marca temporal (AAAA-MM-DDThh:mm:ss)", "Tipo de evento"
    header[7], header[8], header[9] = (
        "Nivel de glucosa (mg/dl)",
        "Nivel de insulina (u)",
        "Nivel de carbohidratos (gramos)",
    )
    out = Export(header, "iPhone G6")
    _few(out, datetime(2022, 12, 1, 20, 4, 9), 20, "8E00PQ", 90_301, 14, word="Niveles estimados de glucosa")
    out.insulin(datetime(2022, 12, 1, 20, 30), "2.50")
    return quoted(out.sorted())


def german() -> bytes:
    """German with semicolons and decimal commas, in mmol/L."""
    header = mmol(ENGLISH)
    header[1], header[2] = "Zeitstempel (JJJJ-MM-TTThh:mm:ss)", "Ereignistyp"
    header[7] = "Glukosewert (mmol/L)"
    out = Export(header, "android G6")
    _few(
        out,
        datetime(2022, 12, 1, 20, 4, 9),
        30,
        "8D00PQ",
        90_301,
        15,
        word="EGW",
        point=",",
        low="Niedrig",
        high="Hoch",
    )
    out.rows[-1][7] = out.rows[-1][3] = "Niedrig"
    return plain(out.sorted(), delimiter=";")


def unknown_language() -> bytes:
    """A language that no mapping knows: place and bracketed units are all there is."""
    header = [f"Kolom {place}" for place in range(14)]
    header[1], header[7] = "Tijd (JJJJ-MM-DDThh:mm:ss)", "Glucosewaarde (mmol/L)"
    header[10], header[11] = "Duur (hh:mm:ss)", "Verandering (mmol/L/min)"
    out = Export(header, "iOS G7")
    out.person(("Voornaam", "Achternaam", "Geboortedatum"), "Ada", "Voorbeeld", "1980-04-13")
    _few(out, datetime(2025, 4, 1, 20, 4, 9), 12, "409300000011", 90_301, 16)
    return quoted(out.sorted())


def mangled() -> bytes:
    """Re-saved twice: a doubly encoded mark, one digit hours, full rows."""
    out = Export(ENGLISH, "android G6")
    out.person(WHO[:2], "Ada", "Muster")
    out.alerts("Dexcom G6 Mobile App")
    _few(out, datetime(2021, 4, 12, 0, 56, 47), 20, "8R00OI", 4_240_874, 17)
    out.insulin(datetime(2021, 4, 12, 1, 30), "27", "Long-Acting")
    rows = [(row + [""] * 14)[:14] for row in out.sorted()]
    for row in rows[1:]:
        row[1] = row[1].replace("T0", " ").replace("T", " ")
    text = plain(rows, end="\n", bom=False).decode().replace("Index", '"ï»¿""""Index"""""', 1)
    return b"\xef\xbb\xbf" + text.encode()


def workbook() -> bytes:
    """An export in mmol/L re-saved as .xlsx: dates are date cells, numbers numbers."""
    out = Export(mmol(ENGLISH), "iOS G7")
    out.person(WHO, "Ada", "Muster", "1980-04-13")
    out.alerts("Dexcom G7 Mobile App", "13.9", "3.9")
    _few(out, datetime(2024, 6, 1, 6, 0, 44), 20, "309300000012", 1_715, 18)
    out.insulin(datetime(2024, 6, 1, 6, 30), "1.5")
    return _xlsx([(row + [""] * 14)[:14] for row in out.sorted()])


_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Clarity" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm:ss"/></numFmts>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>',
}


def _xlsx(rows: Sequence[Row]) -> bytes:
    lines = []
    for row in rows:
        cells = "".join(_cell(place, text) for place, text in enumerate(row))
        lines.append(f"<row>{cells}</row>")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**_PARTS, "xl/worksheets/sheet1.xml": _SHEET.format("".join(lines))}.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 6, 2, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _cell(place: int, text: str) -> str:
    if not text:
        return "<c/>"
    if place == 1 and text[0].isdigit():
        serial = datetime.fromisoformat(text) - datetime(1899, 12, 30)
        return f'<c s="1"><v>{serial / timedelta(days=1):.10f}</v></c>'
    if place not in (4, 13) and text.replace(".", "", 1).isdigit():
        return f"<c><v>{text}</v></c>"
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    return {
        **demo_files(),
        "g5-2018-13-columns-tab.txt": g5_tab(),
        "g6-12-columns-repeated-hour.csv": g6_twelve(),
        "g6-13-columns-floats.csv": g6_floats(),
        "g6-2019-unquoted-repeated-hour.csv": g6_2019(),
        "g6-2023-quoted-travel.csv": g6_2023(),
        "g7-2025-quoted.csv": g7_2025(),
        "stelo-2024.csv": stelo(),
        "mmol-2024.csv": mmol_2024(),
        "italian-2024.csv": italian(),
        "spanish-2022.csv": spanish(),
        "german-semicolon-mmol.csv": german(),
        "unknown-language.csv": unknown_language(),
        "resaved-mangled-mark.csv": mangled(),
        "resaved-mmol.xlsx": workbook(),
    }

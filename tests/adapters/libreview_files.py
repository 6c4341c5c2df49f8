"""LibreView downloads as Abbott writes them (libre.md A1, A2): every layout, language and date order.

Law: exact in form, invented in content, made from fixed numbers: the same bytes each time. Rows are grouped
by serial, then record type, inside a group by wall clock; stamps are minutes without a zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.adapters.curve import Curve, Dice, walls

Row = list[str]

TYPE_COLUMNS = {
    "historic": 4,
    "scan": 5,
    "rapid_some": 6,
    "rapid": 7,
    "food_some": 8,
    "grams": 9,
    "servings": 10,
    "long_some": 11,
    "long": 12,
    "note": 13,
    "strip": 14,
    "ketone": 15,
    "meal": 16,
    "correction": 17,
}
TYPES = {
    "historic": "0",
    "scan": "1",
    "strip": "2",
    "ketone": "3",
    "rapid": "4",
    "rapid_some": "4",
    "long": "4",
    "long_some": "4",
    "meal": "4",
    "correction": "4",
    "grams": "5",
    "servings": "5",
    "food_some": "5",
    "note": "6",
    "blank": "6",
}
ENGLISH = [
    "Device",
    "Serial Number",
    "Device Timestamp",
    "Record Type",
    "Historic Glucose mg/dL",
    "Scan Glucose mg/dL",
    "Non-numeric Rapid-Acting Insulin",
    "Rapid-Acting Insulin (units)",
    "Non-numeric Food",
    "Carbohydrates (grams)",
    "Carbohydrates (servings)",
    "Non-numeric Long-Acting Insulin",
    "Long-Acting Insulin (units)",
    "Notes",
    "Strip Glucose mg/dL",
    "Ketone mmol/L",
    "Meal Insulin (units)",
    "Correction Insulin (units)",
    "User Change Insulin (units)",
]
GERMAN = [
    "Gerät",
    "Seriennummer",
    "Gerätezeitstempel",
    "Aufzeichnungstyp",
    "Glukosewert-Verlauf mg/dL",
    "Glukose-Scan mg/dL",
    "Nicht numerisches schnellwirkendes Insulin",
    "Schnellwirkendes Insulin (Einheiten)",
    "Nicht numerische Nahrungsdaten",
    "Kohlenhydrate (Gramm)",
    "Kohlenhydrate (Portionen)",
    "Nicht numerisches Depotinsulin",
    "Depotinsulin (Einheiten)",
    "Notizen",
    "Glukose-Teststreifen mg/dL",
    "Keton mmol/L",
    "Mahlzeiteninsulin (Einheiten)",
    "Korrekturinsulin (Einheiten)",
    "Insulin-Änderung durch Anwender (Einheiten)",
]
SPANISH = [
    "Dispositivo",
    "Número de serial",
    "Sello de tiempo del dispositivo",
    "Tipo de registro",
    "Historial de glucosa mg/dL",
    "Escaneo de glucosa mg/dL",
    "Insulina de acción rápida no numérica",
    "Insulina de acción rápida (unidades)",
    "Alimento no numérico",
    "Carbohidratos (gramos)",
    "Carbohidratos (porciones)",
    "Insulina de acción larga no numérica",
    "Insulina de acción larga (unidades)",
    "Notas",
    "Tira reactiva para glucosa mg/dL",
    "Cuerpos cetónicos mmol/L",
    "Comida e insulina (unidades)",
    "Insulina de corrección (unidades)",
    "Insulina del cambio de usuario (unidades)",
]
SWEDISH = [
    "Enhet",
    "Serienummer",
    "Enhetens tidsstämpel",
    "Registertyp",
    "Historiskt glukosvärde mmol/L",
    "Skanna glukosvärde mmol/L",
    "Icke-numeriskt snabbverkande insulin",
    "Snabbverkande insulin (enheter)",
    "Icke-numerisk mat",
    "Kolhydrater (gram)",
    "Kolhydrater (portioner)",
    "Icke-numeriskt långtidsverkande insulin",
    "Långtidsverkande insulin (enheter)",
    "Anteckningar",
    "Glukossticka mmol/L",
    "Keton mmol/L",
    "Måltidsinsulin (enheter)",
    "Korrigeringsinsulin (enheter)",
    "Användarändrat insulin (enheter)",
]
CZECH = [
    "Zařízení",
    "Sériové číslo",
    "Časová značka zařízení",
    "Typ záznamu",
    "Historie údajů o glukóze mmol/L",
    "Skenovat glukózu mmol/L",
    "Inzulín s rychlým účinkem, bez číselného vyjádření",
    "Inzulín s rychlým účinkem (jednotky)",
    "Jídlo, bez číselného vyjádření",
    "Sacharidy (gramy)",
    "Sacharidy (porce)",
    "Inzulín s dlouhým účinkem, bez číselného vyjádření",
    "Inzulín s dlouhým účinkem (jednotky)",
    "Poznámky",
    "Proužek na testování glukózy mmol/L",
    "Keton mmol/L",
    "Inzulín v jídle (jednotky)",
    "Nápravný inzulín (jednotky)",
    "Inzulín, uživatelská změna (jednotky)",
]
ORDER = {"0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6}
US = "%m-%d-%Y %I:%M %p"
DMY = "%d-%m-%Y %H:%M"
PHONE = "0f3c5e1a-77b0-4c8e-9d52-b1f6a0c4d201"
NEW_PHONE = "A81D20E4-5B7F-4E0C-8C1B-62D1C9F3A777"
READER = "JCMX101-K1127"


@dataclass
class Download:
    """Rows of one account. `form`: the account's date setting."""

    header: Sequence[str] = field(default_factory=lambda: ENGLISH)
    form: str = DMY
    device: str = "FreeStyle LibreLink"
    serial: str = PHONE
    width: int = 19

    def __post_init__(self) -> None:
        self.rows: list[tuple[int, str, datetime, Row]] = []
        self.serials: list[str] = []

    def add(self, wall: datetime, what: str, text: str = "", **other: str) -> None:
        """A row of a kind; `other` overrides device, serial, type."""
        serial = other.get("serial", self.serial)
        if serial not in self.serials:
            self.serials.append(serial)
        kind = other.get("type", TYPES[what])
        row = [other.get("device", self.device), serial, f"{wall:{self.form}}", kind] + [""] * (
            self.width - 4
        )
        if what != "blank":
            row[TYPE_COLUMNS[what]] = text
        self.rows.append((self.serials.index(serial), kind, wall, row))

    def table(self) -> list[Row]:
        """Header and rows in LibreView's order."""
        ordered = sorted(self.rows, key=lambda row: (row[0], ORDER[row[1]], row[2].replace(second=0)))
        return [[*self.header], *(row for *_, row in ordered)]


def number(text: float, mmol: bool) -> str:
    """A glucose value as the account writes it."""
    return f"{text / 18 + 0.0001:.1f}" if mmol else str(int(text))


def cut(value: int, mmol: bool = False, high: int = 500) -> str:
    """Floor and ceiling are written as numbers."""
    return number(min(max(value, 40), high), mmol)


def csv(
    above: Sequence[Row], rows: Sequence[Row], end: str = "\r\n", bom: bool = False, delimiter: str = ","
) -> bytes:
    """Unquoted unless needed."""
    lines = [delimiter.join(_cell(cell, delimiter) for cell in row) + end for row in (*above, *rows)]
    return (b"\xef\xbb\xbf" if bom else b"") + "".join(lines).encode()


def _cell(text: str, delimiter: str) -> str:
    return (
        '"' + text.replace('"', '""') + '"' if any(mark in text for mark in (delimiter, '"', "\n")) else text
    )


def sensor(out: Download, start: datetime, count: int, seed: int, **more: str) -> None:
    """Automatic readings, each quarter of an hour or as `step` says."""
    curve = Curve(Dice(seed))
    mmol = "mmol" in out.header[4]
    other = {name: more[name] for name in ("serial", "device", "type") if name in more}
    for wall, _ in walls(start, int(more.get("step", "900")), count, more.get("zone", "UTC")):
        out.add(wall, "historic", cut(curve.step(), mmol, int(more.get("high", "500"))), **other)


def demo() -> bytes:
    """The demonstration's person: a German account, a phone changed in November, a reader for strips."""
    out = Download(GERMAN)
    curve, dice = Curve(Dice(31)), Dice(32)
    change, moved = datetime(2026, 11, 5, 9, 0), datetime(2026, 11, 3, 16, 0)
    out.serials = [PHONE, NEW_PHONE, READER]
    start, worn = datetime(2026, 8, 31, 10, 4), 0
    for wall, second in walls(start, 900, 70 * 96, "Europe/Berlin"):
        value = curve.step()
        worn = second % (14 * 86_400)
        if worn < 3600:
            continue
        if worn == 3600:
            out.add(wall - timedelta(minutes=61), "blank")
        for serial, seen in ((PHONE, wall < change), (NEW_PHONE, wall >= moved)):
            if seen:
                out.add(wall, "historic", cut(value), serial=serial)
        phone = PHONE if wall < change else NEW_PHONE
        _life(out, dice, wall, value, phone)
    above = [
        ["Glukose-Werte", "Erstellt am", "09-11-2026 18:12 UTC", "Erstellt von", "Noor Beispiel", *[""] * 14]
    ]
    return csv(above, out.table())


def _life(out: Download, dice: Dice, wall: datetime, value: int, phone: str) -> None:
    if dice.roll(1, 14) == 1:
        out.add(wall + timedelta(minutes=3), "scan", cut(value + dice.roll(-6, 6)), serial=phone)
        out.add(wall + timedelta(minutes=3), "blank", serial=phone)
    if wall.hour in (7, 12, 18) and wall.minute < 15:
        out.add(wall, "rapid", f"{dice.roll(8, 40) / 2:g}".replace(".0", ""), serial=phone)
        out.add(wall, "grams", str(dice.roll(4, 16) * 5), serial=phone)
    if wall.hour == 21 and wall.minute < 15:
        out.add(wall, "long", "9", serial=phone)
    if wall.weekday() == 5 and wall.hour == 15 and wall.minute < 15:
        out.add(wall, "note", 'Fußball, dann "eine" Brezel', serial=phone)
        out.add(wall, "food_some", "1", serial=phone)
    if wall.day % 6 == 0 and wall.hour == 8 and wall.minute < 15:
        reader = {"serial": READER, "device": "FreeStyle Libre 2"}
        out.add(wall + timedelta(minutes=2), "strip", cut(value + dice.roll(-12, 12)), **reader)
        if value > 240:
            out.add(wall + timedelta(minutes=4), "ketone", "0.2", **reader)


def _one_line(
    when: str, words: Sequence[str] = ("Glucose Data", "Generated on", "Generated by")
) -> list[Row]:
    return [[words[0], words[1], f"{when} UTC", words[2], "Ada Muster"]]


def us_12h() -> bytes:
    """A patient's own download in the US: month first, 12 hours; the ceiling is 400."""
    out = Download(ENGLISH, US, serial=PHONE.upper())
    sensor(out, datetime(2021, 5, 30, 16, 59), 40, 41, high="400")
    for place, text in ((10, "40"), (20, "400"), (21, "400")):
        out.rows[place][3][4] = text
    out.add(datetime(2021, 5, 30, 16, 58), "scan", "50")
    out.add(datetime(2021, 5, 30, 16, 58), "scan", "52")
    out.add(datetime(2021, 5, 30, 16, 58), "blank")
    out.add(datetime(2021, 5, 30, 18, 45), "food_some", "1")
    out.add(datetime(2021, 5, 30, 18, 45), "note", "pork belly cauliflower ")
    return csv(_one_line("07-20-2021 02:05 PM"), out.table())


def gb_mmol() -> bytes:
    """A newer UK download in mmol/L: day first, line 1 padded, "Insulin Value" in one heading."""
    header = [
        name.replace("mg/dL", "mmol/L").replace("Long-Acting Insulin (", "Long-Acting Insulin Value (")
        for name in ENGLISH
    ]
    out = Download(header)
    sensor(out, datetime(2025, 9, 13, 21, 58), 60, 42)
    for place, text in ((5, "2.2"), (6, "27.8")):
        out.rows[place][3][4] = text
    out.add(datetime(2025, 9, 14, 8, 16), "rapid", "2")
    out.add(datetime(2025, 9, 14, 8, 16), "long", "11")
    out.add(datetime(2025, 9, 14, 8, 16), "grams", "3")
    out.add(datetime(2025, 9, 14, 4, 31), "rapid_some", "1")
    out.add(datetime(2025, 9, 14, 5, 1), "scan", "6.0")
    return csv([[*_one_line("12-10-2025 17:37")[0], *[""] * 14]], out.table(), end="\n")


def eu_ketone() -> bytes:
    """Newer EU files carry two columns for a continuous ketone sensor."""
    out = Download([*ENGLISH, "Historic Ketone mmol/L", "Scan Ketone mmol/L"], width=21)
    sensor(out, datetime(2025, 10, 20, 8, 0), 10, 43)
    return csv(_one_line("21-10-2025 07:00"), out.table(), bom=True)


def es_report() -> bytes:
    """A clinic's report in Spanish: two lines above, decimals split by unquoted commas, a mark for the file."""
    out = Download(SPANISH, device="FreeStyle Libre", serial="JCGX000-K4400")
    sensor(out, datetime(2020, 5, 18, 1, 55), 30, 44)
    out.add(datetime(2020, 5, 18, 2, 1), "scan", "118")
    out.add(datetime(2020, 5, 18, 11, 53), "strip", "20")
    out.add(datetime(2020, 5, 18, 21, 3), "rapid", "13")
    out.rows[-1][3][8] = "0"
    out.add(datetime(2020, 5, 18, 21, 9), "rapid_some", "1")
    out.add(datetime(2020, 5, 19, 2, 17), "long", "24")
    out.rows[-1][3][13] = "5"
    out.add(datetime(2020, 5, 19, 2, 18), "ketone", "0")
    out.rows[-1][3][16] = "1"
    out.add(datetime(2020, 5, 18, 21, 3), "grams", "75")
    out.add(datetime(2020, 5, 18, 21, 16), "food_some", "1")
    out.add(datetime(2020, 5, 18, 0, 54), "blank")
    pad = [""] * 14
    above = [
        ["Informe del paciente", "Generado el", "19-03-2021 14:06 UTC", "Generado por", "Dra. Ejemplo", *pad],
        ["Ada Muster", "13-04-1980", *[""] * 17],
    ]
    return csv(above, out.table())


def meter_2018() -> bytes:
    """The 2018 form: no device columns, short years, every row of type 1 with its value in the historic column."""
    header = [
        "Meter Timestamp",
        "Record Type",
        "Historic Glucose(mg/dL)",
        "Scan Glucose(mg/dL)",
        *ENGLISH[6:11],
        "Grams of Carbs per Serving",
        *ENGLISH[11:14],
        "Strip Glucose(mg/dL)",
        "Ketone(mmol/L)",
        *ENGLISH[16:],
    ]
    curve = Curve(Dice(45))
    rows = []
    for wall, _ in walls(datetime(2018, 8, 1, 12, 0), 900, 60, "UTC"):
        stamp = f"{wall.month}/{wall.day}/{wall:%y} {wall.hour}:{wall:%M}"
        rows.append([stamp, "1", cut(curve.step()), *[""] * 15])
    above = [
        [
            "Patient report",
            "Generated on",
            "8/22/18",
            "Generated by",
            "Dr. Sample",
            "The Test Clinic",
            *[""] * 12,
        ],
        ["Ada Muster", "4/13/80", *[""] * 16],
    ]
    return csv(above, [header, *rows])


def german() -> bytes:
    """German headings, quoted decimal commas in mmol/L, a note of two lines."""
    header = [name.replace("mg/dL", "mmol/L") for name in GERMAN]
    out = Download(header)
    sensor(out, datetime(2023, 3, 25, 22, 10), 20, 46, zone="Europe/Berlin")
    for *_, row in out.rows:
        row[4] = row[4].replace(".", ",")
    out.add(datetime(2023, 3, 25, 23, 0), "note", "Sport,\nspät")
    out.add(datetime(2023, 3, 25, 23, 5), "rapid", "3,5")
    above = _one_line("26-03-2023 06:00", ("Glukose-Werte", "Erstellt am", "Erstellt von"))
    return csv(above, out.table(), bom=True)


def swedish_us_dates() -> bytes:
    """Swedish headings with US dates: language and date order are two settings."""
    out = Download(SWEDISH, US)
    sensor(out, datetime(2022, 1, 30, 20, 0), 24, 47)
    return csv(_one_line("02-01-2022 06:00 AM", ("Glukosuppgifter", "Skapat den", "Skapat av")), out.table())


def czech_quoted_lines() -> bytes:
    """Czech: each whole line in quotes, no line above the header."""
    out = Download(CZECH)
    sensor(out, datetime(2021, 11, 28, 10, 2), 16, 48)
    text = csv([], out.table()).decode()
    lines = ['"' + line.replace('"', '""') + '"' for line in text.splitlines()]
    return ("\r\n".join(lines) + "\r\n").encode()


def ymd() -> bytes:
    """Year first, as LibreView advises: no doubt about any date. Stamps padded with blanks."""
    out = Download(ENGLISH, " %Y-%m-%d %H:%M ")
    sensor(out, datetime(2024, 2, 1, 9, 35), 10, 49)
    return csv(_one_line("2024-02-02 08:00"), out.table())


def early_month() -> bytes:
    """Two days early in a month: the rows fit both orders, line 1 (day 21) decides."""
    out = Download(ENGLISH, US)
    sensor(out, datetime(2022, 3, 1, 20, 0), 40, 50)
    return csv(_one_line("03-21-2022 06:00 AM"), out.table())


def libre3_views() -> bytes:
    """Libre 3: readings each 5 minutes; opening the app repeats the current value as record type 1."""
    out = Download(ENGLISH, device="FreeStyle Libre 3", serial=NEW_PHONE)
    sensor(out, datetime(2024, 4, 21, 22, 30), 48, 51, step="300")
    for minute in (32, 35, 41, 55):
        out.add(datetime(2024, 4, 21, 22, minute), "scan", "107")
    return csv(_one_line("22-04-2024 09:40"), out.table(), end="\n")


def unified_app() -> bytes:
    """The unified app with a Libre 3 Plus: only the step tells that its type 1 rows are views."""
    out = Download(ENGLISH, US, device="Libre app", serial=NEW_PHONE)
    sensor(out, datetime(2025, 12, 15, 7, 2), 36, 52, step="300", high="400")
    for minute in (7, 8, 21):
        out.add(datetime(2025, 12, 15, 7, minute), "scan", "131")
    return csv(_one_line("12-16-2025 09:40 AM"), out.table())


def neo_meter() -> bytes:
    """A blood meter: strips and ketones, no sensor."""
    out = Download(ENGLISH, device="FreeStyle Optium-Precision Neo", serial="LBGY123-R0007")
    for day, text in ((14, "104"), (15, "250"), (16, "20")):
        out.add(datetime(2019, 6, day, 7, 30), "strip", text)
    out.add(datetime(2019, 6, 15, 7, 33), "ketone", "0.3")
    out.add(datetime(2019, 6, 15, 9, 0), "ketone", "8.0")
    out.add(datetime(2019, 6, 15, 7, 40), "blank")
    return csv(_one_line("20-06-2019 09:40"), out.table())


def two_installs() -> bytes:
    """A new phone: the last hours of the old install are in the new one too, in the other case."""
    out = Download(ENGLISH, serial=PHONE.upper())
    curve = Curve(Dice(53))
    for wall, second in walls(datetime(2025, 12, 18, 3, 11), 900, 60, "UTC"):
        text = cut(curve.step())
        if second < 40 * 900:
            out.add(wall, "historic", text)
        if second >= 24 * 900:
            out.add(wall, "historic", text, serial=NEW_PHONE.lower())
    return csv(_one_line("20-12-2025 09:40"), out.table())


def excel() -> bytes:
    """Re-saved by a spreadsheet: short dates without leading zeros."""
    out = Download(ENGLISH, US)
    sensor(out, datetime(2021, 5, 30, 16, 59), 12, 54)
    rows = out.table()
    for row, (*_, wall, kept) in zip(rows[1:], sorted(out.rows, key=lambda one: one[2]), strict=True):
        assert row is kept
        row[2] = f"{wall.month}/{wall.day}/{wall:%y} {wall.hour}:{wall:%M}"
    return csv([[*_one_line("06-29-2021 03:30 PM")[0], *[""] * 14]], rows, end="\n")


def reader_spring() -> bytes:
    """A reader over summer time: it records on through the hour that no clock shows; the owner moves it later."""
    out = Download(ENGLISH, device="FreeStyle Libre", serial=READER)
    curve = Curve(Dice(55))
    for index in range(60):
        wall = datetime(2021, 3, 28, 0, 6) + timedelta(minutes=15 * index)
        moved = wall + timedelta(hours=1) if index >= 44 else wall
        out.add(moved, "historic", cut(curve.step()))
    return csv(_one_line("20-04-2021 09:40"), out.table())


def travel_fold() -> bytes:
    """A flight west: 13 stamps stand twice with different values, nothing separates the passes."""
    out = Download(ENGLISH, US, serial=NEW_PHONE)
    curve = Curve(Dice(56))
    for index in range(40):
        wall = datetime(2024, 8, 18, 16, 33) + timedelta(minutes=5 * index)
        out.add(wall - timedelta(hours=1) if index >= 25 else wall, "historic", cut(curve.step() + index))
    return csv(_one_line("08-20-2024 09:40 AM"), out.table())


def year_one() -> bytes:
    """A clock that was never set: rows of the year 1 among good ones."""
    out = Download(ENGLISH, device="FreeStyle Libre", serial=READER)
    sensor(out, datetime(2020, 1, 20, 8, 0), 8, 57)
    out.add(datetime(2020, 1, 20, 7, 45), "historic", "101")
    out.rows[-1][3][2] = "01-01-0001 00:00"
    return csv(_one_line("21-01-2020 09:40"), out.table())


def files() -> dict[str, bytes]:
    """Every recording by its name."""
    return {
        "demo-libreview-2026-11-09.csv": demo(),
        "us-12-hours.csv": us_12h(),
        "uk-mmol.csv": gb_mmol(),
        "eu-ketone-columns.csv": eu_ketone(),
        "spanish-report-split-decimals.csv": es_report(),
        "meter-2018.csv": meter_2018(),
        "german-mmol-commas.csv": german(),
        "swedish-us-dates.csv": swedish_us_dates(),
        "czech-quoted-lines.csv": czech_quoted_lines(),
        "year-first.csv": ymd(),
        "early-in-the-month.csv": early_month(),
        "libre-3-views.csv": libre3_views(),
        "libre-3-plus-unified-app.csv": unified_app(),
        "neo-meter.csv": neo_meter(),
        "two-installs.csv": two_installs(),
        "excel-short-dates.csv": excel(),
        "reader-keeps-winter-time.csv": reader_spring(),
        "travel-repeated-hour.csv": travel_fold(),
        "year-one.csv": year_one(),
    }

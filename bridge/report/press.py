"""The press: a report as a PDF that can leave, or as pictures of its pages. The only maker of either's bytes.

Law (`architecture.md`, laws): it takes what the gate made and says nothing beside it. `PdfBytes` and `PngBytes` are
final and made here alone; whoever sends a report to the world demands one. The PDF is tagged and passes the checks of
PDF/UA-1 that typst has (ISO 14289-1: title, language, alternative texts); the same content gives the same bytes,
because its date is that of the data and not of today. A person's text reaches typst as a text, never as markup, and
what could turn the text beside it (control characters, bidirectional overrides) is taken out. Nothing is kept.

Rejected: a PDF of a page of HTML (patient text in markup), a date of printing (one content would be two answers).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Literal, Never, final

import typst

from bridge.consent.disclosure import Disclosure
from bridge.period import Instant, ZoneHistory
from bridge.report import bar, days, doses, pattern, words
from bridge.report.content import Content, contents
from bridge.report.drawing import AXES
from bridge.report.layout import USUAL, Layout
from bridge.report.targets import Targets
from bridge.report.words import Row

MEDIA_TYPE: Final = "application/pdf"
PICTURE: Final = "image/png"
PPI: Final = 150
"""Of a picture: 8 point is read on a screen, and a page has some hundred kB."""
LONGEST: Final = 200
"""Characters of a text that are shown."""
MOST_DAYS: Final = 98
"""Days that are drawn, the newest; figures and pattern are of all."""
ON_FIRST: Final = 14
"""Days that stand on the first page where there are no more."""
_HERE: Final = Path(__file__).parent
_SHEET: Final = (_HERE / "sheet.typ").read_bytes()
_LEAF: Final = (_HERE / "leaf.typ").read_bytes()
_CELL, _ROW = "\x1f", "\x1e"
_TURNING: Final = frozenset(
    map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))
)
_SEAL: Final = object()


@final
class PdfBytes:
    """A PDF that may leave. `title`: of the document, which names nobody; `report`: its id as DiagnosticReport."""

    __slots__ = ("body", "report", "title")

    body: bytes
    title: str
    report: str

    def __init__(self, seal: object, body: bytes, title: str, report: str) -> None:
        if seal is not _SEAL:
            raise TypeError("only the press makes PdfBytes")
        for name, value in {"body": body, "title": title, "report": report}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("PdfBytes do not change: the press makes them anew")

    def __init_subclass__(cls) -> None:
        raise TypeError("PdfBytes has no subclasses")

    def __len__(self) -> int:
        return len(self.body)

    def __bytes__(self) -> bytes:
        return self.body


@final
class PngBytes:
    """A report as pictures of its pages, which may leave; without the tags and texts of a PDF. `report`: as of
    `PdfBytes`."""

    __slots__ = ("pages", "report")

    pages: tuple[bytes, ...]
    report: str

    def __init__(self, seal: object, pages: tuple[bytes, ...], report: str) -> None:
        if seal is not _SEAL:
            raise TypeError("only the press makes PngBytes")
        for name, value in {"pages": pages, "report": report}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("PngBytes do not change: the press makes them anew")

    def __init_subclass__(cls) -> None:
        raise TypeError("PngBytes has no subclasses")


def printed(seen: Disclosure, zones: ZoneHistory, layout: Layout = USUAL) -> tuple[PdfBytes, ...]:
    """A PDF of each report of a disclosure (`Reporting.documents`), in order of time; a report of which all was entered
    in error has none. `zones`: where the person's clocks stood."""
    return tuple(_printed(each, layout.targets) for each in contents(seen, zones, layout))


def pictured(seen: Disclosure, zones: ZoneHistory, layout: Layout = USUAL) -> tuple[PngBytes, ...]:
    """The same as pictures."""
    return tuple(_pictured(each, layout.targets) for each in contents(seen, zones, layout))


def withdrawn(title: str, sentence: str, at: Instant) -> PdfBytes:
    """A page that takes a report's place and says why nothing stands there."""
    body, _ = _compiled(_said(title, sentence), max(0, at // 1000), _LEAF)
    return PdfBytes(_SEAL, body, title, "")


def withdrawn_picture(title: str, sentence: str, at: Instant) -> PngBytes:
    """The same as a picture."""
    return PngBytes(_SEAL, _pictures(_said(title, sentence), max(0, at // 1000), _LEAF), "")


def _printed(content: Content, targets: Targets | None) -> PdfBytes:
    given, at = dict(inputs(content, targets)), max(0, content.report.last_updated // 1000)
    body, _ = _compiled(given, at, _SHEET)
    return PdfBytes(_SEAL, body, words.title(content), content.report.id("DiagnosticReport"))


def _pictured(content: Content, targets: Targets | None) -> PngBytes:
    given, at = dict(inputs(content, targets)), max(0, content.report.last_updated // 1000)
    return PngBytes(_SEAL, _pictures(given, at, _SHEET), content.report.id("DiagnosticReport"))


def _said(title: str, sentence: str) -> dict[str, str]:
    return {"title": _plain(title), "sentence": _plain(sentence, 5 * LONGEST), "purpose": words.PURPOSE}


def _pictures(given: dict[str, str], at: int, sheet: bytes) -> tuple[bytes, ...]:
    """The pages in the fonts that its PDF is made in: a picture lacks a character in silence."""
    _, has_system = _compiled(given, at, sheet)
    compiler = typst.Compiler(sheet, font_paths=_fonts(has_system), sys_inputs=given)
    found = compiler.compile(format="png", ppi=PPI, timestamp=at)
    assert found is not None
    return tuple(found) if isinstance(found, list) else (found,)


def _compiled(given: dict[str, str], at: int, sheet: bytes) -> tuple[bytes, bool]:
    """A sheet with these texts, and whether the system's fonts were needed. PDF/UA-1 refuses a character that no font
    has: then those are asked, and where they lack it too the sign for a missing character stands in a tagged PDF that
    does not claim PDF/UA."""
    for has_system, standard in _ATTEMPTS:
        try:
            body = typst.compile(
                sheet,
                font_paths=_fonts(has_system),
                sys_inputs=given,
                format="pdf",
                pdf_standards=standard,
                timestamp=at,
            )
        except typst.TypstError:
            if standard is None:
                raise
        else:
            assert isinstance(body, bytes)
            return body, has_system
    raise AssertionError("the last attempt gives a PDF or raises")


_ATTEMPTS: Final[tuple[tuple[bool, Literal["ua-1"] | None], ...]] = (
    (False, "ua-1"),
    (True, "ua-1"),
    (True, None),
)


@cache
def _fonts(has_system: bool) -> typst.Fonts:
    """The fonts that come along: the same picture on every machine; with those of the system where ours lack
    something (Chinese, Japanese …)."""
    return typst.Fonts(include_system_fonts=has_system, font_paths=[str(_HERE / "fonts")])


def inputs(content: Content, targets: Targets | None) -> Mapping[str, str]:
    """Everything that the sheet shows, by name."""
    readings = content.readings
    given = {
        "title": words.title(content),
        "notice": content.notice,
        "purpose": words.PURPOSE,
        "method": words.METHOD,
        "sources": _plain(words.sources(content), 5 * LONGEST),
        "who": _rows(words.who(content)),
        "warnings": _rows((each,) for each in words.warnings(content)),
        "figures": _rows(words.figures(content, targets)),
        "episodes": _rows(doses.episodes(content)),
        "doses": _rows(doses.doses(content)),
    }
    if readings is not None and readings.insulin is not None:
        given["doses-words"] = "Units as the pump or pen counts them; the concentration is not known here."
    return {**given, **_bar(content, targets), **_pattern(content), **_days(content)}


def _bar(content: Content, targets: Targets | None) -> Mapping[str, str]:
    if content.ranges is None:
        return {}
    found = words.shares(content.ranges, content.unit, targets, content.layout.rounding)
    told = [(name, percent, f"{time} a day", goal) for name, percent, time, goal in found.rows]
    said = "; ".join(", ".join(filter(None, row)) for row in told)
    return {
        "unit": str(content.unit),
        "bar": bar.drawn(found.tenths, told),
        "bar-alt": f"Bar of the time in each range, in {content.unit}. {said}.",
        "targets": f"Goals for {targets.words}." if targets else "",
    }


def _pattern(content: Content) -> Mapping[str, str]:
    if content.readings is None:
        return {}
    found, axis = content.readings.summary.pattern, AXES[content.unit]
    if found.value is None:
        return {"pattern-words": f"Not shown: {found.why}."}
    medians = [row[2] * axis.factor for row in found.value.rows if row is not None]
    said = (
        f"Median {axis.said(min(medians))} to {axis.said(max(medians))} {content.unit} over the day. The line is the "
        "median, the inner band half of all readings (25 to 75 %), the outer one nine tenths (5 to 95 %); the green "
        f"band is the target range. Bins of {found.value.bin_minutes} minutes, smoothed."
    )
    return {
        "pattern": pattern.drawn(found.value, axis, str(content.unit)),
        "pattern-words": said,
        "pattern-alt": f"Curves of glucose by time of day. {said}",
    }


def _days(content: Content) -> Mapping[str, str]:
    """One picture where it fits on the first page, else one for each four weeks on pages of their own."""
    if content.readings is None:
        return {}
    numbers = content.readings.counted.dates
    first, last = (date(1970, 1, 1) + timedelta(int(each)) for each in (numbers.min(), numbers.max()))
    start, end = (
        content.zones.local_date(content.period.start),
        content.zones.local_date(words.last_day(content)),
    )
    every = days.latest(min(first, start), max(last, end), MOST_DAYS)
    size = ON_FIRST if len(every) <= ON_FIRST else 4 * days.COLUMNS
    lots = [every[at : at + size] for at in range(0, len(every), size)]
    axis = AXES[content.unit]
    told = {
        f"days-{place}": days.drawn(content.readings.counted, lot, axis) for place, lot in enumerate(lots, 1)
    }
    alts = [
        f"Curves of glucose of each day from {days.said(lot[0])} to {days.said(lot[-1])}." for lot in lots
    ]
    whole = (max(last, end) - min(first, start)).days + 1
    said = f"The newest {MOST_DAYS} of {whole} days." if whole > MOST_DAYS else ""
    return {**told, "days": _rows(zip(told, alts, strict=True)), "days-alt": alts[0], "days-words": said}


def _rows(found: Iterable[Row]) -> str:
    return _ROW.join(_CELL.join(map(_plain, row)) for row in found)


def _plain(text: str, longest: int = LONGEST) -> str:
    """A text that can stand beside others: at most so long, without what is no character to be read."""
    kept = "".join(
        " " if each in "\t\r\n" else "" if each in _TURNING or unicodedata.category(each) in _UNREAD else each
        for each in text
    )
    return kept if len(kept) <= longest else f"{kept[:longest]}…"


_UNREAD: Final = frozenset({"Cc", "Cs", "Cn", "Co"})

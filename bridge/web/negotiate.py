"""What the asker can read: media type, compression, how strict it wants to be taken (RFC 9110 12.5).

Law: the answer is JSON or XML, or 406; `_format` wins over Accept (R4 3.1.0.1.11). Of both the one with the higher
quality is chosen, then the one that was named rather than matched by a star, then JSON. FHIR versions other than
4.0 are not acceptable rather than silently answered (R4 2.1.0.8.1). Pure and remembered: a client sends the same
header again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from bridge.fhir.render import JSON, XML, Notation

_NAMES: Final[Mapping[str, Notation]] = {
    **dict.fromkeys(("application/fhir+json", "application/json", "text/json"), JSON),
    **dict.fromkeys(("application/fhir+xml", "application/xml", "text/xml"), XML),
}
"""Media types by name (R4 3.1.0.1.11 lists them)."""
_FORMATS: Final[Mapping[str, Notation]] = {
    **_NAMES,
    "json": JSON, "application/fhir json": JSON, "*/*": JSON, "xml": XML, "application/fhir xml": XML,
}  # fmt: skip
"""Values of `_format`; a plus sign that was not escaped arrives as a blank."""


def acceptable(accept: bytes, form: str | None) -> Notation | None:
    """How the answer is written for this Accept header (b"": none) and `_format` (None: none); None: 406."""
    if form is None:
        return _accepted(accept)
    return _FORMATS.get(_plain(form)) if _is_version_4(form) else None


def sent_as(media_type: str) -> Notation | None:
    """How a body of this media type is written; None where it is no FHIR."""
    return _NAMES.get(media_type)


@lru_cache(maxsize=256)
def is_gzip_wanted(accept_encoding: bytes) -> bool:
    """Whether gzip is accepted; a header that does not name it means identity."""
    chosen = {name: quality for name, quality, _ in _ranges(accept_encoding)}
    return chosen.get("gzip", chosen.get("x-gzip", chosen.get("*", 0.0))) > 0


def is_strict(prefer: bytes) -> bool:
    """Whether unknown parameters are errors: `Prefer: handling=strict` (R4 3.1.1.1.1)."""
    return "handling=strict" in preferences(prefer)


@lru_cache(maxsize=256)
def preferences(prefer: bytes) -> frozenset[str]:
    """What is preferred (RFC 7240 2), in lower case, without blanks and quotes."""
    wishes = prefer.decode("latin-1").lower().replace(";", ",").split(",")
    return frozenset(wish.replace(" ", "").replace('"', "") for wish in wishes)


@lru_cache(maxsize=256)
def is_named(accept: bytes, media_types: frozenset[str]) -> bool:
    """Whether one of these media types is accepted by its name."""
    return any(name in media_types and quality > 0 for name, quality, _ in _ranges(accept))


@lru_cache(maxsize=256)
def is_fhir_named(accept: bytes) -> bool:
    """Whether a notation of FHIR is accepted by its name."""
    return any(name in _NAMES and quality > 0 for name, quality, _ in _ranges(accept))


@lru_cache(maxsize=256)
def _accepted(accept: bytes) -> Notation | None:
    if not accept.strip():
        return JSON
    ranges = [(name, quality) for name, quality, rest in _ranges(accept) if _is_version_4(rest)]
    json, xml = _wish(JSON, ranges), _wish(XML, ranges)
    best, quality = (XML, xml[0]) if xml > json else (JSON, json[0])
    return best if quality > 0 else None


def _wish(notation: Notation, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """The quality of the range that names it most precisely, and how precisely (RFC 9110 12.5.1)."""
    told = [(_precision(name, notation), quality) for name, quality in ranges]
    precision, quality = max((each for each in told if each[0]), default=(0, 0.0))
    return quality, precision


def _precision(name: str, notation: Notation) -> int:
    """How precisely a range names a notation; 0 not at all."""
    if name in _NAMES:
        return 3 if _NAMES[name] is notation else 0
    return {"application/*": 2, "*/*": 1}.get(name, 0)


def _ranges(header: bytes) -> list[tuple[str, float, str]]:
    """(name, quality, the other parameters) of each range of a list header."""
    return [_range(part) for part in header.decode("latin-1").lower().split(",") if part.strip()]


def _range(text: str) -> tuple[str, float, str]:
    name, *parameters = [part.strip() for part in text.split(";")]
    quality, rest = 1.0, []
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            quality = _quality(value.strip())
        else:
            rest.append(parameter)
    return name, quality, ";".join(rest)


def _quality(text: str) -> float:
    try:
        return float(text) if len(text) < 6 else 0.0
    except ValueError:
        return 0.0


def _is_version_4(text: str) -> bool:
    """Whether no FHIR version is named, or 4.0."""
    _, named, version = text.lower().partition("fhirversion=")
    return not named or version.split(";")[0].strip().strip('"') in ("4.0", "4.0.1")


def _plain(form: str) -> str:
    return form.lower().split(";")[0].strip()

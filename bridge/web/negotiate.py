"""What the asker can read: media type, compression, how strict it wants to be taken (RFC 9110 12.5).

Law: the answer is JSON or 406; `_format` wins over Accept (R4 3.1.0.1.11). FHIR versions other than 4.0 are
not acceptable rather than silently answered (R4 2.1.0.8.1). Pure and remembered: a client sends the same
header again and again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

JSON_FORMATS: Final = frozenset(
    {"json", "application/json", "application/fhir+json", "application/fhir json", "text/json", "*/*"}
)
"""Values of `_format` that mean JSON; a plus sign that was not escaped arrives as a blank."""
_JSON_RANGES: Final = frozenset(
    {"application/fhir+json", "application/json", "text/json", "application/*", "*/*"}
)


def is_json_wanted(accept: bytes, form: str | None) -> bool:
    """Whether JSON is an acceptable answer to this Accept header (b"": none) and `_format` (None: none)."""
    return _accepts_json(accept) if form is None else _is_version_4(form) and _plain(form) in JSON_FORMATS


@lru_cache(maxsize=256)
def is_gzip_wanted(accept_encoding: bytes) -> bool:
    """Whether gzip is accepted; a header that does not name it means identity."""
    chosen = {name: quality for name, quality, _ in _ranges(accept_encoding)}
    return chosen.get("gzip", chosen.get("x-gzip", chosen.get("*", 0.0))) > 0


@lru_cache(maxsize=256)
def is_strict(prefer: bytes) -> bool:
    """Whether unknown parameters are errors: `Prefer: handling=strict` (R4 3.1.1.1.1)."""
    wishes = prefer.decode("latin-1").lower().replace(";", ",").split(",")
    return any(wish.replace(" ", "").replace('"', "") == "handling=strict" for wish in wishes)


@lru_cache(maxsize=256)
def _accepts_json(accept: bytes) -> bool:
    found = [
        quality for name, quality, rest in _ranges(accept) if name in _JSON_RANGES and _is_version_4(rest)
    ]
    return not accept.strip() or any(quality > 0 for quality in found)


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

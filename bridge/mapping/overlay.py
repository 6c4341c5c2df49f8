"""A site's overlay: `extends:` a shipped mapping and says only what differs in its FHIR half.

Law (`mapping.md`): a site changes codes, categories and profiles, not how a vendor's file is read: then
the readings of two sites would differ under one name. Keys given replace keys there, one by one.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from bridge.mapping.language import FormatFile
from bridge.mapping.shapes import Closed, Shape, Words
from bridge.reading import Stream, Unit


class ShapeChange(Closed):
    """What differs in one stream's shape."""

    code: Mapping[Unit, str] = Field(default_factory=dict)
    mean: Mapping[Unit, str] = Field(default_factory=dict)
    category: Words | None = None
    profile: Mapping[Unit, str | None] = Field(default_factory=dict)
    mean_profile: Mapping[Unit, str | None] = Field(default_factory=dict)


class Overlay(Closed):
    """A site file over one format."""

    extends: str
    fhir: Mapping[Stream, ShapeChange]


def laid_over(base: FormatFile, site: Overlay) -> FormatFile:
    """The format as the site wants it."""
    changed = {stream: _changed(base.fhir[stream], change) for stream, change in site.fhir.items()}
    return base.model_copy(update={"fhir": {**base.fhir, **changed}})


def _changed(shape: Shape, change: ShapeChange) -> Shape:
    return Shape(
        resource=shape.resource,
        code={**shape.code, **change.code},
        mean={**shape.mean, **change.mean},
        category=shape.category if change.category is None else change.category,
        profile={**shape.profile, **change.profile},
        mean_profile={**shape.mean_profile, **change.mean_profile},
    )

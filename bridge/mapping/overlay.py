"""One shape over another: what shapes.yaml says, over it the format's own words, over them the site's.

Law (`mapping.md`): a site changes codes, categories and profiles, not how a vendor's file is read: then
the readings of two sites would differ under one name. Keys given replace keys there, one by one; a table
inside a shape (code, by_kind.reason …) is such a table of keys too.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from bridge.mapping.shapes import Closed, Shape
from bridge.reading import Stream


class Overlay(Closed):
    """A site file over one format."""

    extends: str
    fhir: Mapping[Stream, Shape]


def laid_over(base: Mapping[Stream, Shape], site: Mapping[Stream, Shape]) -> dict[Stream, Shape]:
    """Every shape, as the second says where it says anything."""
    both = {stream: _merged(base[stream], site[stream]) for stream in base.keys() & site.keys()}
    return {**base, **site, **both}


def _merged(base: Shape, change: Shape) -> Shape:
    found = _laid(base, change)
    assert isinstance(found, Shape)
    return found


def _laid(base: object, change: object) -> object:
    if isinstance(base, BaseModel) and isinstance(change, BaseModel):
        said = {name: _laid(getattr(base, name), getattr(change, name)) for name in change.model_fields_set}
        return base.model_copy(update=said)
    if isinstance(base, Mapping) and isinstance(change, Mapping):
        return {**base, **change}
    return change

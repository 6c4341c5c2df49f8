"""The JSON Schema of mapping files, made from the models: what an editor completes and underlines.

Law (`mapping.md`): closed, and never written by hand; a test holds `mappings/schema.json` against this.
Names that cross files (codes, fields, procedures) are checked by `mapping check`, which knows them.
"""

from __future__ import annotations

from pydantic.json_schema import models_json_schema

from bridge.mapping.destination import DestinationFile
from bridge.mapping.language import FormatFile
from bridge.mapping.overlay import Overlay
from bridge.mapping.shapes import CodesFile, ShapesFile


def schema() -> dict[str, object]:
    """The schema that fits a format, a site's overlay, the shapes, the codes, or a destination."""
    files = (FormatFile, Overlay, ShapesFile, CodesFile, DestinationFile)
    references, definitions = models_json_schema([(model, "validation") for model in files])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping file of the CGM bridge",
        "anyOf": [references[model, "validation"] for model in files],
        **definitions,
    }

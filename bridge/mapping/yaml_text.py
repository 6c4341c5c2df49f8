"""YAML as plain tables, quickly; and with line and column of every node where something is wrong.

Law (`mapping.md`): a folder of mappings is checked in milliseconds, so libyaml reads it; by the types of YAML 1.2
(`true` and `false` alone are truths, `no` and `1:30` are texts). What it refuses, and a name that is given twice,
is for ruamel, whose sentence and place count; so it is for every file with a fault. Both give one document: a test
holds them together over all that is shipped.
Rejected: ruamel for all (a second and more for twenty files), PyYAML alone (no columns of keys, YAML 1.1).
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import yaml
from ruamel.yaml import YAML

_BASE: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TYPES: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ("~", "n", "N", "")),
    ("int", r"[-+]?(?:0|[1-9]\d*)", "-+0123456789"),
    ("float", r"[-+]?(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?\d+[eE][-+]?\d+", "-+0123456789."),
    ("merge", r"<<", "<"),
)


class _Twice(yaml.YAMLError):
    """A name given twice in one table."""


class _Quick(_BASE):  # type: ignore[misc, valid-type]
    """libyaml with the types of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A table whose names are all different."""
        names = [key.value for key, _ in node.value if key.value != "<<"]
        if len(set(names)) < len(names):
            raise _Twice("a name is given twice")
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


for _name, _pattern, _first in _TYPES:
    _Quick.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})$"), list(_first))


@dataclass(frozen=True)
class YamlText:
    """A YAML text: its document, and on demand the same with positions (ruamel's MarkedYAMLError where the text
    is no YAML)."""

    text: str

    @cached_property
    def document(self) -> object:
        """What the text says."""
        try:
            return yaml.load(self.text, Loader=_Quick)  # noqa: S506
        except yaml.YAMLError:
            return self.marked

    @cached_property
    def marked(self) -> object:
        """The same, with line and column of every node."""
        return YAML(typ="rt").load(self.text)

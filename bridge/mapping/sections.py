"""A text of several tables, one below the other: each section bound by name to the table of its kind.

Law (`carelink.md` A2): where sections begin, and what they are called, only the vendor's procedure knows; all
else is a table's. Columns come and go between generations of a device, so they are bound by header words. A
section of a kind that nobody knows is counted and named, never fatal; so is a row outside of all sections.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from bridge.mapping.cells import PADDING, Column
from bridge.mapping.header import Header, plain
from bridge.mapping.language import SectionsSpec, Signature, TableSpec
from bridge.mapping.opened import Opened
from bridge.mapping.sheet import Sheet, sheet_of
from bridge.mapping.stages import Procedures, Section
from bridge.mapping.table import Table

_ANY = Signature.model_validate({"cells": {0: ""}})


def open_sections(
    table: Table, warnings: tuple[str, ...], spec: SectionsSpec, procedures: Procedures
) -> Opened:
    """The sections of a text as sheets."""
    found = procedures.sections[spec.procedure](table)
    ignored: Counter[str] = Counter()
    told = [*warnings, *found.warnings]
    kinds, sheets, specs = list[str](), list[Sheet](), list[TableSpec]()
    last = max((int(section.rows[-1]) for section in found.sections if len(section.rows)), default=-1)
    for section in found.sections:
        if section.kind in spec.kinds:
            kinds.append(section.kind)
            specs.append(spec.kinds[section.kind])
            ends = len(section.rows) > 0 and int(section.rows[-1]) == last == len(table) - 1
            sheets.append(_sheet(table, section, specs[-1], found.above, ends=ends))
        elif len(section.rows):
            known = section.kind in spec.ignore
            ignored[f"section {section.kind}" if known else f"unknown section {section.kind}"] += len(
                section.rows
            )
            if not known:
                told.append(f"sections of kind {section.kind!r} are not known and were not read")
    return Opened(
        tuple(kinds),
        tuple(sheets),
        tuple(specs),
        dict(ignored),
        warnings=tuple(told),
        empty="there is no row in any section",
    )


def _sheet(
    table: Table, section: Section, spec: TableSpec, above: tuple[tuple[str, ...], ...], *, ends: bool
) -> Sheet:
    rows = np.zeros(len(table), np.bool_)
    rows[section.rows] = True
    few = replace(table.where(rows), open_end=table.open_end and ends, cut=table.cut and ends)
    cells = tuple(plain(cell) for cell in section.header)
    sheet = sheet_of(few, (), Header(-1, cells, above, _ANY), spec)
    if section.own is not None:
        mine = tuple(each for each in sheet.binding.unknown if each[0] in section.own)
        sheet = replace(sheet, binding=replace(sheet.binding, unknown=mine))
    said = {name: field.section for name, field in spec.fields.items() if field.section is not None}
    if not said:
        return sheet
    constants = {name: _constant(section.told.get(what, ""), len(sheet)) for name, what in said.items()}
    headings = {**sheet.headings, **dict.fromkeys(said, "")}
    return replace(sheet.with_columns(constants), headings={**headings, **said})


def _constant(text: str, n: int) -> Column:
    """One text in every row."""
    buffer = np.frombuffer(text.encode() + PADDING, np.uint8)
    return Column(buffer, np.zeros(n, np.int32), np.full(n, len(text.encode()), np.int32))

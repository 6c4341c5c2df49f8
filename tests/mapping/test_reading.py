"""A table that no adapter knows: a mapping alone reads it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adapters import Decoded, decode, recognise
from bridge.mapping import Mappings, Unreadable, load
from bridge.mapping.ranges import compared
from bridge.period import HOUR, ZoneHistory
from bridge.reading import Flag, Stream, Unit, Witness, column

TEXT = """# yaml-language-server: $schema=schema.json
format: pocket-meter
version: 1
title: A meter's own table
detect:
  - least: 3
    cells: {0: when}
read:
  source: typed-in
  table:
    fields:
      when: {names: When}
      value: {names: [Sugar, Zucker]}
      what: {names: What}
      battery: {names: Battery, ignore: true}
    time: {field: when, formats: ["DD-MM-YYYY hh:mm", "MM-DD-YYYY hh:mm"]}
    rules:
      - name: strip
        when: [{what: [blood, Blut], value: filled}]
        stream: capillary
        value: {field: value, unit: header, decimals: {mg/dL: 0, mmol/L: 1}, low: LO}
      - name: nothing
        when: [{value: blank}]
        ignore: true
fhir: {}
"""


@pytest.fixture(scope="module")
def mappings(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Mappings:
    """The shipped mappings and one more."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "pocket.yaml").write_text(TEXT, "utf-8")
    return load(project / "mappings", folder)


HEAD = "When;Sugar mg/dL;What;Battery"


def read(mappings: Mappings, *lines: str, head: str = HEAD) -> Decoded:
    """The lines under a header."""
    data = "\n".join([head, *lines, ""]).encode()
    assert recognise(data, "x", mappings) == "pocket-meter"
    return decode(
        data, mappings.formats["pocket-meter"], ZoneHistory.always("Europe/Berlin"), 2_000_000_000_000
    )


def test_a_mapping_and_no_python_reads_a_table(mappings: Mappings) -> None:
    done = read(mappings, "24-12-2023 08:00;104;blood;90", "24-12-2023 09:00;;;89")
    (batch,) = done.readings
    assert batch.key.stream is Stream.CAPILLARY and batch.key.unit is Unit.MG_DL
    assert batch.columns["value"].tolist() == [104]
    assert done.account.ignored == {"nothing": 1}
    assert done.account.fields_ignored == ("Battery",)
    assert batch.columns["witness"].tolist() == [Witness.ZONE]


def test_columns_without_a_place_are_found_by_name_in_any_order(mappings: Mappings) -> None:
    done = read(mappings, "24-12-2023 08:00;blood;5,8", head="When;What;Zucker mmol/L")
    (batch,) = done.readings
    assert (batch.key.unit, batch.key.scale, batch.columns["value"].tolist()) == (Unit.MMOL_L, 1, [58])


def test_a_heading_without_a_unit_makes_its_numbers_worthless(mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="column 'Sugar' names no unit"):
        read(mappings, "24-12-2023 08:00;104;blood;90", head="When;Sugar;What;Battery")


def test_a_word_without_a_limit_has_no_value(mappings: Mappings) -> None:
    (batch,) = read(mappings, "24-12-2023 08:00;LO;blood;90").readings
    assert column(batch.columns, "flags").tolist() == [Flag.LOW | Flag.NO_VALUE]


def test_two_orders_that_fit_are_refused_where_nothing_decides(mappings: Mappings) -> None:
    with pytest.raises(Unreadable, match="can be read in two ways"):
        read(mappings, "01-02-2024 08:00;104;blood;90")


def test_equal_day_and_month_need_no_decision(mappings: Mappings) -> None:
    assert len(read(mappings, "02-02-2024 08:00;104;blood;90").readings[0]) == 1


def test_rows_that_step_back_once_tell_the_pass_of_a_repeated_hour(mappings: Mappings) -> None:
    stamps = [
        "29-10-2023 02:10",
        "29-10-2023 02:50",
        "29-10-2023 02:05",
        "29-10-2023 02:40",
        "29-10-2023 04:00",
    ]
    (batch,) = read(mappings, *(f"{stamp};104;blood;" for stamp in stamps)).readings
    assert batch.columns["row"].tolist() == [2, 3, 4, 5, 6]
    assert batch.columns["witness"].tolist() == [Witness.ROW_ORDER] * 4 + [Witness.ZONE]
    assert not column(batch.columns, "flags").any()
    assert int(batch.columns["instant"][2] - batch.columns["instant"][0]) == HOUR - 5 * 60_000


def test_rows_that_do_not_step_back_leave_the_hour_undecided(mappings: Mappings) -> None:
    stamps = ["29-10-2023 02:10", "29-10-2023 02:50", "29-10-2023 04:00"]
    (batch,) = read(mappings, *(f"{stamp};104;blood;" for stamp in stamps)).readings
    assert column(batch.columns, "flags").tolist() == [Flag.UNCERTAIN, Flag.UNCERTAIN, 0]
    assert column(batch.columns, "bound").tolist() == [HOUR, HOUR, 0]


def test_a_time_that_no_clock_showed_is_uncertain(mappings: Mappings) -> None:
    (batch,) = read(mappings, "26-03-2023 02:30;104;blood;").readings
    assert column(batch.columns, "flags").tolist() == [Flag.UNCERTAIN]


def test_a_header_and_nothing_below_it_is_told(mappings: Mappings) -> None:
    done = read(mappings)
    assert done.readings == () and done.account.rows == 0
    assert done.account.warnings == ("there is no row below the header",)


@given(
    st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 4)), min_size=1),
    st.decimals(-1000, 1000, places=2),
)
def test_amounts_are_compared_exactly(pairs: list[tuple[int, int]], end: Decimal) -> None:
    values, scales = (np.array(part) for part in zip(*pairs, strict=True))
    found = compared(values.astype(np.int64), scales.astype(np.int8), end)
    wanted = [(Decimal(v).scaleb(-s) > end) - (Decimal(v).scaleb(-s) < end) for v, s in pairs]
    assert found.tolist() == wanted

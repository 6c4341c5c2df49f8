"""What mappings would say is tried before it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.fhir.trial import faults
from tests.shipped import mappings


def test_the_shipped_mappings_say_nothing_wrong() -> None:
    assert list(faults(mappings())) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alarm-low", "event, kind alarm_low, is no valid Observation: code.coding.1.code: "),
        (
            "bolus-meal",
            "bolus, kind meal, is no valid MedicationAdministration: reasonCode.0.coding.0.code: ",
        ),
        ("laboratory", "glucose, kind unknown, is no valid Observation: category.0.coding.0.code: "),
    ],
)
def test_what_r4_does_not_allow_is_named_by_format_stream_and_kind(name: str, said: str) -> None:
    shipped = mappings()
    wrong = shipped.codes[name].model_copy(update={"code": " two  blanks"})
    found = list(faults(replace(shipped, codes={**shipped.codes, name: wrong})))
    assert any(said in each for each in found), found
    assert len(found) == len(set(found))

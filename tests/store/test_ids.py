"""Logical ids: stable, decoded without an index, meaningless to everyone else."""

from __future__ import annotations

import re
import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.period import BEGINNING, END_OF_TIME
from bridge.store.ids import Ids, Name, text

IDS = Ids(b"i" * 32)
NAMES = st.builds(
    Name,
    st.integers(0, 2**36 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(BEGINNING, END_OF_TIME - 1),
    st.integers(0, 2**12 - 1),
)
FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


@given(NAMES, st.sampled_from(["Observation", "Patient", "Device"]), st.binary(max_size=16))
def test_an_id_reads_back_as_its_name(name: Name, kind: str, pairing: bytes) -> None:
    spelled = IDS.one(kind, name, pairing)
    assert FHIR_ID.fullmatch(spelled) and len(spelled) == 36
    assert IDS.read(kind, spelled, pairing) == name


@given(NAMES)
def test_an_id_means_nothing_to_another_kind_pairing_or_installation(name: Name) -> None:
    spelled = IDS.one("Observation", name)
    assert IDS.read("Device", spelled) is None
    assert IDS.read("Observation", spelled, b"pairing") is None
    assert Ids(b"j" * 32).read("Observation", spelled) is None


@given(st.uuids())
def test_a_made_up_id_names_nothing(made_up: uuid.UUID) -> None:
    assert IDS.read("Observation", str(made_up)) is None


@pytest.mark.parametrize("shape", ["", "x", "é" * 36, "A" * 36, "0" * 36, "0" * 32])
def test_a_malformed_id_names_nothing(shape: str) -> None:
    assert IDS.read("Observation", shape) is None


def test_upper_case_is_another_id() -> None:
    spelled = IDS.one("Observation", Name(1, 2, 3, 4))
    assert IDS.read("Observation", spelled.upper()) is None


def test_many_ids_are_minted_at_once_as_one_by_one() -> None:
    instants = np.array([BEGINNING, -1, 0, 1_760_000_000_000, END_OF_TIME - 1], np.int64)
    slots = np.array([0, 1, 4095, 512, 7], np.uint16)
    raw = IDS.mint("Observation", 5, 6, instants, slots)
    spelled = [row.tobytes().decode() for row in text(raw)]
    pairs = zip(instants.tolist(), slots.tolist(), strict=True)
    assert spelled == [IDS.one("Observation", Name(5, 6, instant, slot)) for instant, slot in pairs]
    assert [str(uuid.UUID(bytes=row.tobytes())) for row in raw] == spelled
    assert text(IDS.mint("Observation", 5, 6, instants[:0], slots[:0])).shape == (0, 36)


def test_neighbours_have_nothing_in_common() -> None:
    instants = 1_760_000_000_000 + np.arange(1000, dtype=np.int64) * 300_000
    raw = IDS.mint("Observation", 1, 1, instants, np.zeros(1000, np.uint16))
    bits = np.unpackbits(raw[1:] ^ raw[:-1], axis=1).mean()
    assert 0.49 < bits < 0.51


@pytest.mark.parametrize("instant", [BEGINNING - 1, END_OF_TIME])
def test_what_no_id_can_name_is_refused(instant: int) -> None:
    with pytest.raises(ValueError, match="1691"):
        IDS.one("Observation", Name(1, 1, instant, 0))
    with pytest.raises(ValueError, match="patient"):
        IDS.one("Observation", Name(2**36, 1, 0, 0))

"""A Disclosure comes from the gate or not at all, and stays as it was made."""

from __future__ import annotations

import ast
import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import bridge.consent.disclosure
from bridge.consent.disclosure import NOTICE, Disclosure
from tests.consent.world import CLINIC, DAY, NOON, World, between, every, wish

FIELDS = tuple(Disclosure.__slots__)


@pytest.fixture
def genuine(world: World) -> Disclosure:
    patient = world.person()
    world.bring(patient, every(5, 20, start=NOON - DAY))
    world.grant(patient, between(NOON - DAY, NOON))
    return world.ask(CLINIC, wish(patient))


def test_the_gate_makes_one(genuine: Disclosure) -> None:
    assert type(genuine) is Disclosure
    assert (genuine.count, genuine.notice, genuine.owner) == (20, NOTICE, False)


def test_nobody_else_can_make_one(genuine: Disclosure) -> None:
    fields = {name: getattr(genuine, name) for name in FIELDS}
    for seal in (object(), None, True, genuine):
        with pytest.raises(TypeError, match="only the gate"):
            Disclosure(seal, **fields)
    with pytest.raises(TypeError):
        Disclosure(**fields)


def test_the_seal_is_handed_out_once() -> None:
    with pytest.raises(RuntimeError, match="taken"):
        bridge.consent.disclosure.claim()


def test_it_is_not_copied(genuine: Disclosure) -> None:
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied"):
            copied(genuine)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(genuine: Disclosure, protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(genuine, protocol)


def test_it_is_not_restored(genuine: Disclosure) -> None:
    with pytest.raises(TypeError, match="not made from a pickle"):
        genuine.__setstate__({})
    with pytest.raises(TypeError, match="not pickled"):
        genuine.__getstate__()


def test_it_does_not_change(genuine: Disclosure) -> None:
    with pytest.raises(AttributeError, match="does not change"):
        genuine.count = 3
    with pytest.raises(AttributeError, match="does not change"):
        del genuine.groups
    with pytest.raises(AttributeError):
        setattr(genuine, "ex" + "tra", 1)
    assert not hasattr(genuine, "__dict__")


def test_its_columns_do_not_change(genuine: Disclosure) -> None:
    (group,) = genuine.groups
    arrays = (group.at, group.ids, group.version, group.last_updated, group.origin, *group.columns.values())
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            np.copyto(np.asarray(array), 0)


def test_it_has_no_subclasses() -> None:
    with pytest.raises(TypeError, match="no subclasses"):
        type("Wider", (Disclosure,), {})


def test_it_shows_nothing_when_printed(genuine: Disclosure) -> None:
    assert repr(genuine) == "<Disclosure of 20 items>"


def test_the_gate_alone_calls_the_constructor_and_takes_the_seal(project: Path) -> None:
    for path in sorted((project / "bridge").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        called = {func.id for func in calls if isinstance(func, ast.Name)}
        if path.name != "gate.py":
            assert not called & {"Disclosure", "claim"}, path

"""Some of the random (grants, query, route) cases of `many.py`; `make soak` runs ten thousand."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.consent.world import opened
from tests.door.many import ROUTES, Asker, drawn, in_memory, question, search, tried

CASES = 500


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", [0, 2500, 5000, 7500])
def test_random_cases_by_every_route_are_what_the_oracle_permits(first: int) -> None:
    with tempfile.TemporaryDirectory(prefix="many-", dir=in_memory()) as place:
        done, wrong = tried(first, CASES, Path(place))
    assert wrong == [] and done.total() == CASES
    assert set(done) == {"bulk", *(route.__name__ for route in ROUTES)}


def test_one_reading_more_or_fewer_would_be_seen() -> None:
    with tempfile.TemporaryDirectory(prefix="many-", dir=in_memory()) as place:
        world = opened(Path(place))
        with world.db:
            asker, chance = Asker(world), random.Random("planted")
            laid = next(
                each for each in (asker.laid(drawn(chance)) for _ in range(20)) if len(each.items) > 5
            )
            asked = replace(question(chance, laid.known.zone), pairs=(), code=None, dates=())
            search(asker, laid, asked, chance)
            for items in (laid.items[:-1], [*laid.items, laid.items[-1]]):
                with pytest.raises(AssertionError, match="more: Counter"):
                    search(asker, replace(laid, items=items), asked, chance)
            asker.close()
    assert Counter(items) != Counter(laid.items)

"""A receiver that joins equal values says one place for two items: taking one back leaves the other as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import bridge.store.outbox as outbox
from bridge.push.affected import affected
from bridge.push.copies import HELD
from bridge.store.blocks import withdraw
from bridge.store.lanes import Lane
from tests.push.ehr import TRANSACTION, Ehr, running
from tests.push.house import filed


@dataclass
class Joining(Ehr):
    """One place for each value; a second one is said to be made there."""

    def one(
        self, method: str, where: str, resource: dict[str, Any], once: str, match: str
    ) -> tuple[int, str, str, dict[str, Any] | None]:
        if method == "POST" and where == "Observation":
            for name, each in self.shelves.get("Observation", {}).items():
                if each["valueQuantity"]["value"] == resource["valueQuantity"]["value"]:
                    return 201, f"Observation/{name}", f'W/"{each["meta"]["versionId"]}"', None
        return super().one(method, where, resource, once, match)


@pytest.mark.parametrize("is_later", [False, True])
def test_taking_one_of_two_back_leaves_the_other(tmp_path: Path, is_later: bool) -> None:
    with running(Joining(TRANSACTION)) as ehr:
        house = filed(tmp_path, ehr.url)
        stands = house.bring(0, [100, 101])
        house.grant()
        house.link()
        if is_later:
            house.push()
        wrong = house.bring(50, [100, 102])
        house.push()
        assert ehr.values() == [100, 101, 102]
        places = [held.reference for _, held in outbox.holding(house.db, Lane(house.patient, 1))]
        assert len([each for each in places if each.startswith("Observation/")]) == 3
        withdraw(house.db, house.patient, wrong)
        house.push()
        assert ehr.values() == [100, 101]
        copies = [copy.state for each in affected(house.db, house.patient, stands) for copy in each.copies]
        assert copies == [HELD, HELD]
        house.db.close()

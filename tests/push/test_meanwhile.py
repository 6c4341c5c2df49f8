"""A grant that is signed and delivered while an import is merged: what the import brings is delivered after it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from bridge.store import blocks, plans
from tests.push.ehr import TRANSACTION, Ehr, running
from tests.push.house import filed


def test_an_import_that_a_delivery_overtook_is_not_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(Ehr(TRANSACTION)) as ehr:
        house = filed(tmp_path, ehr.url)
        house.link()
        house.bring(100, [200, 201, 202])
        absorbing = plans.absorbing

        def overtaken(*given: Any) -> Any:
            made = absorbing(*given)
            monkeypatch.setattr(blocks, "absorbing", absorbing)
            other = threading.Thread(target=lambda: (house.grant(), house.push()))
            other.start()
            other.join()
            return made

        monkeypatch.setattr(blocks, "absorbing", overtaken)
        house.bring(0, [100, 101, 102])
        assert ehr.values() == [200, 201, 202]
        house.wait(120)
        assert house.push().sent == 3 and ehr.values() == [100, 101, 102, 200, 201, 202]
        house.db.close()

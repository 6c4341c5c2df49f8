"""`subscriptions list` says who is notified and why one is not, and neither whom it is about nor its headers."""

from __future__ import annotations

import json
from pathlib import Path

import bridge.app
import bridge.settings
from tests.program.shell import Inside
from tests.web.test_notified import REFUSES, subscribed


def test_subscriptions_are_listed_with_state_and_last_error(tmp_path: Path) -> None:
    shell = Inside(tmp_path / "home")
    person = shell.patient()
    assert shell("subscriptions", "list").value == []
    ids = [
        str(
            shell("client", "add", "--name", name, "--type", "backend", "--organization", name).value[
                "client_id"
            ]
        )
        for name in ("North", "South")
    ]
    found = bridge.app.opened(bridge.settings.load({}, home=tmp_path / "home"))
    subscribed(found.db, ids[0], person)
    subscribed(found.db, ids[1], person, "error", REFUSES)
    found.close()
    rows = {each["client"]: each for each in shell("subscriptions", "list").value}
    assert {name: (each["state"], each["problem"]) for name, each in rows.items()} == {
        ids[0]: ("active", None),
        ids[1]: ("error", REFUSES),
    }
    (row,) = shell("subscriptions", "list", "--client", ids[1]).value
    assert row == rows[ids[1]] and row["content"] == "id-only"
    assert person not in json.dumps(list(rows.values())) and "SECRET-HEADER" not in json.dumps(row)
    assert REFUSES in shell("subscriptions", "list", json_out=False).out

"""`cgm-bridge demo`: what a newcomer sees first is true."""

from __future__ import annotations

import re
import socket

from tests.program.shell import Shell


def test_the_demo_shows_the_same_days_asked_for_and_pushed_and_says_what_stayed(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ran = shell("demo", "--no-serve", "--port", str(port), json_out=False)
    assert ran.code == 0, ran.err
    figure = {
        name: int(re.findall(pattern, ran.out)[0])
        for name, pattern in {
            "asked": r"(\d+) Observations and \d+ MedicationAdministrations in \d+ pages",
            "given": r"(\d+) MedicationAdministrations in \d+ pages",
            "pushed": r"(\d+) entries sent",
            "received": r"in its chart (\d+) Observations",
            "filed": r"in its chart \d+ Observations and (\d+) Medication",
            "has": r"Noor has (\d+) items",
            "left": r"; (\d+) left",
            "held": r"; (\d+) were held back",
        }.items()
    }
    assert figure["asked"] == figure["received"] > 4000
    assert figure["given"] == figure["filed"] > 30
    assert figure["asked"] + figure["given"] == figure["pushed"] == figure["left"]
    assert figure["has"] - figure["left"] == figure["held"] > 0
    assert "carbs is in no grant" in ran.out
    for vendor in ("clarity", "libreview", "eversense", "carelink", "nightscout"):
        assert f"demo-{vendor}-2026" in ran.out
    (patient,) = shell("patient", "list").value
    kinds = {
        row["channel"]
        for row in shell("ledger", "list", "--patient", patient["id"]).value
        if "channel" in row
    }
    assert {"query", "push"} <= kinds


def test_the_demo_can_be_run_twice_in_one_home(shell: Shell) -> None:
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        ran = shell("demo", "--no-serve", "--port", str(port), json_out=False)
        assert ran.code == 0, ran.err
    assert len(shell("patient", "list").value) == 1

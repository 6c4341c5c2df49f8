"""HAPI's instance validator for R4: what it says about a resource, as values.

Law: it judges and never mends. It knows R4 and the StructureDefinitions, ValueSets and CodeSystems of the
folders it is given. UCUM is known, so a unit that UCUM lacks is an error; LOINC, SNOMED CT and the like are
not, so their codes are warnings. A profile is checked where the resource claims it (`meta.profile`) or where
the caller names it.

Good to know, measured on two free cores: ready after about 4 s with 0.5 GB; the first resource that has codes takes
some 2 s, the first of another profile 0.1 s, then it is 2 ms an Observation and 20 ms a Bundle of 9 entries.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.peers.jar import java
from tests.peers.process import Peer

READY: Final = "Validator ready"
START_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 180.0
OPTIONS: Final = ("-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
ERRORS: Final = frozenset({"error", "fatal"})


@dataclass(frozen=True, slots=True)
class Issue:
    """One remark; severity is fatal, error, warning or information, location a FHIRPath or empty."""

    severity: str
    location: str
    message: str


class Validator(Peer):
    """A validator that is ready; threads may share it."""

    def __init__(self, definitions: Iterable[Path] = (), logs: Path | None = None) -> None:
        """Start it and wait; it reads every definition in these folders."""
        command = java("Validator", *map(str, definitions), options=OPTIONS)
        folder = logs or Path(tempfile.mkdtemp(prefix="peers-"))
        super().__init__(command, folder / "validator.log")
        self._turn, self._owed = threading.Lock(), 0
        self.ready(READY, START_SECONDS)

    def issues(self, resource: str | bytes | Mapping[str, object], *profiles: str) -> list[Issue]:
        """All remarks on a resource: JSON or XML as text or bytes, or a JSON object."""
        if isinstance(resource, bytes):
            text = resource.decode("utf-8")
        else:
            text = resource if isinstance(resource, str) else json.dumps(resource)
        with self._turn:
            self.say(json.dumps({"resource": text, "profiles": profiles}))
            while self._owed:  # an answer that came after its time is nobody's
                self.hear(ANSWER_SECONDS)
                self._owed -= 1
            self._owed = 1
            answer = self.hear(ANSWER_SECONDS)
            self._owed = 0
        return [Issue(**issue) for issue in json.loads(answer)]

    def errors(self, resource: str | bytes | Mapping[str, object], *profiles: str) -> list[Issue]:
        """The remarks that make a resource invalid: none of them means it is valid."""
        return [issue for issue in self.issues(resource, *profiles) if issue.severity in ERRORS]

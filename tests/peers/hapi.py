"""HAPI FHIR R4, JPA over an H2 database in memory: the receiver that is not ours.

Law: it listens on loopback alone, asks for no token and forgets everything when it stops. It is as strict as
its authors made it, and stricter once: an element that R4 does not know is refused, as an EHR would.

Good to know, measured on two cores: ready after about 11 s with 0.55 GB (14 s with the full compiler, which
then takes twice as many resources a second); a wrong `If-Match` is answered 409, not 412; a transaction is
compared entry by entry with every other, so 100 conditional creates in one Bundle go twice as fast each as
500.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.peers.jar import java
from tests.peers.process import Peer

READY: Final = "HAPI ready on "
START_SECONDS: Final = 180.0
"""A busy machine takes its time; a free one a tenth of it."""
QUICK: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class Hapi(Peer):
    """A server that is ready; `base` is its FHIR address, without a slash at the end."""

    def __init__(self, logs: Path | None = None, *, quick: bool = True, memory: str = "2g") -> None:
        """Start it and wait; `quick` starts sooner, the full compiler (False) is for measuring it fairly."""
        options = (f"-Xmx{memory}", *(QUICK if quick else ()))
        folder = logs or Path(tempfile.mkdtemp(prefix="peers-"))
        super().__init__(java("Server", options=options), folder / "hapi.log")
        self.base = self.ready(READY, START_SECONDS)

    def __str__(self) -> str:
        return self.base

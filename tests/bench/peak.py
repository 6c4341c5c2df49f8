"""Peak memory in kB of a process that decodes one file of the invented cloud: `python -m tests.bench.peak FILE`.

Law: nothing is loaded but what decodes: what else a server has in memory is measured elsewhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bridge.adapters import decode
from bridge.mapping import load
from bridge.period import ZoneHistory

PROJECT = Path(__file__).resolve().parents[2]
FORMATS = PROJECT / "tests" / "bench" / "formats"
RECEIVED = 1_795_132_800_000  # 2026-11-20


def main(file: Path) -> int:
    """Decode the file; the peak in kB."""
    cloud = load(PROJECT / "mappings", FORMATS).formats["bench-cloud"]
    decode(file.read_bytes(), cloud, ZoneHistory.always("UTC"), RECEIVED)
    # VmHWM begins anew with the program, getrusage's figure is its parent's too.
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))

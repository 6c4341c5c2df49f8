"""`serve`: the FHIR endpoint and the delivery worker, until it is stopped.

Law: uvicorn serves; what a process needs to know travels in its environment. The allocator's settings
must be there before a process starts: without them glibc gives the memory of every page back and asks
for it again, which halves the rate.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from bridge.cli.shell import Failed, bridge, home_option, settings
from bridge.mapping.address import is_this_machine
from bridge.settings import staff_secret

MALLOC: Final[Mapping[str, str]] = {
    "MALLOC_TRIM_THRESHOLD_": "536870912",
    "MALLOC_MMAP_THRESHOLD_": "536870912",
    "MALLOC_TOP_PAD_": "67108864",
}
LOGGING: Final[dict[str, object]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "bridge": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
"""What goes to standard error; why a token was refused is said here, and not to who asked."""


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option("--no-worker", is_flag=True, help="Answer queries only; deliver nothing.")
@home_option
def serve(host: str, port: int, workers: int, no_worker: bool, home: Path | None) -> None:
    """Serve the FHIR endpoint and deliver what is due."""
    import uvicorn

    _with_malloc()
    wanted = settings(home)
    environment = {
        "BRIDGE_HOME": str(wanted.home),
        "BRIDGE_WORKER": "0" if no_worker else "1",
        "BRIDGE_BASE_URL": os.environ.get(
            "BRIDGE_BASE_URL", f"http://{f'[{host}]' if ':' in host else host}:{port}"
        ),
    }
    with bridge(home, is_new=True) as found:  # what is wrong is said in one sentence before a server starts
        told = f"{len(found.mappings.formats)} mappings in force"
        staff_secret(found.settings)
        free(host, port)
    os.environ.update(environment)
    base = environment["BRIDGE_BASE_URL"]
    click.echo(f"FHIR R4 at {base}/fhir, served from {host}:{port}, {told}", err=True)
    if is_this_machine(base) and f":{port}" not in base:
        click.echo(
            f"BRIDGE_BASE_URL names another port of this machine than {port}: nothing may answer there",
            err=True,
        )
    uvicorn.run(
        "bridge.served:serving",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        log_config=LOGGING,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=10,
    )


def free(host: str, port: int) -> None:
    """Fail with a sentence where nothing can listen there."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family):
            return
    except OSError as fault:
        raise Failed(f"{host}:{port} cannot be served ({fault.strerror}): choose another --port") from fault


def _with_malloc() -> None:
    """Start this process anew with the allocator's settings, unless it has them."""
    if all(os.environ.get(name) for name in MALLOC):
        return
    os.environ.update({name: os.environ.get(name, value) for name, value in MALLOC.items()})
    os.execv(sys.executable, [sys.executable, "-m", "bridge", *sys.argv[1:]])

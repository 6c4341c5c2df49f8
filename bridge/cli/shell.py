"""What every command shares: the home it works in, how it prints, how it fails.

Law: results go to standard output (one JSON document with --json), progress and logs to standard error;
exit 0 done, 1 the work failed or was refused with one sentence why, 2 wrong usage (`interface.md`).
Secrets come from standard input or a file, never as arguments. This is the only module of the command
line that writes JSON, and it cannot name a Disclosure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import click

from bridge.app import Bridge, opened
from bridge.settings import Settings, SettingsError, load
from bridge.store.installation import BadStore, DatabaseError
from bridge.store.keys import WrongMaster

Value = None | bool | int | float | str | Sequence["Value"] | Mapping[str, "Value"]
Command = TypeVar("Command", bound=Callable[..., object])


class Failed(click.ClickException):
    """The work failed or was refused: one sentence on standard error, exit 1."""

    exit_code = 1

    def show(self, file: IO[str] | None = None) -> None:
        """Print the sentence."""
        click.echo(f"cgm-bridge: {self.format_message()}", file=file, err=file is None)


class NoHome(Failed):
    """The home that was named is not there: wrong usage, exit 2, and nothing was made."""

    exit_code = 2


def home_option(command: Command) -> Command:
    """Adds --home DIR."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="State directory (default: BRIDGE_HOME or ./bridge-data).",
    )(command)


def json_option(command: Command) -> Command:
    """Adds --json."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")(
        command
    )


def days_options(command: Command) -> Command:
    """Adds --from DATE and --days N: `first`, `days`."""
    first = click.option(
        "--from", "first", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day, YYYY-MM-DD."
    )
    return first(click.option("--days", type=click.IntRange(1, 366), default=14, show_default=True)(command))


def patient_option(command: Command) -> Command:
    """Adds --patient ID."""
    return click.option("--patient", required=True, metavar="ID", help="As printed by `patient list`.")(
        command
    )


def settings(home: Path | None) -> Settings:
    """The settings of this call; a setting that cannot be used ends the command."""
    try:
        return load(home=home)
    except SettingsError as fault:
        raise Failed(str(fault)) from fault


@contextmanager
def bridge(home: Path | None, *, is_new: bool = False) -> Iterator[Bridge]:
    """The opened bridge of `home`; closed at the end, whatever happened. `is_new`: it is made where there is none,
    which only a command may that begins something."""
    wanted = settings(home)
    if not is_new and not wanted.is_there:
        raise NoHome(
            f"there is no home in {wanted.home}: name the right one with --home or BRIDGE_HOME, or begin one with "
            "`cgm-bridge patient add`; nothing was made"
        )
    try:
        found = opened(wanted)
    except (SettingsError, BadStore, WrongMaster) as fault:
        raise Failed(str(fault)) from fault
    except (OSError, DatabaseError) as fault:
        raise Failed(f"the home {wanted.home} cannot be opened: {reason(fault)}") from fault
    try:
        yield found
    except SettingsError as fault:  # mappings are read when a command first needs them
        raise Failed(str(fault)) from fault
    finally:
        found.close()


def addressed(found: Bridge) -> None:
    """Say where a printed address comes from, where nobody said it."""
    if found.settings.is_default_address:
        click.echo(
            f"{found.settings.base_url} is the default of BRIDGE_BASE_URL: set it to where people reach the server, as "
            "when it runs behind another name or with `serve --port`.",
            err=True,
        )


def reason(fault: Exception) -> str:
    """Why something could not be read or opened, without the number and the name that Python puts beside it."""
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)


def emit(value: Value, as_json: bool, text: str) -> None:
    """Print `value` as JSON or `text` for people."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 fault, 2 faults."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def told(row: Mapping[str, Value], indent: str = "") -> str:
    """A row as lines of text: what is empty is left out, and nothing is shown as a program would write it."""
    return "\n".join(
        f"{indent}{name}: {_words(value)}" for name, value in row.items() if value not in (None, [], "", {})
    )


def _words(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if value.keys() == {"start", "end"}:
            return f"{value['start']} to {value['end']}"
        return "; ".join(
            f"{name} {_words(each)}" for name, each in value.items() if each not in (None, [], "")
        )
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return _cell(value)


def table(rows: Sequence[Mapping[str, Value]], columns: Sequence[str]) -> str:
    """Rows as aligned text under their column names."""
    cells = [list(columns), *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(value: Value) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(_words, value)) if isinstance(value, list | tuple) else str(value)

"""Settings: the environment, read once into one frozen value. Secrets never print.

Law: this is the only module that reads the environment; it opens the files of secrets that it names and
makes nothing but the master key. Every name is in the README's table (`interface.md`, environment).
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

KEY_BYTES: Final = 32
DEFAULT_ADDRESS: Final = "http://127.0.0.1:8000"


class Mode(StrEnum):
    """Who the command line speaks for: the owner (family) or a named operator (clinic)."""

    FAMILY = "family"
    CLINIC = "clinic"


class SettingsError(Exception):
    """A setting that cannot be used; the text names it and the mend."""


@dataclass(frozen=True, slots=True)
class AdtLine:
    """Where ADT messages are listened for; `certificate`: PEM with its key; `authority`: of the senders' own."""

    host: str
    port: int
    certificate: Path | None
    authority: Path | None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the outside tells the bridge. `base_url` has no slash at its end; `is_default_address`: nobody
    said it, so it need not be where a server is."""

    home: Path
    base_url: str
    mode: Mode
    mappings: Path | None
    key_file: Path | None
    worker: bool = True
    allow_loopback: bool = False
    key_text: str | None = field(default=None, repr=False)
    staff_issuer: str = ""
    staff_client: str = ""
    staff_secret_file: Path | None = None
    is_default_address: bool = False
    adt: AdtLine | None = None

    @property
    def fhir_base(self) -> str:
        """The FHIR base URL, without a slash at its end."""
        return f"{self.base_url}/fhir"

    @property
    def is_there(self) -> bool:
        """Whether the home holds an installation, or what is left of one."""
        return any((self.home / name).exists() for name in ("keys.db", "bridge.db", "ledger.db"))


def load(environment: Mapping[str, str] | None = None, home: Path | None = None) -> Settings:
    """Settings from the environment; `home` (the command line's --home) wins over BRIDGE_HOME."""
    env = os.environ if environment is None else environment
    _refuse_unbuilt(env)
    mappings = _folder(env.get("BRIDGE_MAPPINGS"))
    key_file, secret = env.get("BRIDGE_MASTER_KEY_FILE"), env.get("BRIDGE_STAFF_SECRET_FILE")
    return Settings(
        home=(home or Path(env.get("BRIDGE_HOME", "bridge-data"))).absolute(),
        base_url=_address(env.get("BRIDGE_BASE_URL") or DEFAULT_ADDRESS),
        mode=_mode(env.get("BRIDGE_MODE", Mode.FAMILY)),
        mappings=mappings,
        key_file=Path(key_file) if key_file else None,
        worker=env.get("BRIDGE_WORKER", "1") != "0",
        allow_loopback=env.get("BRIDGE_ALLOW_LOOPBACK", "0") == "1",
        key_text=env.get("BRIDGE_MASTER_KEY"),
        staff_issuer=env.get("BRIDGE_STAFF_ISSUER", ""),
        staff_client=env.get("BRIDGE_STAFF_CLIENT", ""),
        staff_secret_file=Path(secret) if secret else None,
        is_default_address=not env.get("BRIDGE_BASE_URL"),
        adt=_adt(env),
    )


def staff_secret(settings: Settings) -> str:
    """The secret of the bridge at the staff's identity provider, '' where there is none."""
    if settings.staff_secret_file is None:
        return ""
    try:
        return settings.staff_secret_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"BRIDGE_STAFF_SECRET_FILE cannot be read: {_reason(fault)}") from fault


def master_key(settings: Settings) -> bytes:
    """The 32 bytes that wrap every other key: from BRIDGE_MASTER_KEY (hex or base64), from the file that
    BRIDGE_MASTER_KEY_FILE names, or from `master.key` in the home, made with mode 0600 at first start."""
    if settings.key_text is not None:
        return _decoded(settings.key_text, "BRIDGE_MASTER_KEY")
    if settings.key_file is not None:
        return _read(settings.key_file)
    path = settings.home / "master.key"
    if path.exists():
        return _read(path)
    if (settings.home / "keys.db").exists():
        raise SettingsError(
            f"{path} is missing, and keys.db beside it was wrapped with it: put the file back, or name the key "
            "with BRIDGE_MASTER_KEY_FILE; nothing was written"
        )
    return _made(path)


def shipped(name: str) -> Path:
    """A folder that comes with the bridge (`mappings`, `conformance`): in a wheel or in a checkout."""
    here = Path(__file__).resolve().parent
    for candidate in (here / "_shipped" / name, here.parent / name):
        if candidate.is_dir():
            return candidate
    raise SettingsError(f"the folder {name!r} that ships with the bridge is missing: install it again")


def _refuse_unbuilt(env: Mapping[str, str]) -> None:
    for name in ("BRIDGE_DATABASE_URL", "BRIDGE_KEYS_URL"):
        if env.get(name):
            raise SettingsError(f"{name} is set, but this version keeps everything in BRIDGE_HOME: unset it")


def _folder(text: str | None) -> Path | None:
    if not text:
        return None
    if not Path(text).is_dir():
        raise SettingsError(
            f"BRIDGE_MAPPINGS is {text!r}, which is no folder: name the folder of your mappings"
        )
    return Path(text)


def _address(text: str) -> str:
    """An absolute http or https URL that others can be appended to (RFC 3986 4.3), without a slash at its end."""
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half a bracket
        is_whole = False
    if not is_whole or any(sign in text for sign in "?#@\\") or not text.isascii() or not _is_graphic(text):
        raise SettingsError(
            f"BRIDGE_BASE_URL is {text!r}, which is no address that people and programs can be sent to: write it like "
            "https://bridge.example.org, with http or https, and without user, query and fragment"
        )
    return text.rstrip("/")


def _adt(env: Mapping[str, str]) -> AdtLine | None:
    told = env.get("BRIDGE_ADT_LISTEN", "")
    certificate, authority = env.get("BRIDGE_ADT_CERTIFICATE"), env.get("BRIDGE_ADT_AUTHORITY")
    if not told:
        return None
    host, _, port = told.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise SettingsError(f"BRIDGE_ADT_LISTEN is {told!r}; write host:port, as 0.0.0.0:2575")
    is_here = host in ("127.0.0.1", "localhost", "[::1]")
    if not certificate and not is_here:
        raise SettingsError(
            "BRIDGE_ADT_LISTEN is not this machine alone: name our certificate with its key in BRIDGE_ADT_CERTIFICATE"
        )
    paths = [Path(each) if each else None for each in (certificate, authority)]
    for path in paths:
        if path is not None and not path.is_file():
            raise SettingsError(
                f"{path}, named by BRIDGE_ADT_CERTIFICATE or BRIDGE_ADT_AUTHORITY, is no file"
            )
    return AdtLine(host.strip("[]"), int(port), *paths)


def _is_graphic(text: str) -> bool:
    return text.isprintable() and " " not in text


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise SettingsError(f"BRIDGE_MODE is {text!r}; it can be family or clinic") from None


def _read(path: Path) -> bytes:
    try:
        return _decoded(path.read_text("ascii").strip(), str(path))
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(f"the master key in {path} cannot be read: {_reason(fault)}") from fault


def _reason(fault: Exception) -> str:
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)


def _made(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was first
        return _read(path)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    print(
        f"A master key was made in {path}. Whoever has it and the data can read everything: "
        "move it elsewhere with BRIDGE_MASTER_KEY_FILE, and keep a copy.",
        file=sys.stderr,
    )
    return key


def _decoded(text: str, name: str) -> bytes:
    for decode in (bytes.fromhex, base64.b64decode):
        try:
            key = decode(text.strip())
        except ValueError:
            continue
        if len(key) == KEY_BYTES:
            return key
    raise SettingsError(f"{name} must hold 32 bytes as hex or base64, for example from: openssl rand -hex 32")

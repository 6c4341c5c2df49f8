"""The open store: files made, migrated and known to belong together, and what a crash left cleaned up.

Law: nothing is read before the migrations ran, the key store was told to be this installation's and the
master key opened it (data.md, keys). An erasure that was cut short is finished, an original that nothing
refers to is deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self

from bridge.period import Instant
from bridge.store.files import File, Files
from bridge.store.ids import Ids
from bridge.store.installation import FILES, identify, migrate
from bridge.store.keys import Keyring
from bridge.store.originals import sweep
from bridge.store.patients import finish

__all__ = ["Database", "File"]


class Database(Files):
    """The open store. `reader`, `write` and `snapshot` give connections, `keys` and `ids` the rest."""

    @classmethod
    def open(cls, home: Path, master: bytes, clock: Callable[[], Instant]) -> Database:
        """Open or make the store in `home`; `master` is the 32-byte master key. Raises BadStore and
        WrongMaster."""
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        db = cls(home, clock)
        try:
            for file in FILES:
                migrate(db.writers[file], file, clock())
            db.installation = identify(db.writers["keys"], db.writers["bridge"], clock())
            db.keys = Keyring(partial(db.reader, "keys"), partial(db.write, "keys"), master, db.installation)
            db.ids = Ids(db.keys.id_key)
            finish(db)
            sweep(db)
        except BaseException:
            db.close()
            raise
        return db

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

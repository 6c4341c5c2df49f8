"""Several records of one entry in the API's events: the last word about it counts.

Law (`dexcom.md` A1.6): an entry keeps its recordId when it is changed or deleted, and an answer lists records by
the time of what happened, not of what was typed. So the order of a file does not tell which came last; the
status does: deleted after updated after created. Of equal ones the later in the file stands, at the store.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bridge.mapping.sheet import Sheet

ORDER: Final = {"created": 0, "updated": 1, "deleted": 2}


def last_word(sheet: Sheet) -> Sheet:
    """The sheet with the mark `outdone`: records with an earlier status than another one of their id."""
    ids, status = sheet.column("id").words(), sheet.column("status").words()
    order = np.array([ORDER.get(text.casefold(), 0) for text in status.texts] or [0])[status.codes]
    last = np.zeros(len(ids.texts), np.int64)
    np.maximum.at(last, ids.codes, order)
    named = ids.mask([bool(text) for text in ids.texts])
    return sheet.with_mark("outdone", named & (order < last[ids.codes]))

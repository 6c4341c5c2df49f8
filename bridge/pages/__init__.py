"""The pages that people see: templates, words in four languages, style; view-models in, text out.

Law (`interface.md`, `consent.md`): pure. No store, no gate, no session, no clock: what a page shows was decided and
read before it came here. Every text is escaped where it is filled in; a name that a template does not know is a fault,
not a blank. Pages work without JavaScript and load nothing from another host (CSP Level 3).

Rejected: a single-page application (unusable without scripts, a second truth about what may be shown).
"""

from __future__ import annotations

from bridge.pages.frame import NOBODY, Frame, Whose
from bridge.pages.page import Pages

__all__ = ["NOBODY", "Frame", "Pages", "Whose"]

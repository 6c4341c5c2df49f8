"""Violations of the rules about what leaves to a portal: its bytes, who binds them, their seal.

Law: as in `planted_since.py`.
"""

from __future__ import annotations

from typing import Final

from tests.contracts.planted import Planted, lines

PORTALS: Final = (
    Planted(
        "a portal's file is minted",
        "push/planted.py",
        lines(
            "from bridge.portal.render import PortalBytes", "", 'minted = PortalBytes(object(), b"", "", 0)'
        ),
        "syntax",
        "PortalBytes() is called in portal/render.py alone",
    ),
    Planted(
        "a picture of a report is minted",
        "push/planted.py",
        lines("def minted(made, seal):", '    return made.PngBytes(seal, (), "")'),
        "syntax",
        "PngBytes() is called in report/press.py alone",
    ),
    Planted(
        "a route binds files",
        "web/planted.py",
        lines("from bridge.portal.render import Binder"),
        "imports",
        "only deliveries and the owner's export bind files BROKEN",
    ),
    Planted(
        "the seal of a portal's files is taken",
        "push/planted.py",
        lines("from bridge.portal.render import _SEAL", "", "seal = _SEAL"),
        "syntax",
        "bridge.portal.render._SEAL is for no other file",
    ),
    Planted(
        "a delivery opens a session of its own",
        "push/planted.py",
        lines("import asyncssh"),
        "imports",
        "only net opens outbound connections BROKEN",
    ),
)

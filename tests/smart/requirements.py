"""The numbers of what SMART App Launch 2.2.0 demands of a server, and which of them are not ours.

Law: each number of `SERVER` stands on a test by `@requirement`, so that it is in that test's id
(`smart-2.2.0@31`), or in `EXEMPT` under its reason, or in `OPEN`; never in two of them. The numbers are those of
Inferno's list of requirements (set hl7.fhir.uv.smart-app-launch_2.2.0, actor Server, SHALL and SHALL NOT); no
sentence of it is kept here. `OPEN` says that no test shows it yet, and nothing about whether it is met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import pytest

SERVER: Final = frozenset(
    {
        14, 15, 16, 17, 18, 24, 30, 31, 48, 49, 53, 54, 56, 57, 59, 73, 74, 75, 77, 78, 84, 85,
        86, 87, 88, 89, 94, 95, 96, 100, 101, 103, 104, 109, 110, 111, 112, 113, 114, 115, 119,
        123, 130, 136, 139, 140, 142, 144, 149, 164, 168, 169, 170, 171, 172, 173, 174, 175,
        176, 177, 178, 188, 194, 197, 198, 200, 205, 207, 209, 210, 228, 231, 240, 241, 247,
        249, 250, 251, 253, 254, 255, 256, 258, 259, 261, 265, 266, 271, 272, 273, 274, 275,
        276, 277, 278, 279, 282, 283, 285, 286, 287, 288, 289, 296, 297, 305, 310, 316, 335,
        336, 337, 338, 339, 340, 341, 342, 344, 348, 349, 350, 351, 352, 353, 354, 355, 356,
        357, 358, 359, 360, 361, 362, 363, 364, 365, 366, 367, 368, 369, 370, 371, 372, 373,
        374, 377, 378, 380, 381, 382, 383, 384, 385, 393, 394, 396, 398, 400, 402, 403, 405,
        409, 410, 412, 417, 418, 419, 421, 423, 430, 431, 432, 436,
    }
)  # fmt: skip
EXEMPT: Final = {
    "encounter or other context beyond the patient is never given": frozenset(
        {171, 172, 177, 178, 188, 362, 364}
    ),
    "no intent, style or tenant is told to an app": frozenset({174, 175, 176, 194, 360}),
    "no app state is kept": frozenset({371}),
    "data are only read: nothing is updated through a scope": frozenset({123}),
    "TLS is the reverse proxy's, as the documents say": frozenset({231}),
    "a duty of whoever runs the bridge, about how it is judged and kept": frozenset({247, 305}),
    "clinician access by an app is no set that the bridge claims": frozenset({350, 351}),
    "one operator publishes one brand: there are no customers who would manage theirs": frozenset(
        {402, 403, 421, 436}
    ),
    "no record is linked with another by Patient.link": frozenset({139}),
    "demanded only of a bundle of many brands, and ours holds one": frozenset({409}),
    "no change is tracked per resource of the bundle": frozenset({419}),
}
OPEN: Final[frozenset[int]] = frozenset()

F = TypeVar("F", bound=Callable[..., Any])


def requirement(*numbers: int) -> Callable[[F], F]:
    """The numbers that a test shows, put into its id."""
    name = "+".join(f"smart-2.2.0@{number}" for number in numbers)

    def numbered(test: F) -> F:
        named: F = pytest.mark.parametrize("numbered", [numbers], ids=[name], indirect=True)(test)
        marked: F = pytest.mark.usefixtures("numbered")(named)
        return marked

    return numbered

"""What a person does with grants that are signed already, as steps of a random story."""

from __future__ import annotations

from collections.abc import Callable

from bridge.consent import grants
from bridge.consent.grant import Standing, State, state_at
from tests.consent.world import World


class Changes:
    """A story over one world: pauses, resumes and revokes among what was `signed`."""

    world: World
    patient: int
    signed: list[str]

    def pause(self, which: int, _: int) -> None:
        self._step(which, State.ACTIVE, grants.pause)

    def resume(self, which: int, _: int) -> None:
        self._step(which, State.PAUSED, grants.resume)

    def revoke(self, which: int, _: int) -> None:
        self._step(which, State.ACTIVE, grants.revoke)

    def _step(self, which: int, state: State, deed: Callable[..., Standing]) -> None:
        standing = {each.grant.id: each for each in grants.listed(self.world.db, self.patient)}
        fit = [name for name in self.signed if state_at(standing[name], self.world.clock.now) is state]
        if fit:
            deed(self.world.db, fit[which % len(fit)])

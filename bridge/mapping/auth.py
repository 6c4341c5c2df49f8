"""What a destination's file says of how the bridge proves itself there.

Law (`mapping.md`, destinations): closed like all of the file, and no secret stands in it: it names a file that only the
bridge reads, or the vault (`destination add --token`). Each kind of proof has the keys that it needs and no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field, model_validator

from bridge.mapping.shapes import Closed

VAULT: Final = "vault"


class Auth(Closed):
    """How the bridge proves itself there."""

    kind: Literal["none", "bearer", "basic", "backend", "user-token", "mtls", "ssh-key"] = "none"
    secret: str | None = Field(
        default=None, description="vault, or the path of a file that holds nothing else"
    )
    user: str | None = Field(default=None, description="basic, ssh-key: the name")
    client_id: str | None = Field(
        default=None, description="backend: our id there; our keys are at /launch/jwks.json"
    )
    token_url: str | None = Field(
        default=None,
        description="backend: its token endpoint, where it does not stand in its smart-configuration",
    )
    scope: str = Field(default="", description="backend: what to ask for")
    certificate: str | None = Field(
        default=None, description="path of our certificate (PEM): mTLS, beside any kind"
    )
    key: str | None = Field(default=None, description="path of the private key of that certificate (PEM)")

    @model_validator(mode="after")
    def _whole(self) -> Auth:
        told = self.model_fields_set - {"kind", "certificate", "key"}
        allowed = NEEDS[self.kind] | MAY[self.kind]
        for name in sorted(NEEDS[self.kind] - told):
            raise ValueError(f"{self.kind} needs {name!r} as well")
        for name in sorted(told - allowed):
            raise ValueError(f"{name!r} says nothing to {self.kind}; it can have {_words(allowed)}")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together: two paths of PEM files")
        if self.kind == "mtls" and self.certificate is None:
            raise ValueError("mtls needs 'certificate' and 'key': two paths of PEM files")
        return self


def _words(names: frozenset[str]) -> str:
    return ", ".join(sorted({*names, "certificate", "key"}))


NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "none": frozenset(),
    "bearer": frozenset({"secret"}),
    "basic": frozenset({"user", "secret"}),
    "backend": frozenset({"client_id", "scope"}),
    "user-token": frozenset(),
    "mtls": frozenset(),
    "ssh-key": frozenset({"user", "secret"}),
}
MAY: Final[Mapping[str, frozenset[str]]] = dict.fromkeys(NEEDS, frozenset()) | {
    "backend": frozenset({"token_url"})
}

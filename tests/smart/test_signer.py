"""The keys of id_tokens: rotated without throwing anybody out, and never seen in clear at rest."""

from __future__ import annotations

import json

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bridge.period import DAY
from bridge.smart.signer import Signer, rotate
from bridge.store.db import Database
from tests.smart.clock import Clock

CLAIMS: dict[str, str | int] = {"iss": "https://bridge.example", "sub": "s", "aud": "c", "iat": 1, "exp": 2}


def kids(signer: Signer, now: int) -> list[str]:
    return [key["kid"] for key in json.loads(signer.jwks(now))["keys"]]


def verified(signer: Signer, text: str, now: int) -> bool:
    try:
        return (
            jwt.decode(text, KeySet.import_key_set(json.loads(signer.jwks(now))), algorithms=["RS256"]).claims
            == CLAIMS
        )
    except (JoseError, ValueError):
        return False


def test_a_rotation_signs_anew_at_once_and_shows_the_old_key_for_a_day(db: Database, clock: Clock) -> None:
    signer = Signer(db)
    old = signer.sign(CLAIMS, clock())
    assert verified(signer, old, clock()) and len(kids(signer, clock())) == 1
    clock.pass_seconds(1)
    made = rotate(db, clock())
    new = signer.sign(CLAIMS, clock())
    assert kids(signer, clock())[0] == made and len(kids(signer, clock())) == 2
    assert verified(signer, old, clock()) and verified(signer, new, clock())
    clock.now += DAY
    assert kids(signer, clock()) == [made]
    assert verified(signer, new, clock()) and not verified(signer, old, clock())


def test_a_rotation_by_another_process_is_followed_by_the_next_token(db: Database, clock: Clock) -> None:
    signer = Signer(db)
    signer.sign(CLAIMS, clock())
    clock.pass_seconds(1)
    with Database.open(db.home, b"k" * 32, clock) as command_line:
        made = rotate(command_line, clock())
    assert jwt.decode(
        signer.sign(CLAIMS, clock()), KeySet.import_key_set(json.loads(signer.jwks(clock()))), algorithms=["RS256"]
    ).header["kid"] == made  # fmt: skip


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi"])
def test_no_private_member_is_shown_or_rests_in_clear(db: Database, clock: Clock, member: str) -> None:
    signer = Signer(db)
    signer.sign(CLAIMS, clock())
    assert all(member not in key for key in json.loads(signer.jwks(clock()))["keys"])
    files = b"".join(path.read_bytes() for path in db.home.rglob("*") if path.is_file())
    assert f'"{member}": "'.encode() not in files

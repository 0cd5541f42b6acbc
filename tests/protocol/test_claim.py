"""Claiming by the secret under the cover: who has it is taken, who has not is nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.claim import (
    LockClaim,
    PressedButton,
    claimed_frame,
    draw_secret,
    in_groups,
    is_claim,
    next_secret,
    open_claim,
    read_secret,
)
from firmware_protocol.errors import RemoteProtocolError
from firmware_protocol.key_messages import ServiceKeys
from firmware_protocol.keys import exchange, private_key, public_key
from firmware_protocol.lock_session import LockIdentity
from tests.protocol import vector_parts as parts
from tests.protocol.schema import problems

SECRET, OTHER = draw_secret(parts.fixed("claim", 13)), draw_secret(parts.fixed("other", 13))
DRAWN = PressedButton(parts.LOCK_KEY, parts.SIGNING_KEY, private_key(parts.fixed("pressed", 48)))
ANSWER = ServiceKeys(1, public_key(parts.SERVICE_KEY))


def pressed(secret: str = SECRET, drawn: PressedButton = DRAWN) -> LockClaim:
    return LockClaim(parts.LOCK, secret, drawn, now=0.0)


def test_a_claim_exchanges_the_keys_of_both_sides() -> None:
    lock = pressed()
    [frame] = lock.to_send(0.0)
    assert is_claim(frame)
    assert problems(frame, "frame") == []
    session, said = open_claim(parts.LOCK, SECRET, frame)
    assert said.signing_key == public_key(parts.SIGNING_KEY)
    answer = claimed_frame(parts.LOCK, SECRET, session, ANSWER)
    assert problems(answer, "frame") == []
    identity = lock.receive(answer, 30.0)
    assert identity == LockIdentity(
        parts.LOCK, parts.LOCK_KEY, public_key(parts.SERVICE_KEY), 1, signing_key=parts.SIGNING_KEY
    )
    assert said.public_key == public_key(parts.LOCK_KEY)


def test_another_secret_opens_nothing_on_either_side() -> None:
    lock = pressed()
    [frame] = lock.to_send(0.0)
    with pytest.raises(RemoteProtocolError):
        open_claim(parts.LOCK, OTHER, frame)
    session, _ = open_claim(parts.LOCK, SECRET, frame)
    assert lock.receive(claimed_frame(parts.LOCK, OTHER, session, ANSWER), 1.0) is None
    assert lock.receive(frame, 1.0) is None


def test_the_window_closes_and_an_answer_to_another_press_is_worth_nothing() -> None:
    first = pressed()
    session, _ = open_claim(parts.LOCK, SECRET, first.to_send(0.0)[0])
    answer = claimed_frame(parts.LOCK, SECRET, session, ANSWER)
    second = pressed(drawn=PressedButton(parts.LOCK_KEY, parts.SIGNING_KEY, private_key(parts.fixed("again", 48))))
    assert second.receive(answer, 1.0) is None
    assert first.receive(answer, 120.0) is None
    assert first.to_send(120.0) == ()
    assert first.receive(answer, 119.9) is not None


def test_it_is_said_every_five_seconds_under_a_new_counter() -> None:
    lock = pressed()
    said = [frame for second in range(21) for frame in lock.to_send(float(second))]
    assert len(said) == len(set(said)) == 5


@given(st.binary(min_size=13, max_size=13))
def test_a_secret_is_read_as_people_write_it(entropy: bytes) -> None:
    secret = draw_secret(entropy)
    groups = "-".join(secret[at : at + 4] for at in range(0, 20, 4))
    for written in (
        secret,
        secret.lower(),
        groups,
        groups.replace("-", " "),
        secret.replace("0", "o").replace("1", "l"),
    ):
        assert read_secret(written) == secret


@pytest.mark.parametrize("wrong", ["", "A" * 19, "A" * 21, "U" * 20, "秘" * 20, "*" * 20])
def test_what_cannot_be_a_secret_is_said_to_be_none(wrong: str) -> None:
    with pytest.raises(ValueError, match="20 letters and digits"):
        read_secret(wrong)


def test_a_secret_is_shown_in_five_groups_of_four() -> None:
    assert in_groups("0123456789ABCDEFGHJK") == "0123-4567-89AB-CDEF-GHJK"


def test_the_next_secret_is_known_to_both_and_is_another() -> None:
    ours = next_secret(exchange(parts.LOCK_KEY, public_key(parts.SERVICE_KEY)), parts.LOCK, 1)
    theirs = next_secret(exchange(parts.SERVICE_KEY, public_key(parts.LOCK_KEY)), parts.LOCK, 1)
    assert ours == theirs == read_secret(ours)
    assert ours not in (SECRET, next_secret(exchange(parts.LOCK_KEY, public_key(parts.SERVICE_KEY)), parts.LOCK, 2))

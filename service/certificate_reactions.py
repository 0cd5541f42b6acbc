"""What locks ask to be certified: taken, refused and counted, or answered with what they were given before."""

from collections.abc import Callable, Sequence
from typing import Any

from firmware_protocol.certificate_messages import CertificateRefusal, CertificateRequest
from firmware_protocol.errors import FrameRefusal
from firmware_protocol.messages import UpMessage
from service.batches import Batch
from service.hearing import Said
from service.locks.actions import refusal
from service.renewal import actions as renewal

_COUNTED = {CertificateRefusal.WRONG_NAME, CertificateRefusal.BAD_KEY}


def take_requests(batch: Batch, said: Sequence[Said[CertificateRequest]]) -> None:
    """Only of locks that have proven themselves; an answer waits behind what somebody at a door waits for."""
    for one in said:
        if not one.session.proven:
            continue
        answer = renewal.ask(batch.session, one.lock, one.message.request, batch.now)
        if answer is None:
            continue
        if answer.refusal in _COUNTED:
            batch.hearing.heard.refused[refusal(FrameRefusal.BAD_CONTENT, one.lock)] += 1
        batch.outcome.afterwards.append((one.lock, one.session.session, answer))


REACTIONS: dict[type[UpMessage], Callable[[Batch, Sequence[Any]], None]] = {CertificateRequest: take_requests}

"""What a lock's connecting causes: birth, challenge, proof, and the welcome with the pace for what it has stored."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from firmware_protocol.messages import Birth, Challenge, Proof, Welcome
from firmware_protocol.topics import LockId
from firmware_protocol.transitions import next_link
from service import hearing as hearings
from service import key_reactions, list_reactions
from service.batches import Batch
from service.delivery.rules import HeldList
from service.entry import actions as entry
from service.hearing import Memory, Said
from service.locks.rules import HEARTBEAT_S, link_event_of_birth


def take_births(batch: Batch, said: Sequence[Said[Birth]]) -> None:
    """Locks that have connected: a challenge for those whose boot is new, a welcome for the others."""
    # In one statement: after a power cut a whole batch is births.
    batch.memory.cursors.load(batch.session, {one.lock for one in said})
    for one in said:
        listened = batch.memory.listened[one.lock]
        listened.birth_number = max(listened.birth_number, one.message.birth_number)
        link = next_link(listened.link, link_event_of_birth(one.session))
        hearings.note(batch.hearing.heard, one.lock, listened, link)
        # While it was away its list may have been changed: what it holds is compared again, known or not.
        batch.memory.held.pop(one.lock, None)
        if one.session.proven:
            _welcome(batch, one, one.message)
            _believe_birth(batch, one, one.message)
        elif one.session.challenge is not None:
            _remember_claim(batch.memory, one)
            batch.outcome.replies.append((one.lock, one.session.session, Challenge(one.session.challenge)))


def _remember_claim(memory: Memory, one: Said[Birth]) -> None:
    """A replayed birth is an older one; it must not stand in for the birth that is about to be proven."""
    claimed = memory.claimed.get(one.lock)
    if claimed is None or claimed.message.birth_number <= one.message.birth_number:
        memory.claimed[one.lock] = one


def _believe_birth(batch: Batch, one: Said[Any], birth: Birth) -> None:
    lock, session = one.lock, one.session
    notes = batch.hearing.heard.notes
    notes[lock] = replace(notes[lock], birth=birth)
    batch.says_it_holds[lock] = HeldList(birth.list_version, birth.list_digest)
    key_reactions.doubt_split_keys(batch, lock, session, birth)


def take_proofs(batch: Batch, said: Sequence[Said[Proof]]) -> None:
    """These locks have answered their challenge: what their births said is believed from now on."""
    key_reactions.take_new_keys(batch, said)
    key_reactions.note_boots(batch, said)
    batch.memory.cursors.load(batch.session, {one.lock for one in said})
    unknown: list[LockId] = []
    for one in said:
        listened = batch.memory.listened[one.lock]
        hearings.note_proof(batch.hearing.heard, one, listened)
        batch.outcome.at_once.add(one.lock)
        # What the birth said is believed only now.
        claimed = batch.memory.claimed.pop(one.lock, None)
        believed = claimed is not None and claimed.session.session == one.session.session
        _welcome(batch, one, claimed.message if claimed is not None and believed else None)
        if claimed is not None and believed:
            _believe_birth(batch, one, claimed.message)
        elif one.lock not in batch.says_it_holds and one.lock not in batch.memory.held:
            unknown.append(one.lock)
    if unknown:
        list_reactions.owe(batch.session, unknown, batch.memory, batch.outcome)


def _welcome(batch: Batch, one: Said[Any], birth: Birth | None) -> None:
    """With the pace at which it may fill up the past, from how much there is and how many others are at it."""
    epoch = one.session.log_epoch
    stored = entry.cursor_of(batch.session, one.lock, epoch, batch.memory.cursors).up_to
    last = birth.next_sequence - 1 if birth else 0
    say_pace(batch, one, batch.memory.pace.come_back(one.lock, epoch, stored=stored, last=last))


def say_pace(batch: Batch, one: Said[Any], per_s: int) -> None:
    """The welcome, said or said again: stored events a second, and when within a slot."""
    slot_ms = batch.memory.pace.slot_ms(one.lock)
    welcome = Welcome(one.session.birth_number, HEARTBEAT_S, per_s, slot_ms)
    batch.outcome.replies.append((one.lock, one.session.session, welcome))

"""Broken locks: signed heads, schedules, the comparison of lists."""

from dataclasses import replace
from typing import Any

from device_sim import chain_signer
from device_sim.chain_signer import ChainSigner
from device_sim.flash.event_chain import EventChain
from device_sim.held_list import HeldList
from firmware_protocol import list_entry
from firmware_protocol.chain import next_link
from firmware_protocol.list_messages import ListQuestion
from tests.conformance.memory_line import LOCK_KEY, MemoryWire
from tests.conformance.sabotage import Patch, around, breaks, nothing


@breaks("CHN-001")
def signs_with_its_static_key(patch: Patch, wire: MemoryWire) -> None:
    around(patch, chain_signer, "sign_head", lambda real, _, *args, **more: real(LOCK_KEY, *args, **more))


@breaks("CHN-001", "CHN-005", "CHN-011")
def chains_nothing_but_numbers(patch: Patch, wire: MemoryWire) -> None:
    def follow(_: Any, self: EventChain, event: Any) -> None:
        self.link = next_link(self.link, bytes(32))

    around(patch, EventChain, "follow", follow)


@breaks("CHN-005")
def buries_without_a_link(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(EventChain, "value_at", nothing)


@breaks("CHN-007", "CHN-001", "CHN-005", "CHN-011")
def signs_once_an_hour_only(patch: Patch, wire: MemoryWire) -> None:
    around(patch, ChainSigner, "say", lambda real, self, side, now: real(self, side, now) if now > 3600 else None)


@breaks("LST-022")
def skips_schedules_it_does_not_know(patch: Patch, wire: MemoryWire) -> None:
    around(patch, list_entry, "read_schedules", lambda real, said: real([one for one in said if one[0] in (0, 1)]))


@breaks("LST-026")
def answers_the_first_span_only(patch: Patch, wire: MemoryWire) -> None:
    def answer(real: Any, self: HeldList, question: ListQuestion) -> Any:
        return real(self, replace(question, spans=question.spans[:2]))

    around(patch, HeldList, "answer", answer)

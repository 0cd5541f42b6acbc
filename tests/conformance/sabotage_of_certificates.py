"""Broken locks: what they ask for, what they take, and what they connect with."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from device_sim import certificate_keeping
from device_sim.certificate_keeping import CertificateKeeper, Renewal
from firmware_protocol.certificate_messages import CertificateAnswer
from firmware_protocol.messages import UpMessage
from tests.conformance.memory_line import SIGNING_KEY, MemoryWire
from tests.conformance.sabotage import Patch, around, breaks


@breaks("KEY-032")
def asks_twice(patch: Patch, wire: MemoryWire) -> None:
    def ask(real: Any, self: CertificateKeeper, say: Callable[[UpMessage], None], now: float) -> None:
        def twice(message: UpMessage) -> None:
            say(message)
            say(message)

        real(self, twice, now)

    around(patch, CertificateKeeper, "ask", ask)


@breaks("KEY-032")
def asks_without_a_clock(patch: Patch, wire: MemoryWire) -> None:
    def ask(real: Any, self: CertificateKeeper, say: Any, now: float) -> None:
        patch.setattr(CertificateKeeper, "_clock_s", lambda *_: wire.unix_ms() // 1000)
        real(self, say, now)
        patch.setattr(CertificateKeeper, "_clock_s", clock_s)

    clock_s = CertificateKeeper._clock_s
    around(patch, CertificateKeeper, "ask", ask)


@breaks("KEY-033", "KEY-037")
def asks_with_the_key_of_its_heads(patch: Patch, wire: MemoryWire) -> None:
    around(patch, certificate_keeping, "request_for", lambda real, lock, _: real(lock, SIGNING_KEY))


@breaks("KEY-033")
def asks_in_anothers_name(patch: Patch, wire: MemoryWire) -> None:
    around(patch, certificate_keeping, "request_for", lambda real, _, key: real("L-000000000000", key))


@breaks("KEY-034", "KEY-036")
def draws_anew_whenever_it_asks(patch: Patch, wire: MemoryWire) -> None:
    def ask(real: Any, self: CertificateKeeper, say: Any, now: float) -> None:
        if now >= self._ask_at and not self.kept.coming:
            self._keep(replace(self.kept, request=b"", request_key=b""))
        real(self, say, now)

    around(patch, CertificateKeeper, "ask", ask)


@breaks("KEY-036")
def takes_any_name(patch: Patch, wire: MemoryWire) -> None:
    def is_ours(real: Any, chain: bytes, lock: Any, key: bytes, **more: int) -> bool:
        return any(real(chain, name, key, **more) for name in (lock, "L-000000000000"))

    around(patch, certificate_keeping, "is_ours", is_ours)


@breaks("KEY-036")
def takes_what_begins_tomorrow(patch: Patch, wire: MemoryWire) -> None:
    def is_ours(real: Any, chain: bytes, *args: Any, now_s: int, longer_than: int) -> bool:
        return any(real(chain, *args, now_s=now_s + day * 86_400, longer_than=longer_than) for day in (0, 2))

    around(patch, certificate_keeping, "is_ours", is_ours)


@breaks("KEY-036")
def takes_what_it_did_not_ask_for(patch: Patch, wire: MemoryWire) -> None:
    def hear(real: Any, self: CertificateKeeper, said: CertificateAnswer, now: float) -> None:
        digest = hashlib.sha256(self.kept.request).digest()
        real(self, replace(said, request_digest=digest), now)

    around(patch, CertificateKeeper, "hear", hear)


@breaks("KEY-037")
def waits_for_its_next_connect(patch: Patch, wire: MemoryWire) -> None:
    def hear(real: Any, self: CertificateKeeper, said: CertificateAnswer, now: float) -> None:
        real(self, said, now)
        self.reconnect_due = False

    around(patch, CertificateKeeper, "hear", hear)


@breaks("KEY-037", "KEY-038")
def keeps_the_old_one_beside_it(patch: Patch, wire: MemoryWire) -> None:
    """It goes back to it where connects with the new one bring no welcome, though one has."""

    def welcomed(real: Any, self: CertificateKeeper, now: float) -> None:
        kept = self.kept
        real(self, now)
        if kept.coming and not self.kept.coming:
            self._keep(replace(kept, tries=0))

    around(patch, CertificateKeeper, "welcomed", welcomed)


@breaks("KEY-037")
def takes_a_chain_into_its_memory_only(patch: Patch, wire: MemoryWire) -> None:
    """And has spent the request: a power cut leaves it with the old one, and another question."""

    def keep(real: Any, self: CertificateKeeper, renewal: Renewal) -> None:
        real(self, renewal.settled(0) if renewal.coming else renewal)
        self.kept = renewal

    around(patch, CertificateKeeper, "_keep", keep)


@breaks("KEY-038")
def never_goes_back(patch: Patch, wire: MemoryWire) -> None:
    patch.setattr(certificate_keeping, "MOST_TRIES", 1 << 30)
    patch.setattr(certificate_keeping, "TRIED_FOR_S", 1e9)

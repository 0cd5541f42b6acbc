"""What a lock says of itself in births and heartbeats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_protocol.messages import Birth, Heartbeat
from firmware_protocol.sending import EventLog


@dataclass(frozen=True, slots=True)
class Standing:
    """A lock's present state. clock_ms: Unix ms, or uptime where the quality is UNSET."""

    list_version: int
    list_digest: bytes
    battery_percent: int
    uptime_s: int
    clock_ms: int
    clock_quality: int
    hardware: str = ""
    firmware: str = ""
    capabilities: Mapping[str, Any] = field(default_factory=dict)

    def birth(self, birth_number: int, boot_number: int, log: EventLog) -> Birth:
        """The birth message."""
        return Birth(
            birth_number,
            boot_number,
            log.epoch,
            log.next_sequence,
            log.oldest_sequence,
            self.list_version,
            self.list_digest,
            self.hardware,
            self.firmware,
            self.clock_ms,
            self.clock_quality,
            self.battery_percent,
            self.uptime_s,
            self.capabilities,
        )

    def heartbeat(self, log: EventLog) -> Heartbeat:
        """The heartbeat message."""
        return Heartbeat(
            log.next_sequence,
            self.list_version,
            self.list_digest,
            self.battery_percent,
            self.uptime_s,
            self.clock_ms,
            self.clock_quality,
            log.oldest_sequence,
        )

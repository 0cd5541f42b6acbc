"""The C lock as a process: its provision, its flash, its door."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from anmen.broker import Broker
from firmware_protocol import LockIdentity
from tests.c_reference.built import CORE, FILE_FLASH, OPENSSL, SANITISED, SOURCES, build

LOCK_SOURCES = [*CORE, OPENSSL, FILE_FLASH, *sorted((SOURCES / "lock").glob("*.c"))]


def build_lock(folder: Path) -> Path:
    """The lock program under both sanitizers."""
    return build(folder / "anmen-lock", LOCK_SOURCES, *SANITISED)


def provision_text(identity: LockIdentity, broker: Broker) -> str:
    """What the lock is given: see firmware_protocol/c/README.md."""
    pair = broker.certificates.for_lock(identity.lock)
    lines = {
        "lock": identity.lock,
        "key_epoch": identity.key_epoch,
        "private": identity.private_key.hex(),
        "service_public": identity.service_public_key.hex(),
        "host": broker.host,
        "port": broker.ports.locks,
        "authority": broker.authority,
        "certificate": pair.certificate,
        "private_key": pair.key,
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


@dataclass(slots=True)
class CLock:
    """One lock. `start` is a boot; `kill` takes its power away without a word."""

    program: Path
    provision: Path
    flash: Path
    _process: subprocess.Popen[str] = field(init=False)

    @property
    def chip(self) -> Path:
        """Its clock chip; gone, the clock has stopped."""
        return self.flash.with_suffix(".chip")

    def start(self) -> None:
        """Power on, over the same flash."""
        self._process = subprocess.Popen(
            [self.program, self.provision, self.flash, self.chip],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, action: str) -> str:
        """Something at the door; what the lock answers."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(action + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the lock has died; what it said stands above"
        return answer.strip()

    def state(self) -> dict[str, int]:
        """What it says of itself."""
        return {name: int(value) for name, value in (word.split("=") for word in self.do("state").split()[1:])}

    def kill(self) -> None:
        """As kill -9 does."""
        self._process.kill()
        self._close()

    def quit(self) -> None:
        """End it; the sanitizers must have had nothing to say."""
        assert self._process.stdin is not None
        self._process.stdin.write("quit\n")
        self._process.stdin.flush()
        code = self._process.wait(timeout=10)
        self._close()
        assert code == 0

    def _close(self) -> None:
        self._process.wait(timeout=10)
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                end.close()

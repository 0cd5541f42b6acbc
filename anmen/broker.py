"""The MQTT broker of the demo and the tests: Mosquitto where it is installed, else the nats-server of a wheel.

Started directly as an account of its own when we are root, not as root that steps down: it never has more rights than
it needs, and its files are nobody else's.
"""

import shutil
import signal
import socket
import ssl
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from anmen.access_rules import Rule
from anmen.broker_files import HOST, BrokerPlan, BrokerPorts, copy_certificates
from anmen.certificates import Authority, Certificates
from anmen.child_process import Child, Launch
from anmen.errors import MachineError
from anmen.free_ports import is_free
from anmen.leftovers import end_leftovers
from anmen.mosquitto_files import find_mosquitto, write_mosquitto_files
from anmen.nats_files import SHORTCOMINGS, find_nats, write_nats_files
from anmen.revocation_list import NAME as LIST_NAME
from anmen.revocation_list import RevocationList
from anmen.unprivileged import BROKER_ACCOUNT, account_for, can_reach

_START_TIMEOUT_S = 30.0
# MQTT 3.1.1, whole packets: connect as "anmen-start" with a clean session, be accepted, say goodbye.
_CONNECT = b"\x10\x17\x00\x04MQTT\x04\x02\x00\x0a\x00\x0banmen-start"
_ACCEPTED = b"\x20\x02\x00\x00"
_DISCONNECT = b"\xe0\x00"


class BrokerKind(StrEnum):
    """Which program is the broker."""

    MOSQUITTO = "Mosquitto"
    NATS = "nats-server"


class Broker:
    """One broker in one folder, on two ports of this machine. `accounts` adds rights for tests and benches."""

    def __init__(
        self,
        folder: Path,
        certificates: Certificates,
        *,
        ports: BrokerPorts,
        kind: BrokerKind | None = None,
        accounts: Mapping[str, tuple[Rule, ...]] | None = None,
    ) -> None:
        self.kind = kind or (BrokerKind.MOSQUITTO if find_mosquitto() else BrokerKind.NATS)
        self.certificates = certificates
        self.ports = ports if self.kind is BrokerKind.MOSQUITTO else BrokerPorts(ports.locks, ports.locks)
        self._plan = BrokerPlan(folder.resolve(), self.ports, account_for(BROKER_ACCOUNT), dict(accounts or {}))
        self._lock_ids: set[str] = set()
        self._shut_out: frozenset[str] = frozenset()
        self._revocations = RevocationList(self._plan.folder / LIST_NAME, certificates)
        self._child: Child | None = None

    @property
    def host(self) -> str:
        """The address both ports are on."""
        return HOST

    @property
    def authority(self) -> Path:
        """The certificate that every client checks the broker's own against."""
        return self.certificates.authority(Authority.SERVICES)

    @property
    def child(self) -> Child:
        """The running broker."""
        if self._child is None:
            raise MachineError("The broker was not started.")
        return self._child

    @property
    def notice(self) -> str | None:
        """What a person must know about this broker; None when it can do all that is asked of it."""
        return SHORTCOMINGS if self.kind is BrokerKind.NATS else None

    def start(self) -> None:
        """Write its files, start it and wait until it lets an ingest worker in."""
        if self._child is not None and self._child.running:
            return
        folder = self._plan.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o711 if self._plan.account else 0o700)
        if not can_reach(folder, self._plan.account):
            raise MachineError(f"The broker's account {BROKER_ACCOUNT} may not enter {folder}. Choose another folder.")
        end_leftovers(folder, signal.SIGTERM)
        for port in {self.ports.locks, self.ports.services}:
            if not is_free(port, HOST):
                raise MachineError(f"Port {port} on {HOST} is taken by another program (ss -ltnp shows which).")
        copy_certificates(self._plan, self.certificates)
        self._revocations.ensure()
        self._child = Child(self._launch())
        self._child.await_ready(self._lets_us_in, timeout_s=_START_TIMEOUT_S)

    def admit(self, lock_ids: Iterable[str]) -> None:
        """Make these locks known. Mosquitto's rules need no list; nats-server reads its own anew."""
        self._lock_ids.update(lock_ids)
        if self.kind is BrokerKind.NATS and self._child is not None:
            write_nats_files(self._plan, self._lock_ids - self._shut_out)
            self._child.signal(signal.SIGHUP)

    def shut_out(self, lock_ids: frozenset[str]) -> bool:
        """Refuse these locks from now on, and no others; whether it did not before.

        Mosquitto does not tear a live connection for it, nats-server does.
        """
        if self.kind is BrokerKind.MOSQUITTO:
            if listed_anew := self._revocations.update(lock_ids):
                self.child.signal(signal.SIGHUP)
        elif listed_anew := lock_ids != self._shut_out:
            self._shut_out = lock_ids
            self.admit(())
        return listed_anew

    def stop(self) -> None:
        """Shut down in order: what is queued is written out. Nothing to do when it does not run."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would: what it acknowledged may be gone."""
        self.child.kill()

    def restart(self) -> None:
        """Stop and start on the same ports with the same store."""
        self.stop()
        self.start()

    def _launch(self) -> Launch:
        if self.kind is BrokerKind.MOSQUITTO:
            program = find_mosquitto()
            if program is None:
                raise MachineError("Mosquitto is not installed: apt-get install --no-install-recommends mosquitto")
            argv = [str(program), "-c", str(write_mosquitto_files(self._plan))]
        else:
            argv = [
                str(self._runnable_nats()),
                "-c",
                str(write_nats_files(self._plan, self._lock_ids - self._shut_out)),
            ]
        return Launch(
            name=f"The broker ({self.kind})",
            argv=argv,
            log_path=self._plan.folder / "broker.log",
            account=self._plan.account,
            folder=self._plan.folder,
        )

    def _runnable_nats(self) -> Path:
        """nats-server itself, or a copy where it lies in a folder that the broker's account may not enter."""
        program = find_nats()
        if can_reach(program, self._plan.account):
            return program
        return Path(shutil.copy(program, self._plan.folder / "nats-server"))

    def _lets_us_in(self) -> bool:
        ours = self.certificates.for_service()
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(ours.certificate, ours.key)
        try:
            with (
                socket.create_connection((HOST, self.ports.services), timeout=2) as connection,
                context.wrap_socket(connection, server_hostname=HOST) as tls,
            ):
                tls.sendall(_CONNECT)
                answer = tls.recv(4)
                tls.sendall(_DISCONNECT)
        except OSError:
            return False
        return answer == _ACCEPTED

"""A broker and a simulated lock of the kit's own, to see it at work: nothing outside a temporary folder is touched."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anmen.broker import Broker
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.conformance.mqtt_line import BrokerAddress, MqttLine
from anmen.conformance.operators import SimulatorOperator
from anmen.conformance.releases import MadeReleases
from anmen.conformance.stand import Stand
from anmen.free_ports import PortBook
from anmen.state import temporary_state
from device_sim.control import ask
from device_sim.estate import running_estate
from device_sim.hardware import Hardware, draw_private_key
from device_sim.provision import Provision, write_provision
from device_sim.updating import Maker
from firmware_protocol import ServiceIdentity
from firmware_protocol.keys import public_key
from firmware_protocol.manifest import vendor_id
from firmware_protocol.topics import draw_lock_id

# Of the maker that all tried-out locks come from; they live as long as the run.
MAKER_KEY = draw_private_key()


@contextmanager
def simulated_stand() -> Iterator[Stand]:
    """A stand with a simulated lock on a real broker, over TLS."""
    with temporary_state("anmen-conformance-") as state:
        ports = PortBook()
        broker_ports = BrokerPorts(ports.claim("locks"), ports.claim("services"))
        broker = Broker(state.broker, Certificates(state.certificates), ports=broker_ports)
        broker.start()
        try:
            with stand_at(broker, state.broker.parent / "locks") as stand:
                yield stand
        finally:
            broker.stop()


@contextmanager
def stand_at(broker: Broker, folder: Path, *, hardware: Hardware | None = None) -> Iterator[Stand]:
    """A stand at a running broker, with a lock that is simulated in the folder."""
    provision, identity = provisioned(broker, folder)
    broker.admit([provision.lock])
    ours = broker.certificates.for_service()
    address = BrokerAddress(broker.host, broker.ports.services, broker.authority, ours.certificate, ours.key)
    socket = folder / "control"
    with (
        MqttLine(address, provision.lock) as line,
        running_estate(folder, socket, http_port=None, hardware=hardware or Hardware()),
    ):
        operator = SimulatorOperator(provision.lock, lambda request: ask(socket, request))
        yield Stand(line, operator, identity, releases=MadeReleases(MAKER_KEY), may_wipe=True)


def provisioned(broker: Broker, folder: Path) -> tuple[Provision, ServiceIdentity]:
    """A new simulated lock in the folder, and the service's half of its keys."""
    lock, lock_key, service_key = draw_lock_id(os.urandom(8)), draw_private_key(), draw_private_key()
    pair = broker.certificates.for_lock(lock)
    provision = Provision(
        lock=lock,
        label="conformance",
        private_key=lock_key,
        signing_key=draw_private_key(),
        service_public_key=public_key(service_key),
        certificate=pair.certificate.absolute(),
        certificate_key=pair.key.absolute(),
        authority=broker.authority.absolute(),
        broker_host=broker.host,
        broker_port=broker.ports.locks,
        maker=Maker(public_key(MAKER_KEY), vendor_id("locks.example")),
    )
    write_provision(folder, provision)
    return provision, ServiceIdentity(lock, service_key, public_key(lock_key))

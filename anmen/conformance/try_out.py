"""A broker and a simulated lock of the kit's own, to see it at work: nothing outside a temporary folder is touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anmen.boxed import box_lock
from anmen.broker import Broker
from anmen.broker_files import BrokerPorts
from anmen.certificates import Certificates
from anmen.conformance.mqtt_line import BrokerAddress, MqttLine
from anmen.conformance.operators import SimulatorOperator
from anmen.conformance.releases import MadeReleases
from anmen.conformance.stand import Stand
from anmen.conformance.stand_file import boxed_identity
from anmen.free_ports import PortBook
from anmen.state import temporary_state
from device_sim.control import ask
from device_sim.estate import running_estate
from device_sim.hardware import Hardware, draw_private_key
from device_sim.provision import write_provision
from device_sim.updating import Maker
from firmware_protocol.keys import public_key
from firmware_protocol.manifest import vendor_id

# Of the maker that all tried-out locks come from; they live as long as the run.
MAKER_KEY = draw_private_key()
MAKER = Maker(public_key(MAKER_KEY), vendor_id("locks.example"))


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
    provision = box_lock(broker.certificates, broker.ports.locks, label="conformance", maker=MAKER)
    write_provision(folder, provision)
    broker.admit([provision.lock])
    ours = broker.certificates.for_service()
    address = BrokerAddress(broker.host, broker.ports.services, broker.authority, ours.certificate, ours.key)
    socket = folder / "control"
    with (
        MqttLine(address, provision.lock) as line,
        running_estate(folder, socket, http_port=None, hardware=hardware or Hardware()),
    ):
        operator = SimulatorOperator(provision.lock, lambda request: ask(socket, request))
        stand = Stand(line, operator, boxed_identity(provision.lock), releases=MadeReleases(MAKER_KEY), may_wipe=True)
        stand.boxed_secret = provision.claim_secret
        yield stand

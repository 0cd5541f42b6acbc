"""A broker and a simulated lock of the kit's own, to see it at work: nothing outside a temporary folder is touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from anmen.boxed import box_lock
from anmen.broker import Broker
from anmen.broker_files import BrokerPorts
from anmen.certificates import Authority, Certificates
from anmen.conformance.authority import DAY_S, LockAuthority, common_name, read_authority
from anmen.conformance.mqtt_line import BrokerAddress, MqttLine
from anmen.conformance.operators import SimulatorOperator
from anmen.conformance.releases import MadeReleases
from anmen.conformance.stand import Stand
from anmen.conformance.stand_file import boxed_identity
from anmen.errors import MachineError
from anmen.free_ports import PortBook
from anmen.state import temporary_state, write_private
from device_sim.camera import look, picture_from_file
from device_sim.control import ask
from device_sim.drawn_face import MEI, drawn
from device_sim.errors import BadRequest
from device_sim.estate import running_estate
from device_sim.hardware import Hardware, draw_private_key
from device_sim.provision import Provision, write_provision
from device_sim.updating import Maker
from face_engine import EngineName, FaceEngine, FaceProblem, encode_jpeg, load_engine
from firmware_protocol.keys import public_key
from firmware_protocol.manifest import vendor_id
from service.edges import clock

# Of the maker that all tried-out locks come from; they live as long as the run.
MAKER_KEY = draw_private_key()
# Below the sixty days from which on a lock asks for the next one (ANM-KEY-032).
LOCK_CERTIFICATE_S = 30 * DAY_S
MAKER = Maker(public_key(MAKER_KEY), vendor_id("locks.example"))


@contextmanager
def simulated_stand(photo: Path | None = None) -> Iterator[Stand]:
    """A stand with a simulated lock on a real broker, over TLS. `photo`: whose face its camera sees, else a drawn one."""
    engine = load_engine(EngineName.SFACE)
    picture = seen_picture(engine, photo)
    with temporary_state("anmen-conformance-") as state:
        ports = PortBook()
        broker_ports = BrokerPorts(ports.claim("locks"), ports.claim("services"))
        broker = Broker(state.broker, Certificates(state.certificates), ports=broker_ports)
        broker.start()
        try:
            folder = state.broker.parent / "locks"
            with stand_at(broker, folder, hardware=Hardware(engine=engine), picture=picture) as stand:
                yield stand
        finally:
            broker.stop()


@contextmanager
def stand_at(
    broker: Broker, folder: Path, *, hardware: Hardware | None = None, picture: bytes | None = None
) -> Iterator[Stand]:
    """A stand at a running broker, with a lock that is simulated in the folder; `picture`: what is held before its camera."""
    provision = box_lock(broker.certificates, broker.ports.locks, label="conformance", maker=MAKER)
    authority = _authority_of(broker)
    provision = _near_its_end(provision, authority, folder)
    write_provision(folder, provision)
    broker.admit([provision.lock])
    ours = broker.certificates.for_service()
    address = BrokerAddress(broker.host, broker.ports.services, broker.authority, ours.certificate, ours.key)
    socket = folder / "control"
    with (
        MqttLine(address, provision.lock) as line,
        running_estate(folder, socket, http_port=None, hardware=hardware or Hardware()),
    ):
        operator = SimulatorOperator(provision.lock, lambda request: ask(socket, request), picture)
        stand = Stand(line, operator, boxed_identity(provision.lock), releases=MadeReleases(MAKER_KEY), may_wipe=True)
        stand.boxed_secret, stand.authority = provision.claim_secret, authority
        yield stand


def _authority_of(broker: Broker) -> LockAuthority:
    certificate = broker.certificates.authority(Authority.LOCKS)
    return read_authority(certificate, certificate.with_suffix(".key"))


def _near_its_end(provision: Provision, authority: LockAuthority, folder: Path) -> Provision:
    """The same lock with a certificate of thirty days, so that it asks for another."""
    now_s, key = round(clock.now().timestamp()), ec.generate_private_key(ec.SECP256R1())
    begins_s, ends_s = now_s - DAY_S, now_s + LOCK_CERTIFICATE_S
    leaf = authority.sign(common_name(provision.lock), key.public_key(), begins_s=begins_s, ends_s=ends_s)
    paths = folder / "factory.pem", folder / "factory.key"
    shape = serialization.PrivateFormat.PKCS8
    write_private(paths[0], leaf.public_bytes(serialization.Encoding.PEM))
    write_private(paths[1], key.private_bytes(serialization.Encoding.PEM, shape, serialization.NoEncryption()))
    return replace(provision, certificate=paths[0].absolute(), certificate_key=paths[1].absolute())


def seen_picture(engine: FaceEngine, photo: Path | None) -> bytes:
    """The encoded picture for the camera; MachineError where the photograph does not show one clear face."""
    if photo is None:
        return encode_jpeg(drawn(MEI))
    try:
        seen = look(engine, picture_from_file(photo), is_living=True).face
    except BadRequest as unusable:
        raise MachineError(f"--photo: {unusable}") from unusable
    if isinstance(seen, FaceProblem):
        told = seen.value.replace("_", " ")
        raise MachineError(f"--photo {photo}: {told}. Name a picture of one person from the front, in good light.")
    return photo.read_bytes()

"""A registered lock as its file says it: the keys that a test holds, and the certificate and address of the test's broker."""

from anmen.broker import Broker
from device_sim.provision import Provision
from device_sim.updating import Maker
from firmware_protocol import LockIdentity


def provision_of(identity: LockIdentity, broker: Broker, *, label: str = "", maker: Maker | None = None) -> Provision:
    """What a simulated lock of these keys begins with. It signs nothing: no signing key is in it."""
    pair = broker.certificates.for_lock(identity.lock)
    return Provision(
        lock=identity.lock,
        private_key=identity.private_key,
        service_public_key=identity.service_public_key,
        certificate=pair.certificate.absolute(),
        certificate_key=pair.key.absolute(),
        authority=broker.authority.absolute(),
        broker_host=broker.host,
        broker_port=broker.ports.locks,
        label=label,
        maker=maker,
    )

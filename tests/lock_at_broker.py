"""A registered lock as its file says it: the keys that a test holds, and the certificate and address of the test's broker."""

from collections.abc import Callable
from typing import Any

from anmen.broker import Broker
from device_sim.provision import Provision
from device_sim.updating import Maker
from firmware_protocol import LockIdentity
from firmware_protocol.topics import LockId
from tests.wire_link import eventually


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


def await_confirmed(ask: Callable[[dict[str, Any]], Any], lock: LockId) -> None:
    """Until the service has told the lock that it holds the latest list: nobody may rely on a door before (ANM-TIM-007).

    That the service knows the list to be held is earlier: the lock asks for that word only when it holds it. An answer
    that was too late is asked for again after 5 and 10 s.
    """
    eventually(lambda: ask({"lock": lock, "do": "state"})["state"].get("list", {}).get("confirmed"), within_s=40)

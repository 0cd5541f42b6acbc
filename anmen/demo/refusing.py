"""The demo's part that has the broker refuse what the service has shut out, and signs what locks ask for.

In a town it is `anmen revocations`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from anmen.database_roles import DatabaseRole
from anmen.demo.machine import Machine
from anmen.renewing import signing
from anmen.shutting_out import ShuttingOut, throw_off
from service.edges.mqtt_link import BrokerAddress

ACCOUNT = "anmen-revocations"


@contextmanager
def refusing(machine: Machine) -> Iterator[None]:
    """Locks that are shut out are refused, and those that ask get certificates, until the block ends."""
    broker = machine.broker
    ours = broker.certificates.for_service(ACCOUNT)
    address = BrokerAddress(broker.host, broker.ports.services, broker.authority, ours.certificate, ours.key)
    shutting = ShuttingOut(
        machine.urls[DatabaseRole.REVOKE], tell_broker=broker.shut_out, throw_off=partial(throw_off, address)
    )
    with shutting.listening.beside(), signing(machine.urls[DatabaseRole.REVOKE], broker.certificates):
        yield

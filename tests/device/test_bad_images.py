"""An installed lock whose new image is bad: the hardware's watchdog and the bootloader bring it back, with nobody's help."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device_sim.certificate import HeldCertificate
from device_sim.errors import BadRequest
from device_sim.firmware_image import Behaviour
from device_sim.flash.images import Images
from device_sim.flash.medium import FolderMedium
from device_sim.hardware import Hardware, draw_private_key
from device_sim.installation import WATCHDOG_S, Installation
from device_sim.provision import Provision
from firmware_protocol.firmware import TRIAL_BOOTS, TRIAL_S
from firmware_protocol.keys import public_key
from firmware_protocol.manifest import verify
from firmware_protocol.topics import draw_lock_id
from tests.device.update_rig import MAKER, envelope_of, image_of


@dataclass
class SilentLink:
    """Counts connects; nobody answers."""

    connects: int = 0

    def connect(self, will: bytes, certificate: HeldCertificate | None = None) -> None:
        self.connects += 1

    def publish(self, frame: bytes) -> None: ...

    def drop(self) -> None: ...

    def close(self) -> None: ...


@dataclass
class Bench:
    """An installed lock on a bench, with the clock in hand."""

    folder: Path
    now: float = 0.0
    link: SilentLink = field(default_factory=SilentLink)
    installed: Installation = field(init=False)

    def __post_init__(self) -> None:
        nowhere = self.folder / "none.pem"
        provision = Provision(
            lock=draw_lock_id(bytes(8)),
            private_key=draw_private_key(),
            service_public_key=public_key(draw_private_key()),
            certificate=nowhere,
            certificate_key=nowhere,
            authority=nowhere,
            broker_host="localhost",
            broker_port=1,
            maker=MAKER,
        )
        hardware = Hardware(uptime_s=lambda: self.now)
        self.installed = Installation(provision, self.folder / "flash", hardware=hardware, link=self.link)

    def switch_to(self, behaviour: Behaviour) -> None:
        """As an update leaves the flash behind."""
        image = image_of(behaviour=behaviour)
        images = Images(FolderMedium(self.folder / "flash"))
        images.begin(envelope_of(image))
        images.write(0, image)
        images.save(len(image))
        images.switch(verify(envelope_of(image), MAKER.public_key))

    def pass_time(self, seconds: float) -> int:
        """Every deadline is kept; returns how often the lock was busy with one."""
        until, turns = self.now + seconds, 0
        while (wait := self.installed.wait_s()) is not None and self.now + wait <= until:
            self.now += wait
            self.installed.drive()
            turns += 1
        self.now = until
        return turns


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.installed.shut_down()


def version(bench: Bench) -> str:
    return bench.installed.lock.flash.images.image.version


def test_an_image_that_hangs_is_restarted_by_the_watchdog_until_the_old_one_runs(bench: Bench) -> None:
    bench.switch_to(Behaviour.HANGS)
    bench.installed.power_on()
    for _ in range(TRIAL_BOOTS - 1):
        with pytest.raises(BadRequest):
            _ = bench.installed.lock
        assert "hangs" in bench.installed.why_down
        assert bench.pass_time(WATCHDOG_S) <= 2
    bench.pass_time(WATCHDOG_S)
    assert version(bench) == "0.1.0"
    assert bench.link.connects == 1


def test_the_handle_works_while_an_image_hangs(bench: Bench) -> None:
    bench.switch_to(Behaviour.HANGS)
    bench.installed.power_on()
    bench.installed.move_door(lambda door, now: door.turn_handle(now))
    assert bench.installed.door.bolt.value == "unlocked"


def test_an_image_that_crashes_is_started_three_times(bench: Bench) -> None:
    bench.switch_to(Behaviour.CRASHES)
    bench.installed.power_on()
    assert version(bench) == "1.1.0"
    bench.pass_time(TRIAL_BOOTS * 1.0 + 0.1)
    assert version(bench) == "0.1.0"


def test_an_image_without_a_radio_is_given_up_after_its_trial(bench: Bench) -> None:
    bench.switch_to(Behaviour.MUTE)
    bench.installed.power_on()
    bench.pass_time(TRIAL_S - 1)
    assert (version(bench), bench.link.connects) == ("1.1.0", 0)
    bench.pass_time(2)
    assert version(bench) == "0.1.0"
    assert bench.link.connects == 1


def test_pulling_the_battery_ends_the_watchdog_too(bench: Bench) -> None:
    bench.switch_to(Behaviour.HANGS)
    bench.installed.power_on()
    bench.installed.power_off()
    assert bench.installed.wait_s() is None

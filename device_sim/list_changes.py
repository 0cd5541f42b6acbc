"""What the service says of the access list: a change is taken and told, or refused with the reason; a question is answered."""

from collections.abc import Callable

from device_sim.flash.chip import Flash
from device_sim.held_list import HeldList, ListRefused
from device_sim.recording import Recorder
from device_sim.timekeeping import Timekeeper
from firmware_protocol.access_list import ListChange
from firmware_protocol.happenings import ListComplete
from firmware_protocol.list_messages import ListAnswer, ListQuestion
from firmware_protocol.vocabulary import EventType, Field

# A service that sends again what was just refused is not told so again at once: both would do nothing else.
SAY_NO_EVERY_S = 60.0


class ListChanges:
    """Changes of one boot's list. `refuse` says no to the service: the reason, and when."""

    def __init__(
        self,
        held: HeldList,
        flash: Flash,
        recorder: Recorder,
        *,
        time: Timekeeper,
        refuse: Callable[[str, float], None],
    ) -> None:
        self._held = held
        self._flash = flash
        self._recorder = recorder
        self._time = time
        self._refuse = refuse
        self._refusals: dict[bytes, float] = {}

    def begin_boot(self, now: float) -> None:
        """The power may have gone away after the list was switched and before that was recorded."""
        if self._flash.remembered.list_told != self._held.version:
            self._tell(now)

    def hear(self, heard: ListComplete | ListQuestion, say: Callable[[ListAnswer], object], now: float) -> None:
        """A change is complete, or the service asks what is held."""
        if isinstance(heard, ListComplete):
            self.take(heard.change, now)
            return
        answer = self._held.answer(heard)
        if answer is not None:
            say(answer)

    def take(self, change: ListChange, now: float) -> None:
        """Hold the list after the change and record that, or refuse it; what is held already is passed over."""
        said_no_at = self._refusals.get(change.digest, float("-inf"))
        if self._held.holds_already(change) or now - said_no_at < SAY_NO_EVERY_S:
            return
        try:
            self._held.apply(change)
        except ListRefused as refused:
            self._refusals = {change.digest: now}
            self._refuse(str(refused), now)
            return
        self._tell(now)
        # The offline leases of what has just come begin with the service's word that it is the latest.
        self._time.list_changed(now)

    def clock_was_set(self, now: float) -> None:
        """A clock that was ahead may have erased what had not ended: then the whole list is wanted again."""
        if self._held.disown_if_erased_too_early(self._time.clock.now_s(now)):
            self._flash.remember(list_told=self._held.version)
            self._refuse("entries were erased by a clock that was ahead", now)

    def _tell(self, now: float) -> None:
        fields = {Field.LIST_VERSION: self._held.version, Field.DIGEST: self._held.digest}
        self._recorder.record(EventType.ACCESS_LIST_APPLIED, fields, now)
        self._flash.remember(list_told=self._held.version)

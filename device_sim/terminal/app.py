"""The view itself: asks the lock four times a second what it is like, and passes on what the keys say."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType
from textual import work
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.events import Resize
from textual.widgets import Input, Static

from device_sim.errors import SimulatorError
from device_sim.report import Json
from device_sim.terminal.deeds import DEEDS, Deed
from device_sim.terminal.panels import door_panel, events_panel, keys_line, lock_panel
from device_sim.terminal.texts import Language, say

_LOOK_EVERY_S = 0.25
# Below this the door is not drawn, so that there is room for the last events.
_ROOMY_COLUMNS, _ROOMY_LINES = 80, 26

Ask = Callable[[Json], Mapping[str, Any]]


class LockView(App[None]):
    """One lock, live. `ask` sends a request to the lock and gives its answer; it may block, and raise SimulatorError."""

    CSS = """
    #panels { height: 14; }
    #door, #lock, #events { border: round $primary; padding: 0 1; height: 100%; }
    #door { width: 34; }
    #lock { width: 1fr; }
    #events { height: 1fr; }
    #said { height: 1; padding: 0 1; text-style: bold; }
    #keys { height: auto; padding: 0 1; }
    #typed { display: none; }
    .small #panels { height: 7; }
    .small #door { width: 30; }
    """
    ENABLE_COMMAND_PALETTE = False
    # A key is a deed until something is asked for.
    AUTO_FOCUS = None

    def __init__(self, ask: Ask, language: Language) -> None:
        super().__init__()
        self._ask = ask
        self._language = language
        self._state: Mapping[str, Any] | None = None
        self._asked_for: Deed | None = None
        self._small = False
        for deed in DEEDS:
            self.bind(deed.key, f"do('{deed.key}')")
        # Where a text is being typed, q is a letter of it; Ctrl-Q ends the view from anywhere.
        self.bind("q", "quit")

    def compose(self) -> ComposeResult:
        """Door and lock side by side, the events below, then what was said and the keys."""
        with Horizontal(id="panels"):
            yield Static(id="door")
            yield Static(id="lock")
        yield Static(id="events")
        yield Static(id="said", markup=False)
        yield Input(id="typed")
        yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin to look."""
        for name in ("door", "lock", "events"):
            self.query_one(f"#{name}").border_title = say(name, self._language)
        self.set_interval(_LOOK_EVERY_S, self._look)
        self._look()

    def on_resize(self, resized: Resize) -> None:
        """A window of another size."""
        self._small = resized.size.width < _ROOMY_COLUMNS or resized.size.height < _ROOMY_LINES
        self.screen.set_class(self._small, "small")
        # Its padding is one column on either side.
        self._update("keys", keys_line(self._language, resized.size.width - 2))

    def action_do(self, key: str) -> None:
        """A key was pressed: do it, or ask for what it needs first."""
        deed = next(deed for deed in DEEDS if deed.key == key)
        if deed.asks is None:
            self._do(deed, "")
            return
        self._asked_for = deed
        # What was said before is not the answer to this.
        self._say("")
        field = self.query_one(Input)
        field.value, field.password = "", deed.secret
        field.placeholder = say(deed.asks, self._language)
        field.display = True
        field.focus()

    def on_input_submitted(self, typed: Input.Submitted) -> None:
        """What was asked for has been typed."""
        deed, text = self._asked_for, typed.value.strip()
        self._put_away()
        if deed is not None and text:
            self._do(deed, text)

    def key_escape(self) -> None:
        """Rather not."""
        self._put_away()

    def _put_away(self) -> None:
        field = self.query_one(Input)
        self._asked_for, field.value, field.display = None, "", False
        self.set_focus(None)

    def _do(self, deed: Deed, typed: str) -> None:
        if self._state is None:
            return
        try:
            self._send(deed.request(self._state, typed))
        except ValueError:
            self._say(say("not_a_number", self._language))

    @work(thread=True, group="deeds")
    def _send(self, request: Json) -> None:
        answer = self._answer_to(request)
        pulled_in_vain = request.get("to") == "open" and answer.get("state", {}).get("door", {}).get("leaf") == "closed"
        self.call_from_thread(self._say, say("held", self._language) if pulled_in_vain else self._words(answer))

    @work(thread=True, group="looks", exclusive=True)
    def _look(self) -> None:
        answer = self._answer_to({"do": "state"})
        if "state" in answer:
            self.call_from_thread(self._show, answer["state"])
        else:
            self.call_from_thread(self._say, self._words(answer))

    def _answer_to(self, request: Json) -> Mapping[str, Any]:
        try:
            return self._ask(request)
        except SimulatorError as failed:
            return {"error": str(failed)}

    def _words(self, answer: Mapping[str, Any]) -> str:
        if "error" in answer:
            said = str(answer["error"])
            return said[:1].upper() + said[1:]
        words = answer.get("words")
        return words[self._language.value] if words else say("done", self._language)

    def _show(self, state: Mapping[str, Any]) -> None:
        self._state = state
        self.title = state["label"]
        self._update("door", door_panel(state, self._language, small=self._small))
        self._update("lock", lock_panel(state, self._language))
        self._update("events", events_panel(state))
        for one in self.query("#lock").results(Static):
            one.border_title = f"{say('lock', self._language)}  {state['label']}  {state['lock']}"

    def _say(self, text: str) -> None:
        self._update("said", text)

    def _update(self, part: str, shown: RenderableType) -> None:
        """Nothing where an answer comes when the view has just been left."""
        for one in self.query(f"#{part}").results(Static):
            one.update(shown)

"""What is sent beside the prompts of this conversation: system prompt, and sampling parameters."""

from __future__ import annotations

import math
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input, Static, TextArea

from tui.chat.turns import Sampling
from tui.plain import plain
from tui.say import say
from tui.screen.dialogs.dialog import Dialog
from tui.screen.dialogs.field import Field

HOTTEST = 2.0
"""The greatest temperature that the documents of chat completions allow."""

Settings = tuple[str, Sampling]


def sampling_from(temperature: str, max_tokens: str, seed: str) -> Sampling | str:
    """From what was typed; a phrase's name where it means nothing. Empty leaves it to the provider."""
    warm: float | None = None
    try:
        if temperature.strip():
            warm = float(temperature)
        if warm is not None and not (math.isfinite(warm) and 0 <= warm <= HOTTEST):
            return "talks.bad_temperature"
    except ValueError:
        return "talks.bad_temperature"
    try:
        most = int(max_tokens) if max_tokens.strip() else None
    except ValueError:
        return "talks.bad_max_tokens"
    if most is not None and most < 1:
        return "talks.bad_max_tokens"
    try:
        number = int(seed) if seed.strip() else None
    except ValueError:
        return "talks.bad_seed"
    return Sampling(most, warm, number)


class SettingsDialog(Dialog[Settings | None]):
    """Ends with system prompt and sampling, or None."""

    CSS_PATH = "settings.tcss"
    KEYS = ("talks.settings_keys", "talks.settings_keys_short")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", show=False),
        Binding("ctrl+s", "save", show=False, priority=True),
    ]

    def __init__(self, system: str, sampling: Sampling) -> None:
        super().__init__()
        self._system, self._sampling = system, sampling

    def compose(self) -> ComposeResult:
        asked = self._sampling
        fields = (("temperature", asked.temperature), ("max_tokens", asked.max_tokens), ("seed", asked.seed))
        with VerticalScroll(id="settings-box", can_focus=False) as box:
            box.border_title = say("talks.settings_title")
            yield Static(say("talks.settings_system"), markup=False)
            area = TextArea(plain(self._system), soft_wrap=True, tab_behavior="focus", id="settings-system")
            area.cursor_blink = False
            yield area
            for name, value in fields:
                yield Static(say(f"talks.settings_{name}"), markup=False)
                field = Field(placeholder=say("talks.settings_default"), id=f"settings-{name}")
                field.value = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
                yield field
            yield Static("", markup=False, id="settings-said")

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        area.focus()

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.action_save()

    def action_save(self) -> None:
        typed = [self.query_one(f"#settings-{name}", Field).value for name in ("temperature", "max_tokens", "seed")]
        asked = sampling_from(*typed)
        if isinstance(asked, str):
            said = self.query_one("#settings-said", Static)
            said.update(say(asked))
            self.call_after_refresh(said.scroll_visible, animate=False)
        else:
            self.end((self.query_one(TextArea).text.strip(), asked))

    def action_close(self) -> None:
        self.end(None)

"""The first start without a key: three ways to a model."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, Final, Literal, assert_never

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from tui.plain import one_line
from tui.say import say
from tui.screen.dialogs.choice import ChoiceList
from tui.screen.dialogs.dialog import Dialog
from tui.screen.dialogs.field import Field
from tui.screen.panes.line_list import LineList
from tui.screen.panes.paint import TONES, paint
from tui.screen.panes.pieces import Line, Tone
from tui.words import Key

REGISTER: Final = "https://www.holysheep.ai/register"
EXPORT: Final = "export HOLYSHEEP_API_KEY='your-key-here'"
KEY_FORM: Final = re.compile(r"hs_[a-zA-Z0-9]{32,}")
"""The documents' example of a key; another form is a warning, for an example is no promise."""

_KEY: Final = re.compile(r"(?i)\s*(?:hs_|sk-|sk_)\S*\s*")
"""What is a key or the beginning of one, by the prefixes that reports leave out: no word of a question begins so."""

EXAMPLE: Final = """\
provider = "mine"
model = "some-model"

[providers.mine]
base_url = "http://127.0.0.1:8080/v1"
api_key_env = "MINE_KEY"
"""

BAR: Final = 24
"""Cells."""

Way = Literal["key", "local", "other"]
WAYS: Final[tuple[Way, ...]] = ("key", "local", "other")

KeyResult = Literal["accepted", "refused", "unreachable"]


def sendable(text: str) -> bool:
    """Whether it can stand in an HTTP header at all."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


class Said(Static):
    """A line of news with a tone and a sign."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONES)

    def tell(self, tone: Tone, words: str) -> None:
        sign = {"good": "✓ ", "warn": "! ", "bad": "✗ "}.get(tone, "")
        self.update(paint(self, ((sign + words, tone),) if words else ()))


def begins_key(text: str) -> bool:
    """Whether it is to be hidden and never asked: all of it a key, as far as it has come."""
    return _KEY.fullmatch(text) is not None


class FirstPrompt(Field):
    """Readable, so no place for a key: one that is typed or pasted here goes to `hide` before any of it is drawn."""

    MOVES_FOCUS = True

    def __init__(self, hide: Callable[[str], None]) -> None:
        super().__init__(placeholder=say("screen.first_prompt_field"), id="first-prompt")
        self._hide = hide

    def replace(self, text: str, start: int, end: int) -> None:
        start, end = sorted((start, end))
        whole = self.value[:start] + text + self.value[end:]
        if begins_key(text):
            self._hide(text)
        elif text and begins_key(whole):
            self.value = ""
            self._hide(whole)
        else:
            super().replace(text, start, end)


class FirstRunDialog(Dialog[None]):
    """Posts `KeyGiven` and `LocalWanted`, shows what came of them; the owner ends it with `end`. Esc ends it."""

    CSS_PATH = "first_run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("1", "way(0)", show=False),
        Binding("2", "way(1)", show=False),
        Binding("3", "way(2)", show=False),
    ]

    class KeyGiven(Message):
        """The user gave `key`; `anyway`: it could not be tested, and is to be used all the same."""

        def __init__(self, key: Key, anyway: bool) -> None:
            self.key = key
            self.anyway = anyway
            super().__init__()

    class LocalWanted(Message):
        """The user wants the embedded model."""

    def __init__(self, config_file: str, *, continues: bool = False) -> None:
        """`continues`: the last conversation was asked for, which can be read without a key."""
        super().__init__()
        self._continues = continues
        self._config_file = one_line(config_file)
        self._untested: Key | None = None
        """A key that could not be tested: Enter on the empty field uses it all the same."""
        self._testing: Key | None = None
        self._installing = False
        self._asks = False
        """Enter was pressed behind the first prompt."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="first-box", can_focus=False) as box:
            box.border_title = say("screen.first_title")
            yield Static(say("screen.first_text"), markup=False)
            if self._continues:
                yield Static(say("screen.first_kept"), markup=False)
            yield ChoiceList([(str(n), say(f"screen.first_{way}")) for n, way in enumerate(WAYS, 1)])
            with Vertical(id="first-key", classes="way"):
                yield Static(say("screen.first_key_text", url=REGISTER, line=EXPORT), markup=False)
                yield Field(placeholder=say("screen.first_key_begin"), password=True, id="first-field")
                yield Said(id="first-key-said")
            with Vertical(id="first-local", classes="way"):
                yield Static(say("screen.first_local_text"), markup=False)
                yield Said(id="first-local-said")
                yield FirstPrompt(self._write_key)
            with Vertical(id="first-other", classes="way"):
                yield Static(say("screen.first_other_text", path=self._config_file), markup=False)
                yield Static(EXAMPLE, markup=False, classes="example")

    def on_mount(self) -> None:
        self._prompt.display = False
        self.query_one(ChoiceList).focus()
        self._show("key")

    @property
    def _field(self) -> Field:
        """For the key."""
        return self.query_one("#first-field", Field)

    @property
    def _prompt(self) -> FirstPrompt:
        """For what will be asked, while the embedded model is on its way."""
        return self.query_one("#first-prompt", FirstPrompt)

    @property
    def first_prompt(self) -> tuple[str, bool]:
        """What was written meanwhile, and whether it is to be asked at once."""
        return self._prompt.value, self._asks

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        """Say what the keys do from here, and where the key goes."""
        field = self._field
        in_field = field.has_focus
        self._lower_edge(
            "first_keys_field" if in_field else self._prompt_keys() if self._prompt.has_focus else "first_keys"
        )
        field.placeholder = say("screen.first_key_field" if in_field else "screen.first_key_begin")

    def _prompt_keys(self) -> str:
        return "first_keys_prompt" if self._prompt.value else "first_keys_no_prompt"

    def _lower_edge(self, phrase: str) -> None:
        self.query_one("#first-box").border_subtitle = say(f"screen.{phrase}")

    def tell(self, result: KeyResult, detail: str = "") -> None:
        """What came of testing the key; `detail` is the technical reason."""
        key, self._testing = self._testing, None
        self.settled()
        self._untested = key if result == "unreachable" else None
        why = f" ({one_line(detail, 120)})" if detail else ""
        match result:
            case "accepted":
                self._key_said("good", say("screen.key_accepted"))
            case "refused":
                self._key_said("bad", say("screen.key_refused") + why)
            case "unreachable":
                self._key_said("warn", say("screen.key_unreachable") + why)
            case _:
                assert_never(result)

    def progress(self, fraction: float | None, words: str) -> None:
        """How far the embedded model is; `fraction` of 1, None: unknown."""
        if fraction is None:
            self._local_said("normal", one_line(words))
            return
        full = round(max(0.0, min(1.0, fraction)) * BAR)
        line: Line = (
            ("▓" * full, "accent"),
            ("░" * (BAR - full), "dim"),
            (f" {fraction:4.0%}  ", "strong"),
            (one_line(words), "normal"),
        )
        for said in self.query("#first-local-said").results(Said):
            said.update(paint(said, line))

    def trouble(self, words: str) -> None:
        """The embedded model did not come; the user may try again."""
        self._installing = False
        self._local_said("bad", one_line(words))

    def _show(self, way: Way) -> None:
        for other in WAYS:
            self.query_one(f"#first-{other}").display = other == way

    @on(LineList.Chosen)
    def _moved(self, message: LineList.Chosen) -> None:
        message.stop()
        self._show(WAYS[message.index])

    @on(LineList.Entered)
    def _entered(self, message: LineList.Entered) -> None:
        message.stop()
        self._go(WAYS[message.index])

    def action_way(self, index: int) -> None:
        """A number only chooses: a key that comes as typing, digits in it, must not begin a download."""
        self.query_one(ChoiceList).selected = index
        self._show(WAYS[index])

    def _go(self, way: Way) -> None:
        self._show(way)
        match way:
            case "key":
                self._field.focus()
            case "local":
                self._want_local()
            case "other":
                pass
            case _:
                assert_never(way)

    def _want_local(self) -> None:
        self._prompt.display = True
        self._prompt.focus()
        if not self._installing:
            self._installing = True
            self._local_said("normal", say("screen.first_local_begins"))
            self.post_message(self.LocalWanted())

    def on_paste(self, event: events.Paste) -> None:
        """A paste beside the fields is a key, or the prompt while its model is on its way: what else could it be."""
        event.stop()
        self._write(event.text)

    def _write(self, text: str) -> None:
        if self._installing and self.query_one("#first-local").display:
            self._prompt.focus()
            self._prompt.insert_line(text)
        else:
            self._write_key(text)

    def _write_key(self, text: str) -> None:
        self.query_one(ChoiceList).selected = 0
        self._go("key")
        self._field.insert_line(text)

    def on_key(self, event: events.Key) -> None:
        """Typing beside a field is typing into it, but for the numbers of the ways; ↑ leads from the first prompt to
        them."""
        if event.key == "up" and self._prompt.has_focus:
            event.stop()
            self.query_one(ChoiceList).focus()
            return
        if (
            event.character
            and event.is_printable
            and event.character not in " 123"
            and self.query_one(ChoiceList).has_focus
        ):
            event.stop()
            self._write(event.character)

    @on(Input.Changed, "#first-prompt")
    def _prompt_typed(self, message: Input.Changed) -> None:
        message.stop()
        self._asks = False
        if self._prompt.has_focus:
            self._lower_edge(self._prompt_keys())

    @on(Input.Submitted, "#first-prompt")
    def _prompt_sent(self, message: Input.Submitted) -> None:
        message.stop()
        if not self._installing:
            self._want_local()
        elif message.value.strip():
            self._asks = True
            self._lower_edge("first_prompt_waits")

    @on(Input.Changed, "#first-field")
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        text = message.value.strip()
        if not text:
            return
        if not sendable(text):
            self._key_said("bad", say("screen.key_impossible"))
        elif KEY_FORM.fullmatch(text) is None:
            self._key_said("warn", say("screen.key_form"))
        else:
            self._key_said("normal", say("screen.key_enter"))

    @on(Input.Submitted, "#first-field")
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        text = message.value.strip()
        if self._testing is not None:
            return
        if not text and self._untested is not None:
            self._give(self._untested, anyway=True)
        elif sendable(text):
            self._give(Key(text), anyway=False)

    def _give(self, key: Key, *, anyway: bool) -> None:
        self._testing, self._untested = key, None
        self._field.value = ""
        self._key_said("normal", say("screen.key_testing"))
        self.post_message(self.KeyGiven(key, anyway))

    def acts_on_what_comes(self, event: events.Key | events.Paste) -> bool:
        """What is typed while a key is tested is for what that opens, and no part of a key."""
        leaves = isinstance(event, events.Key) and event.key == "escape"
        return self._testing is not None and not leaves and self._field.has_focus

    def action_back(self) -> None:
        """From a field to the ways, where nothing is said of a key any more; from there out, and from a first prompt of
        which nothing is written, for whoever ends an install there has nothing to go back for."""
        if self._prompt.has_focus and self._prompt.value:
            self.query_one(ChoiceList).focus()
        elif self._field.has_focus:
            self._untested = None
            self._key_said("normal", "")
            self.query_one(ChoiceList).focus()
            self.settled()
        else:
            self.end(None)

    # News may come when the dialog has gone: then there is nowhere left to write them.

    def _key_said(self, tone: Tone, words: str) -> None:
        for said in self.query("#first-key-said").results(Said):
            said.tell(tone, words)

    def _local_said(self, tone: Tone, words: str) -> None:
        for said in self.query("#first-local-said").results(Said):
            said.tell(tone, words)
